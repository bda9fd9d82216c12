/* SPDX-License-Identifier: BSD-2-Clause */
/* MSI-X tables without an ITS: trapped, kept as written, rewritten for hardware; vectors owned. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_cpus.h"
#include "fake_log.h"
#include "fake_msix.h"
#include "frame_rig.h"
#include "irq/irq_meter.h"
#include "pci/pci_config.h"
#include "pci/pci_storm.h"
#include "pci/registry.h"

#define TABLE 0x2000U
#define PBA   0x3000U

/* Memory and bus mastering on, MSI-X enabled. */
static void use_by_owner(void)
{
	owner_write(nvme, 0x04, 2, 0x0006);
	owner_write(nvme, nvme->msix.cap + 2U, 2, 0x8000);
}

static void add_disk(void)
{
	add_nvme(&world, 1, 0x4000);
}

static int setup(void **state)
{
	(void)state;
	frame_rig_start(add_disk);
	nvme = world_function(0, 1, 0, 0);
	use_by_owner();
	return 0;
}

static int setup_no_frame(void **state)
{
	frame_rig_spis = 0;
	return setup(state);
}

static uint64_t bar(void)
{
	return nvme->bars[0].cpu.v;
}

static void put(uint32_t offset, uint32_t value)
{
	world_store(WORLD_CONTROL, bar() + offset, 4, value);
}

static uint32_t get(uint32_t offset)
{
	return (uint32_t)world_load(WORLD_CONTROL, bar() + offset, 4);
}

/* As drivers do it: message, then unmask. */
static void set_entry(uint32_t i, uint64_t address, uint32_t data)
{
	put(TABLE + 16 * i, (uint32_t)address);
	put(TABLE + 16 * i + 4, (uint32_t)(address >> 32));
	put(TABLE + 16 * i + 8, data);
	put(TABLE + 16 * i + 12, 0);
}

static uint32_t hw(uint32_t entry, uint32_t word)
{
	return fake_msix_word(TABLE + 16 * entry + 4 * word);
}

static void table_is_not_mapped(void **state)
{
	(void)state;
	assert_int_equal(world_pages(WORLD_CONTROL), 3);
	assert_int_equal(world_translate(WORLD_CONTROL, bar() + 0x1ffc), bar() + 0x1ffc);
	assert_true(world_translate(WORLD_CONTROL, bar() + TABLE) == ~0ULL);
	assert_int_equal(world_translate(WORLD_CONTROL, bar() + PBA), bar() + PBA);
	/* Nothing is decoded, nothing is there. */
	owner_write(nvme, 0x04, 2, 0x0004);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	assert_int_equal(get(TABLE + 12), 0xffffffff);
	set_entry(0, FAKE_SETSPI, FIRST);
	assert_int_equal(fake_frame.used, 0);
	owner_write(nvme, 0x04, 2, 0x0006);
	assert_int_equal(get(TABLE + 12), 1);
}

static void entry_is_rewritten(void **state)
{
	(void)state;
	set_entry(5, FAKE_SETSPI, FIRST + 3);
	assert_int_equal(hw(5, 0), FAKE_SETSPI);
	assert_int_equal(hw(5, 1), 0);
	assert_int_equal(hw(5, 2), FAKE_DATA);
	assert_int_equal(hw(5, 3), 0);
	assert_false(fake_frame_masked[0]);
	assert_int_equal(fake_frame_routed[0], (FIRST + 3) % 4);
	/* The domain reads what it wrote. */
	assert_int_equal(get(TABLE + 16 * 5), FAKE_SETSPI);
	assert_int_equal(get(TABLE + 16 * 5 + 8), FIRST + 3);
	assert_int_equal(get(TABLE + 16 * 5 + 12), 0);
	msi_fired(&fake_frame, 0);
	assert_int_equal(fake_msix_pulses, 1);
	assert_int_equal(fake_msix_pulsed, FIRST + 3);
	assert_int_equal(nvme->meter.total, 1);
	/* Masked by the domain: in the device, which keeps its pending bit. */
	put(TABLE + 16 * 5 + 12, 0xffffffff);
	assert_int_equal(hw(5, 3), 1);
	assert_int_equal(get(TABLE + 16 * 5 + 12), 1);
	put(TABLE + 16 * 5 + 8, FIRST + 4);
	put(TABLE + 16 * 5 + 12, 0);
	assert_int_equal(fake_frame.used, 1);
	msi_fired(&fake_frame, 0);
	assert_int_equal(fake_msix_pulsed, FIRST + 4);
}

/* An address that is no doorbell of the domain's, or not its virtual interrupts, reaches nobody. */
static void other_messages_stay_masked(void **state)
{
	static const struct {
		uint64_t address;
		uint32_t data;
	} bad[] = {
		{ FAKE_SETSPI + 4, FIRST },
		{ FAKE_DOORBELL, FIRST },
		{ FAKE_SETSPI | 1ULL << 32, FIRST },
		{ FAKE_SETSPI, FIRST - 1 },
		{ FAKE_SETSPI, FIRST + FRAME },
		{ FAKE_SETSPI, FAKE_DATA },
		{ 0, 0 },
		{ 0x40000000, 0xdeadbeef },
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		set_entry(i, bad[i].address, bad[i].data);
		assert_int_equal(hw(i, 3), 1);
		assert_int_equal(hw(i, 0), 0);
	}
	assert_int_equal(fake_frame.used, 0);
	/* One that worked and is spoilt stops at once. */
	set_entry(0, FAKE_SETSPI, FIRST);
	assert_int_equal(hw(0, 3), 0);
	put(TABLE, 0x1000);
	assert_int_equal(hw(0, 3), 1);
}

static void vectors_are_not_shared(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < FAKE_VECTORS + 2; i++) {
		set_entry(i, FAKE_SETSPI, FIRST + i);
	}
	for (uint32_t i = 0; i < FAKE_VECTORS; i++) {
		assert_int_equal(hw(i, 2), FAKE_DATA + i);
		assert_int_equal(hw(i, 3), 0);
		msi_fired(&fake_frame, i);
		assert_int_equal(fake_msix_pulsed, FIRST + i);
	}
	/* There are no more: these stay masked, which is said once. */
	assert_int_equal(hw(FAKE_VECTORS, 3), 1);
	assert_int_equal(hw(FAKE_VECTORS + 1, 3), 1);
	assert_true(fake_log_has("no MSI vector is left"));
	assert_int_equal(fake_log_lines, 1);
	assert_int_equal(get(TABLE + 16 * FAKE_VECTORS + 12), 0);
}

static void accesses_of_all_sizes(void **state)
{
	uint64_t entry = bar() + TABLE + 16;

	(void)state;
	world_store(WORLD_CONTROL, entry, 8, FAKE_SETSPI);
	world_store(WORLD_CONTROL, entry + 8, 8, FIRST);
	assert_int_equal(hw(1, 3), 0);
	assert_int_equal(world_load(WORLD_CONTROL, entry, 8), FAKE_SETSPI);
	assert_int_equal(world_load(WORLD_CONTROL, entry + 8, 8), FIRST);
	/* Narrow ones are not for tables: they read their part, and change nothing. */
	assert_int_equal(world_load(WORLD_CONTROL, entry + 1, 1), FAKE_SETSPI >> 8 & 0xff);
	world_store(WORLD_CONTROL, entry, 2, 0);
	assert_int_equal(world_load(WORLD_CONTROL, entry, 8), FAKE_SETSPI);
	/* Behind the last entry the page is the device's. */
	fake_msix_bar[TABLE + 65 * 16 + 3] = 0x7e;
	assert_int_equal(world_load(WORLD_CONTROL, bar() + TABLE + 65 * 16 + 3, 1), 0x7e);
	world_store(WORLD_CONTROL, bar() + TABLE + 65 * 16 + 8, 8, 0x1122334455667788);
	assert_int_equal(fake_msix_word(TABLE + 65 * 16 + 8), 0x55667788);
	assert_int_equal(fake_msix_word(TABLE + 65 * 16 + 12), 0x11223344);
	assert_int_equal(world_load(WORLD_CONTROL, bar() + TABLE + 65 * 16 + 8, 8),
			 0x1122334455667788);
}

/* Another's hands: every vector is given back; a guest sees no MSI-X, and all of the BAR. */
static void vectors_go_with_the_user(void **state)
{
	(void)state;
	set_entry(0, FAKE_SETSPI, FIRST);
	set_entry(1, FAKE_SETSPI, FIRST + 1);
	assert_int_equal(fake_frame.used, 2);
	quarantine(nvme);
	assert_int_equal(fake_frame.used, 0);
	assert_true(fake_frame_masked[0] && fake_frame_masked[1]);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 0x04, 2, 0x0006);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	for (uint32_t at = guest_read(1, 0x34, 1); at != 0; at = guest_read(1, at + 1, 1)) {
		assert_int_not_equal(guest_read(1, at, 1), 0x11);
	}
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	assert_int_equal(lend_return_to_owner(nvme), 0);
	use_by_owner();
	/* As after a reset, whatever was in it. */
	assert_int_equal(get(TABLE), 0);
	assert_int_equal(get(TABLE + 12), 1);
	set_entry(0, FAKE_SETSPI, FIRST + 7);
	msi_fired(&fake_frame, 0);
	assert_int_equal(fake_msix_pulsed, FIRST + 7);
}

static void reset_clears_the_table(void **state)
{
	(void)state;
	set_entry(0, FAKE_SETSPI, FIRST);
	owner_write(nvme, nvme->cap_express + 8U, 2, 0x8000);
	world_run_resets();
	owner_write(nvme, 0x10, 4, (uint32_t)nvme->bars[0].address);
	owner_write(nvme, 0x14, 4, (uint32_t)(nvme->bars[0].address >> 32));
	owner_write(nvme, 0x04, 2, 0x0006);
	assert_int_equal(get(TABLE), 0);
	assert_int_equal(get(TABLE + 12), 1);
	assert_true(fake_frame_masked[0]);
	assert_int_equal(fake_frame.used, 0);
	use_by_owner();
	set_entry(0, FAKE_SETSPI, FIRST + 2);
	assert_false(fake_frame_masked[0]);
	msi_fired(&fake_frame, 0);
	assert_int_equal(fake_msix_pulsed, FIRST + 2);
}

/* Vectors are owned while MSI-X is enabled; what the entries say stays. */
static void vectors_are_given_back(void **state)
{
	uint32_t control = nvme->msix.cap + 2U;

	(void)state;
	set_entry(0, FAKE_SETSPI, FIRST);
	set_entry(9, FAKE_SETSPI, FIRST + 1);
	set_entry(64, FAKE_SETSPI, FIRST + 2);
	put(TABLE + 16 * 9 + 12, 1);
	assert_int_equal(fake_frame.used, 3);
	owner_write(nvme, control, 2, 0xc000);
	assert_int_equal(fake_frame.used, 3);
	owner_write(nvme, control + 1, 1, 0);
	assert_int_equal(fake_frame.used, 0);
	assert_true(fake_frame_masked[0] && fake_frame_masked[1] && fake_frame_masked[2]);
	assert_int_equal(hw(0, 3), 1);
	assert_int_equal(get(TABLE + 12), 0);
	/* Nor are any taken while it is off. */
	set_entry(3, FAKE_SETSPI, FIRST + 3);
	assert_int_equal(hw(3, 3), 1);
	assert_int_equal(fake_frame.used, 0);
	/* With what is unmasked it goes on. */
	owner_write(nvme, control, 2, 0x8000);
	assert_int_equal(fake_frame.used, 3);
	assert_true(hw(0, 3) == 0 && hw(3, 3) == 0 && hw(64, 3) == 0 && hw(9, 3) == 1);
	msi_fired(&fake_frame, hw(3, 2) - FAKE_DATA);
	assert_int_equal(fake_msix_pulsed, FIRST + 3);
	msi_fired(&fake_frame, hw(64, 2) - FAKE_DATA);
	assert_int_equal(fake_msix_pulsed, FIRST + 2);
}

/* While nothing is decoded the table is out of reach: it stays as it is, with its vectors. */
static void enabled_while_nothing_is_decoded(void **state)
{
	uint32_t control = nvme->msix.cap + 2U;

	(void)state;
	owner_write(nvme, control, 2, 0);
	set_entry(0, FAKE_SETSPI, FIRST);
	owner_write(nvme, 0x04, 2, 0x0004);
	owner_write(nvme, control, 2, 0x8000);
	assert_int_equal(hw(0, 3), 1);
	owner_write(nvme, 0x04, 2, 0x0006);
	assert_int_equal(hw(0, 3), 0);
	msi_fired(&fake_frame, hw(0, 2) - FAKE_DATA);
	assert_int_equal(fake_msix_pulsed, FIRST);
	/* Off and on again: what the device would send is still this entry's. */
	owner_write(nvme, 0x04, 2, 0x0004);
	owner_write(nvme, control, 2, 0);
	assert_int_equal(fake_frame.used, 1);
	owner_write(nvme, control, 2, 0x8000);
	msi_fired(&fake_frame, hw(0, 2) - FAKE_DATA);
	assert_int_equal(fake_msix_pulses, 2);
	owner_write(nvme, control, 2, 0);
	owner_write(nvme, 0x04, 2, 0x0006);
	assert_int_equal(fake_frame.used, 0);
	assert_int_equal(hw(0, 3), 1);
}

/* A driver that uses ever other entries gets vectors for them, if it is done with the others. */
static void entries_take_turns(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < 4; round++) {
		for (uint32_t i = 0; i < FAKE_VECTORS; i++) {
			set_entry(round * FAKE_VECTORS + i, FAKE_SETSPI, FIRST + i);
			assert_int_equal(hw(round * FAKE_VECTORS + i, 3), 0);
		}
		for (uint32_t i = 0; i < FAKE_VECTORS; i++) {
			put(TABLE + 16 * (round * FAKE_VECTORS + i) + 12, 1);
		}
		owner_write(nvme, nvme->msix.cap + 2U, 2, 0);
		assert_int_equal(fake_frame.used, 0);
		owner_write(nvme, nvme->msix.cap + 2U, 2, 0x8000);
		assert_int_equal(fake_frame.used, 0);
	}
	assert_int_equal(fake_log_lines, 0);
}

/* The frame itself: what it is, and a store by the CPU. */
static void frame_registers(void **state)
{
	(void)state;
	assert_int_equal(world_load(WORLD_CONTROL, FAKE_DOORBELL + 8, 4), FIRST << 16 | FRAME);
	assert_int_not_equal(world_load(WORLD_CONTROL, FAKE_DOORBELL + 0xfcc, 4), 0);
	assert_int_equal(world_load(WORLD_CONTROL, FAKE_SETSPI, 4), 0);
	world_store(WORLD_CONTROL, FAKE_SETSPI, 4, FIRST + FRAME - 1);
	world_store(WORLD_CONTROL, FAKE_SETSPI, 2, FIRST);
	assert_int_equal(fake_msix_pulses, 2);
	world_store(WORLD_CONTROL, FAKE_SETSPI, 4, FIRST + FRAME);
	world_store(WORLD_CONTROL, FAKE_SETSPI, 4, FIRST - 1);
	world_store(WORLD_CONTROL, FAKE_SETSPI + 4, 4, FIRST);
	assert_int_equal(fake_msix_pulses, 2);
}

/* Storms: at the fake_frame, entry by entry, and let through again after a while. */

#define LIMIT 10000U
#define BURST (LIMIT / IRQ_METER_WINDOWS)

static void pass_ms(uint32_t ms)
{
	fake_now += ms * ticks_per_second() / 1000;
}

static void fire(uint32_t vector, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		msi_fired(&fake_frame, vector);
	}
}

static void a_storm_is_masked_and_ends(void **state)
{
	(void)state;
	irq_meter_limit(LIMIT);
	set_entry(0, FAKE_SETSPI, FIRST);
	set_entry(1, FAKE_SETSPI, FIRST + 1);
	set_entry(2, FAKE_SETSPI, FIRST + 2);
	fire(0, BURST);
	assert_false(fake_frame_masked[0]);
	fire(0, 1);
	assert_int_equal(nvme->storm.count, 1);
	assert_true(fake_frame_masked[0] && !fake_frame_masked[1] && !fake_frame_masked[2]);
	fire(1, 1);
	assert_true(fake_frame_masked[0] && fake_frame_masked[1] && !fake_frame_masked[2]);
	assert_int_equal(nvme->storm.count, 1);
	/* What fired did reach the domain. */
	assert_int_equal(fake_msix_pulses, BURST + 2);
	/* The domain's own mask bits do not end it. */
	put(TABLE + 12, 1);
	put(TABLE + 12, 0);
	assert_true(fake_frame_masked[0]);
	pass_ms(PCI_STORM_BACKOFF_MS - 1);
	assert_true(world_step_job());
	assert_true(fake_frame_masked[0] && fake_frame_masked[1]);
	pass_ms(1);
	world_run_jobs();
	assert_true(!fake_frame_masked[0] && !fake_frame_masked[1] && !fake_frame_masked[2]);
	fire(0, BURST - 1);
	assert_int_equal(nvme->storm.count, 1);
}

/* Whoever gets the vectors next does not inherit the storm, nor its end. */
static void a_storm_may_lose_its_function(void **state)
{
	(void)state;
	irq_meter_limit(LIMIT);
	set_entry(0, FAKE_SETSPI, FIRST);
	fire(0, BURST + 1);
	assert_true(fake_frame_masked[0]);
	quarantine(nvme);
	assert_int_equal(fake_frame.used, 0);
	pass_ms(PCI_STORM_BACKOFF_MS);
	world_run_jobs();
	assert_true(fake_frame_masked[0]);
	/* One that is reset in the middle begins masked, whatever was held. */
	assert_int_equal(lend_return_to_owner(nvme), 0);
	use_by_owner();
	set_entry(0, FAKE_SETSPI, FIRST);
	assert_false(fake_frame_masked[0]);
	fire(0, 2 * BURST + 1);
	assert_true(fake_frame_masked[0]);
	owner_write(nvme, nvme->cap_express + 8U, 2, 0x8000);
	world_run_resets();
	pass_ms(PCI_STORM_BACKOFF_MS);
	world_run_jobs();
	assert_true(fake_frame_masked[0]);
}

static bool owner_has_cap(uint32_t id)
{
	uint32_t at = owner_read(nvme, 0x34, 1);

	while (at != 0 && owner_read(nvme, at, 1) != id) {
		at = owner_read(nvme, at + 1, 1);
	}
	return at != 0;
}

/* There was no place for its owner's frame: pins then, not messages that nobody takes. */
static void owner_without_a_frame(void **state)
{
	(void)state;
	assert_false(owner_has_cap(0x11));
	assert_true(owner_has_cap(0x10));
	assert_int_equal(world_pages(WORLD_CONTROL), 4);
}

static void owner_with_a_frame(void **state)
{
	(void)state;
	assert_true(owner_has_cap(0x11));
}

/* Guests with unsafe interrupts. */

static bool guest_has_cap(uint32_t id)
{
	uint32_t at = guest_read(1, 0x34, 1);

	while (at != 0 && guest_read(1, at, 1) != id) {
		at = guest_read(1, at + 1, 1);
	}
	return at != 0;
}

static void use_by_guest(void)
{
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 0x04, 2, 0x0006);
	if (guest_has_cap(0x11)) {
		guest_write(1, nvme->msix.cap + 2U, 2, 0x8000);
	}
}

static int setup_unsafe(void **state)
{
	lend_world_unsafe = true;
	setup(state);
	quarantine(nvme);
	use_by_guest();
	return 0;
}

static uint64_t guest_bar(void)
{
	return (guest_read(1, 0x10, 4) & ~15U) | (uint64_t)guest_read(1, 0x14, 4) << 32;
}

static void guest_entry(uint32_t i, uint64_t address, uint32_t data)
{
	uint64_t at = guest_bar() + TABLE + 16 * i;

	world_store(WORLD_GUEST1, at, 8, address);
	world_store(WORLD_GUEST1, at + 8, 8, data);
}

/* A second bridge with a block of its own: it takes the messages of what is behind it. */
static void block_of_another_bridge(void **state)
{
	struct msi_controller *own = nvme->msi_controller;
	struct msi_controller other = fake_frame;

	(void)state;
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	/* Where devices have to reach a page, it is reached of one controller only. */
	nvme->msi_controller = &other;
	use_by_guest();
	assert_false(guest_has_cap(0x11));
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	other.doorbell = pa(0);
	use_by_guest();
	assert_true(guest_has_cap(0x11));
	guest_entry(0, GUEST_SPI, GUEST_V2M_INTID);
	assert_int_equal(hw(0, 3), 0);
	assert_int_equal(other.used, 1);
	assert_int_equal(fake_frame.used, 0);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	assert_int_equal(other.used, 0);
	nvme->msi_controller = own;
}

static void guest_has_vectors_of_its_own(void **state)
{
	(void)state;
	assert_true(guest_has_cap(0x11));
	assert_int_equal(world_pages(WORLD_GUEST1), 3);
	assert_true(world_translate(WORLD_GUEST1, guest_bar() + TABLE) == ~0ULL);
	guest_entry(5, GUEST_SPI, GUEST_V2M_INTID + 3);
	/* Where the device finds the doorbell is where the guest's IOMMU tables have it. */
	assert_int_equal(hw(5, 0), GUEST_SPI);
	assert_int_equal(hw(5, 1), 0);
	assert_int_equal(hw(5, 2), FAKE_DATA);
	assert_int_equal(hw(5, 3), 0);
	assert_false(fake_frame_masked[0]);
	msi_fired(&fake_frame, 0);
	assert_int_equal(fake_msix_pulsed, GUEST_V2M_INTID + 3);
	assert_int_equal(GUEST1->interrupts_injected, 1);
	/* The host's own doorbell is nothing to it, nor are SPIs that are not its frame's. */
	guest_entry(6, FAKE_SETSPI, GUEST_V2M_INTID);
	guest_entry(7, GUEST_SPI, GUEST_V2M_INTID + SHARE);
	guest_entry(8, GUEST_SPI, GUEST_INTX_INTID);
	assert_true(hw(6, 3) == 1 && hw(7, 3) == 1 && hw(8, 3) == 1);
	assert_int_equal(fake_frame.used, 1);
	assert_int_equal(lend_detach(nvme), 0);
	assert_int_equal(fake_frame.used, 0);
	assert_true(fake_frame_masked[0]);
}

/* However many entries it has, each with a vector; what it gives back it may have again. */
static void guest_has_a_quota(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < 3; round++) {
		fake_log_clear();
		for (uint32_t i = 0; i < SHARE + 2; i++) {
			guest_entry(i, GUEST_SPI, GUEST_V2M_INTID + i % SHARE);
			assert_int_equal(hw(i, 3), i < SHARE ? 0 : 1);
		}
		assert_int_equal(fake_frame.used, SHARE);
		assert_true(fake_log_has("as many MSI vectors as it may have"));
		assert_int_equal(fake_log_lines, 1);
		assert_int_equal(lend_detach(nvme), 0);
		world_run_resets();
		assert_int_equal(fake_frame.used, 0);
		use_by_guest();
	}
}

static void another(void *arg, uint32_t index)
{
}

/* The controller has fewer left than the quota: said, and the quota is not used up by it. */
static void host_runs_out(void **state)
{
	uint32_t first[FAKE_VECTORS];

	(void)state;
	for (uint32_t i = 1; i < FAKE_VECTORS; i++) {
		assert_int_equal(msi_alloc(&fake_frame, 1, another, NULL, &first[i]), 0);
	}
	guest_entry(0, GUEST_SPI, GUEST_V2M_INTID);
	guest_entry(1, GUEST_SPI, GUEST_V2M_INTID + 1);
	assert_int_equal(hw(0, 3), 0);
	assert_int_equal(hw(1, 3), 1);
	assert_true(fake_log_has("no MSI vector is left"));
	for (uint32_t i = 1; i < FAKE_VECTORS; i++) {
		msi_free(&fake_frame, first[i], 1);
	}
	for (uint32_t i = 1; i < SHARE; i++) {
		guest_entry(i, GUEST_SPI, GUEST_V2M_INTID + i);
		assert_int_equal(hw(i, 3), 0);
	}
}

/* A bridge that takes the write itself, at an address of its own: there is no page to map. */
static void bridge_is_the_doorbell(void **state)
{
	(void)state;
	fake_frame.doorbell = pa(0);
	guest_entry(0, GUEST_SPI, GUEST_V2M_INTID);
	fake_frame.doorbell = pa(FAKE_DOORBELL);
	assert_int_equal(hw(0, 0), 0x40); /* as hw_message() says */
	assert_int_equal(hw(0, 3), 0);
}

/* Nothing translates: the device is told where the page is for the CPU. */
static void doorbell_without_iommu(void **state)
{
	struct iommu *iommu = nvme->iommu;

	(void)state;
	assert_non_null(iommu);
	nvme->iommu = NULL;
	guest_entry(0, GUEST_SPI, GUEST_V2M_INTID);
	nvme->iommu = iommu;
	assert_int_equal(hw(0, 0), FAKE_SETSPI);
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, frame_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(table_is_not_mapped, setup),
		TEST(entry_is_rewritten, setup),
		TEST(other_messages_stay_masked, setup),
		TEST(vectors_are_not_shared, setup),
		TEST(accesses_of_all_sizes, setup),
		TEST(vectors_go_with_the_user, setup),
		TEST(reset_clears_the_table, setup),
		TEST(vectors_are_given_back, setup),
		TEST(enabled_while_nothing_is_decoded, setup),
		TEST(entries_take_turns, setup),
		TEST(frame_registers, setup),
		TEST(a_storm_is_masked_and_ends, setup),
		TEST(a_storm_may_lose_its_function, setup),
		TEST(owner_with_a_frame, setup),
		TEST(owner_without_a_frame, setup_no_frame),
		TEST(block_of_another_bridge, setup_unsafe),
		TEST(guest_has_vectors_of_its_own, setup_unsafe),
		TEST(guest_has_a_quota, setup_unsafe),
		TEST(host_runs_out, setup_unsafe),
		TEST(bridge_is_the_doorbell, setup_unsafe),
		TEST(doorbell_without_iommu, setup_unsafe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
