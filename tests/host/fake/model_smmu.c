/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_smmu.h"

#include <assert.h>
#include <string.h>

#include "arch/arm64/mmio.h"
#include "fake_dram.h"
#include "fake_irq.h"

#define REGS_SIZE 0x20000
#define CACHE_MAX 64

/* Register offsets, IHI0070 6.2. */
enum {
	IDR0 = 0x00, IDR1 = 0x04, IDR5 = 0x14, CR0 = 0x20, CR0ACK = 0x24, GBPA = 0x44,
	IRQ_CTRL = 0x50, IRQ_CTRLACK = 0x54, GERROR = 0x60, GERRORN = 0x64, STRTAB_BASE = 0x80,
	STRTAB_BASE_CFG = 0x88, CMDQ_BASE = 0x90, CMDQ_PROD = 0x98, CMDQ_CONS = 0x9c,
	EVENTQ_BASE = 0xa0, EVENTQ_PROD = 0x100a8, EVENTQ_CONS = 0x100ac,
};

struct ste_cache {
	bool used;
	uint32_t stream;
	uint64_t word[8];
};

struct tlb {
	bool used;
	uint32_t vmid;
	uint64_t page;
	uint64_t pte;
};

struct model_smmu model_smmu;
static uint8_t regs[REGS_SIZE];
static struct ste_cache stes[CACHE_MAX];
static struct tlb tlbs[CACHE_MAX];

static uint32_t reg(uint32_t offset)
{
	uint32_t v;

	memcpy(&v, regs + offset, sizeof(v));
	return v;
}

static void set_reg(uint32_t offset, uint32_t v)
{
	memcpy(regs + offset, &v, sizeof(v));
}

static uint64_t reg64(uint32_t offset)
{
	return reg(offset) | (uint64_t)reg(offset + 4) << 32;
}

/*
 * Where memory was never cleaned: a valid stream entry that bypasses, a valid block of everything,
 * a level 1 entry with the right span.
 */
#define JUNK 0x0000badf00000009

static uint64_t fetch(uint64_t address)
{
	return fake_dram_read(address, model_smmu.coherent, JUNK);
}

void model_smmu_reset(bool firmware_on)
{
	memset(&model_smmu, 0, sizeof(model_smmu));
	memset(regs, 0, sizeof(regs));
	memset(stes, 0, sizeof(stes));
	memset(tlbs, 0, sizeof(tlbs));
	fake_dram_reset();
	model_smmu.idr0 = 0x0d44101b;
	model_smmu.idr1 = 0x02730010;
	model_smmu.idr5 = 0x74;
	model_smmu.coherent = true;
	if (firmware_on) {
		/* Left over: a cached entry that bypasses, and an enabled SMMU. */
		set_reg(CR0, 0xd);
		set_reg(CR0ACK, 0xd);
		stes[0] = (struct ste_cache){ .used = true, .stream = 8, .word = { 1 | 4 << 1 } };
		set_reg(GERROR, 0x4);
	}
}

/* Queue bases: address in 51:5, log2 of the size in 4:0. */
static uint64_t slot_address(uint32_t base, uint32_t index, uint32_t bytes)
{
	uint64_t b = reg64(base);
	uint64_t mask = (1ULL << (b & 31)) - 1;

	return (b & GENMASK(51, 5)) + (index & mask) * bytes;
}

static void forget_stream(uint32_t stream, bool all)
{
	for (uint32_t i = 0; i < CACHE_MAX; i++) {
		if (all || stes[i].stream == stream) {
			stes[i].used = false;
		}
	}
}

static void forget_vmid(uint32_t vmid, bool all)
{
	for (uint32_t i = 0; i < CACHE_MAX; i++) {
		if (all || tlbs[i].vmid == vmid) {
			tlbs[i].used = false;
		}
	}
}

static bool command(uint64_t w0, uint64_t w1)
{
	model_smmu.commands++;
	switch (w0 & 0xff) {
	case 0x03: /* CFGI_STE */
		assert(w0 >> 32 != 0 || (w0 & ~0xffULL) == 0);
		forget_stream((uint32_t)(w0 >> 32), false);
		return true;
	case 0x04: /* CFGI_STE_RANGE */
		assert((w1 & 31) == 31);
		forget_stream(0, true);
		return true;
	case 0x28: /* TLBI_S12_VMALL */
		forget_vmid((uint32_t)(w0 >> 32) & 0xffff, false);
		return true;
	case 0x30: /* TLBI_NSNH_ALL */
		forget_vmid(0, true);
		return true;
	case 0x46: /* SYNC */
		return true;
	default:
		return false;
	}
}

static void run_commands(void)
{
	uint32_t mask = (2U << (reg64(CMDQ_BASE) & 31)) - 1;

	while (!model_smmu.stalled && (reg(CR0) & 8) != 0 &&
	       ((reg(CMDQ_PROD) ^ reg(CMDQ_CONS)) & mask) != 0 &&
	       ((reg(GERROR) ^ reg(GERRORN)) & 1) == 0) {
		uint32_t cons = reg(CMDQ_CONS) & mask;
		uint64_t at = slot_address(CMDQ_BASE, cons, 16);

		bool refuse = model_smmu.refuses == 1;

		model_smmu.refuses -= model_smmu.refuses != 0;
		if (refuse || !command(fetch(at), fetch(at + 8))) {
			set_reg(CMDQ_CONS, cons | 1 << 24);
			set_reg(GERROR, reg(GERROR) ^ 1);
			return;
		}
		set_reg(CMDQ_CONS, (cons + 1) & mask);
	}
}

volatile void *mmio_map_device(uint64_t base, uint64_t size)
{
	assert(size == REGS_SIZE);
	return regs;
}

uint32_t mmio_read32(const volatile void *p)
{
	uint32_t offset = (uint32_t)((const volatile uint8_t *)p - regs);

	switch (offset) {
	case IDR0:
		return model_smmu.idr0;
	case IDR1:
		return model_smmu.idr1;
	case IDR5:
		return model_smmu.idr5;
	default:
		assert(offset < REGS_SIZE && offset % 4 == 0);
		return reg(offset);
	}
}

static void wrote(uint32_t offset)
{
	uint32_t v = reg(offset);

	switch (offset) {
	case CR0:
	case IRQ_CTRL:
		if (!model_smmu.acks_nothing) {
			set_reg(offset + 4, v);
		}
		break;
	case GBPA:
		if (!model_smmu.acks_nothing) {
			set_reg(GBPA, v & ~(1U << 31));
		}
		break;
	case STRTAB_BASE:
	case STRTAB_BASE_CFG:
		assert((reg(CR0) & 1) == 0);
		break;
	case CMDQ_BASE:
		assert((reg(CR0) & 8) == 0);
		break;
	case EVENTQ_BASE:
		assert((reg(CR0) & 4) == 0);
		break;
	default:
		break;
	}
	run_commands();
	if (model_smmu.after_write != NULL) {
		model_smmu.after_write();
	}
}

void mmio_write32(volatile void *p, uint32_t v)
{
	uint32_t offset = (uint32_t)((volatile uint8_t *)p - regs);

	assert(offset < REGS_SIZE && offset % 4 == 0);
	set_reg(offset, v);
	wrote(offset);
}

void mmio_write64(volatile void *p, uint64_t v)
{
	uint32_t offset = (uint32_t)((volatile uint8_t *)p - regs);

	assert(offset < REGS_SIZE && offset % 8 == 0);
	set_reg(offset, (uint32_t)v);
	set_reg(offset + 4, (uint32_t)(v >> 32));
	wrote(offset);
}

/* Event record (7.3) and, when the queue was empty, the interrupt; on overflow only the flag. */
static void event(uint32_t code, uint32_t stream, uint64_t address, bool write)
{
	uint32_t mask = (2U << (reg64(EVENTQ_BASE) & 31)) - 1;
	uint32_t prod = reg(EVENTQ_PROD);
	uint32_t cons = reg(EVENTQ_CONS);
	bool was_empty = ((prod ^ cons) & mask) == 0;
	uint64_t record[4] = { code | (uint64_t)stream << 32, write ? 0 : 1ULL << 35, address, 0 };

	if ((reg(CR0) & 4) == 0) {
		return;
	}
	if (((prod ^ cons) & mask) == (mask + 1) / 2) {
		model_smmu.events_lost++;
		if (((prod ^ cons) & 1U << 31) == 0) {
			set_reg(EVENTQ_PROD, prod ^ 1U << 31);
		}
		return;
	}
	memcpy((void *)(uintptr_t)slot_address(EVENTQ_BASE, prod, 32), record, sizeof(record));
	set_reg(EVENTQ_PROD, ((prod + 1) & mask) | (prod & 1U << 31));
	if (was_empty && (reg(IRQ_CTRL) & 4) != 0) {
		fake_irq_raise(FAKE_IRQ_EVENTQ);
	}
}

/* The stream's entry from the cache, or fetched and then kept. Returns an event code, 0: fine. */
static uint32_t find_ste(uint32_t stream, const uint64_t **ste)
{
	uint32_t cfg = reg(STRTAB_BASE_CFG);
	uint64_t at = reg64(STRTAB_BASE) & GENMASK(51, 6);
	uint32_t i;

	for (i = 0; i < CACHE_MAX; i++) {
		if (stes[i].used && stes[i].stream == stream) {
			*ste = stes[i].word;
			return (stes[i].word[0] & 1) != 0 ? 0 : 0x04;
		}
	}
	if (stream >= 1U << (cfg & 63)) {
		return 0x02;
	}
	if ((cfg >> 16 & 3) == 1) {
		uint32_t split = cfg >> 6 & 31;
		uint64_t l1 = fetch(at + (uint64_t)(stream >> split) * 8);

		if ((l1 & 31) == 0) {
			return 0x02;
		}
		assert((l1 & 31) == split + 1);
		at = (l1 & GENMASK(51, 6)) + (uint64_t)(stream & ((1U << split) - 1)) * 64;
	} else {
		at += (uint64_t)stream * 64;
	}
	for (i = 0; i < CACHE_MAX && stes[i].used; i++) {
	}
	assert(i < CACHE_MAX);
	stes[i].used = true;
	stes[i].stream = stream;
	for (uint32_t w = 0; w < 8; w++) {
		stes[i].word[w] = fetch(at + w * 8);
	}
	*ste = stes[i].word;
	return (stes[i].word[0] & 1) != 0 ? 0 : 0x04;
}

/* Stage 2 walk, 40-bit input, start at level 1 with 1024 entries (S2T0SZ = 24, S2SL0 = 1). */
static uint64_t walk(uint64_t root, uint64_t address, uint64_t *size)
{
	uint64_t pte = fetch(root + (address >> 30) * 8);

	*size = SZ_1G;
	for (uint32_t shift = 21; (pte & 3) == 3 && *size != SZ_4K; shift -= 9) {
		pte = fetch((pte & GENMASK(47, 12)) + ((address >> shift) & 511) * 8);
		*size = 1ULL << shift;
	}
	return pte;
}

static bool translate(const uint64_t *ste, uint64_t address, uint64_t *out)
{
	uint32_t vmid = (uint32_t)ste[2] & 0xffff;
	uint64_t page = address & ~0xfffULL;
	uint64_t size;
	uint64_t pte;
	uint32_t i;

	assert((ste[2] >> 32 & 0x3f) == 24 && (ste[2] >> 38 & 3) == 1);
	if (address >> 40 != 0) {
		return false;
	}
	for (i = 0; i < CACHE_MAX; i++) {
		if (tlbs[i].used && tlbs[i].vmid == vmid && tlbs[i].page == page) {
			*out = tlbs[i].pte + (address & 0xfff);
			return true;
		}
	}
	pte = walk(ste[3] & GENMASK(51, 4), address, &size);
	if ((pte & 1) == 0) {
		return false;
	}
	for (i = 0; i < CACHE_MAX && tlbs[i].used; i++) {
	}
	assert(i < CACHE_MAX);
	tlbs[i] = (struct tlb){ .used = true, .vmid = vmid, .page = page };
	tlbs[i].pte = (pte & GENMASK(47, 12) & ~(size - 1)) + (page & (size - 1));
	*out = tlbs[i].pte + (address & 0xfff);
	return true;
}

enum model_dma model_smmu_dma(uint32_t stream, uint64_t address, bool write, uint64_t *out)
{
	const uint64_t *ste = NULL;
	uint32_t code;

	*out = address;
	if ((reg(CR0) & 1) == 0) {
		return (reg(GBPA) & 1U << 20) != 0 ? DMA_ABORTED : DMA_BYPASSED;
	}
	code = find_ste(stream, &ste);
	if (code != 0) {
		event(code, stream, 0, write);
		return DMA_ABORTED;
	}
	switch (ste[0] >> 1 & 7) {
	case 0:
		return DMA_ABORTED;
	case 4:
		return DMA_BYPASSED;
	case 6:
		if (translate(ste, address, out)) {
			return DMA_TRANSLATED;
		}
		event(0x10, stream, address, write);
		return DMA_ABORTED;
	default:
		event(0x04, stream, 0, write);
		return DMA_ABORTED;
	}
}
