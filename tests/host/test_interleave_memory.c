/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two CPUs at a domain's memory and at an SMMU, in every order their locks allow. Stage 2, the
 * stream table and the command queue are real, over a model SMMU that caches everything it may.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/p2m_tlb.h"
#include "core/machine.h"
#include "fake_dram.h"
#include "fake_heap.h"
#include "fake_irq.h"
#include "fake_spinlock.h"
#include "iommu/iommu.h"
#include "lib/errno.h"
#include "model_smmu.h"

#define PHANDLE 0x8001
#define RAM     0x40000000ULL
#define HOST    0x80000000ULL
#define BAR     0x10000000ULL
#define HOLD    (BAR + 0x100000) /* another BAR, in the same table */
#define FRESH   (BAR + SZ_2M)     /* where there is no table yet */
#define DEVICE  0x3000000000ULL
#define PAGES   24U
#define SIZE    (PAGES * SZ_4K)
#define ONE     ((stream_id_t){ 0x100 })
#define OTHER   ((stream_id_t){ 0x101 })

struct machine machine;

static struct p2m p2m;
static struct iommu *smmu;
static int64_t heap_before;
static uint32_t refused;

void pci_iommu_fault(struct iommu *iommu, const struct iommu_fault *fault)
{
}

void p2m_tlb_publish(void)
{
	fake_spin_point();
}

void p2m_tlb_flush(uint64_t vttbr, ipaddr_t ipa, uint64_t size, uint64_t entry)
{
	fake_spin_point();
}

uint32_t p2m_tlb_pa_range(void)
{
	return 4;
}

/* The SMMU snoops; its driver thinks not, and says which entry it has written. */
void cache_clean(const void *va, uint64_t size)
{
	fake_spin_point();
}

void cache_clean_invalidate(const void *va, uint64_t size)
{
}

void cache_zero(void *va, uint64_t size)
{
	memset(va, 0, size);
}

uint64_t ticks_now(void)
{
	return 0;
}

void fake_dram_reset(void)
{
}

uint64_t fake_dram_read(uint64_t address, bool snoops, uint64_t junk)
{
	return *(const uint64_t *)(uintptr_t)address;
}

/* An SMMU is never taken down. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void begin(void)
{
	heap_before = fake_heap_live;
	refused = 0;
	assert_int_equal(p2m_init(&p2m, 1, 1000), 0);
	assert_int_equal(p2m_map(&p2m, ipa(RAM), pa(HOST), 4 * SZ_2M, P2M_RAM), 0);
	assert_int_equal(p2m_map(&p2m, ipa(HOLD), pa(DEVICE), SIZE, P2M_MMIO), 0);
}

static void begin_attached(void)
{
	begin();
	assert_int_equal(iommu_attach(smmu, ONE, &p2m), 0);
}

static void end_world(void)
{
	assert_int_equal(iommu_abort(smmu, ONE), 0);
	assert_int_equal(iommu_abort(smmu, OTHER), 0);
	assert_int_equal(iommu_flush_vmid(1), 0);
	while (!p2m_destroy_slice(&p2m, 16)) {
	}
	assert_int_equal(fake_heap_live, heap_before);
}

/* Parties. */

/* In slices, as a long BAR is. */
static void map_at(uint64_t at, uint64_t device)
{
	uint64_t done = 0;
	int r;

	do {
		r = p2m_map_slice(&p2m, ipa(at), pa(device), SIZE, P2M_MMIO, PAGES / 3, &done);
		fake_spin_point();
	} while (r == -EAGAIN);
	if (r) {
		assert_int_equal(r, -EEXIST);
		assert_int_equal(done, 0);
		refused++;
	}
}

static void map_bar(void)
{
	map_at(BAR, DEVICE);
}

static void map_fresh(void)
{
	map_at(FRESH, DEVICE);
}

static void map_beside(void)
{
	map_at(FRESH + SIZE, 2 * DEVICE);
}

static void map_whole(void)
{
	int r = p2m_map(&p2m, ipa(BAR), pa(2 * DEVICE), SIZE, P2M_MMIO);

	assert_true(r == 0 || r == -EEXIST);
	refused += r != 0;
}

static void unmap_neighbour(void)
{
	p2m_unmap(&p2m, ipa(HOLD), SIZE);
}

static void unmap_ram(void)
{
	uint64_t out;

	p2m_unmap(&p2m, ipa(RAM), SZ_2M);
	assert_int_equal(iommu_flush_vmid(1), 0);
	/* From here on it may be someone else's. */
	assert_int_equal(model_smmu_dma(ONE.v, RAM, true, &out), DMA_ABORTED);
	assert_int_equal(model_smmu_dma(OTHER.v, RAM, true, &out), DMA_ABORTED);
}

static void attach_other(void)
{
	uint64_t out;

	assert_int_equal(iommu_attach(smmu, OTHER, &p2m), 0);
	assert_int_equal(model_smmu_dma(OTHER.v, RAM + SZ_2M, true, &out), DMA_TRANSLATED);
	assert_int_equal(out, HOST + SZ_2M);
	(void)model_smmu_dma(OTHER.v, RAM, true, &out);
}

static void abort_one(void)
{
	uint64_t out;

	assert_int_equal(iommu_abort(smmu, ONE), 0);
	assert_int_equal(model_smmu_dma(ONE.v, RAM, true, &out), DMA_ABORTED);
}

/* What must hold. */

static uint32_t mapped(uint64_t at, uint64_t device)
{
	uint32_t count = 0;
	paddr_t to;

	for (uint32_t i = 0; i < PAGES; i++) {
		if (p2m_lookup(&p2m, ipa(at + i * SZ_4K), &to, NULL) != P2M_INVALID) {
			assert_int_equal(to.v, device + i * SZ_4K);
			count++;
		}
	}
	return count;
}

static void end_mapped(void)
{
	assert_int_equal(mapped(BAR, DEVICE), PAGES);
	assert_int_equal(mapped(HOLD, DEVICE), 0);
	assert_int_equal(refused, 0);
	p2m_unmap(&p2m, ipa(BAR), SIZE);
	assert_int_equal(mapped(BAR, DEVICE), 0);
	end_world();
}

static void end_both_mapped(void)
{
	assert_int_equal(refused, 0);
	assert_int_equal(mapped(FRESH, DEVICE), PAGES);
	assert_int_equal(mapped(FRESH + SIZE, 2 * DEVICE), PAGES);
	end_world();
}

/* Whole or not at all, and one of them. */
static void end_one_mapped(void)
{
	paddr_t to;

	assert_int_equal(refused, 1);
	assert_int_equal(p2m_lookup(&p2m, ipa(BAR), &to, NULL), P2M_MMIO);
	assert_int_equal(mapped(BAR, to.v), PAGES);
	end_world();
}

static void end_only_other(void)
{
	uint64_t out;

	assert_int_equal(model_smmu_dma(ONE.v, RAM, true, &out), DMA_ABORTED);
	assert_int_equal(model_smmu_dma(OTHER.v, RAM, true, &out), DMA_TRANSLATED);
	end_world();
}

static void map_against_unmap(void **state)
{
	(void)state;
	interleave("map, unmap", begin, map_bar, unmap_neighbour, end_mapped);
}

static void map_against_map(void **state)
{
	(void)state;
	interleave("map, map", begin, map_bar, map_whole, end_one_mapped);
	interleave("map, map beside", begin, map_fresh, map_beside, end_both_mapped);
}

static void unmap_against_attach(void **state)
{
	(void)state;
	interleave("unmap RAM, attach", begin_attached, unmap_ram, attach_other, end_world);
}

static void two_streams_at_one_queue(void **state)
{
	(void)state;
	interleave("abort, attach", begin_attached, abort_one, attach_other, end_only_other);
}

static int setup(void **state)
{
	model_smmu_reset(false);
	fake_irq_reset();
	machine.smmu_count = 1;
	machine.smmus[0] = (struct machine_smmu){
		.compatible = "arm,smmu-v3",
		.regs = { 0x09050000, 0x20000 },
		.phandle = PHANDLE,
		.eventq_intid = FAKE_IRQ_EVENTQ,
		.gerror_intid = FAKE_IRQ_GERROR,
		.coherent = false,
	};
	iommu_init();
	smmu = iommu_by_phandle(PHANDLE);
	model_smmu.after_write = fake_spin_point;
	/* The streams' leaf stays once it is made. */
	begin_attached();
	(void)iommu_abort(smmu, ONE);
	while (!p2m_destroy_slice(&p2m, 16)) {
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_against_unmap),
		cmocka_unit_test(map_against_map),
		cmocka_unit_test(unmap_against_attach),
		cmocka_unit_test(two_streams_at_one_queue),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
