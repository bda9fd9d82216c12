/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three vCPUs and an administrator at one domain's virtual GIC and ITS, under ThreadSanitizer. The
 * guest's memory holds something else whenever it is read; hardware is what each CPU has for
 * itself.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <viaduct/guest_map.h>

#include "core/guest_copy.h"
#include "core/heap.h"
#include "core/machine.h"
#include "core/sched.h"
#include "irq/gic.h"
#include "irq/irq.h"
#include "irq/irq_meter.h"
#include "irq/its_lpi.h"
#include "irq/its_vpe.h"
#include "irq/vgic.h"
#include "irq/vgic_gich.h"
#include "irq/vits.h"
#include "lib/errno.h"
#include "thread_cpus.h"

#define VCPUS   3
#define DEVICES 3U  /* virtual DeviceIDs */
#define EVENTS  16U
#define LPIS    64U /* of the host, in use at one time */
#define LENT    1U  /* the DeviceID that comes and goes */
#define WIRE    40U /* host SPI */
#define SPI     35U /* the guest's */
#define QUEUE   0x40010000ULL
#define LRS     4U

struct its_device {
	uint32_t lpis[EVENTS]; /* 0: not mapped */
};

struct machine machine;

static struct domain guest;
static struct its_device *lent; /* read under the virtual ITS's lock only */
static struct irq_meter meter = { .check_at = ~0ULL };
static uint64_t taken[VCPUS];

void pci_irq_storm(struct irq_meter *m, uint32_t event)
{
	require(false);
}

void pci_wire_storm(struct irq_meter *m, uint32_t host_intid)
{
	require(false);
}

void vcpu_kick(struct vcpu *v)
{
}

/* A command queue full of whatever, and as random a table of LPI configurations. */
int guest_copy_from(struct domain *d, void *dst, ipaddr_t src, size_t size)
{
	static const uint8_t opcodes[] = { 1, 3, 4, 5, 8, 9, 10, 10, 10, 10, 12, 13, 14, 15, 15 };
	uint64_t words[4] = {
		opcodes[any(ARRAY_SIZE(opcodes))] | (uint64_t)any(DEVICES) << 32,
		any(EVENTS) | (uint64_t)(GIC_FIRST_LPI + any(2 * EVENTS)) << 32,
		any(4) | (uint64_t)any(VCPUS) << 16 | (any(4) != 0 ? BIT(63) : 0),
		(uint64_t)any(VCPUS) << 16,
	};

	if (size == sizeof(words)) {
		memcpy(dst, words, size);
	} else {
		memset(dst, any(8) != 0 ? 0xa1 : 0xa0, size);
	}
	return any(100) == 0 ? -EFAULT : 0;
}

/* The host ITS: its LPIs' pool is the real one. */

uint32_t its_device_events(const struct its_device *dev)
{
	return EVENTS;
}

int its_event_map(struct its_device *dev, uint32_t event, uint32_t cpu, lpi_handler handler,
		  void *arg)
{
	require(dev->lpis[event] == 0);
	return lpi_alloc(handler, arg, event, &meter, &dev->lpis[event]);
}

void its_event_unmap(struct its_device *dev, uint32_t event)
{
	lpi_silence(dev->lpis[event]);
	lpi_free(dev->lpis[event]);
	dev->lpis[event] = 0;
}

/* vPEs, which some events go to: resident in one CPU at most, and one in each. */

struct its_vpe {
	int resident;
};

static _Thread_local struct its_vpe *here;

bool its_vpe_possible(void)
{
	return true;
}

int its_vpe_create(const uint8_t *properties, uint32_t id_bits, uint32_t cpu,
		   struct its_vpe **out)
{
	*out = heap_alloc(sizeof(**out));
	return *out == NULL ? -ENOMEM : 0;
}

bool its_vpe_destroy(struct its_vpe *vpe)
{
	/* At the end of the test, though the CPUs were not told that they are to leave. */
	heap_free(vpe);
	return true;
}

void its_vpe_enter(struct its_vpe *vpe)
{
	require(here == NULL && __atomic_fetch_add(&vpe->resident, 1, __ATOMIC_RELAXED) == 0);
	here = vpe;
}

bool its_vpe_leave(struct its_vpe *vpe)
{
	require(here == vpe && __atomic_fetch_sub(&vpe->resident, 1, __ATOMIC_RELAXED) == 1);
	here = NULL;
	return any(2) != 0;
}

void its_vpe_property(uint8_t *property, uint8_t value)
{
	__atomic_store_n(property, value, __ATOMIC_RELAXED);
}

void its_vpe_invalidate(struct its_vpe *vpe)
{
	require(vpe != NULL);
}

bool its_device_direct(const struct its_device *dev)
{
	return any(2) != 0;
}

int its_event_map_direct(struct its_device *dev, uint32_t event, struct its_vpe *vpe,
			 uint32_t vintid, lpi_handler handler, void *arg)
{
	require(vpe != NULL && vintid >= GIC_FIRST_LPI);
	return its_event_map(dev, event, 0, handler, arg);
}

void its_event_move(struct its_device *dev, uint32_t event, struct its_vpe *vpe)
{
	require(dev->lpis[event] != 0 && vpe != NULL);
}

void its_event_inv(struct its_device *dev, uint32_t event)
{
	require(dev->lpis[event] != 0);
}

void its_event_int(struct its_device *dev, uint32_t event)
{
	require(dev->lpis[event] != 0);
}

void its_event_clear(struct its_device *dev, uint32_t event)
{
	require(dev->lpis[event] != 0);
}

/* Virtual CPU interfaces: of this CPU alone. */

static _Thread_local uint64_t lr[LRS];

uint32_t vgic_hw_lr_count(void)
{
	return LRS;
}

uint32_t vgic_hw_cpu(void)
{
	return cpu_index();
}

void vgic_hw_load(const struct vgic_hw_state *s)
{
}

void vgic_hw_save(struct vgic_hw_state *s)
{
	s->vmcr = 0xf8000002; /* VPMR, VENG1 */
}

uint64_t vgic_hw_vmcr(void)
{
	return 0xf8000002;
}

void vgic_hw_set_hcr(uint64_t hcr)
{
}

uint64_t vgic_hw_lr_read(uint32_t i)
{
	return lr[i];
}

void vgic_hw_lr_write(uint32_t i, uint64_t value)
{
	lr[i] = value;
}

static uint32_t done_with(bool eoi)
{
	uint32_t map = 0;

	for (uint32_t i = 0; i < LRS; i++) {
		if ((lr[i] & LR_STATE) == 0 && eoi == ((lr[i] & (LR_HW | LR_EOI)) == LR_EOI)) {
			map |= 1U << i;
		}
	}
	return map;
}

uint32_t vgic_hw_empty(void)
{
	return done_with(false);
}

uint32_t vgic_hw_eoi(void)
{
	return done_with(true);
}

bool vgic_hw_unwired(void)
{
	return false;
}

int vgic_gich_map_interface(struct domain *d, ipaddr_t at)
{
	require(false);
	return 0;
}

/* The guest takes what it has, or a part. */
static void guest_runs(uint32_t cpu)
{
	for (uint32_t i = 0; i < LRS; i++) {
		if ((lr[i] & LR_PENDING) && any(4) != 0) {
			lr[i] &= ~LR_STATE;
			__atomic_fetch_add(&taken[cpu], 1, __ATOMIC_RELAXED);
		}
	}
}

/* The domain. */

static struct its_device *host_device(struct domain *d, uint32_t vdevice)
{
	return vdevice == LENT ? __atomic_load_n(&lent, __ATOMIC_ACQUIRE) : NULL;
}

static const struct vits_ops ops = { .host_device = host_device };

static void write_register(uint64_t at, uint8_t size, uint64_t value)
{
	thread_access(&guest, at, size, true, value);
}

/* Registers of one interrupt of the distributor, or of a vCPU's redistributor. */
static void use_banks(void)
{
	static const uint16_t banks[] = { 0x100, 0x180, 0x200, 0x280, 0x300, 0x380 };
	uint64_t base = any(2) ? GUEST_GICD_BASE
			       : GUEST_GICR_BASE + any(VCPUS) * 0x20000ULL + 0x10000;
	uint64_t at = base + banks[any(ARRAY_SIZE(banks))] + (base == GUEST_GICD_BASE ? 4 : 0);

	if (any(2)) {
		write_register(at, 4, 1U << any(32));
	} else {
		thread_access(&guest, at, 4, false, 0);
	}
}

static void use_its(void)
{
	write_register(GUEST_ITS_BASE + 0x88, 8, 32ULL * any(128));
}

static void trap(uint32_t cpu)
{
	struct vcpu *v = thread_vcpu(cpu);

	switch (any(8)) {
	case 0:
		/* Up to a whole ring of commands. */
		if (any(16) == 0) {
			use_its();
		}
		break;
	case 1:
		use_banks();
		break;
	case 2:
		vgic_sgi1r(v, 1ULL << any(VCPUS) | (uint64_t)any(16) << 24);
		break;
	case 3:
		vgic_set_level(&guest, v, 27, any(2)); /* its timer */
		break;
	case 4:
		(void)vgic_pending(v);
		break;
	case 5:
		vgic_save(v);
		vgic_load(v);
		break;
	case 6:
		thread_fire(WIRE);
		break;
	default:
		its_lpi_dispatch(GIC_FIRST_LPI + any(LPIS));
		break;
	}
}

static void vcpu_turn(uint32_t cpu)
{
	static _Thread_local bool loaded;
	struct vcpu *v = thread_vcpu(cpu);

	if (!loaded) {
		vgic_load(v);
		loaded = true;
	}
	trap(cpu);
	vgic_enter(v);
	guest_runs(cpu);
}

static void vcpu0(void)
{
	vcpu_turn(0);
}

static void vcpu1(void)
{
	vcpu_turn(1);
}

static void vcpu2(void)
{
	vcpu_turn(2);
}

/* A function with LENT's DeviceID is lent and taken away, as vpci/ does it. */
static void lend_or_reclaim(void)
{
	struct its_device *was = lent;

	if (was == NULL) {
		__atomic_store_n(&lent, heap_alloc(sizeof(*lent)), __ATOMIC_RELEASE);
		while (!vits_device_update(&guest, LENT, 2)) {
		}
		return;
	}
	__atomic_store_n(&lent, NULL, __ATOMIC_RELEASE);
	while (!vits_device_update(&guest, LENT, 2)) {
	}
	for (uint32_t i = 0; i < EVENTS; i++) {
		require(was->lpis[i] == 0);
	}
	heap_free(was);
}

static void administrator(void)
{
	static bool routed;

	switch (any(5)) {
	case 0:
		if (routed) {
			vgic_unroute_spi(&guest, WIRE);
			routed = false;
		} else {
			routed = vgic_route_spi(&guest, WIRE, SPI, false) == 0;
		}
		break;
	case 1:
		vgic_set_level(&guest, NULL, SPI + 1, any(2));
		(void)vgic_level(&guest, SPI + 1);
		break;
	case 2:
		(void)vits_msi(&guest, any(DEVICES), any(EVENTS));
		break;
	case 3:
		vgic_set_resample(&guest, SPI + 1, any(2) ? WIRE : 0);
		break;
	default:
		lend_or_reclaim();
		break;
	}
}

static bool all_took_some(void)
{
	bool all = true;

	for (uint32_t i = 0; i < VCPUS; i++) {
		all = all && __atomic_load_n(&taken[i], __ATOMIC_RELAXED) > 10;
	}
	return all;
}

static void four_cpus_at_the_interrupts(void **state)
{
	static const cpu_turn turns[] = { vcpu0, vcpu1, vcpu2, administrator };
	const struct vgic_config config = {
		.version = 3,
		.dist = { GUEST_GICD_BASE }, .redist = { GUEST_GICR_BASE },
		.its = { GUEST_ITS_BASE }, .has_its = true, .spi_count = 32,
	};

	(void)state;
	require(gic_init() == 0);
	thread_cpus_settle();
	lpi_pool_init(LPIS);
	guest.vcpu_count = VCPUS;
	for (uint32_t i = 0; i < VCPUS; i++) {
		guest.vcpus[i] = thread_vcpu(i);
		*guest.vcpus[i] = (struct vcpu){ .domain = &guest, .index = i, .pcpu = i };
	}
	assert_int_equal(vgic_create(&guest, &config), 0);
	assert_int_equal(vits_create(&guest, ipa(GUEST_ITS_BASE), &ops), 0);
	for (uint32_t i = 0; i < VCPUS; i++) {
		write_register(GUEST_GICR_BASE + i * 0x20000ULL + 0x70, 8, QUEUE | 13);
		write_register(GUEST_GICR_BASE + i * 0x20000ULL, 4, 1);
	}
	write_register(GUEST_GICD_BASE, 4, 2);
	write_register(GUEST_ITS_BASE + 0x80, 8, BIT(63) | QUEUE);
	write_register(GUEST_ITS_BASE, 4, 1);
	thread_cpus_run(turns, ARRAY_SIZE(turns), all_took_some);
	assert_true(all_took_some());
	if (lent != NULL) {
		lend_or_reclaim();
	}
	vits_destroy(&guest);
	assert_int_equal(its_lpi_count(), 0);
	vgic_destroy(&guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_cpus_at_the_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
