/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stream table (IHI0070 3.3.1): two levels with leaves of 256 entries made on demand, or one
 * level. A StreamID with no leaf or no valid entry aborts and is recorded.
 */
#include "arch/arm64/cpu.h"
#include "core/heap.h"
#include "iommu/smmuv3.h"
#include "iommu/smmuv3_regs.h"
#include "lib/errno.h"

#define LEAF_BITS  8
#define LEAF_ORDER 2 /* 16 KiB */
#define LEAF_SPAN  (LEAF_BITS + 1)
#define LEAF_BYTES ((size_t)SMMUV3_STE_BYTES << LEAF_BITS)

/* Level 1 of 32 KiB; a flat table of 256 KiB. */
#define STREAM_BITS_2LVL 20
#define STREAM_BITS_FLAT 12

#define L1_POINTER GENMASK(51, 6)

int smmuv3_table_init(struct smmuv3 *smmu)
{
	uint32_t config;
	size_t size;

	smmu->two_level = smmu->features.two_level && smmu->features.stream_bits > LEAF_BITS;
	if (smmu->two_level) {
		smmu->stream_bits = MIN(smmu->features.stream_bits, STREAM_BITS_2LVL);
		size = sizeof(uint64_t) << (smmu->stream_bits - LEAF_BITS);
		config = STRTAB_CFG_2LVL | STRTAB_CFG_SPLIT(LEAF_BITS);
	} else {
		smmu->stream_bits = MIN(smmu->features.stream_bits, STREAM_BITS_FLAT);
		size = (size_t)SMMUV3_STE_BYTES << smmu->stream_bits;
		config = 0;
	}
	/* heap_alloc() aligns to the size, as the table must be. */
	smmu->table = heap_alloc(size);
	if (smmu->table == NULL) {
		return -ENOMEM;
	}
	smmuv3_make_visible(smmu, smmu->table, size);
	smmuv3_write64(smmu, SMMU_STRTAB_BASE, heap_pa(smmu->table).v | STRTAB_BASE_RA);
	smmuv3_write(smmu, SMMU_STRTAB_BASE_CFG, config | smmu->stream_bits);
	return 0;
}

static void write_word(struct smmuv3 *smmu, uint64_t *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
	smmuv3_make_visible(smmu, p, sizeof(*p));
}

/* The entry of a stream, its leaf made when make. NULL: no leaf. */
static uint64_t *find_entry(struct smmuv3 *smmu, stream_id_t stream, bool make)
{
	uint64_t *leaf = smmu->table;
	uint64_t *slot;

	if (!smmu->two_level) {
		return &leaf[stream.v * SMMUV3_STE_WORDS];
	}
	slot = &smmu->table[stream.v >> LEAF_BITS];
	if (*slot != 0) {
		leaf = heap_va(pa(*slot & L1_POINTER));
	} else {
		leaf = make ? heap_pages(LEAF_ORDER) : NULL;
		if (leaf == NULL) {
			return NULL;
		}
		smmuv3_make_visible(smmu, leaf, LEAF_BYTES);
		dsb(st);
		/* The stream's first CMD_CFGI_STE drops a cached "no leaf". */
		write_word(smmu, slot, heap_pa(leaf).v | LEAF_SPAN);
	}
	return &leaf[(stream.v & ((1U << LEAF_BITS) - 1)) * SMMUV3_STE_WORDS];
}

static int execute(struct smmuv3 *smmu, stream_id_t stream, uint64_t *entry,
		   const struct smmuv3_ste_plan *plan)
{
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct smmuv3_ste_step *step = &plan->steps[i];
		int ret = 0;

		switch (step->op) {
		case STE_WRITE:
			write_word(smmu, &entry[step->word], step->value);
			break;
		case STE_SYNC:
			ret = smmuv3_run(smmu, smmuv3_cmd_cfgi_ste(stream));
			break;
		default:
			ret = -EINVAL;
			break;
		}
		if (ret != 0) {
			return ret;
		}
	}
	return 0;
}

int smmuv3_table_set(struct smmuv3 *smmu, stream_id_t stream, const struct smmuv3_ste *wanted)
{
	struct smmuv3_ste_plan plan;
	struct smmuv3_ste current;
	uint64_t *entry;
	int ret;

	if ((uint64_t)stream.v >= 1ULL << smmu->stream_bits) {
		return -ERANGE;
	}
	entry = find_entry(smmu, stream, wanted->word[0] != 0);
	if (entry == NULL) {
		return wanted->word[0] != 0 ? -ENOMEM : 0;
	}
	for (uint32_t i = 0; i < SMMUV3_STE_WORDS; i++) {
		current.word[i] = entry[i];
	}
	smmuv3_ste_plan(&current, wanted, &plan);
	ret = execute(smmu, stream, entry, &plan);
	if (ret != 0) {
		/* Whatever the SMMU still has cached, memory says abort. */
		write_word(smmu, &entry[0], 0);
	}
	return ret;
}
