/* SPDX-License-Identifier: BSD-2-Clause */
#include "thread_world.h"

#include <string.h>
#include <viaduct/guest_map.h>

#include "control/control_request.h"
#include "core/heap.h"
#include "fake_heap.h"
#include "irq/irq.h"
#include "irq/its.h"
#include "irq/vgic.h"
#include "irq/vits.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/registry.h"
#include "vpci/bus.h"

#define CFG_BASE    0x4010000000ULL
#define STREAMS     0x10000
#define WIRES       64
#define TABLES_MAX  4096

struct domain world_domains[WORLD_DOMAINS];
struct pci_world world;

static int8_t streams[STREAMS]; /* domain + 1; 0: aborts */
static bool wires[WORLD_DOMAINS][WIRES];
static struct spinlock vits_locks[WORLD_DOMAINS];

struct its_device {
	uint32_t events;
	uint32_t commands; /* of the guest; the virtual ITS's lock */
};

struct domain *domain_by_id(uint32_t id)
{
	return id < WORLD_DOMAINS ? &world_domains[id] : NULL;
}

/* IOMMU. */

static int set_stream(stream_id_t stream, int8_t to)
{
	__atomic_store_n(&streams[stream.v], to, __ATOMIC_RELAXED);
	return 0;
}

int iommu_attach(struct iommu *iommu, stream_id_t stream, struct p2m *p2m)
{
	return set_stream(stream, (int8_t)(1 + container_of(p2m, struct domain, p2m)->id));
}

int iommu_abort(struct iommu *iommu, stream_id_t stream)
{
	return set_stream(stream, 0);
}

int iommu_silence(struct iommu *iommu, stream_id_t stream)
{
	return set_stream(stream, 0);
}

int world_dma(const struct pci_function *f)
{
	return __atomic_load_n(&streams[f->stream.v], __ATOMIC_RELAXED) - 1;
}

/* ITS, and virtual ITS: the host's device is looked at under its lock, as vits.h says. */

paddr_t its_doorbell(const struct its *its)
{
	return pa(0x8090000);
}

int its_device_map(struct its *its, device_id_t id, uint32_t event_count, struct irq_meter *meter,
		   struct its_device **out)
{
	*out = heap_alloc(sizeof(**out));
	require(*out != NULL);
	(*out)->events = event_count;
	return 0;
}

void its_device_unmap(struct its_device *dev)
{
	heap_free(dev);
}

void its_event_mask(struct its_device *dev, uint32_t event)
{
}

bool its_device_unmask(struct its_device *dev, uint32_t max)
{
	return false;
}

void its_lpi_dispatch(uint32_t intid)
{
}

void world_vits_command(struct domain *d, uint32_t vdevice)
{
	struct its_device *dev;

	spin_lock(&vits_locks[d->id]);
	dev = vpci_host_device(d, vdevice);
	if (dev) {
		require(dev->events != 0);
		dev->commands++;
	}
	spin_unlock(&vits_locks[d->id]);
}

bool vits_device_update(struct domain *d, uint32_t vdevice, uint32_t max)
{
	world_vits_command(d, vdevice);
	/* Often there is more than fits in one. */
	return any(3) != 0;
}

bool vits_devices_update(struct domain *d, uint32_t max)
{
	/* By numbers the guest could have given them. */
	for (uint32_t bus = 1; bus <= GUEST_PORT_COUNT; bus++) {
		world_vits_command(d, bus << 8);
	}
	return any(3) != 0;
}

int vits_msi(struct domain *d, uint32_t vdevice, uint32_t event)
{
	spin_lock(&vits_locks[d->id]);
	spin_unlock(&vits_locks[d->id]);
	return 0;
}

/* Virtual GIC. */

static struct irq_meter *wire_meter; /* of WORLD_WIRE, while it is forwarded */

static enum irq_result forwarded(uint32_t intid, void *arg)
{
	struct irq_meter *meter = __atomic_load_n(&wire_meter, __ATOMIC_RELAXED);
	struct domain *d = arg;

	if (meter && irq_meter_hit(meter)) {
		pci_wire_storm(meter, intid);
	}
	__atomic_store_n(&wires[d->id][intid], true, __ATOMIC_RELAXED);
	return IRQ_FORWARDED;
}

int vgic_route_spi(struct domain *d, uint32_t host_intid, uint32_t vintid, bool edge)
{
	int r = irq_request(host_intid, edge, forwarded, d);

	if (r == 0) {
		irq_enable(host_intid);
	}
	return r;
}

void vgic_unroute_spi(struct domain *d, uint32_t host_intid)
{
	irq_release(host_intid);
	__atomic_store_n(&wire_meter, NULL, __ATOMIC_RELAXED);
}

void vgic_route_meter(struct domain *d, uint32_t host_intid, struct irq_meter *meter)
{
	require(host_intid == WORLD_WIRE);
	__atomic_store_n(&wire_meter, meter, __ATOMIC_RELAXED);
}

void vgic_set_level(struct domain *d, struct vcpu *v, uint32_t intid, bool high)
{
	__atomic_store_n(&wires[d->id][intid], high, __ATOMIC_RELAXED);
}

/* The domain is done with it at once. */
bool vgic_level(struct domain *d, uint32_t vintid)
{
	return __atomic_exchange_n(&wires[d->id][vintid], false, __ATOMIC_RELAXED);
}

void vgic_set_resample(struct domain *d, uint32_t vintid, uint32_t host_intid)
{
}

/* I/O space. */

void host_bridge_map_io(struct host_bridge *b)
{
}

bool host_bridge_io_read(struct host_bridge *b, uint64_t port, uint32_t size, uint32_t *value)
{
	*value = 0;
	return true;
}

bool host_bridge_io_write(struct host_bridge *b, uint64_t port, uint32_t size, uint32_t value)
{
	return true;
}

/* Control requests. */

void control_reply(struct control_call *call, const void *body, uint32_t size)
{
	memcpy(call->out, body, size);
	call->out_size = size;
}

bool control_name_ok(const char *name, bool allow_empty)
{
	return true;
}

/* The machine. */

static struct model_function *port(uint8_t dev)
{
	return model_port(&world.pci, NULL, dev, 0, PCI_EXP_TYPE_ROOT_PORT, false, true);
}

static void add_disk(void)
{
	struct model_function *f = model_endpoint(&world.pci, port(1), 0, 0, 0x00101b36, 0x010802);

	model_bar(f, 0, BAR_MEM64, false, 0x400000); /* long enough for a job */
	model_pm(f);
	model_express(f, PCI_EXP_TYPE_ENDPOINT, true);
	model_msix(f, 65, 0, 0x2000, 0, 0x3000);
	model_set8(f, PCI_INTERRUPT_PIN, 1, 0);
}

static void add_nic(void)
{
	struct model_function *f = model_endpoint(&world.pci, port(2), 0, 0, 0x10d38086, 0x020000);

	model_bar(f, 0, BAR_MEM32, false, 0x20000);
	model_bar(f, 2, BAR_MEM64, true, 0x200000);
	model_bar(f, 4, BAR_IO, false, 0x20);
	model_pm(f);
	model_pm_resets(f);
	model_express(f, PCI_EXP_TYPE_ENDPOINT, true);
	model_msi(f, 4, true, false);
	model_set8(f, PCI_INTERRUPT_PIN, 1, 0);
}

static void add_card_with_vfs(void)
{
	struct model_function *p = port(3);
	struct model_function *f = model_endpoint(&world.pci, p, 0, 0, 0x10c910c9, 0x020000);

	model_ari_port(p, true);
	model_bar(f, 0, BAR_MEM32, false, 0x20000);
	model_pm(f);
	model_express(f, PCI_EXP_TYPE_ENDPOINT, true);
	model_msix(f, 10, 0, 0x2000, 0, 0x3000);
	model_ari(f);
	model_sriov(f, WORLD_VFS, 0x80, 2, 0x4000);
	for (uint16_t i = 0; i < WORLD_VFS; i++) {
		model_vf(f, i);
	}
}

void thread_world_begin(void)
{
	require(gic_init() == 0);
	thread_cpus_settle();
	pci_world_init(&world, 0, 0, 255);
	for (uint32_t i = 0; i < 16; i++) {
		world.desc.intx[i / 4][i % 4] = WORLD_WIRE;
	}
	add_disk();
	add_nic();
	add_card_with_vfs();
	pci_bring_up(&world.bridge);
	world.desc.cfg = (struct range){ CFG_BASE, 256 * SZ_1M };
	pci_groups_assign(pci_function_first());
	p2m_set_small_pages();
	for (uint16_t i = 0; i < WORLD_DOMAINS; i++) {
		struct domain *d = &world_domains[i];
		int r;

		*d = (struct domain){ .id = i, .control = i == 0, .direct = i == 0,
				      .state = DOMAIN_RUNNING };
		require(p2m_init(&d->p2m, (uint16_t)(i + 1), TABLES_MAX) == 0);
		do {
			r = i == 0 ? vpci_create_owner(d, &world.bridge) : vpci_create_guest(d);
		} while (r == -EAGAIN);
		require(r == 0);
	}
}

void thread_world_end(void)
{
	for (uint32_t i = WORLD_DOMAINS; i-- > 0;) {
		world_domains[i].state = DOMAIN_DYING;
		while (lend_reclaim(&world_domains[i]) != JOB_DONE) {
			thread_cpus_settle();
		}
		thread_cpus_settle();
		while (!vpci_destroy(&world_domains[i])) {
		}
		while (!p2m_destroy_slice(&world_domains[i].p2m, 64)) {
		}
	}
	for (uint32_t i = 0; i < STREAMS; i++) {
		require(streams[i] == 0);
	}
	pci_world_free(&world);
	require(fake_heap_live == 1); /* irq.c's lines, for good */
}

uint64_t world_owner_cfg(struct sbdf s, uint32_t reg)
{
	return CFG_BASE + ((uint64_t)SBDF_RID(s) << 12) + reg;
}

uint64_t world_guest_cfg(uint32_t slot, uint32_t reg)
{
	return GUEST_PCI_ECAM_BASE + slot * 0x8000ULL + reg;
}
