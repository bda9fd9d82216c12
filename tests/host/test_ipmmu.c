/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IPMMU driver and stage 2 together, over a model that keeps whatever it may: what each host
 * bridge can reach at every moment.
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
#include "iommu/ipmmu_plan.h"
#include "lib/errno.h"
#include "model_ipmmu.h"

#define ROOT     0x11
#define UNIT     0x12
#define RAM_IPA  0x40000000ULL
#define FIRST_PA  0x80000000ULL
#define SECOND_PA 0x600000000ULL

struct machine machine;

static struct p2m first, second;
static struct iommu *unit;
static struct iommu_fault faults[64];
static uint32_t fault_count;

void pci_iommu_fault(struct iommu *iommu, const struct iommu_fault *fault)
{
	assert_ptr_equal(iommu, unit);
	assert_true(fault_count < ARRAY_SIZE(faults));
	faults[fault_count++] = *fault;
}

static stream_id_t utlb(uint32_t v)
{
	return (stream_id_t){ v };
}

static enum model_ipmmu_dma dma(uint32_t n, uint64_t address)
{
	uint64_t out;

	return model_ipmmu_dma(n, address, &out);
}

/* Where a write to RAM_IPA + offset lands; 0: nowhere. */
static uint64_t lands(uint32_t n, uint64_t offset)
{
	uint64_t out;

	return model_ipmmu_dma(n, RAM_IPA + offset, &out) == IPMMU_BLOCKED ? 0 : out;
}

static void describe(void)
{
	memset(&machine, 0, sizeof(machine));
	machine.product = (struct range){ MODEL_IPMMU_PRR, 4 };
	machine.smmu_count = 2;
	machine.smmus[0] = (struct machine_smmu){
		.compatible = "renesas,ipmmu-r8a7795",
		.regs = { MODEL_IPMMU_ROOT, 0x1000 },
		.phandle = ROOT,
		.eventq_intid = MODEL_IPMMU_IRQ,
	};
	machine.smmus[1] = (struct machine_smmu){
		.compatible = "renesas,ipmmu-r8a7795",
		.regs = { MODEL_IPMMU_UNIT, 0x1000 },
		.phandle = UNIT,
		.root = ROOT,
	};
}

static int setup(void **state)
{
	(void)state;
	model_ipmmu_reset();
	fake_irq_reset();
	fake_log_clear();
	fake_heap_fail_in = 0;
	fault_count = 0;
	describe();
	return 0;
}

static void build(struct p2m *p, uint16_t vmid, uint64_t ram)
{
	assert_int_equal(p2m_init(p, vmid, 100), 0);
	assert_int_equal(p2m_map(p, ipa(RAM_IPA), pa(ram), 2 * SZ_2M, P2M_RAM), 0);
	assert_int_equal(p2m_map(p, ipa(0x10000000), pa(0x30000000), SZ_4K, P2M_MMIO), 0);
}

static void bring_up(void)
{
	iommu_init();
	unit = iommu_by_phandle(UNIT);
	assert_true(unit->usable);
	build(&first, 1, FIRST_PA);
	build(&second, 2, SECOND_PA);
	model_ipmmu.flush_polls = 3;
}

static int setup_up(void **state)
{
	setup(state);
	bring_up();
	return 0;
}

static int teardown(void **state)
{
	model_ipmmu.after_write = NULL;
	return 0;
}

static void test_products(void **state)
{
	static const struct {
		uint32_t prr;
		bool fine;
	} products[] = {
		{ 0x4f10, false }, { 0x4f11, false }, { 0x4f20, true },	 { 0x4f30, true },
		{ 0x5210, false }, { 0x5211, false }, { 0x5220, true },	 { 0x5510, true },
		{ 0x5511, true },  { 0x5710, false }, { 0x0000, false }, { ~0U, false },
		/* Bits 31:15 tell the package. */
		{ 0xffff8000 | 0x4f20, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(products); i++) {
		assert_int_equal(ipmmu_product(products[i].prr) == NULL, products[i].fine);
	}
}

/* A micro-TLB that was parked once lets nothing through any more. */
static void still_blocked(void)
{
	static bool parked[48];

	for (uint32_t n = 0; n < 48; n++) {
		bool blocked = dma(n, RAM_IPA) == IPMMU_BLOCKED;

		assert_true(blocked || !parked[n]);
		parked[n] = parked[n] || blocked;
	}
}

static void test_all_are_blocked_by_bring_up(void **state)
{
	assert_int_equal(dma(0, RAM_IPA), IPMMU_BYPASSED);
	model_ipmmu.after_write = still_blocked;
	iommu_init();
	assert_true(iommu_by_phandle(UNIT)->usable);
	assert_true(iommu_by_phandle(UNIT)->whole_bridge);
	assert_true(fake_log_has("all streams abort"));
	for (uint32_t n = 0; n < 48; n++) {
		assert_int_equal(dma(n, 0), IPMMU_BLOCKED);
		assert_int_equal(dma(n, RAM_IPA), IPMMU_BLOCKED);
	}
	assert_int_equal(fake_irq_take(), 0);
	/* The root translates for others only. */
	assert_int_equal(iommu_attach(iommu_by_phandle(ROOT), utlb(0), &first), -EOPNOTSUPP);
}

static void test_attached_stream_sees_ram_only(void **state)
{
	assert_int_equal(iommu_attach(unit, utlb(0), &first), 0);
	assert_int_equal(lands(0, 0x1234), FIRST_PA + 0x1234);
	assert_int_equal(lands(0, SZ_2M + 8), FIRST_PA + SZ_2M + 8);
	assert_int_equal(lands(0, 2 * SZ_2M), 0);
	assert_int_equal(dma(0, 0x10000000), IPMMU_BLOCKED); /* a BAR */
	assert_int_equal(dma(0, RAM_IPA - 8), IPMMU_BLOCKED);
	assert_int_equal(dma(0, 1ULL << 40 | RAM_IPA), IPMMU_BLOCKED);
	/* The other controller, and one that nobody has. */
	assert_int_equal(lands(1, 0), 0);
	assert_int_equal(lands(40, 0), 0);
}

static void test_two_controllers(void **state)
{
	assert_int_equal(iommu_attach(unit, utlb(0), &first), 0);
	assert_int_equal(iommu_attach(unit, utlb(1), &second), 0);
	assert_int_equal(lands(0, 8), FIRST_PA + 8);
	assert_int_equal(lands(1, 8), SECOND_PA + 8);
	assert_int_equal(iommu_abort(unit, utlb(0)), 0);
	assert_int_equal(lands(0, 8), 0);
	assert_int_equal(lands(1, 8), SECOND_PA + 8);
	/* Both in one domain's hands; one unmap is seen by both. */
	assert_int_equal(iommu_attach(unit, utlb(0), &second), 0);
	assert_int_equal(lands(0, 8), SECOND_PA + 8);
	p2m_unmap(&second, ipa(RAM_IPA), SZ_2M);
	assert_int_equal(iommu_flush_vmid(2), 0);
	assert_int_equal(lands(0, 8), 0);
	assert_int_equal(lands(1, 8), 0);
	assert_int_equal(lands(1, SZ_2M), SECOND_PA + SZ_2M);
}

static uint64_t allowed[2];

/* A master that never stops, whatever its owner was told. */
static void lands_where_allowed(void)
{
	uint64_t at = lands(0, 0);

	assert_true(at == 0 || at == allowed[0] || at == allowed[1]);
}

/* Lend to one, take back, lend to another: at no time both, and nothing cached survives. */
static void test_from_one_domain_to_the_next(void **state)
{
	model_ipmmu.after_write = lands_where_allowed;
	for (uint32_t i = 0; i < 3; i++) {
		allowed[0] = FIRST_PA;
		assert_int_equal(iommu_attach(unit, utlb(0), &first), 0);
		assert_int_equal(lands(0, 0), FIRST_PA);
		assert_int_equal(iommu_abort(unit, utlb(0)), 0);
		allowed[0] = SECOND_PA;
		assert_int_equal(lands(0, 0), 0);
		assert_int_equal(iommu_attach(unit, utlb(0), &second), 0);
		assert_int_equal(lands(0, 0), SECOND_PA);
		/* And without a stop between. */
		allowed[1] = FIRST_PA;
		assert_int_equal(iommu_attach(unit, utlb(0), &first), 0);
		assert_int_equal(lands(0, 0), FIRST_PA);
		assert_int_equal(iommu_abort(unit, utlb(0)), 0);
		allowed[1] = 0;
		fake_irq_take();
		fault_count = 0;
	}
}

static void test_unmapped_ram_is_gone_after_the_flush(void **state)
{
	assert_int_equal(iommu_attach(unit, utlb(0), &first), 0);
	assert_int_equal(lands(0, 0), FIRST_PA);
	p2m_unmap(&first, ipa(RAM_IPA), SZ_2M);
	/* The model is such that this has to be done. */
	assert_int_equal(lands(0, 0), FIRST_PA);
	assert_int_equal(iommu_flush_vmid(2), 0);
	assert_int_equal(lands(0, 0), FIRST_PA);
	assert_int_equal(iommu_flush_vmid(1), 0);
	assert_int_equal(lands(0, 0), 0);
	assert_int_equal(lands(0, SZ_2M), FIRST_PA + SZ_2M);
}

static void test_faults_name_the_stream(void **state)
{
	assert_int_equal(iommu_attach(unit, utlb(0), &first), 0);
	assert_int_equal(iommu_attach(unit, utlb(1), &first), 0);
	assert_int_equal(dma(1, 0x7123456780), IPMMU_BLOCKED);
	assert_int_equal(dma(1, 0x10), IPMMU_BLOCKED); /* too fast: the first is what is told */
	assert_int_equal(model_ipmmu.faults_lost, 1);
	assert_int_equal(fake_irq_take(), 1);
	assert_int_equal(fault_count, 1);
	assert_int_equal(faults[0].stream.v, 1);
	assert_int_equal(faults[0].address, 0x7123456780);
	assert_string_equal(faults[0].name, "address not mapped");
	assert_int_equal(dma(1, 0x20), IPMMU_BLOCKED);
	assert_int_equal(dma(0, 0x30), IPMMU_BLOCKED);
	assert_int_equal(fake_irq_take(), 1);
	assert_int_equal(fault_count, 3);
	assert_int_equal(faults[1].stream.v + faults[2].stream.v, 1);
	/* Taken back, it is still watched. */
	assert_int_equal(iommu_abort(unit, utlb(0)), 0);
	assert_int_equal(dma(0, RAM_IPA), IPMMU_BLOCKED);
	assert_int_equal(fake_irq_take(), 1);
	assert_int_equal(fault_count, 4);
	assert_int_equal(faults[3].stream.v, 0);
}

static void test_silenced_stream_is_not_recorded(void **state)
{
	assert_int_equal(iommu_attach(unit, utlb(0), &first), 0);
	assert_int_equal(iommu_silence(unit, utlb(0)), 0);
	assert_int_equal(lands(0, 0), 0);
	assert_int_equal(fake_irq_take(), 0);
	assert_int_equal(fault_count, 0);
	/* Nor later. */
	assert_int_equal(lands(0, 0), 0);
	assert_int_equal(iommu_abort(unit, utlb(0)), 0);
	assert_int_equal(fake_irq_take(), 0);
	assert_int_equal(lands(0, 0), 0);
	assert_int_equal(fake_irq_take(), 1);
	assert_int_equal(fault_count, 1);
	assert_int_equal(iommu_attach(unit, utlb(0), &first), 0);
	assert_int_equal(lands(0, 0), FIRST_PA);
}

static void test_fault_kinds(void **state)
{
	assert_string_equal(ipmmu_fault_decode(0x10, 0, 0).name,
			    "several translations for one address");
	assert_string_equal(ipmmu_fault_decode(0x5, 0, 0).name, "bus error in a table walk");
	assert_string_equal(ipmmu_fault_decode(0x2, 0, 0).name, "access not permitted");
	assert_string_equal(ipmmu_fault_decode(0x80, 0, 0).name, "unknown fault");
	assert_int_equal(ipmmu_fault_decode(1, 0xfffff000, 0xff).address, 0xfffffff000);
}

/* A flush that does not end: the stream is blocked, the caller told, and nothing is lent again. */
static void test_flush_that_never_ends(void **state)
{
	assert_int_equal(iommu_attach(unit, utlb(0), &first), 0);
	assert_int_equal(iommu_attach(unit, utlb(1), &second), 0);
	assert_int_equal(lands(0, 0), FIRST_PA);
	assert_int_equal(lands(1, 0), SECOND_PA);
	model_ipmmu.stalled = true;
	assert_int_equal(iommu_abort(unit, utlb(0)), -EIO);
	assert_true(fake_log_has("a flush does not end"));
	assert_int_equal(lands(0, 0), 0);
	assert_int_equal(iommu_attach(unit, utlb(0), &second), -EIO);
	assert_int_equal(lands(0, 0), 0);
	assert_int_equal(iommu_flush_vmid(2), -EIO);
	model_ipmmu.stalled = false;
	assert_int_equal(iommu_attach(unit, utlb(0), &second), -EIO);
	assert_int_equal(iommu_abort(unit, utlb(1)), -EIO);
	assert_int_equal(lands(1, 0), 0);
}

/* Seven streams can be told apart. The eighth stays shut. */
static void test_contexts_run_out(void **state)
{
	for (uint32_t n = 0; n < 7; n++) {
		assert_int_equal(iommu_attach(unit, utlb(40 + n), n % 2 ? &first : &second), 0);
	}
	assert_int_equal(iommu_attach(unit, utlb(5), &first), -ENOSPC);
	assert_int_equal(lands(5, 0), 0);
	assert_int_equal(iommu_abort(unit, utlb(5)), 0);
	for (uint32_t n = 0; n < 7; n++) {
		assert_int_equal(lands(40 + n, 0), n % 2 ? FIRST_PA : SECOND_PA);
	}
	assert_int_equal(iommu_attach(unit, utlb(48), &first), -ERANGE);
	assert_int_equal(iommu_abort(unit, utlb(0x100)), -ERANGE);
}

static void refused(const char *why)
{
	fake_irq_reset();
	iommu_init();
	unit = iommu_by_phandle(UNIT);
	assert_false(unit->usable);
	assert_non_null(strstr(unit->why, why));
	assert_int_equal(iommu_attach(unit, utlb(0), &first), -EOPNOTSUPP);
	assert_int_equal(iommu_flush_vmid(1), 0);
	/* As firmware left it. */
	assert_int_equal(dma(0, RAM_IPA), IPMMU_BYPASSED);
}

static void test_refused(void **state)
{
	model_ipmmu.product = 0x4f11;
	refused("this cut of the SoC");
	model_ipmmu.product = 0x5710;
	refused("not a SoC");
	assert_true(fake_log_has("lending is refused"));
	model_ipmmu.product = 0x5510;
	machine.product.size = 0;
	refused("renesas,prr");
	machine.product.size = 4;
	machine.smmus[0].regs.size = 0x800;
	refused("too small");
	machine.smmus[0].regs.size = 0x1000;
	machine.smmus[1].regs.size = 0x800;
	refused("too small");
	machine.smmus[1].regs.size = 0x1000;
	machine.smmus[1].root = 0x99;
	refused("root unit");
	for (int64_t n = 1; n <= 3; n++) {
		describe();
		fake_irq_reset();
		fake_heap_fail_in = n;
		iommu_init();
		fake_heap_fail_in = 0;
		assert_false(iommu_by_phandle(UNIT)->usable);
	}
	describe();
	fake_irq_reset();
	model_ipmmu.stalled = true;
	iommu_init();
	assert_false(iommu_by_phandle(UNIT)->usable);
}

/* Without an interrupt a job looks for faults, again and again. */
static void test_no_interrupt(void **state)
{
	machine.smmus[0].eventq_intid = 0;
	bring_up();
	assert_true(fake_log_has("no interrupt for faults"));
	assert_int_equal(iommu_attach(unit, utlb(0), &first), 0);
	for (uint32_t i = 1; i < 4; i++) {
		assert_int_equal(lands(0, 2 * SZ_2M), 0);
		fake_job_run();
		assert_int_equal(fault_count, i);
		fake_job_run();
		assert_int_equal(fault_count, i);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define UP(name) cmocka_unit_test_setup_teardown(name, setup_up, teardown)
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_products),
		T(test_all_are_blocked_by_bring_up),
		UP(test_attached_stream_sees_ram_only),
		UP(test_two_controllers),
		UP(test_from_one_domain_to_the_next),
		UP(test_unmapped_ram_is_gone_after_the_flush),
		UP(test_faults_name_the_stream),
		UP(test_silenced_stream_is_not_recorded),
		cmocka_unit_test(test_fault_kinds),
		UP(test_flush_that_never_ends),
		UP(test_contexts_run_out),
		T(test_refused),
		T(test_no_interrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
