/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SMMUv3 driver and stage 2 together, over a model SMMU that caches everything it may: what a
 * stream can reach at every moment of its life.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/machine.h"
#include "fake_heap.h"
#include "fake_irq.h"
#include "fake_log.h"
#include "iommu/iommu.h"
#include "lib/errno.h"
#include "model_smmu.h"

#define PHANDLE  0x8001
#define RAM_IPA  0x40000000ULL
#define DOORBELL 0x08090000ULL

struct machine machine;

static struct p2m first;
static struct p2m second;
static struct iommu *smmu;
static struct iommu_fault faults[1024];
static uint32_t fault_count;

void pci_iommu_fault(struct iommu *iommu, const struct iommu_fault *fault)
{
	assert_ptr_equal(iommu, smmu);
	assert_true(fault_count < ARRAY_SIZE(faults));
	faults[fault_count++] = *fault;
}

/* An SMMU is never taken down: what each bring-up took stays. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static stream_id_t sid(uint32_t v)
{
	return (stream_id_t){ v };
}

static enum model_dma dma(uint32_t stream, uint64_t address)
{
	uint64_t out;

	return model_smmu_dma(stream, address, true, &out);
}

/* Where a write to RAM_IPA + offset lands; 0: nowhere. */
static uint64_t lands(uint32_t stream, uint64_t offset)
{
	uint64_t out = 0;

	return model_smmu_dma(stream, RAM_IPA + offset, true, &out) == DMA_ABORTED ? 0 : out;
}

/* After every register write of bring-up: no stream gets anything through. */
static void nothing_passes(void)
{
	static const uint32_t streams[] = { 0, 8, 0x100, 0xffff, 0x10000 };

	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		assert_int_equal(dma(streams[i], 0x40000000), DMA_ABORTED);
	}
}

static void describe(bool coherent)
{
	machine.smmu_count = 1;
	machine.smmus[0] = (struct machine_smmu){
		.compatible = "arm,smmu-v3",
		.regs = { 0x09050000, 0x20000 },
		.phandle = PHANDLE,
		.eventq_intid = FAKE_IRQ_EVENTQ,
		.gerror_intid = FAKE_IRQ_GERROR,
		.coherent = coherent,
	};
}

static void build(struct p2m *p, uint16_t vmid, uint64_t ram)
{
	assert_int_equal(p2m_init(p, vmid, 1000), 0);
	assert_int_equal(p2m_map(p, ipa(RAM_IPA), pa(ram), 4 * SZ_2M, P2M_RAM), 0);
	assert_int_equal(p2m_map(p, ipa(0x10000000), pa(0x10000000), SZ_4K, P2M_MMIO), 0);
	assert_int_equal(p2m_map_doorbell(p, ipa(DOORBELL), pa(0x8090000)), 0);
}

static void forget(void)
{
	fake_irq_take();
	fake_job_run();
	fault_count = 0;
	fake_log_clear();
}

static int bring_up(void)
{
	iommu_init();
	smmu = iommu_by_phandle(PHANDLE);
	assert_non_null(smmu);
	build(&first, 1, 0x80000000);
	build(&second, 2, 0xc0000000);
	forget();
	return 0;
}

static int reset_world(bool firmware_on)
{
	model_smmu_reset(firmware_on);
	fake_irq_reset();
	fake_log_clear();
	fake_heap_fail_in = 0;
	fault_count = 0;
	describe(true);
	return 0;
}

static int setup(void **state)
{
	reset_world(false);
	return bring_up();
}

static int teardown(void **state)
{
	model_smmu.after_write = NULL;
	while (!p2m_destroy_slice(&first, 1) || !p2m_destroy_slice(&second, 1)) {
	}
	return 0;
}

static void test_nothing_passes_during_bring_up(void **state)
{
	reset_world(true);
	/* What firmware left on goes through until it is stopped. */
	assert_int_equal(dma(8, 0x40000000), DMA_BYPASSED);
	iommu_init();
	nothing_passes();
	assert_true(fake_log_has("all streams abort"));
	assert_true(iommu_by_phandle(PHANDLE)->usable);

	reset_world(false);
	model_smmu.after_write = nothing_passes;
	iommu_init();
	nothing_passes();
}

static void d5_unlent_streams_abort_and_are_recorded(void **state)
{
	static const uint32_t streams[] = { 0, 0x18, 0xff00, 0xffff };

	for (uint32_t i = 0; i < ARRAY_SIZE(streams); i++) {
		fault_count = 0;
		assert_int_equal(dma(streams[i], 0x40200000), DMA_ABORTED);
		assert_int_equal(fake_irq_take(), 1);
		assert_int_equal(fault_count, 1);
		assert_int_equal(faults[0].stream.v, streams[i]);
	}
}

static void test_attached_stream_sees_ram_and_doorbell(void **state)
{
	uint64_t out;

	/* What was cached before must not stay: an entry without a leaf, and an invalid one. */
	assert_int_equal(dma(0x100, RAM_IPA), DMA_ABORTED);
	assert_int_equal(iommu_attach(smmu, sid(0x101), &second), 0);
	assert_int_equal(dma(0x100, RAM_IPA), DMA_ABORTED);
	assert_int_equal(iommu_attach(smmu, sid(0x100), &first), 0);
	assert_int_equal(lands(0x100, 0x1234), 0x80001234);
	assert_int_equal(lands(0x100, 3 * SZ_2M + 8), 0x80000000 + 3 * SZ_2M + 8);
	assert_int_equal(lands(0x101, 0x1234), 0xc0001234);
	assert_int_equal(model_smmu_dma(0x100, DOORBELL + 0x40, true, &out), DMA_TRANSLATED);
	assert_int_equal(out, 0x8090040);
	forget();
	/* Not RAM: hypervisor, its own BAR, past the end, past 40 bits. A neighbour: not lent. */
	assert_int_equal(dma(0x100, 0x40000000 - 8), DMA_ABORTED);
	assert_int_equal(dma(0x100, 0x10000000), DMA_ABORTED);
	assert_int_equal(dma(0x100, RAM_IPA + 4 * SZ_2M), DMA_ABORTED);
	assert_int_equal(dma(0x100, 1ULL << 40 | RAM_IPA), DMA_ABORTED);
	assert_int_equal(dma(0x102, RAM_IPA), DMA_ABORTED);
	fake_irq_take();
	fake_job_run();
	assert_int_equal(fault_count, 5);
	assert_int_equal(faults[1].address, 0x10000000);
	assert_int_equal(faults[1].code, 0x10);
	assert_true(faults[1].write);
	assert_int_equal(faults[4].stream.v, 0x102);
	assert_int_equal(faults[4].code, 0x04);
}

/* Lend to one, take back, lend to another: at no time both, and nothing cached survives. */
static void test_from_one_domain_to_the_next(void **state)
{
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(iommu_attach(smmu, sid(0x20), &first), 0);
		assert_int_equal(lands(0x20, 0), 0x80000000);
		assert_int_equal(iommu_abort(smmu, sid(0x20)), 0);
		assert_int_equal(lands(0x20, 0), 0);
		assert_int_equal(iommu_attach(smmu, sid(0x20), &second), 0);
		assert_int_equal(lands(0x20, 0), 0xc0000000);
		assert_int_equal(iommu_abort(smmu, sid(0x20)), 0);
		assert_int_equal(lands(0x20, 0), 0);
		forget();
	}
	/* Aborting what aborts is nothing. */
	assert_int_equal(iommu_abort(smmu, sid(0x20)), 0);
	assert_int_equal(iommu_abort(smmu, sid(0x7777)), 0);
}

static void test_silenced_stream_is_not_recorded(void **state)
{
	assert_int_equal(iommu_attach(smmu, sid(0x30), &first), 0);
	assert_int_equal(dma(0x30, 0), DMA_ABORTED);
	fake_irq_take();
	assert_int_equal(fault_count, 1);
	assert_int_equal(iommu_silence(smmu, sid(0x30)), 0);
	assert_int_equal(lands(0x30, 0), 0);
	fake_irq_take();
	fake_job_run();
	assert_int_equal(fault_count, 1);
	assert_int_equal(iommu_abort(smmu, sid(0x30)), 0);
	assert_int_equal(lands(0x30, 0), 0);
	fake_irq_take();
	assert_int_equal(fault_count, 2);
	assert_int_equal(iommu_attach(smmu, sid(0x30), &first), 0);
	assert_int_equal(lands(0x30, 0), 0x80000000);
}

static void test_unmapped_ram_is_gone_after_the_flush(void **state)
{
	assert_int_equal(iommu_attach(smmu, sid(0x40), &first), 0);
	assert_int_equal(lands(0x40, 0), 0x80000000);
	p2m_unmap(&first, ipa(RAM_IPA), SZ_2M);
	assert_int_equal(iommu_flush_vmid(1), 0);
	assert_int_equal(lands(0x40, 0), 0);
	assert_int_equal(lands(0x40, SZ_2M), 0x80000000 + SZ_2M);
}

/* A function that comes or goes costs its domain's others nothing of what the SMMU has cached. */
static void test_others_keep_their_translations(void **state)
{
	assert_int_equal(iommu_attach(smmu, sid(0x40), &first), 0);
	assert_int_equal(lands(0x40, 0), 0x80000000);
	/* Now it is in the TLB only. */
	p2m_unmap(&first, ipa(RAM_IPA), SZ_2M);
	assert_int_equal(iommu_attach(smmu, sid(0x41), &first), 0);
	assert_int_equal(iommu_abort(smmu, sid(0x41)), 0);
	assert_int_equal(lands(0x40, 0), 0x80000000);
	assert_int_equal(iommu_flush_vmid(1), 0);
	assert_int_equal(lands(0x40, 0), 0);
}

static void test_a_silent_queue_is_an_error(void **state)
{
	assert_int_equal(iommu_attach(smmu, sid(0x50), &first), 0);
	model_smmu.stalled = true;
	assert_int_equal(iommu_attach(smmu, sid(0x51), &first), -EIO);
	assert_true(fake_log_has("timed out"));
	/* Nothing is confirmed from here on, and what was not lent stays so. */
	model_smmu.stalled = false;
	assert_int_equal(iommu_abort(smmu, sid(0x50)), -EIO);
	assert_int_equal(iommu_flush_vmid(1), -EIO);
	assert_int_equal(lands(0x51, 0), 0);
}

static void test_a_refused_command_is_an_error(void **state)
{
	model_smmu.refuses = 1;
	assert_int_equal(iommu_attach(smmu, sid(0x60), &first), -EIO);
	assert_true(fake_log_has("refused"));
	assert_int_equal(lands(0x60, 0), 0);
	assert_int_equal(iommu_attach(smmu, sid(0x61), &first), -EIO);
}

/* Stops at each command of an attach in turn: the stream aborts whichever it was. */
static void test_attach_fails_at_each_command(void **state)
{
	uint32_t commands;

	commands = model_smmu.commands;
	assert_int_equal(iommu_attach(smmu, sid(0x70), &first), 0);
	commands = model_smmu.commands - commands;
	assert_in_range(commands, 2, 20);
	teardown(state);
	for (uint32_t n = 0; n < commands; n++) {
		reset_world(false);
		bring_up();
		model_smmu.refuses = n + 1;
		assert_int_equal(iommu_attach(smmu, sid(0x70), &first), -EIO);
		assert_int_equal(lands(0x70, 0), 0);
		teardown(state);
	}
	setup(state);
}

static void test_a_flood_is_bounded(void **state)
{
	for (uint32_t i = 0; i < 500; i++) {
		assert_int_equal(dma(0x1234, 0x40000000), DMA_ABORTED);
	}
	assert_true(model_smmu.events_lost != 0);
	assert_int_equal(fake_irq_take(), 1);
	/* One interrupt does a bounded part, a job the rest. */
	assert_in_range(fault_count, 1, 64);
	assert_true(fake_job_run() > 1);
	assert_int_equal(fault_count + model_smmu.events_lost, 500);
	assert_true(fake_log_has("overflowed"));
	/* Reading goes on afterwards, and a second overflow is noticed as well. */
	fault_count = 0;
	assert_int_equal(dma(0x1234, 0), DMA_ABORTED);
	assert_int_equal(fake_irq_take(), 1);
	assert_int_equal(fault_count, 1);
	fake_log_clear();
	for (uint32_t i = 0; i < 500; i++) {
		dma(0x1234, 0);
	}
	fake_irq_take();
	fake_job_run();
	assert_true(fake_log_has("overflowed (2 times)"));
}

/* A tree may describe no interrupt for events: a job looks for them, again and again. */
static void test_no_interrupt_for_events(void **state)
{
	while (!p2m_destroy_slice(&first, 1) || !p2m_destroy_slice(&second, 1)) {
	}
	reset_world(false);
	machine.smmus[0].eventq_intid = 0;
	bring_up();
	for (uint32_t count = 1; count <= 100; count += 33) {
		for (uint32_t i = 0; i < count; i++) {
			dma(0x1234, 0);
		}
		assert_int_equal(fake_irq_take(), 0);
		fake_job_run();
		assert_int_equal(fault_count, count);
		fake_job_run();
		assert_int_equal(fault_count, count);
		fault_count = 0;
	}
}

static void test_overflow_log_lines_are_few(void **state)
{
	uint32_t lines = fake_log_lines;

	for (uint32_t i = 0; i < 100; i++) {
		for (uint32_t j = 0; j < 200; j++) {
			dma(0x1234, 0);
		}
		fault_count = 0;
		fake_irq_take();
		fake_job_run();
	}
	assert_in_range(fake_log_lines - lines, 1, 8);
}

static void test_stream_out_of_range(void **state)
{
	assert_int_equal(iommu_attach(smmu, sid(0x10000), &first), -ERANGE);
	assert_int_equal(iommu_attach(smmu, sid(0xffffffff), &first), -ERANGE);
	assert_int_equal(iommu_attach(smmu, sid(0xffff), &first), 0);
	assert_int_equal(lands(0xffff, 0), 0x80000000);
	assert_int_equal(lands(0x10000, 0), 0);
}

static void test_no_memory_for_a_leaf(void **state)
{
	fake_heap_fail_in = 1;
	assert_int_equal(iommu_attach(smmu, sid(0x500), &first), -ENOMEM);
	fake_heap_fail_in = 0;
	assert_int_equal(lands(0x500, 0), 0);
	assert_int_equal(iommu_attach(smmu, sid(0x500), &first), 0);
	assert_int_equal(lands(0x500, 0), 0x80000000);
}

static void test_flat_table(void **state)
{
	teardown(state);
	reset_world(false);
	model_smmu.idr0 &= ~(3U << 27);
	bring_up();
	assert_true(smmu->usable);
	assert_int_equal(lands(0x21, 0), 0);
	assert_int_equal(iommu_attach(smmu, sid(0x20), &first), 0);
	assert_int_equal(lands(0x20, 0), 0x80000000);
	assert_int_equal(lands(0x21, 0), 0);
	/* The table is cut; what lies past it aborts. */
	assert_int_equal(lands(0xffff, 0), 0);
	assert_int_equal(iommu_attach(smmu, sid(0xffff), &first), -ERANGE);
}

/* The SMMU reads DRAM: everything it walks was cleaned, or it would meet junk. Last: it sticks. */
static void test_not_coherent(void **state)
{
	teardown(state);
	reset_world(false);
	model_smmu.coherent = false;
	model_smmu.idr0 &= ~(1U << 4);
	bring_up();
	assert_true(smmu->usable);
	assert_int_equal(iommu_attach(smmu, sid(0x100), &first), 0);
	assert_int_equal(lands(0x100, SZ_2M), 0x80000000 + SZ_2M);
	assert_int_equal(lands(0x101, 0), 0);
	assert_int_equal(lands(0x100, 600 * SZ_1G), 0);
	p2m_unmap(&first, ipa(RAM_IPA + SZ_2M), SZ_2M);
	assert_int_equal(iommu_flush_vmid(1), 0);
	assert_int_equal(lands(0x100, SZ_2M), 0);
	assert_int_equal(lands(0x100, 0), 0x80000000);
	assert_int_equal(iommu_abort(smmu, sid(0x100)), 0);
	assert_int_equal(lands(0x100, 0), 0);
	fake_irq_take();
	assert_true(fault_count >= 2);
}

static void test_stage_1_only_is_refused(void **state)
{
	teardown(state);
	reset_world(false);
	model_smmu.idr0 = 0x0d44101a;
	iommu_init();
	smmu = iommu_by_phandle(PHANDLE);
	assert_false(smmu->usable);
	assert_string_equal(smmu->why, "stage 2 translation is not implemented (IDR0.S2P = 0)");
	assert_true(fake_log_has("lending is refused"));
	/* The control domain's devices work as without Viaduct. */
	assert_int_equal(dma(0x100, 0x40000000), DMA_BYPASSED);
	assert_int_equal(iommu_attach(smmu, sid(0x100), &first), -EOPNOTSUPP);
	assert_int_equal(iommu_abort(smmu, sid(0x100)), -EOPNOTSUPP);
	assert_int_equal(iommu_flush_vmid(1), 0);
	reset_world(false);
	bring_up();
}

static void test_dead_smmu(void **state)
{
	teardown(state);
	reset_world(false);
	model_smmu.acks_nothing = true;
	iommu_init();
	smmu = iommu_by_phandle(PHANDLE);
	assert_false(smmu->usable);
	assert_non_null(smmu->why);
	reset_world(false);
	bring_up();
}

static void test_unknown_and_missing(void **state)
{
	teardown(state);
	reset_world(false);
	machine.smmus[0].compatible = "acme,iommu";
	iommu_init();
	assert_false(iommu_by_phandle(PHANDLE)->usable);
	assert_true(fake_log_has("acme,iommu"));
	assert_null(iommu_by_phandle(1));
	machine.smmu_count = 0;
	iommu_init();
	assert_null(iommu_by_phandle(PHANDLE));
	assert_true(fake_log_has("none in the device tree"));
	reset_world(false);
	bring_up();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_passes_during_bring_up),
		TEST(d5_unlent_streams_abort_and_are_recorded),
		TEST(test_attached_stream_sees_ram_and_doorbell),
		TEST(test_from_one_domain_to_the_next),
		TEST(test_silenced_stream_is_not_recorded),
		TEST(test_unmapped_ram_is_gone_after_the_flush),
		TEST(test_others_keep_their_translations),
		TEST(test_a_silent_queue_is_an_error),
		TEST(test_a_refused_command_is_an_error),
		TEST(test_attach_fails_at_each_command),
		TEST(test_a_flood_is_bounded),
		TEST(test_no_interrupt_for_events),
		TEST(test_overflow_log_lines_are_few),
		TEST(test_stream_out_of_range),
		TEST(test_no_memory_for_a_leaf),
		TEST(test_flat_table),
		TEST(test_stage_1_only_is_refused),
		TEST(test_dead_smmu),
		TEST(test_unknown_and_missing),
		TEST(test_not_coherent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
