/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts that a GICv4 delivers, and two CPUs at them in every order their locks and registers
 * allow: messages, blocking vCPUs, commands of the guest, a function that goes. Virtual ITS and
 * GIC, the host ITS's devices, vPEs and queue are real; the hardware behind queue and registers is
 * a model of IHI0069 5.3 and 12.11.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/machine.h"
#include "core/percpu.h"
#include "fake_heap.h"
#include "fake_log.h"
#include "fake_spinlock.h"
#include "irq/gicv3.h"
#include "irq/gicv3_regs.h"
#include "irq/irq_meter.h"
#include "irq/its_internal.h"
#include "irq/its_lpi.h"
#include "irq/its_regs.h"
#include "irq/its_vpe.h"
#include "irq/vgic.h"
#include "irq/vgic_state.h"
#include "irq/vits.h"
#include "irq/vits_state.h"
#include "lib/errno.h"
#include "vgic_world.h"

#define LPI     8192U
#define VQUEUE  0x10000U
#define VDEVICE 8U
#define DEVICE  3U
#define EVENTS  8U
#define VPES    4U
#define LPIS    64U /* of a vPE, as far as the model cares */
#define TABLE   GENMASK(51, 16)

struct machine machine = { .cpu_count = FAKE_CPUS, .gic.its_count = 1 };

static struct its its;
static uint8_t its_queue[ITS_QUEUE_SIZE];
static uint64_t its_reader, its_writer;
static bool device_mapped;
static struct {
	uint32_t lpi; /* or doorbell; 0: not mapped */
	bool direct;
	uint32_t vpe;
	uint32_t vintid;
} events[EVENTS];
static struct {
	bool mapped;
	uint64_t table;
	uint32_t cpu;
	bool pending[LPIS];
} vpes[VPES];
static struct {
	uint8_t frames[GICR_VPENDBASER + 8];
	uint64_t vprop, vpend;
	uint32_t dirty_reads; /* it is so for so many reads yet */
	bool vlpis;
} rds[FAKE_CPUS];

static struct its_device *device;
static struct its_device *behind; /* device while it is lent; the virtual ITS's lock */
static struct irq_meter meter;
static uint64_t write_at;
static uint64_t now;

/* For world_init(): the vPEs are real. */
void fake_vpe_reset(void)
{
}

uint64_t ticks_now(void)
{
	return now++;
}

void *arch_percpu(void)
{
	static struct percpu cpus[FAKE_CPUS];

	cpus[fake_cpu].index = fake_cpu;
	return &cpus[fake_cpu];
}

void cache_clean(const void *va, uint64_t size)
{
}

void cache_clean_invalidate(const void *va, uint64_t size)
{
}

void its_redist_configure(uint32_t lpi, bool enabled)
{
}

void its_redist_set_byte(uint8_t *byte, uint8_t value)
{
	*byte = value;
}

uint64_t its_redist_attributes(uint32_t cpu)
{
	return GICR_BASER_SHARED;
}

int its_device_table_cover(struct its *where, device_id_t id)
{
	return 0;
}

const struct gicv3_redist *gicv3_redist(uint32_t cpu)
{
	static struct gicv3_redist redists[FAKE_CPUS];

	redists[cpu] = (struct gicv3_redist){ .regs = rds[cpu].frames, .vlpis = rds[cpu].vlpis };
	return &redists[cpu];
}

static bool resident(uint32_t vpe, uint32_t cpu)
{
	return (rds[cpu].vpend & GICR_VPENDBASER_VALID) != 0 &&
	       (rds[cpu].vpend & TABLE) == vpes[vpe].table;
}

/* The first that is pending and enabled of the vPE resident in cpu, or LPIS. */
static uint32_t best(uint32_t cpu)
{
	const uint8_t *properties = (const uint8_t *)(uintptr_t)(rds[cpu].vprop & GENMASK(51, 12));

	for (uint32_t vpe = 0; vpe < VPES; vpe++) {
		for (uint32_t i = 0; resident(vpe, cpu) && i < LPIS; i++) {
			if (vpes[vpe].pending[i] && (properties[i] & LPI_CONFIG_ENABLED) != 0) {
				return i;
			}
		}
	}
	return LPIS;
}

static uint32_t take(uint32_t cpu)
{
	uint32_t i = best(cpu);

	for (uint32_t vpe = 0; vpe < VPES && i != LPIS; vpe++) {
		vpes[vpe].pending[i] = resident(vpe, cpu) ? false : vpes[vpe].pending[i];
	}
	return i == LPIS ? 0 : LPI + i;
}

/* A doorbell is taken by whoever comes: here at once. */
static void pend(uint32_t event)
{
	uint32_t vpe = events[event].vpe;

	vpes[vpe].pending[events[event].vintid - LPI] = true;
	if (!resident(vpe, vpes[vpe].cpu)) {
		its_lpi_dispatch(events[event].lpi);
	}
}

static void carry_out_event(uint32_t opcode, const uint64_t *cmd)
{
	uint32_t event = (uint32_t)cmd[1];
	uint32_t vpe = (uint32_t)(cmd[1] >> 32);
	bool none = false;
	bool *pending = &none; /* of one that is not direct */

	assert_true(cmd[0] >> 32 == DEVICE && device_mapped && event < EVENTS);
	assert_int_equal(events[event].lpi == 0, opcode == 0x0a || opcode == 0x2a);
	switch (opcode) {
	case 0x0a: /* MAPTI */
		events[event].lpi = vpe;
		events[event].direct = false;
		return;
	case 0x2a: /* VMAPTI */
		assert_true(vpe < VPES && vpes[vpe].mapped);
		events[event].lpi = (uint32_t)(cmd[2] >> 32);
		events[event].direct = true;
		events[event].vpe = vpe;
		events[event].vintid = (uint32_t)cmd[2];
		assert_in_range(events[event].vintid, LPI, LPI + LPIS - 1);
		return;
	case 0x0c: /* INV */
		return;
	default:
		break;
	}
	if (events[event].direct) {
		pending = &vpes[events[event].vpe].pending[events[event].vintid - LPI];
	}
	if (opcode == 0x21) { /* VMOVI */
		bool was = *pending;

		assert_true(events[event].direct && vpe < VPES && vpes[vpe].mapped);
		*pending = false;
		events[event].vpe = vpe;
		if (was) {
			pend(event);
		}
	} else if (opcode == 0x03) { /* INT */
		pend(event);
	} else if (opcode == 0x04 || opcode == 0x0f) { /* CLEAR, DISCARD */
		*pending = false;
		events[event].lpi = opcode == 0x0f ? 0 : events[event].lpi;
	} else {
		fail_msg("command 0x%x", opcode);
	}
}

static void carry_out(const uint64_t *cmd)
{
	uint32_t opcode = cmd[0] & 0xff;
	uint32_t vpe = (uint32_t)(cmd[1] >> 32);

	switch (opcode) {
	case 0x05: /* SYNC */
	case 0x0d: /* INVALL */
		return;
	case 0x08: /* MAPD */
		device_mapped = cmd[2] >> 63;
		return;
	case 0x29: /* VMAPP */
		assert_true(vpe < VPES && vpes[vpe].mapped != cmd[2] >> 63);
		for (uint32_t cpu = 0; cpu < FAKE_CPUS; cpu++) {
			assert_false(vpes[vpe].mapped && resident(vpe, cpu));
		}
		memset(&vpes[vpe], 0, sizeof(vpes[vpe]));
		vpes[vpe].mapped = cmd[2] >> 63;
		vpes[vpe].table = cmd[3] & TABLE;
		vpes[vpe].cpu = (uint32_t)BITS(cmd[2], 50, 16);
		return;
	case 0x22: /* VMOVP */
		assert_true(vpe < VPES && vpes[vpe].mapped && !resident(vpe, vpes[vpe].cpu));
		vpes[vpe].cpu = (uint32_t)BITS(cmd[2], 50, 16);
		return;
	case 0x25: /* VSYNC */
	case 0x2d: /* VINVALL */
		assert_true(vpe < VPES && vpes[vpe].mapped);
		return;
	default:
		carry_out_event(opcode, cmd);
		return;
	}
}

/* Valid from 1 to 0 says what is pending; PendingLast from 0 to 1 is to be 1 (12.11). */
static void write_vpendbaser(uint32_t cpu, uint64_t v)
{
	uint64_t last = best(cpu) != LPIS ? GICR_VPENDBASER_PENDING_LAST : 0;

	if ((v & GICR_VPENDBASER_VALID) != 0) {
		bool found = false;

		assert_false(rds[cpu].vpend & GICR_VPENDBASER_VALID);
		assert_true(v & GICR_VPENDBASER_PENDING_LAST);
		for (uint32_t vpe = 0; vpe < VPES; vpe++) {
			found |= vpes[vpe].mapped && vpes[vpe].table == (v & TABLE) &&
				 vpes[vpe].cpu == cpu;
		}
		/* It is mapped to this redistributor. */
		assert_true(found);
		rds[cpu].vpend = v;
	} else {
		rds[cpu].vpend = (v & ~GICR_VPENDBASER_PENDING_LAST) | last;
	}
}

void mmio_write64(volatile void *p, uint64_t v)
{
	if (p == its.regs + GITS_CWRITER) {
		its_writer = v;
	}
	for (uint32_t cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (p == rds[cpu].frames + GICR_VPROPBASER) {
			rds[cpu].vprop = v;
		} else if (p == rds[cpu].frames + GICR_VPENDBASER) {
			assert_int_equal(cpu, fake_cpu);
			write_vpendbaser(cpu, v);
		}
	}
	fake_spin_point();
}

uint64_t mmio_read64(const volatile void *p)
{
	for (uint32_t cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (p == rds[cpu].frames + GICR_VPENDBASER) {
			if (rds[cpu].dirty_reads != 0) {
				rds[cpu].dirty_reads--;
				return rds[cpu].vpend | GICR_VPENDBASER_DIRTY;
			}
			return rds[cpu].vpend;
		}
	}
	assert_ptr_equal(p, its.regs + GITS_CREADR);
	while (its_reader != its_writer) {
		const uint64_t *cmd = (const uint64_t *)(const void *)(its_queue + its_reader);

		its_reader = (its_reader + 32) % ITS_QUEUE_SIZE;
		carry_out(cmd);
	}
	return its_reader;
}

/* Worlds. */

static struct its_device *host_device(struct domain *d, uint32_t vdevice)
{
	return vdevice == VDEVICE ? behind : NULL;
}

static const struct vits_ops ops = { .host_device = host_device };

static void command(uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t words[4] = { a, b, c, 0 };
	struct mmio_access access;

	memcpy(world.ram + (WORLD_CMDQ - WORLD_RAM) + write_at, words, sizeof(words));
	write_at = (write_at + sizeof(words)) % VQUEUE;
	/* Not by world_write(), which lets the other vCPU take its exits: that is a party here. */
	do {
		access = (struct mmio_access){ .offset = GITS_CWRITER, .size = 8, .write = true,
					       .value = write_at };
	} while (vits_mmio_ops.access(world.domain.vcpus[0], world.domain.vits, &access) ==
		 MMIO_RETRY);
}

static void begin_machine(void)
{
	memset(events, 0, sizeof(events));
	memset(vpes, 0, sizeof(vpes));
	memset(rds, 0, sizeof(rds));
	device_mapped = false;
	its_reader = 0;
	its_writer = 0;
	its = (struct its){ .regs = its_queue, .event_bits = 5, .itt_entry = 8, .queue = its_queue,
			    .collections = 0xf, .vpe_max = VPES };
	for (uint32_t cpu = 0; cpu < FAKE_CPUS; cpu++) {
		its.targets[cpu] = its_target_number(cpu);
		rds[cpu].vlpis = true;
	}
	its_vpe_start(&its);
}

/* Event 1 goes to vCPU 0; both vCPUs run. */
static void begin(void)
{
	world_init(2, true);
	begin_machine();
	write_at = 0;
	assert_int_equal(its_device_map(&its, (device_id_t){ DEVICE }, EVENTS, &meter, &device), 0);
	behind = device;
	assert_int_equal(vits_create(&world.domain, ipa(WORLD_ITS), &ops), 0);
	world_start_its(2, VQUEUE);
	command(0x09, 0, 1ULL << 63);                           /* MAPC 0 to vCPU 0 */
	command(0x09, 0, 1ULL << 63 | 1ULL << 16 | 1);          /* MAPC 1 to vCPU 1 */
	command((uint64_t)VDEVICE << 32 | 0x08, 2, 1ULL << 63); /* MAPD, 8 events */
	command((uint64_t)VDEVICE << 32 | 0x0a, (uint64_t)(LPI + 1) << 32 | 1, 0);
	assert_true(events[1].direct);
	world_enter(0);
	world_enter(1);
	world.kicked = 0;
}

static void end(void)
{
	vits_destroy(&world.domain);
	if (device != NULL) {
		its_device_unmap(device);
	}
	assert_int_equal(meter.direct, 0);
	assert_int_equal(its_lpi_count(), 0);
	world_free();
	for (uint32_t vpe = 0; vpe < VPES; vpe++) {
		assert_false(vpes[vpe].mapped);
	}
	assert_int_equal(fake_heap_live, 1); /* records of the pool's first LPIs, made once */
}

/* Parties. The first is CPU 0. */

static bool found[2]; /* vCPU n heard, when it blocked, that something is there */

static void fires(void)
{
	/* Hardware is one: nobody comes between its look and what it does. */
	if (events[1].direct) {
		pend(1);
	} else if (events[1].lpi != 0) {
		its_lpi_dispatch(events[1].lpi);
	}
}

static void vcpu0_blocks(void)
{
	found[0] = vgic_block(world.domain.vcpus[0]);
}

static void vcpu1_blocks(void)
{
	found[1] = vgic_block(world.domain.vcpus[1]);
}

static void guest_moves(void)
{
	command((uint64_t)VDEVICE << 32 | 0x01, 1, 1);
}

static void guest_discards(void)
{
	command((uint64_t)VDEVICE << 32 | 0x0f, 1, 0);
}

static void guest_maps_again(void)
{
	/* The same LPI for event 2. */
	command((uint64_t)VDEVICE << 32 | 0x0a, (uint64_t)(LPI + 1) << 32 | 2, 0);
}

static void function_goes(void)
{
	spin_lock(&world.domain.vits->lock);
	behind = NULL;
	spin_unlock(&world.domain.vits->lock);
	while (!vits_device_update(&world.domain, VDEVICE, 1)) {
	}
	its_device_unmap(device);
	device = NULL;
}

/* What must hold. */

static void begin_fired(void)
{
	begin();
	fires();
}

/* vCPU n takes its LPI, by whatever way. */
static uint32_t taken(uint32_t n)
{
	uint32_t count = 0;

	world_enter(n);
	while (take(n) != 0) {
		count++;
	}
	return count + world_drain(n, NULL, 0);
}

static void end_awake(void)
{
	assert_true(found[0] || (world.kicked & 1) != 0);
	vgic_resume(world_on(0));
	assert_int_equal(taken(0), 1);
	end();
}

static void end_moved(void)
{
	assert_true(found[1] || (world.kicked & 2) != 0);
	vgic_resume(world_on(1));
	assert_int_equal(taken(1), 1);
	assert_int_equal(taken(0), 0);
	end();
}

/* Sent before the move, or after. */
static void end_once(void)
{
	assert_int_equal(taken(0) + taken(1), 1);
	end();
}

/* The one of two mappings may come once more than it was sent, and never not at all. */
static void end_at_least_once(void)
{
	assert_in_range(taken(0), 1, 2);
	fires();
	assert_int_equal(taken(0), 1);
	end();
}

static void end_gone(void)
{
	vgic_resume(world_on(0));
	assert_true(taken(0) <= 1);
	fires();
	assert_int_equal(taken(0), 0);
	end();
}

static void nobody_sleeps_over_a_message(void **state)
{
	(void)state;
	interleave("block, message", begin, vcpu0_blocks, fires, end_awake);
	interleave("MOVI, block", begin_fired, guest_moves, vcpu1_blocks, end_moved);
}

static void a_message_comes_once(void **state)
{
	(void)state;
	interleave("MOVI, message", begin, guest_moves, fires, end_once);
	interleave("second event, message", begin_fired, guest_maps_again, fires,
		   end_at_least_once);
}

static void what_is_gone_does_not_come(void **state)
{
	(void)state;
	interleave("DISCARD, message", begin, guest_discards, fires, end_gone);
	interleave("detach, message", begin, function_goes, fires, end_gone);
	interleave("block, detach", begin, vcpu0_blocks, function_goes, end_gone);
}

/* Residency and moving, by themselves. */
static void a_vpe_moves_with_its_vcpu(void **state)
{
	struct its_vpe *vpe;
	uint8_t *properties;

	(void)state;
	begin_machine();
	properties = calloc(2, 8192);
	assert_int_equal(its_vpe_create((uint8_t *)ALIGN_UP((uintptr_t)properties, 4096), 14, 1,
					&vpe), 0);
	assert_int_equal(vpes[0].cpu, 1);
	fake_cpu = 2;
	its_vpe_enter(vpe);
	assert_int_equal(vpes[0].cpu, 2);
	assert_true(resident(0, 2));
	/* 14 bits; what hardware kept in the table's first KiB was never written. */
	assert_int_equal(rds[2].vprop & 0x1f, 13);
	assert_true(rds[2].vpend & GICR_VPENDBASER_IDAI);
	vpes[0].pending[5] = true;
	assert_false(its_vpe_leave(vpe)); /* not enabled */
	assert_false(resident(0, 2));
	its_vpe_property((uint8_t *)ALIGN_UP((uintptr_t)properties, 4096) + 5, 0xa1);
	its_vpe_enter(vpe);
	/* From here on it is of use. */
	assert_false(rds[2].vpend & GICR_VPENDBASER_IDAI);
	rds[2].dirty_reads = 3;
	assert_true(its_vpe_leave(vpe));
	/* Hardware that never settles: somebody is woken in vain. */
	its_vpe_enter(vpe);
	vpes[0].pending[5] = false;
	rds[2].dirty_reads = 1000000;
	fake_log_clear();
	assert_true(its_vpe_leave(vpe));
	assert_true(fake_log_has("do not settle"));
	rds[2].dirty_reads = 0;
	assert_true(its_vpe_destroy(vpe));
	assert_false(vpes[0].mapped);
	free(properties);
	fake_cpu = 0;
}

static void what_vpes_can_lack(void **state)
{
	static uint8_t properties[8192] __attribute__((aligned(4096)));
	int64_t before = fake_heap_live;
	struct its_vpe *vpe[VPES];
	struct its_vpe *more;

	(void)state;
	begin_machine();
	for (int64_t n = 1; n <= 2; n++) {
		fake_heap_fail_in = n;
		assert_int_equal(its_vpe_create(properties, 14, 0, &more), -ENOMEM);
		fake_heap_fail_in = 0;
		assert_int_equal(fake_heap_live, before);
	}
	its.collections = 1;
	assert_int_equal(its_vpe_create(properties, 14, 1, &more), -EINVAL);
	assert_int_equal(its_vpe_create(properties, 14, FAKE_CPUS, &more), -EINVAL);
	for (uint32_t i = 0; i < VPES; i++) {
		assert_int_equal(its_vpe_create(properties, 14, 0, &vpe[i]), 0);
	}
	assert_int_equal(its_vpe_create(properties, 14, 0, &more), -ENOSPC);
	assert_true(its_vpe_destroy(vpe[2]));
	assert_int_equal(its_vpe_create(properties, 14, 0, &vpe[2]), 0);
	for (uint32_t i = 0; i < VPES; i++) {
		assert_true(its_vpe_destroy(vpe[i]));
	}
	assert_int_equal(fake_heap_live, before);
	/* An ITS out of service may read its tables for ever. */
	assert_int_equal(its_vpe_create(properties, 14, 0, &more), 0);
	its.dead = true;
	assert_false(its_vpe_destroy(more));
	assert_int_equal(its_vpe_create(properties, 14, 0, &vpe[0]), -EIO);
	its.dead = false;
	assert_true(its_vpe_destroy(more));
}

/* One ITS that moves vPEs by itself, and every redistributor. */
static void who_has_direct_interrupts(void **state)
{
	(void)state;
	begin_machine();
	assert_true(its_vpe_wanted(GITS_TYPER_VIRTUAL | GITS_TYPER_VMOVP | GITS_TYPER_PHYSICAL));
	assert_false(its_vpe_wanted(GITS_TYPER_VIRTUAL));
	assert_false(its_vpe_wanted(GITS_TYPER_VMOVP | GITS_TYPER_PHYSICAL));
	rds[3].vlpis = false;
	assert_false(its_vpe_wanted(GITS_TYPER_VIRTUAL | GITS_TYPER_VMOVP));
	rds[3].vlpis = true;
	machine.gic.its_count = 2;
	assert_false(its_vpe_wanted(GITS_TYPER_VIRTUAL | GITS_TYPER_VMOVP));
	machine.gic.its_count = 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_sleeps_over_a_message),
		cmocka_unit_test(a_message_comes_once),
		cmocka_unit_test(what_is_gone_does_not_come),
		cmocka_unit_test(a_vpe_moves_with_its_vcpu),
		cmocka_unit_test(who_has_direct_interrupts),
		cmocka_unit_test(what_vpes_can_lack),
	};

	interleave_cpu = &fake_cpu;
	lpi_pool_init(3);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
