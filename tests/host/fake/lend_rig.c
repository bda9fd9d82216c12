/* SPDX-License-Identifier: BSD-2-Clause */
/* See lend_rig.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_heap.h"
#include "fake_log.h"
#include "lend_rig.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/registry.h"

struct pci_world world;
struct pci_world second;
struct pci_function *nvme;
struct pci_function *nic;

static struct host_bridge *bridges[] = { &world.bridge, &second.bridge };

void add_nvme(struct pci_world *w, uint8_t port, uint64_t bar_size)
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

void add_nic(struct pci_world *w, uint8_t port)
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

void start_over(void)
{
	lend_world_end();
	pci_world_free(&world);
	pci_world_init(&world, 0, 0, 255);
}

void bring_up(struct pci_world *w, uint64_t cfg)
{
	pci_bring_up(&w->bridge);
	w->desc.cfg = (struct range){ cfg, SZ_1M * (w->desc.bus_end - w->desc.bus_start + 1U) };
}

void start(uint32_t count)
{
	pci_groups_assign(pci_function_first());
	nvme = world_function(0, 1, 0, 0);
	nic = world_function(0, 2, 0, 0);
	lend_world_init(bridges, count);
}

struct model_function *last_with_pin(void)
{
	struct model_function *f = world.pci.functions[world.pci.count - 1];

	model_set8(f, PCI_INTERRUPT_PIN, 1, 0);
	return f;
}

void start_over_with_wires(void)
{
	start_over();
	for (uint32_t i = 0; i < 16; i++) {
		world.desc.intx[i / 4][i % 4] = 35 + (i / 4 + i % 4) % 4;
	}
}

void start_on_one_wire(struct model_function **disk, struct model_function **card)
{
	start_over_with_wires();
	add_nvme(&world, 1, 0x4000);
	*disk = last_with_pin();
	add_nic(&world, 5);
	*card = last_with_pin();
	bring_up(&world, 0x4010000000ULL);
	start(1);
}

void start_on_two_wires(struct model_function **disk, struct model_function **card)
{
	start_over_with_wires();
	add_nvme(&world, 1, 0x4000);
	*disk = last_with_pin();
	add_nic(&world, 2);
	*card = last_with_pin();
	add_nvme(&world, 5, 0x4000);
	(void)last_with_pin();
	bring_up(&world, 0x4010000000ULL);
	start(1);
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nic, 7);
	lend_to(GUEST1, nvme, 3);
}

void ask(struct model_function *f, bool on)
{
	f->config[PCI_STATUS] = (uint8_t)(on ? f->config[PCI_STATUS] | PCI_STATUS_INTERRUPT
					     : f->config[PCI_STATUS] & ~PCI_STATUS_INTERRUPT);
}

bool silent(const struct model_function *f)
{
	return model_get(f, PCI_COMMAND, 2) & PCI_COMMAND_INTX_OFF;
}

int lend_rig_setup(void **state)
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

int lend_rig_teardown(void **state)
{
	(void)state;
	lend_world_end();
	pci_world_free(&world);
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

uint32_t owner_read(const struct pci_function *f, uint32_t reg, uint8_t size)
{
	return (uint32_t)world_load(WORLD_CONTROL, world_owner_cfg(f->bridge, f->sbdf, reg), size);
}

void owner_write(const struct pci_function *f, uint32_t reg, uint8_t size, uint32_t value)
{
	world_store(WORLD_CONTROL, world_owner_cfg(f->bridge, f->sbdf, reg), size, value);
}

uint32_t guest_read(uint32_t slot, uint32_t reg, uint8_t size)
{
	return (uint32_t)world_load(WORLD_GUEST1, world_guest_cfg(slot, reg), size);
}

void guest_write(uint32_t slot, uint32_t reg, uint8_t size, uint32_t value)
{
	world_store(WORLD_GUEST1, world_guest_cfg(slot, reg), size, value);
}

void contain(struct pci_function *f, const char *why)
{
	pci_contain(f, why);
	world_run_jobs();
}

void quarantine(struct pci_function *f)
{
	assert_int_equal(lend_quarantine(f, "disk"), 0);
	world_run_resets();
	assert_int_equal(f->state, FUNCTION_QUARANTINED);
}

int attach(struct domain *d, struct pci_function *f, uint32_t vslot, struct vsbdf *out)
{
	return lend_attach(d, f, &(struct lend_options){ .vslot = vslot }, out);
}

uint32_t lend_to(struct domain *d, struct pci_function *f, uint32_t slot)
{
	struct vsbdf where;

	assert_int_equal(attach(d, f, slot, &where), 0);
	return SBDF_DEV(where);
}

void reset_by_guest(uint32_t slot, const struct pci_function *f)
{
	guest_write(slot, f->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
}
