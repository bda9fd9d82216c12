/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two CPUs at a domain's interrupts, in every order their locks allow: commands of the guest, LPIs
 * of the host, functions that come and go, the domain's end. Virtual ITS and GIC, the devices of
 * the host ITS, its queue and the pool of LPIs are real; the hardware behind the queue is a model.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/machine.h"
#include "fake_heap.h"
#include "fake_spinlock.h"
#include "irq/irq_meter.h"
#include "irq/its_internal.h"
#include "irq/its_lpi.h"
#include "irq/its_regs.h"
#include "irq/vgic.h"
#include "irq/vits.h"
#include "irq/vits_state.h"
#include "vgic_world.h"

#define LPI      8192U
#define VQUEUE   0x10000U
#define VDEVICE  8U
#define EVENTS   8U
#define DEVICES  2U

struct machine machine = { .cpu_count = FAKE_CPUS };

/* The host's ITS: what its commands have made. */
static struct its its;
static uint8_t its_queue[ITS_QUEUE_SIZE];
static uint64_t its_reader;
static uint64_t its_writer;
static struct {
	bool mapped;
	uint32_t lpi[EVENTS]; /* 0: not mapped */
} host[DEVICES];

static struct its_device *device[DEVICES];
static struct its_device *behind; /* device[0] while it is lent; the virtual ITS's lock */
static struct irq_meter meter;
static uint64_t write_at;
static uint32_t fired;

uint64_t ticks_now(void)
{
	return 0;
}

/* Of a command that is written and not counted yet. */
void cache_clean(const void *va, uint64_t size)
{
	fake_spin_point();
}

void cache_clean_invalidate(const void *va, uint64_t size)
{
}

void its_redist_configure(uint32_t lpi, bool enabled)
{
}

int its_device_table_cover(struct its *where, device_id_t id)
{
	return 0;
}

/* A command that cannot be right says that two CPUs were in the queue at once. */
static void carry_out(const uint64_t *cmd)
{
	uint32_t id = (uint32_t)(cmd[0] >> 32);
	uint32_t event = (uint32_t)cmd[1];
	uint32_t lpi = (uint32_t)(cmd[1] >> 32);

	switch (cmd[0] & 0xff) {
	case 0x05: /* SYNC */
		return;
	case 0x08: /* MAPD */
		assert_true(id < DEVICES);
		host[id].mapped = cmd[2] >> 63;
		return;
	case 0x0a: /* MAPTI */
		assert_true(id < DEVICES && host[id].mapped && event < EVENTS);
		assert_int_equal(host[id].lpi[event], 0);
		for (uint32_t i = 0; i < DEVICES * EVENTS; i++) {
			assert_int_not_equal(host[i / EVENTS].lpi[i % EVENTS], lpi);
		}
		host[id].lpi[event] = lpi;
		return;
	case 0x0c: /* INV */
	case 0x0f: /* DISCARD */
		assert_true(id < DEVICES && host[id].mapped && event < EVENTS);
		assert_int_not_equal(host[id].lpi[event], 0);
		host[id].lpi[event] = (cmd[0] & 0xff) == 0x0f ? 0 : host[id].lpi[event];
		return;
	default:
		fail_msg("command 0x%llx", (unsigned long long)cmd[0]);
	}
}

void mmio_write64(volatile void *p, uint64_t v)
{
	assert_ptr_equal(p, its.regs + GITS_CWRITER);
	its_writer = v;
	fake_spin_point();
}

uint64_t mmio_read64(const volatile void *p)
{
	assert_ptr_equal(p, its.regs + GITS_CREADR);
	while (its_reader != its_writer) {
		carry_out((const uint64_t *)(const void *)(its_queue + its_reader));
		its_reader = (its_reader + 32) % ITS_QUEUE_SIZE;
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

	memcpy(world.ram + (WORLD_CMDQ - WORLD_RAM) + write_at, words, sizeof(words));
	write_at = (write_at + sizeof(words)) % VQUEUE;
	world_write(0, WORLD_ITS + GITS_CWRITER, 8, write_at);
}

static void guest_mapti(uint32_t event)
{
	command((uint64_t)VDEVICE << 32 | 0x0a, (uint64_t)(LPI + event) << 32 | event, 0);
}

/* Event by event, as a function with many is. */
static void virtual_its_follows(void)
{
	while (!vits_device_update(&world.domain, VDEVICE, 1)) {
	}
}

static void make_device(uint32_t id)
{
	assert_int_equal(its_device_map(&its, (device_id_t){ id }, EVENTS, &meter, &device[id]), 0);
}

static void begin_without_device(void)
{
	world_init(2, true);
	memset(host, 0, sizeof(host));
	memset(device, 0, sizeof(device));
	behind = NULL;
	write_at = 0;
	its_reader = 0;
	its_writer = 0;
	fired = 0;
	its = (struct its){ .regs = its_queue, .event_bits = 5, .itt_entry = 8, .queue = its_queue,
			    .queue_flush = true, .collections = 0xf };
	assert_int_equal(vits_create(&world.domain, ipa(WORLD_ITS), &ops), 0);
	world_start_its(2, VQUEUE);
	command(0x09, 0, 1ULL << 63);                                /* MAPC 0 to vCPU 0 */
	command((uint64_t)VDEVICE << 32 | 0x08, 2, 1ULL << 63); /* MAPD, 8 events */
	guest_mapti(1);
}

static void begin_lent(void)
{
	begin_without_device();
	make_device(0);
	behind = device[0];
	virtual_its_follows();
	assert_int_not_equal(host[0].lpi[1], 0);
}

static void begin_two_devices(void)
{
	begin_without_device();
	make_device(0);
	make_device(1);
}

/* Parties. */

static void fires(void)
{
	uint32_t lpi = host[0].lpi[1];

	/* Hardware has sent it before any command can take it back. */
	if (lpi != 0) {
		its_lpi_dispatch(lpi);
	}
}

static void function_goes(void)
{
	spin_lock(&world.domain.vits->lock);
	behind = NULL;
	spin_unlock(&world.domain.vits->lock);
	virtual_its_follows();
	its_device_unmap(device[0]);
	device[0] = NULL;
	/* From here on nothing of it reaches the domain. */
	assert_int_equal(its_lpi_count(), 0);
	assert_false(host[0].mapped);
}

static void function_comes(void)
{
	make_device(0);
	spin_lock(&world.domain.vits->lock);
	behind = device[0];
	spin_unlock(&world.domain.vits->lock);
	virtual_its_follows();
}

static void guest_maps(void)
{
	guest_mapti(2);
}

static void guest_discards(void)
{
	command((uint64_t)VDEVICE << 32 | 0x0f, 1, 0);
}

static void guest_unmaps_device(void)
{
	command((uint64_t)VDEVICE << 32 | 0x08, 2, 0);
}

static void domain_ends(void)
{
	vits_destroy(&world.domain);
	assert_int_equal(its_lpi_count(), 0);
	vgic_destroy(&world.domain);
}

static void count(void *arg, uint32_t event)
{
	fired++;
}

static void first_comes_and_goes(void)
{
	assert_int_equal(its_event_map(device[0], 1, 0, count, NULL), 0);
	its_event_mask(device[0], 1);
	assert_int_equal(its_event_map(device[0], 2, 1, count, NULL), 0);
	its_event_unmap(device[0], 1);
}

static void second_comes_and_goes(void)
{
	assert_int_equal(its_event_map(device[1], 1, 2, count, NULL), 0);
	its_event_unmap(device[1], 1);
	assert_int_equal(its_event_map(device[1], 1, 3, count, NULL), 0);
}

/* What must hold. */

static uint32_t taken_by_guest(void)
{
	uint32_t taken[4];

	return world_drain(0, taken, 4);
}

static void end_world(void)
{
	int64_t pool = 1; /* records of the pool's first LPIs, made once */

	vits_destroy(&world.domain);
	for (uint32_t i = 0; i < DEVICES; i++) {
		if (device[i]) {
			its_device_unmap(device[i]);
		}
		assert_false(host[i].mapped);
	}
	assert_int_equal(its_lpi_count(), 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(its.buckets); i++) {
		assert_null(its.buckets[i]);
	}
	world_free();
	assert_int_equal(fake_heap_live, pool);
}

/* Sent before the function went: it came, or it was lost with it. Nothing comes any more. */
static void end_gone(void)
{
	assert_true(taken_by_guest() <= 1);
	for (uint32_t event = 0; event < EVENTS; event++) {
		assert_int_equal(host[0].lpi[event], 0);
	}
	assert_int_equal(taken_by_guest(), 0);
	/* What the guest has mapped holds for the next one. */
	function_comes();
	fires();
	assert_int_equal(taken_by_guest(), 1);
	end_world();
}

static void end_discarded(void)
{
	assert_int_equal(host[0].lpi[1], 0);
	assert_int_equal(its_lpi_count(), 0);
	assert_int_equal(taken_by_guest(), 0);
	end_world();
}

/* Both wanted there are there, once. */
static void end_both_mapped(void)
{
	assert_int_equal(its_lpi_count(), 2);
	assert_int_not_equal(host[0].lpi[1], 0);
	assert_int_not_equal(host[0].lpi[2], 0);
	fires();
	assert_int_equal(taken_by_guest(), 1);
	end_world();
}

static void end_two_devices(void)
{
	assert_int_equal(host[0].lpi[1], 0);
	assert_int_not_equal(host[0].lpi[2], 0);
	assert_int_not_equal(host[1].lpi[1], 0);
	assert_int_equal(its_lpi_count(), 2);
	its_lpi_dispatch(host[0].lpi[2]);
	its_lpi_dispatch(host[1].lpi[1]);
	assert_int_equal(fired, 2);
	end_world();
}

static void detach_against_the_virtual_its(void **state)
{
	(void)state;
	interleave("detach, LPI", begin_lent, fires, function_goes, end_gone);
	interleave("detach, MAPTI", begin_lent, guest_maps, function_goes, end_gone);
	interleave("detach, DISCARD", begin_lent, guest_discards, function_goes, end_world);
	interleave("detach, MAPD", begin_lent, guest_unmaps_device, function_goes, end_world);
}

static void attach_against_the_virtual_its(void **state)
{
	(void)state;
	interleave("attach, MAPTI", begin_without_device, guest_maps, function_comes,
		   end_both_mapped);
}

static void unmapping_against_injection(void **state)
{
	(void)state;
	interleave("DISCARD, LPI", begin_lent, guest_discards, fires, end_discarded);
	interleave("MAPD, LPI", begin_lent, guest_unmaps_device, fires, end_discarded);
}

/* ASan knows when an event's memory is used after it is gone. */
static void injection_against_destroy(void **state)
{
	(void)state;
	interleave("destroy, LPI", begin_lent, fires, domain_ends, end_world);
}

static void two_devices_at_one_queue(void **state)
{
	(void)state;
	interleave("ITS queue", begin_two_devices, first_comes_and_goes, second_comes_and_goes,
		end_two_devices);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(detach_against_the_virtual_its),
		cmocka_unit_test(attach_against_the_virtual_its),
		cmocka_unit_test(unmapping_against_injection),
		cmocka_unit_test(injection_against_destroy),
		cmocka_unit_test(two_devices_at_one_queue),
	};

	/* No more than are ever in use, so that a number is soon someone else's. */
	interleave_cpu = &fake_cpu;
	lpi_pool_init(3);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
