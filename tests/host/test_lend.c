/* SPDX-License-Identifier: BSD-2-Clause */
/* Lending from end to end: buses, BAR mappings, the order of steps, and failures at each. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <viaduct/guest_map.h>

#include "fake_heap.h"
#include "fake_intx.h"
#include "fake_log.h"
#include "irq/vgic.h"
#include "lend_world.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/registry.h"

#define GUEST1 (&lend_world.domains[WORLD_GUEST1])
#define GUEST2 (&lend_world.domains[WORLD_GUEST2])

static struct pci_world world;
static struct pci_world second;
static struct host_bridge *bridges[] = { &world.bridge, &second.bridge };
static struct pci_function *nvme; /* 0000:01:00.0 */
static struct pci_function *nic;  /* 0000:02:00.0 */

static void add_nvme(struct pci_world *w, uint8_t port, uint64_t bar_size)
{
	struct model_function *f = model_endpoint(
		&w->pci,
		model_port(&w->pci, NULL, port, 0, PCI_EXP_TYPE_ROOT_PORT, false, true), 0, 0,
		0x00101b36, 0x010802);

	model_bar(f, 0, BAR_MEM64, false, bar_size);
	model_pm(f);
	model_express(f, PCI_EXP_TYPE_ENDPOINT, true);
	model_msix(f, 65, 0, 0x2000, 0, 0x3000);
}

static void add_nic(struct pci_world *w, uint8_t port)
{
	struct model_function *f = model_endpoint(
		&w->pci,
		model_port(&w->pci, NULL, port, 0, PCI_EXP_TYPE_ROOT_PORT, false, true), 0, 0,
		0x10d38086, 0x020000);

	model_bar(f, 0, BAR_MEM32, false, 0x20000);
	model_bar(f, 1, BAR_MEM32, false, 0x80);
	model_bar(f, 2, BAR_MEM64, true, 0x200000);
	model_bar(f, 4, BAR_IO, false, 0x20);
	model_pm(f);
	model_pm_resets(f);
	model_express(f, PCI_EXP_TYPE_ENDPOINT, true);
	model_msi(f, 4, true, false);
}

static void bring_up(struct pci_world *w, uint64_t cfg)
{
	pci_bring_up(&w->bridge);
	w->desc.cfg = (struct range){ cfg, SZ_1M * (w->desc.bus_end - w->desc.bus_start + 1U) };
}

static void start(uint32_t count)
{
	pci_groups_assign(pci_function_first());
	nvme = world_function(0, 1, 0, 0);
	nic = world_function(0, 2, 0, 0);
	lend_world_init(bridges, count);
}

static int setup(void **state)
{
	(void)state;
	fake_log_clear();
	pci_world_init(&world, 0, 0, 255);
	add_nvme(&world, 1, 0x4000);
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lend_world_end();
	pci_world_free(&world);
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

static uint32_t owner_read(const struct pci_function *f, uint32_t reg, uint8_t size)
{
	return (uint32_t)world_load(WORLD_CONTROL, world_owner_cfg(f->bridge, f->sbdf, reg), size);
}

static void owner_write(const struct pci_function *f, uint32_t reg, uint8_t size, uint32_t value)
{
	world_store(WORLD_CONTROL, world_owner_cfg(f->bridge, f->sbdf, reg), size, value);
}

static uint32_t guest_read(uint32_t slot, uint32_t reg, uint8_t size)
{
	return (uint32_t)world_load(WORLD_GUEST1, world_guest_cfg(slot, reg), size);
}

static void guest_write(uint32_t slot, uint32_t reg, uint8_t size, uint32_t value)
{
	world_store(WORLD_GUEST1, world_guest_cfg(slot, reg), size, value);
}

static void quarantine(struct pci_function *f)
{
	assert_int_equal(lend_quarantine(f, "disk"), 0);
	world_run_resets();
	assert_int_equal(f->state, FUNCTION_QUARANTINED);
}

static uint32_t lend_to(struct domain *d, struct pci_function *f, uint32_t slot)
{
	struct vsbdf where;

	assert_int_equal(lend_attach(d, f, slot, &where), 0);
	return SBDF_DEV(where);
}

static void owner_sees_the_host(void **state)
{
	const struct pci_function *port = world_function(0, 0, 1, 0);

	(void)state;
	assert_int_equal(owner_read(nvme, 0x00, 4), 0x00101b36);
	assert_int_equal(owner_read(nvme, 0x08, 4) >> 8, 0x010802);
	assert_int_equal(owner_read(nvme, 0x10, 4) & ~15U, (uint32_t)nvme->bars[0].address);
	assert_int_equal(owner_read(port, 0x19, 1), 1);
	assert_int_equal(owner_read(port, 0x0e, 1), 1);
	assert_int_equal(world_load(WORLD_CONTROL,
				    world_owner_cfg(&world.bridge, sbdf_make(0, 9, 3, 0), 0), 4),
			 0xffffffff);
	assert_int_equal(nvme->state, FUNCTION_OWNED);
	assert_int_equal(nvme->user, WORLD_CONTROL);
	assert_int_equal(world_dma(nvme), WORLD_CONTROL);
	assert_int_equal(lend_world.itts, 2);
}

static void owner_maps_its_bars(void **state)
{
	uint64_t at = nvme->bars[0].cpu.v;

	(void)state;
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	owner_write(nvme, 0x04, 2, 0x0006);
	assert_int_equal(world_pages(WORLD_CONTROL), 4);
	assert_int_equal(world_translate(WORLD_CONTROL, at + 0x1234), at + 0x1234);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 6, 6);
	owner_write(nvme, 0x04, 2, 0x0004);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 6, 4);
}

/* An access nobody answers, or of a shape config space has not, reads as all ones of its size. */
static void odd_accesses_read_ones(void **state)
{
	uint64_t cfg = world_owner_cfg(&world.bridge, nvme->sbdf, 0);
	struct mmio_access a = { .size = 2 };

	(void)state;
	assert_int_equal(world_access(WORLD_CONTROL, &a, cfg + 1), MMIO_DONE);
	assert_int_equal(a.value, 0xffff);
	a = (struct mmio_access){ .size = 8 };
	assert_int_equal(world_access(WORLD_CONTROL, &a, cfg), MMIO_DONE);
	assert_int_equal(a.value & 0xffffffff, 0x00101b36);
	assert_int_equal(a.value >> 32, owner_read(nvme, 4, 4));
	assert_true(world_load(WORLD_GUEST1, world_guest_cfg(3, 0), 8) == ~0ULL);
	assert_int_equal(world_load(WORLD_GUEST1, world_guest_cfg(3, 0), 1), 0xff);
	/* Another bus of the guest's window, up to its last byte. */
	assert_int_equal(world_load(WORLD_GUEST1, GUEST_PCI_ECAM_BASE + (1 << 20), 2), 0xffff);
	assert_int_equal(world_load(WORLD_GUEST1, GUEST_PCI_ECAM_BASE + GUEST_PCI_ECAM_SIZE - 1, 1),
			 0xff);
	world_store(WORLD_GUEST1, world_guest_cfg(3, 4), 2, 6);
	/* And apertures where no BAR is. */
	assert_int_equal(world_load(WORLD_GUEST1, GUEST_PCI_MEM32_BASE + 0x100, 4), 0xffffffff);
	world_store(WORLD_GUEST1, GUEST_PCI_MEM64_BASE + 0x100, 8, 1);
}

/* D2: the same bus, device and function in two segments are two functions. */
static void d2_segments_do_not_mix(void **state)
{
	struct pci_function *other;

	(void)state;
	lend_world_end();
	pci_world_free(&world);
	pci_world_init(&world, 0, 0, 255);
	add_nvme(&world, 1, 0x4000);
	add_nic(&world, 2);
	pci_world_init(&second, 5, 0, 15);
	add_nic(&second, 1);
	for (uint32_t i = 0; i < second.desc.window_count; i++) {
		second.desc.windows[i].cpu += 0x20000000000ULL;
	}
	second.desc.iommu_map[0].out_base = 0x10000;
	bring_up(&world, 0x4010000000ULL);
	bring_up(&second, 0x5010000000ULL);
	start(2);
	other = world_function(5, 1, 0, 0);
	assert_int_equal(owner_read(nvme, 0, 4), 0x00101b36);
	assert_int_equal(owner_read(other, 0, 4), 0x10d38086);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 0);
	assert_int_equal(other->state, FUNCTION_OWNED);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	assert_int_equal(world_dma(other), WORLD_CONTROL);
	owner_write(other, 4, 2, 2);
	assert_int_not_equal(world_pages(WORLD_CONTROL), 0);
	assert_null(vpci_host_device(&lend_world.domains[WORLD_CONTROL], nvme->sbdf.v));
	assert_ptr_equal(vpci_host_device(&lend_world.domains[WORLD_CONTROL], other->sbdf.v),
			 other->itt);
	lend_world_end();
	pci_world_free(&second);
	pci_world_free(&world);
	pci_world_init(&world, 0, 0, 255);
	lend_world_init(bridges, 0);
}

static void quarantine_takes_everything(void **state)
{
	(void)state;
	owner_write(nvme, 0x04, 2, 0x0406);
	assert_int_equal(lend_quarantine(nvme, "disk"), 0);
	assert_int_equal(nvme->state, FUNCTION_RESETTING);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_int_equal(lend_world.itts, 1);
	/* Still listed, and nothing else. */
	assert_int_equal(owner_read(nvme, 0x00, 4), 0x00101b36);
	assert_int_equal(owner_read(nvme, 0x10, 4), 0);
	owner_write(nvme, 0x04, 2, 0x0006);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 6, 0);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	assert_int_equal(lend_quarantine(nvme, "disk"), -EBUSY);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_string_equal(nvme->name, "disk");
	assert_int_equal(nvme->user, DOMAIN_ID_NONE);
}

static void return_gives_it_back_whole(void **state)
{
	(void)state;
	quarantine(nvme);
	assert_int_equal(lend_return_to_owner(nvme), 0);
	assert_int_equal(nvme->state, FUNCTION_OWNED);
	assert_int_equal(nvme->name[0], 0);
	assert_int_equal(world_dma(nvme), WORLD_CONTROL);
	assert_int_equal(lend_world.itts, 2);
	assert_int_equal(owner_read(nvme, 0x10, 4) & ~15U, (uint32_t)nvme->bars[0].address);
	owner_write(nvme, 0x04, 2, 0x0006);
	assert_int_equal(world_pages(WORLD_CONTROL), 4);
}

static void guest_drives_a_lent_function(void **state)
{
	uint32_t slot;

	(void)state;
	quarantine(nvme);
	slot = lend_to(GUEST1, nvme, 0);
	assert_int_equal(slot, 1);
	assert_int_equal(nvme->state, FUNCTION_LENT);
	assert_int_equal(nvme->user, WORLD_GUEST1);
	assert_int_equal(nvme->user_view.v, vsbdf_make(0, 0, 1, 0).v);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	assert_ptr_equal(vpci_host_device(GUEST1, 1 << 3), nvme->itt);
	assert_int_equal(guest_read(1, 0, 4), 0x00101b36);
	/* A first place is there before the guest assigns one, and it is not the host's. */
	assert_in_range(guest_read(1, 0x10, 4) & ~15U, GUEST_PCI_MEM32_BASE,
			GUEST_PCI_MEM32_BASE + GUEST_PCI_MEM32_SIZE - 0x4000);
	guest_write(1, 0x10, 4, 0x20000000);
	guest_write(1, 0x14, 4, 0);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	guest_write(1, 0x04, 2, 0x0006);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	assert_int_equal(world_translate(WORLD_GUEST1, 0x20002000), nvme->bars[0].cpu.v + 0x2000);
	/* Moved by the guest, never on the host. */
	assert_int_equal(pci_read(nvme, 0x10, 4) & ~15U, (uint32_t)nvme->bars[0].address);
	assert_int_equal(owner_read(nvme, 0x00, 4), 0x00101b36);
	assert_int_equal(owner_read(nvme, 0x04, 2), 0);

	assert_int_equal(lend_detach(nvme), 0);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_null(vpci_host_device(GUEST1, 1 << 3));
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	lend_to(GUEST2, nvme, 7);
	assert_int_equal(world_dma(nvme), WORLD_GUEST2);
}

static void refusals_change_nothing(void **state)
{
	struct vsbdf where;
	uint32_t open = lend_world.streams_open;

	(void)state;
	assert_int_equal(lend_attach(GUEST1, nvme, 0, &where), -EINVAL); /* not in quarantine */
	assert_int_equal(lend_detach(nvme), -EINVAL);
	assert_int_equal(lend_return_to_owner(nvme), -EINVAL);
	assert_int_equal(lend_quarantine(world_function(0, 0, 1, 0), "port"), -EPERM);
	assert_int_equal(lend_world.streams_open, open);
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 3);
	assert_int_equal(lend_attach(GUEST1, nic, 3, &where), -EBUSY);
	assert_int_equal(lend_attach(GUEST1, nic, 32, &where), -EINVAL);
	assert_int_equal(lend_attach(&lend_world.domains[WORLD_CONTROL], nic, 0, &where), -EINVAL);
	assert_int_equal(lend_attach(GUEST2, nvme, 0, &where), -EBUSY);
	GUEST2->state = DOMAIN_DYING;
	assert_int_equal(lend_attach(GUEST2, nic, 0, &where), -EINVAL);
	world_iommu.usable = false;
	assert_int_equal(lend_attach(GUEST1, nic, 0, &where), -EACCES);
	world_iommu.usable = true;
	assert_int_equal(nic->state, FUNCTION_QUARANTINED);
	assert_int_equal(world_dma(nic), ~0U);
}

/* D3: BARs over RAM, over the vGIC, over another BAR, outside: never mapped, and the rest works. */
static void d3_bars_in_forbidden_places(void **state)
{
	static const uint64_t bad[] = { GUEST_RAM_BASE, GUEST_GICD_BASE, GUEST_ITS_BASE, 0,
					GUEST_PCI_ECAM_BASE, GUEST_UART_BASE,
					GUEST_PCI_MEM32_BASE - 0x4000, 0x3eff0000,
					0xffffffffffffc000ULL };

	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	lend_to(GUEST1, nic, 2);
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		guest_write(1, 0x10, 4, (uint32_t)bad[i]);
		guest_write(1, 0x14, 4, (uint32_t)(bad[i] >> 32));
		guest_write(1, 0x04, 2, 2);
		assert_int_equal(world_pages(WORLD_GUEST1), 0);
		guest_write(1, 0x04, 2, 0);
	}
	/* Two BARs on one place: the first stays, the other is not there. */
	guest_write(1, 0x10, 4, 0x20000000);
	guest_write(1, 0x14, 4, 0);
	guest_write(1, 0x04, 2, 2);
	guest_write(2, 0x10, 4, 0x20000000); /* 128 KiB over the first's 16 */
	guest_write(2, 0x14, 4, 0x20100000);
	guest_write(2, 0x18, 4, 0x20200000);
	guest_write(2, 0x1c, 4, 0);
	guest_write(2, 0x04, 2, 2);
	assert_int_equal(world_translate(WORLD_GUEST1, 0x20000000), nvme->bars[0].cpu.v);
	assert_true(world_translate(WORLD_GUEST1, 0x20010000) == ~0ULL);
	assert_int_equal(world_translate(WORLD_GUEST1, 0x20100000), nic->bars[1].cpu.v);
	assert_int_equal(world_translate(WORLD_GUEST1, 0x20200000), nic->bars[2].cpu.v);
	assert_true(fake_log_has("not mapped"));
	guest_write(2, 0x04, 2, 0);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	/* From behind: the second begins before the first. */
	guest_write(2, 0x18, 4, 0x20000000);
	guest_write(2, 0x10, 4, 0x20400000);
	guest_write(2, 0x04, 2, 2);
	assert_int_equal(world_translate(WORLD_GUEST1, 0x20000000), nvme->bars[0].cpu.v);
	guest_write(1, 0x04, 2, 0);
	assert_true(world_translate(WORLD_GUEST1, 0x20000000) == ~0ULL);
}

/* Ports are trapped and forwarded, where and while the function decodes them. */
static void ports_are_forwarded(void **state)
{
	uint64_t host = nic->bars[4].address;
	uint64_t window = world.desc.windows[0].cpu;
	uint64_t at;

	(void)state;
	assert_int_not_equal(host, 0);
	lend_world.ports[host + 4] = 0x5a;
	at = window + host + 4;
	assert_int_equal(world_load(WORLD_CONTROL, at, 1), 0xff);
	owner_write(nic, 0x04, 2, 1);
	assert_int_equal(pci_read(nic, PCI_COMMAND, 2) & 1, 1);
	assert_int_equal(world_load(WORLD_CONTROL, at, 1), 0x5a);
	assert_int_equal(world_load(WORLD_CONTROL, window + host + 0x20, 1), 0xff);
	assert_int_equal(world_load(WORLD_CONTROL, window + host + 0x1e, 8), ~0ULL);

	quarantine(nic);
	assert_int_equal(world_load(WORLD_CONTROL, at, 1), 0xff);
	lend_to(GUEST1, nic, 2);
	assert_in_range(guest_read(2, 0x20, 4), 0x1001, 0xffe1);
	guest_write(2, 0x20, 4, 0x8000);
	guest_write(2, 0x04, 2, 1);
	assert_int_equal(world_load(WORLD_GUEST1, GUEST_PCI_IO_BASE + 0x8004, 1), 0x5a);
	world_store(WORLD_GUEST1, GUEST_PCI_IO_BASE + 0x8008, 4, 0x12345678);
	assert_int_equal(lend_world.ports[host + 9], 0x56);
	world_store(WORLD_GUEST1, GUEST_PCI_IO_BASE + host + 4, 1, 0);
	assert_int_equal(lend_world.ports[host + 4], 0x5a);
	assert_int_equal(pci_read(nic, 0x20, 4) & ~3U, host);
	assert_int_equal(lend_detach(nic), 0);
	assert_int_equal(world_load(WORLD_GUEST1, GUEST_PCI_IO_BASE + 0x8004, 1), 0xff);
}

/* Random histories: what is mapped is exactly what BARs and COMMAND say, minus what overlapped. */
static void mappings_follow_bars_and_command(void **state)
{
	static const uint32_t base[] = { 0x20000000, 0x20020000, 0x20200000, 0x08000000 };
	uint32_t seed = 99;

	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	lend_to(GUEST1, nic, 2);
	for (uint32_t n = 0; n < 20000; n++) {
		uint32_t slot = 1 + (seed >> 3) % 2;

		seed = seed * 1664525 + 1013904223;
		switch (seed >> 28) {
		case 0: case 1: case 2: case 3: case 4: case 5:
			guest_write(slot, 0x04, 2, seed >> 16 & 0x0406);
			break;
		default:
			guest_write(slot, 0x10 + (seed >> 20) % 4 * 4, 4,
				    base[(seed >> 8) % 4] + (seed & 0x30000));
			guest_write(slot, 0x14, 4, slot == 1 ? 0 : base[(seed >> 10) % 4]);
			guest_write(slot, 0x1c, 4, 0);
			break;
		}
		if (!(guest_read(1, 4, 2) & 2) && !(guest_read(2, 4, 2) & 2)) {
			assert_int_equal(world_pages(WORLD_GUEST1), 0);
		}
		/* Hardware decodes exactly when the domain says so. */
		assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 2, guest_read(1, 4, 2) & 2);
		assert_int_equal(pci_read(nic, PCI_COMMAND, 2) & 2, guest_read(2, 4, 2) & 2);
	}
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		if (vpci_bar_usable(&nic->bars[i])) {
			assert_int_equal(pci_read(nic, 0x10 + 4 * i, 4) & ~15U,
					 (uint32_t)nic->bars[i].address);
		}
	}
}

/* D14: decode switched on while the guest's BARs hold zero. */
static void d14_decode_with_zero_bars(void **state)
{
	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 0x10, 4, 0);
	guest_write(1, 0x14, 4, 0);
	guest_write(1, 0x04, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(guest_read(1, 4, 2), 6);
}

static void lost_host_bars_are_put_back(void **state)
{
	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	pci_write(nvme, 0x10, 4, 0);
	pci_write(nvme, 0x14, 4, 0);
	guest_write(1, 0x04, 2, 6);
	assert_int_equal(pci_read(nvme, 0x10, 4) & ~15U, (uint32_t)nvme->bars[0].address);
}

static void use_big_nvme(void)
{
	lend_world_end();
	pci_world_free(&world);
	pci_world_init(&world, 0, 0, 255);
	add_nvme(&world, 1, 0x800000); /* 2048 pages of the model */
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(1);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
}

static void long_mappings_are_jobs(void **state)
{
	struct mmio_access a = { .size = 2, .write = true, .value = 6 };
	struct mmio_access r = { .size = 4 };

	(void)state;
	use_big_nvme();
	assert_int_equal(world_access(WORLD_GUEST1, &a, world_guest_cfg(1, 4)), MMIO_RETRY);
	assert_int_equal(lend_world.parked, 1);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 2, 0);
	/* Another vCPU that looks at the function waits too. */
	assert_int_equal(world_access(WORLD_GUEST1, &r, world_guest_cfg(1, 0)), MMIO_RETRY);
	assert_int_equal(lend_world.parked, 2);
	assert_true(world_run_jobs() > 4);
	assert_int_equal(world_access(WORLD_GUEST1, &a, world_guest_cfg(1, 4)), MMIO_DONE);
	assert_int_equal(world_pages(WORLD_GUEST1), 2048);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 2, 2);
	guest_write(1, 4, 2, 0);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 2, 0);
}

static void detach_cancels_the_job(void **state)
{
	struct mmio_access a = { .size = 2, .write = true, .value = 6 };

	(void)state;
	use_big_nvme();
	assert_int_equal(world_access(WORLD_GUEST1, &a, world_guest_cfg(1, 4)), MMIO_RETRY);
	assert_true(world_step_job());
	assert_int_equal(lend_detach(nvme), 0);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	world_run_resets();
	lend_to(GUEST1, nvme, 1);
	world_run_jobs();
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(guest_read(1, 4, 2), 0);
}

static void mapping_out_of_memory_is_undone(void **state)
{
	(void)state;
	use_big_nvme();
	lend_world.page_limit = 1500;
	guest_write(1, 4, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	lend_world.page_limit = 0;
	guest_write(1, 4, 2, 0);
	guest_write(1, 4, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 2048);
}

/* Whatever step of a lend fails, the function is where it was. */
static void failed_lend_ends_before(void **state)
{
	static const enum world_step steps[] = { STEP_ABORT, STEP_ITS_MAP, STEP_ATTACH };
	struct vsbdf where;

	(void)state;
	quarantine(nvme);
	for (uint32_t i = 0; i < ARRAY_SIZE(steps); i++) {
		lend_world.fail[steps[i]] = true;
		assert_int_not_equal(lend_attach(GUEST1, nvme, 0, &where), 0);
		lend_world.fail[steps[i]] = false;
		assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
		assert_int_equal(nvme->user, DOMAIN_ID_NONE);
		assert_int_equal(lend_world.itts, 1);
		assert_int_equal(world_dma(nvme), ~0U);
		assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
	}
	for (int64_t n = 1; n < 20; n++) {
		int r;

		fake_heap_fail_in = n;
		r = lend_attach(GUEST1, nvme, 0, &where);
		fake_heap_fail_in = 0;
		if (r == 0) {
			assert_true(n > 3);
			return;
		}
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
		assert_int_equal(lend_world.itts, 1);
		assert_int_equal(world_dma(nvme), ~0U);
	}
	fail();
}

static void failed_return_stays_in_quarantine(void **state)
{
	static const enum world_step steps[] = { STEP_ITS_MAP, STEP_ATTACH };

	(void)state;
	quarantine(nvme);
	for (uint32_t i = 0; i < ARRAY_SIZE(steps); i++) {
		lend_world.fail[steps[i]] = true;
		assert_int_not_equal(lend_return_to_owner(nvme), 0);
		lend_world.fail[steps[i]] = false;
		assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
		assert_int_equal(lend_world.itts, 1);
		owner_write(nvme, 4, 2, 6);
		assert_int_equal(world_pages(WORLD_CONTROL), 0);
		assert_int_equal(owner_read(nvme, 0, 4), 0x00101b36);
	}
	assert_int_equal(lend_return_to_owner(nvme), 0);
}

/* On the way out nothing is "before": it ends in quarantine or broken. */
static void failed_reclaim_ends_broken(void **state)
{
	static const enum world_step steps[] = { STEP_ABORT, STEP_RESET_START, STEP_RESET };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct vsbdf where;

		quarantine(nvme);
		lend_to(GUEST1, nvme, 1);
		guest_write(1, 4, 2, 6);
		lend_world.fail[steps[i]] = true;
		lend_detach(nvme);
		world_run_resets();
		lend_world.fail[steps[i]] = false;
		assert_int_equal(nvme->state, FUNCTION_BROKEN);
		assert_non_null(nvme->broken_why);
		assert_int_equal(nvme->user, DOMAIN_ID_NONE);
		assert_int_equal(world_pages(WORLD_GUEST1), 0);
		assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 6, 0);
		assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
		assert_int_equal(lend_attach(GUEST1, nvme, 0, &where), -EBADF);
		assert_int_equal(lend_return_to_owner(nvme), -EBADF);
		/* The next round on a fresh machine. */
		lend_world_end();
		pci_world_free(&world);
		assert_int_equal(fake_heap_live, 0);
		setup(NULL);
	}
}

static void reset_by_guest(uint32_t slot, const struct pci_function *f)
{
	guest_write(slot, f->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
}

/* Lent all the while; gone for its config space, its BARs and its DMA until the reset is over. */
static void guest_resets_its_function(void **state)
{
	struct its_device *itt;
	uint32_t resets;

	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	itt = nvme->itt;
	resets = lend_world.resets;
	guest_write(1, 0x10, 4, 0x20000000);
	guest_write(1, 0x04, 2, 0x0006);
	guest_write(1, nvme->msix.cap + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	reset_by_guest(1, nvme);
	assert_int_equal(lend_world.resets, resets + 1);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	for (uint32_t o = 0; o < 4096; o += 4) {
		assert_int_equal(guest_read(1, o, 4), 0xffffffff);
		guest_write(1, o, 4, 0xffffffff);
	}
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 6, 0);
	assert_int_equal(lend_world.resets, resets + 1);
	assert_int_equal(nvme->state, FUNCTION_LENT);

	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_LENT);
	assert_int_equal(nvme->user, WORLD_GUEST1);
	assert_int_equal(guest_read(1, 0, 4), 0x00101b36);
	assert_int_equal(guest_read(1, 4, 2) & 7, 0);
	assert_int_equal(guest_read(1, 0x10, 4) & ~15U, 0);
	assert_int_equal(guest_read(1, nvme->msix.cap + PCI_MSIX_CONTROL, 2) & PCI_MSIX_ENABLE, 0);
	/* What the guest said to its ITS holds; its memory is in reach as before. */
	assert_ptr_equal(nvme->itt, itt);
	assert_ptr_equal(vpci_host_device(GUEST1, 1 << 3), itt);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	guest_write(1, 0x10, 4, 0x20000000);
	guest_write(1, 0x04, 2, 0x0006);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
}

static void owner_resets_its_function(void **state)
{
	(void)state;
	owner_write(nic, 0x04, 2, 0x0007);
	owner_write(nic, nic->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
	assert_int_equal(owner_read(nic, 0, 4), 0xffffffff);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	/* No port answers either. */
	assert_int_equal(world_load(WORLD_CONTROL, world.desc.windows[0].cpu, 1), 0xff);
	world_run_resets();
	assert_int_equal(nic->state, FUNCTION_OWNED);
	assert_int_equal(owner_read(nic, 0, 4), 0x10d38086);
	owner_write(nic, 0x10, 4, (uint32_t)nic->bars[0].address);
	owner_write(nic, 0x04, 2, 0x0006);
	assert_true(world_pages(WORLD_CONTROL) >= 32);
	/* Nothing of it is left when the function goes away, or in the middle of a reset. */
	owner_write(nic, nic->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
	quarantine(nic);
	assert_int_equal(owner_read(nic, 0, 4), 0x10d38086);
	assert_int_equal(owner_read(nic, 4, 2), 0);
	assert_int_equal(lend_return_to_owner(nic), 0);
	assert_int_equal(owner_read(nic, 0x10, 4) & ~15U, (uint32_t)nic->bars[0].address);
}

/* A long unmapping comes first; the vCPU waits for that, not for the reset. */
static void reset_after_a_long_unmapping(void **state)
{
	struct mmio_access a = { .size = 2, .write = true, .value = PCI_EXP_DEVCTL_FLR };
	uint32_t resets;

	(void)state;
	lend_world_end();
	pci_world_free(&world);
	pci_world_init(&world, 0, 0, 255);
	add_nvme(&world, 1, 16 * SZ_1M);
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(1);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 4, 2, 2);
	assert_int_equal(world_pages(WORLD_GUEST1), 4096);
	resets = lend_world.resets;
	assert_int_equal(world_access(WORLD_GUEST1, &a,
				      world_guest_cfg(1, nvme->cap_express + PCI_EXP_DEVCTL)),
			 MMIO_RETRY);
	assert_int_equal(lend_world.resets, resets);
	world_run_jobs();
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(lend_world.resets, resets + 1);
	assert_int_equal(world_access(WORLD_GUEST1, &a,
				      world_guest_cfg(1, nvme->cap_express + PCI_EXP_DEVCTL)),
			 MMIO_DONE);
	assert_int_equal(lend_world.resets, resets + 1);
	world_run_resets();
	assert_int_equal(guest_read(1, 0, 4), 0x00101b36);
}

/* Taken away in the middle: a reset of its own follows, and the user hears nothing any more. */
static void detach_during_a_guests_reset(void **state)
{
	(void)state;
	for (uint32_t wake = 0; wake < 2; wake++) {
		struct mmio_access a = { .size = 2, .write = true };

		quarantine(nic);
		lend_to(GUEST1, nic, 1);
		guest_write(1, 4, 2, 6);
		if (wake) {
			guest_write(1, nic->cap_pm + PCI_PM_CONTROL, 2, PCI_PM_D3HOT);
			assert_int_equal(world_access(WORLD_GUEST1, &a,
						      world_guest_cfg(1, nic->cap_pm +
									      PCI_PM_CONTROL)),
					 MMIO_RETRY);
		} else {
			reset_by_guest(1, nic);
		}
		assert_int_equal(lend_detach(nic), 0);
		assert_int_equal(nic->state, FUNCTION_RESETTING);
		assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
		assert_int_equal(world_dma(nic), ~0U);
		world_run_jobs();
		world_run_resets();
		assert_int_equal(nic->state, FUNCTION_QUARANTINED);
		assert_int_equal(lend_return_to_owner(nic), 0);
	}
}

static void teardown_during_a_guests_reset(void **state)
{
	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	reset_by_guest(1, nvme);
	GUEST1->state = DOMAIN_DYING;
	lend_reclaim_all(GUEST1);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_int_equal(nvme->state, FUNCTION_RESETTING);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
}

/* It is taken from its user and stays broken, until an administrator tries again. */
static void failed_reset_of_a_user_and_retry(void **state)
{
	struct vsbdf where;

	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 4, 2, 6);
	reset_by_guest(1, nvme);
	lend_world.fail[STEP_RESET] = true;
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_BROKEN);
	assert_non_null(nvme->broken_why);
	assert_int_equal(nvme->user, DOMAIN_ID_NONE);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_null(nvme->itt);
	assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
	assert_int_equal(lend_attach(GUEST1, nvme, 0, &where), -EBADF);
	/* The first try is no better. */
	assert_int_equal(lend_quarantine(nvme, "disk"), 0);
	assert_int_equal(nvme->state, FUNCTION_RESETTING);
	assert_null(nvme->broken_why);
	assert_int_equal(lend_quarantine(nvme, "disk"), -EBUSY);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_BROKEN);
	assert_non_null(nvme->broken_why);
	lend_world.fail[STEP_RESET] = false;
	/* A stream that may be open is shut first. */
	lend_world.fail[STEP_ABORT] = true;
	assert_int_equal(lend_quarantine(nvme, "disk"), -EIO);
	assert_int_equal(nvme->state, FUNCTION_BROKEN);
	lend_world.fail[STEP_ABORT] = false;
	quarantine(nvme);
	lend_to(GUEST2, nvme, 1);
	assert_int_equal(world_dma(nvme), WORLD_GUEST2);
}

static void failed_reset_of_the_owner(void **state)
{
	(void)state;
	owner_write(nvme, 0x04, 2, 0x0006);
	owner_write(nvme, nvme->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
	lend_world.fail[STEP_RESET] = true;
	world_run_resets();
	lend_world.fail[STEP_RESET] = false;
	assert_int_equal(nvme->state, FUNCTION_BROKEN);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_int_equal(owner_read(nvme, 0, 4), 0x00101b36);
	assert_int_equal(owner_read(nvme, 4, 2), 0);
	quarantine(nvme);
	assert_int_equal(lend_return_to_owner(nvme), 0);
}

/* The nic forgets its config on the way out of D3hot, the disk does not. */
static void d3hot_and_back(void **state)
{
	uint32_t control;

	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	lend_to(GUEST1, nic, 2);
	control = nvme->cap_pm + PCI_PM_CONTROL;
	guest_write(1, 4, 2, 6);
	guest_write(1, control, 2, PCI_PM_D3HOT);
	assert_int_equal(pci_read(nvme, control, 2) & PCI_PM_STATE, PCI_PM_D3HOT);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	guest_write(1, control, 2, PCI_PM_D0);
	assert_int_equal(pci_read(nvme, control, 2) & PCI_PM_STATE, PCI_PM_D0);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	assert_int_equal(lend_world.wakes, 0);
	guest_write(1, 4, 2, 0);

	control = nic->cap_pm + PCI_PM_CONTROL;
	guest_write(2, 4, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 32 + 1 + 512);
	guest_write(2, control, 2, PCI_PM_D3HOT);
	assert_int_equal(guest_read(2, control, 2) & PCI_PM_STATE, PCI_PM_D3HOT);
	lend_world.parked = 0;
	guest_write(2, control, 2, PCI_PM_D0);
	/* The writer waited, and finds the function as after a reset. */
	assert_true(lend_world.parked > 0);
	assert_int_equal(lend_world.wakes, 1);
	assert_int_equal(nic->state, FUNCTION_LENT);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(guest_read(2, 0, 4), 0x10d38086);
	assert_int_equal(guest_read(2, 4, 2) & 7, 0);
	guest_write(2, 0x10, 4, 0x30000000);
	guest_write(2, 4, 2, 2);
	assert_int_equal(world_translate(WORLD_GUEST1, 0x30001000), nic->bars[0].cpu.v + 0x1000);
}

static void teardown_reclaims_all(void **state)
{
	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 0);
	lend_to(GUEST1, nic, 0);
	guest_write(1, 4, 2, 6);
	guest_write(2, 4, 2, 6);
	GUEST1->state = DOMAIN_DYING;
	lend_reclaim_all(GUEST1);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_int_equal(world_dma(nic), ~0U);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(lend_world.itts, 0);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(nic->state, FUNCTION_QUARANTINED);
}

/* BARs of one guest never start on top of each other. */
static void first_places_do_not_overlap(void **state)
{
	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 0);
	lend_to(GUEST1, nic, 0);
	guest_write(1, 4, 2, 2);
	guest_write(2, 4, 2, 2);
	assert_int_equal(world_pages(WORLD_GUEST1), 4 + 32 + 1 + 512);
	assert_false(fake_log_has("not mapped"));
	/* The prefetchable one begins high. */
	assert_true(guest_read(2, 0x1c, 4) >= (uint32_t)(GUEST_PCI_MEM64_BASE >> 32));
}

/* Random histories with failures: one user at most, and never a half. */
static void one_user_under_random_histories(void **state)
{
	struct pci_function *fs[] = { nvme, nic };
	uint32_t seed = 4242;

	(void)state;
	for (uint32_t n = 0; n < 3000; n++) {
		struct pci_function *f;
		struct vsbdf where;

		seed = seed * 1664525 + 1013904223;
		f = fs[seed >> 31];
		lend_world.fail[STEP_ITS_MAP] = (seed >> 20) % 16 == 0;
		lend_world.fail[STEP_ATTACH] = (seed >> 20) % 16 == 1;
		switch ((seed >> 24) % 8) {
		case 0:
			lend_quarantine(f, "x");
			break;
		case 1:
			lend_return_to_owner(f);
			break;
		case 2:
			lend_attach(GUEST1, f, 0, &where);
			break;
		case 3:
			lend_attach(GUEST2, f, 0, &where);
			break;
		case 4:
			lend_detach(f);
			break;
		case 5:
			world_run_resets();
			break;
		case 6:
			reset_by_guest(1 + (seed >> 12) % 2, f);
			owner_write(f, f->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
			break;
		default:
			guest_write(1 + (seed >> 12) % 2, 4, 2, seed >> 16 & 6);
			owner_write(f, 4, 2, seed >> 16 & 6);
			break;
		}
		for (uint32_t i = 0; i < 2; i++) {
			bool used = fs[i]->state == FUNCTION_OWNED || fs[i]->state == FUNCTION_LENT;

			assert_int_equal(used, fs[i]->user != DOMAIN_ID_NONE);
			assert_int_equal(used ? fs[i]->user : ~0U, world_dma(fs[i]));
			assert_int_equal(used, fs[i]->itt != NULL);
			assert_int_equal(used, fs[i]->vpci != NULL);
			assert_int_not_equal(fs[i]->state, FUNCTION_BROKEN);
			if (!used) {
				assert_int_equal(pci_read(fs[i], PCI_COMMAND, 2) & 6, 0);
			}
		}
	}
}

/* INTx. */

#define WIRE 36U /* of devices 1 and 5 on the root bus */

static struct model_function *with_pin(uint32_t n)
{
	struct model_function *f = world.pci.functions[n];

	model_set8(f, PCI_INTERRUPT_PIN, 1, 0);
	return f;
}

/* Disk and card behind root ports 1 and 5: one line. */
static void start_on_one_wire(struct model_function **disk, struct model_function **card)
{
	lend_world_end();
	pci_world_free(&world);
	pci_world_init(&world, 0, 0, 255);
	for (uint32_t i = 0; i < 16; i++) {
		world.desc.intx[i / 4][i % 4] = 35 + (i / 4 + i % 4) % 4;
	}
	add_nvme(&world, 1, 0x4000);
	*disk = with_pin(world.pci.count - 1);
	add_nic(&world, 5);
	*card = with_pin(world.pci.count - 1);
	bring_up(&world, 0x4010000000ULL);
	start(1);
}

static void ask(struct model_function *f, bool on)
{
	f->config[PCI_STATUS] = (uint8_t)(on ? f->config[PCI_STATUS] | PCI_STATUS_INTERRUPT
					     : f->config[PCI_STATUS] & ~PCI_STATUS_INTERRUPT);
}

static bool silent(const struct model_function *f)
{
	return model_get(f, PCI_COMMAND, 2) & PCI_COMMAND_INTX_OFF;
}

static void a_wire_follows_its_users(void **state)
{
	struct domain *owner = &lend_world.domains[WORLD_CONTROL];
	struct model_function *disk, *card;
	uint32_t vintid;

	(void)state;
	start_on_one_wire(&disk, &card);
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), owner);
	assert_int_equal(vintid, WIRE);
	assert_false(silent(disk) || silent(card));
	quarantine(nvme);
	assert_true(silent(disk));
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), owner);
	/* The disk's slot decides where its guest is interrupted. */
	lend_to(GUEST1, nvme, 3);
	assert_int_equal(guest_read(3, 0x3d, 1), 1);
	assert_null(fake_intx_forwarded(WIRE, &vintid));
	assert_true(fake_intx_has_handler(WIRE) && fake_intx_enabled(WIRE));
	fake_intx_run_pending();
	assert_false(silent(disk) || silent(card));

	ask(disk, true);
	fake_intx_fire(WIRE);
	assert_true(silent(disk));
	assert_false(silent(card));
	assert_true(vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	assert_false(vgic_level(owner, WIRE));
	assert_int_equal(guest_read(3, 0x06, 2) & PCI_STATUS_INTERRUPT, PCI_STATUS_INTERRUPT);
	assert_int_equal(guest_read(3, 0x04, 2) & PCI_COMMAND_INTX_OFF, 0);
	/* The other one is not held up, and the first not asked again meanwhile. */
	ask(card, true);
	fake_intx_fire(WIRE);
	assert_true(vgic_level(owner, WIRE));
	ask(card, false);
	fake_intx_eoi(owner, WIRE);
	assert_int_equal(fake_intx_run_pending(), 1);
	assert_false(silent(card) || vgic_level(owner, WIRE));
	assert_true(silent(disk));
	/* Not served: it is raised again at once. Served: it may speak. */
	fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
	fake_intx_run_pending();
	assert_true(silent(disk) && vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	ask(disk, false);
	fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
	fake_intx_run_pending();
	assert_false(silent(disk) || vgic_level(GUEST1, GUEST_INTX_INTID + 3));

	/* Taken away while it asks: silent, and the wire is its neighbour's alone. */
	ask(disk, true);
	fake_intx_fire(WIRE);
	assert_int_equal(lend_detach(nvme), 0);
	assert_true(silent(disk));
	assert_false(vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), owner);
	world_run_resets();
	assert_int_equal(lend_return_to_owner(nvme), 0);
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), owner);
	assert_false(silent(disk));
}

static void both_may_silence_a_function(void **state)
{
	struct model_function *disk, *card;

	(void)state;
	start_on_one_wire(&disk, &card);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 3);
	fake_intx_run_pending();
	guest_write(3, 0x04, 2, PCI_COMMAND_INTX_OFF);
	assert_true(silent(disk));
	ask(disk, true);
	fake_intx_fire(WIRE);
	assert_false(vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	guest_write(3, 0x04, 2, 0);
	assert_false(silent(disk));
	fake_intx_fire(WIRE);
	assert_true(silent(disk));
	/* The guest cannot undo what the hypervisor did. */
	guest_write(3, 0x04, 4, PCI_COMMAND_INTX_OFF);
	guest_write(3, 0x04, 2, 0);
	assert_true(silent(disk));
	/* And what it did itself outlasts its EOI. */
	guest_write(3, 0x04, 2, PCI_COMMAND_INTX_OFF);
	fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
	fake_intx_run_pending();
	assert_true(silent(disk));
	assert_false(vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	guest_write(3, 0x05, 1, 0);
	assert_false(silent(disk));
}

static void a_wire_alone_is_forwarded_to_a_guest(void **state)
{
	struct model_function *disk, *card;
	uint32_t vintid;

	(void)state;
	start_on_one_wire(&disk, &card);
	quarantine(nvme);
	quarantine(nic);
	assert_null(fake_intx_forwarded(WIRE, &vintid));
	assert_false(fake_intx_has_handler(WIRE));
	lend_to(GUEST1, nvme, 2);
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), GUEST1);
	assert_int_equal(vintid, GUEST_INTX_INTID + 2);
	/* At another place of the same guest: shared inside it. */
	lend_to(GUEST1, nic, 3);
	assert_null(fake_intx_forwarded(WIRE, &vintid));
	assert_true(fake_intx_has_handler(WIRE));
	assert_int_equal(lend_detach(nic), 0);
	world_run_resets();
	/* Slot 6 turns the pin as slot 2 does. */
	lend_to(GUEST1, nic, 6);
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), GUEST1);
	fake_intx_run_pending();
	assert_false(silent(disk) || silent(card));
}

static void what_cannot_be_silenced_is_not_shared(void **state)
{
	struct model_function *disk, *card;
	uint32_t vintid;

	(void)state;
	start_on_one_wire(&disk, &card);
	quarantine(nvme);
	/* PCI 2.2: no INTx disable. */
	model_set16(disk, PCI_COMMAND, 0, 0x0147);
	lend_to(GUEST1, nvme, 3);
	assert_int_equal(guest_read(3, 0x3d, 1), 0);
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), &lend_world.domains[WORLD_CONTROL]);
}

static void a_wire_nobody_asserts_is_given_up(void **state)
{
	struct model_function *disk, *card;
	uint32_t n = 0;

	(void)state;
	start_on_one_wire(&disk, &card);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 3);
	fake_intx_run_pending();
	for (; fake_intx_enabled(WIRE); n++) {
		assert_true(n < 1000);
		fake_intx_fire(WIRE);
	}
	/* Before that, everyone on it was silenced and told. */
	assert_true(silent(disk) && silent(card));
	assert_true(vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	assert_true(vgic_level(&lend_world.domains[WORLD_CONTROL], WIRE));
	/* A change gives it another chance. */
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	lend_to(GUEST1, nvme, 3);
	assert_true(fake_intx_enabled(WIRE));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(owner_sees_the_host),
		T(owner_maps_its_bars),
		T(odd_accesses_read_ones),
		T(d2_segments_do_not_mix),
		T(quarantine_takes_everything),
		T(return_gives_it_back_whole),
		T(guest_drives_a_lent_function),
		T(refusals_change_nothing),
		T(d3_bars_in_forbidden_places),
		T(ports_are_forwarded),
		T(mappings_follow_bars_and_command),
		T(d14_decode_with_zero_bars),
		T(lost_host_bars_are_put_back),
		T(long_mappings_are_jobs),
		T(detach_cancels_the_job),
		T(mapping_out_of_memory_is_undone),
		T(failed_lend_ends_before),
		T(failed_return_stays_in_quarantine),
		T(failed_reclaim_ends_broken),
		T(guest_resets_its_function),
		T(owner_resets_its_function),
		T(reset_after_a_long_unmapping),
		T(detach_during_a_guests_reset),
		T(teardown_during_a_guests_reset),
		T(failed_reset_of_a_user_and_retry),
		T(failed_reset_of_the_owner),
		T(d3hot_and_back),
		T(teardown_reclaims_all),
		T(first_places_do_not_overlap),
		T(one_user_under_random_histories),
		T(a_wire_follows_its_users),
		T(both_may_silence_a_function),
		T(a_wire_alone_is_forwarded_to_a_guest),
		T(what_cannot_be_silenced_is_not_shared),
		T(a_wire_nobody_asserts_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
