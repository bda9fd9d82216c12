/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_ipmmu.h"

#include <assert.h>
#include <string.h>

#include "arch/arm64/mmio.h"
#include "core/heap.h"
#include "fake_dram.h"
#include "fake_irq.h"

#define CONTEXTS  8
#define UTLBS     48
#define CACHE_MAX 64
#define UTLB_MAX  48

#define FLUSH  2U
#define ENABLE 1U

struct entry {
	bool used;
	uint32_t owner; /* context in the root, micro-TLB in the unit */
	uint32_t context;
	uint64_t page;
	uint64_t to;
};

struct context {
	uint32_t imctr, imttbcr, imttlbr, imttubr, imstr, imelar, imeuar;
	uint32_t polls; /* until FLUSH clears */
	bool walking;   /* a micro-TLB was in it since its last flush without one */
};

struct model_ipmmu model_ipmmu;

static uint8_t root_frame[0x1000], unit_frame[0x1000], product_frame[4];
static struct context contexts[CONTEXTS];
static uint32_t unit_imctr[CONTEXTS], imuctr[UTLB_MAX], imuasid[UTLB_MAX];
static uint32_t root_imsctlr, unit_imsctlr, root_imsauxctlr;
static struct entry main_tlb[CACHE_MAX], micro_tlb[CACHE_MAX];

void model_ipmmu_reset(void)
{
	memset(&model_ipmmu, 0, sizeof(model_ipmmu));
	memset(contexts, 0, sizeof(contexts));
	memset(unit_imctr, 0, sizeof(unit_imctr));
	memset(imuctr, 0, sizeof(imuctr));
	memset(imuasid, 0xff, sizeof(imuasid));
	memset(main_tlb, 0, sizeof(main_tlb));
	memset(micro_tlb, 0, sizeof(micro_tlb));
	/* Security groups in use, a cache left off, as firmware may leave them. */
	root_imsctlr = unit_imsctlr = 0x30000000;
	root_imsauxctlr = 0x10;
	model_ipmmu.product = 0x4f20;
	fake_dram_reset();
}

volatile void *mmio_map_device(uint64_t base, uint64_t size)
{
	switch (base) {
	case MODEL_IPMMU_ROOT:
		assert(size == sizeof(root_frame));
		return root_frame;
	case MODEL_IPMMU_UNIT:
		assert(size == sizeof(unit_frame));
		return unit_frame;
	default:
		assert(base == MODEL_IPMMU_PRR && size == 4);
		return product_frame;
	}
}

/* Micro-TLB of an offset, or none; *asid: its other register. */
static uint32_t utlb_at(uint32_t offset, bool *asid)
{
	uint32_t group = offset >= 0x600 ? 32 : 0;
	uint32_t n = (offset - (group != 0 ? 0x600 : 0x300)) / 16 + group;

	if (offset < 0x300 || (offset >= 0x500 && offset < 0x600) || n >= UTLBS ||
	    offset % 8 != 0) {
		return UTLBS;
	}
	*asid = offset % 16 == 8;
	return n;
}

static void forget(struct entry *cache, uint32_t context, uint32_t owner, bool by_owner)
{
	for (uint32_t i = 0; i < CACHE_MAX; i++) {
		if (by_owner ? cache[i].owner == owner : cache[i].context == context) {
			cache[i].used = false;
		}
	}
}

static uint32_t *context_register(uint32_t offset)
{
	struct context *c = &contexts[offset / 0x40];

	switch (offset % 0x40) {
	case 0x00:
		return &c->imctr;
	case 0x08:
		return &c->imttbcr;
	case 0x10:
		return &c->imttlbr;
	case 0x14:
		return &c->imttubr;
	case 0x20:
		return &c->imstr;
	case 0x30:
		return &c->imelar;
	case 0x34:
		return &c->imeuar;
	default:
		assert(!"a register the model does not have");
		return NULL;
	}
}

/* Is any micro-TLB on and in this context? */
static bool in_use(uint32_t context)
{
	for (uint32_t n = 0; n < UTLBS; n++) {
		if ((imuctr[n] & ENABLE) != 0 && (imuctr[n] >> 4 & 15) == context) {
			return true;
		}
	}
	return false;
}

static uint32_t read_root(uint32_t offset)
{
	struct context *c;

	if (offset == 0x500 || offset == 0x504) {
		return offset == 0x500 ? root_imsctlr : root_imsauxctlr;
	}
	assert(offset < CONTEXTS * 0x40);
	c = &contexts[offset / 0x40];
	if (offset % 0x40 == 0 && (c->imctr & FLUSH) != 0 && !model_ipmmu.stalled &&
	    c->polls-- == 0) {
		c->imctr &= ~FLUSH;
		c->walking = in_use(offset / 0x40);
		forget(main_tlb, offset / 0x40, 0, false);
	}
	return *context_register(offset);
}

static uint32_t read_unit(uint32_t offset)
{
	bool asid;

	if (offset == 0x500) {
		return unit_imsctlr;
	}
	if (offset < CONTEXTS * 0x40) {
		assert(offset % 0x40 == 0);
		return unit_imctr[offset / 0x40];
	}
	assert(utlb_at(offset, &asid) < UTLBS);
	return asid ? imuasid[utlb_at(offset, &asid)] : imuctr[utlb_at(offset, &asid)];
}

uint32_t mmio_read32(const volatile void *p)
{
	const volatile uint8_t *at = p;

	assert((uintptr_t)at % 4 == 0 || at == product_frame);
	if (at == product_frame) {
		return model_ipmmu.product;
	}
	if (at >= root_frame && at < root_frame + sizeof(root_frame)) {
		return read_root((uint32_t)(at - root_frame));
	}
	return read_unit((uint32_t)(at - unit_frame));
}

static void write_root(uint32_t offset, uint32_t v)
{
	uint32_t n = offset / 0x40;

	if (offset == 0x500) {
		/* The cache bits are firmware's. */
		assert((v & 0xe0000000) == 0x20000000);
		root_imsctlr = v;
		return;
	}
	if (offset == 0x504) {
		assert((v & ~8U) == 0x10);
		root_imsauxctlr = v;
		return;
	}
	assert(offset < CONTEXTS * 0x40);
	/* Not under a bus master that is translated by it, nor under its last walks. */
	assert(offset % 0x40 < 0x08 || offset % 0x40 > 0x14 || !contexts[n].walking);
	assert(offset % 0x40 != 0x20 || v == 0);
	*context_register(offset) = v;
	if (offset % 0x40 == 0 && (v & FLUSH) != 0) {
		contexts[n].polls = model_ipmmu.flush_polls;
	}
}

static void write_unit(uint32_t offset, uint32_t v)
{
	bool asid = false;
	uint32_t n = utlb_at(offset, &asid);

	if (offset == 0x500) {
		assert((v & 0xe0000000) == 0x20000000);
		unit_imsctlr = v;
	} else if (offset < CONTEXTS * 0x40) {
		assert(offset % 0x40 == 0 && (v & ~7U) == 0);
		unit_imctr[offset / 0x40] = v & ~FLUSH;
		if ((v & FLUSH) != 0) {
			forget(micro_tlb, offset / 0x40, 0, false);
		}
	} else {
		assert(n < UTLBS);
		if (asid) {
			imuasid[n] = v;
			return;
		}
		imuctr[n] = v & ~FLUSH;
		contexts[v >> 4 & 7].walking = true;
		if ((v & FLUSH) != 0) {
			forget(micro_tlb, 0, n, true);
		}
	}
}

void mmio_write32(volatile void *p, uint32_t v)
{
	volatile uint8_t *at = p;

	assert((uintptr_t)at % 4 == 0);
	model_ipmmu.writes++;
	if (at >= root_frame && at < root_frame + sizeof(root_frame)) {
		write_root((uint32_t)(at - root_frame), v);
	} else {
		assert(at >= unit_frame && at < unit_frame + sizeof(unit_frame));
		write_unit((uint32_t)(at - unit_frame), v);
	}
	if (model_ipmmu.after_write != NULL) {
		model_ipmmu.after_write();
	}
}

void mmio_write64(volatile void *p, uint64_t v)
{
	assert(!"registers are 32 bits wide");
}

static bool find(const struct entry *cache, uint32_t owner, uint64_t page, uint64_t *to)
{
	for (uint32_t i = 0; i < CACHE_MAX; i++) {
		if (cache[i].used && cache[i].owner == owner && cache[i].page == page) {
			*to = cache[i].to;
			return true;
		}
	}
	return false;
}

static void keep(struct entry *cache, uint32_t owner, uint32_t context, uint64_t page, uint64_t to)
{
	uint32_t i = 0;

	while (i < CACHE_MAX && cache[i].used) {
		i++;
	}
	assert(i < CACHE_MAX);
	cache[i] = (struct entry){ true, owner, context, page, to };
}

/* What memory holds that was never cleaned: a block of everything. */
#define JUNK 0x0000badf00000001

static uint64_t fetch(uint64_t address)
{
	return fake_dram_read((uintptr_t)heap_va(pa(address)), false, JUNK);
}

/* Stage 2, level 1 start, 40 bits: two pages side by side. */
static bool walk(const struct context *c, uint64_t page, uint64_t *to)
{
	uint64_t table = (uint64_t)(c->imttubr & 0xff) << 32 | (c->imttlbr & 0xfffff000);
	uint64_t size = SZ_1G;
	uint64_t pte;

	/* Stage 1 bypassed, long descriptors, from level 1, 40 bits; stage 2 format. */
	assert(c->imttbcr == (1U << 31 | 1U << 30 | 1U << 6 | 24) && (c->imctr & 1U << 29) != 0);
	assert((root_imsauxctlr & 8) != 0 && (root_imsctlr & 1U << 28) == 0);
	assert(table % 0x2000 == 0);
	if (page >> 40 != 0) {
		return false;
	}
	pte = fetch(table + (page >> 30) * 8);
	for (uint32_t shift = 21; (pte & 3) == 3 && size != SZ_4K; shift -= 9) {
		pte = fetch((pte & GENMASK(39, 12)) + ((page >> shift) & 511) * 8);
		size = 1ULL << shift;
	}
	/* The access flag is software's. */
	assert((pte & 1) == 0 || (pte & 1U << 10) != 0 || pte == JUNK);
	*to = (pte & GENMASK(39, 12) & ~(size - 1)) + (page & (size - 1));
	return (pte & 1) != 0;
}

static void record(struct context *c, uint64_t address)
{
	if (c->imstr != 0) {
		model_ipmmu.faults_lost++;
	} else {
		c->imstr = 1;
		c->imelar = (uint32_t)address;
		c->imeuar = (uint32_t)(address >> 32);
	}
	if ((c->imctr & 4) != 0) {
		fake_irq_raise(MODEL_IPMMU_IRQ);
	}
}

enum model_ipmmu_dma model_ipmmu_dma(uint32_t utlb, uint64_t address, uint64_t *out)
{
	uint32_t n = imuctr[utlb] >> 4 & 15;
	struct context *c = &contexts[n];
	uint64_t page = ALIGN_DOWN(address, SZ_4K);
	uint64_t to;

	*out = address;
	if ((imuctr[utlb] & ENABLE) == 0) {
		return IPMMU_BYPASSED;
	}
	assert(n < CONTEXTS && imuasid[utlb] == 0 && (unit_imsctlr & 1U << 28) == 0);
	if ((c->imctr & ENABLE) == 0 || (unit_imctr[n] & ENABLE) == 0) {
		return IPMMU_BYPASSED;
	}
	assert((unit_imctr[n] & 4) == (c->imctr & 4));
	if (!find(micro_tlb, utlb, page, &to)) {
		if (!find(main_tlb, n, page, &to)) {
			if (!walk(c, page, &to)) {
				record(c, address);
				return IPMMU_BLOCKED;
			}
			keep(main_tlb, n, n, page, to);
		}
		keep(micro_tlb, utlb, n, page, to);
	}
	*out = to + address % SZ_4K;
	return IPMMU_TRANSLATED;
}
