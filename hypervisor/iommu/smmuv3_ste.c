/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The planner of stream-table updates. Only 64-bit words are written atomically, so an entry that
 * has to change in more than word 0 is made invalid first, and valid again by one last store.
 */
#include "iommu/smmuv3_ste.h"

#include "arch/arm64/p2m.h"

/* Word 0 */
#define STE_V              BIT(0)
#define STE_CONFIG_ABORT   (0ULL << 1)
#define STE_CONFIG_STAGE2  (6ULL << 1)
/* Word 1 */
#define STE_SHCFG_INCOMING (1ULL << 44)
/* Word 2 */
#define STE_S2VMID(v)      ((uint64_t)(v))
#define STE_S2T0SZ(v)      ((uint64_t)(v) << 32)
#define STE_S2SL0_LEVEL1   (1ULL << 38)
/* S2IR0, S2OR0, S2SH0: write-back inner shareable, or non-cacheable outer shareable. */
#define STE_WALK_COHERENT     (1ULL << 40 | 1ULL << 42 | 3ULL << 44)
#define STE_WALK_NONCACHEABLE (2ULL << 44)
#define STE_S2TG_4K        (0ULL << 46)
#define STE_S2PS(v)        ((uint64_t)(v) << 48)
#define STE_S2AA64         BIT(51)
#define STE_S2AFFD         BIT(53)
#define STE_S2R            BIT(58)

#define OAS_48 5

struct smmuv3_ste smmuv3_ste_invalid(void)
{
	return (struct smmuv3_ste){ { 0 } };
}

struct smmuv3_ste smmuv3_ste_abort(void)
{
	return (struct smmuv3_ste){ { STE_V | STE_CONFIG_ABORT } };
}

/* Access flag faults are off (AFFD), all other faults are recorded (S2R), none stalls. */
struct smmuv3_ste smmuv3_ste_stage2(uint16_t vmid, paddr_t root, uint32_t oas, bool coherent)
{
	uint64_t walk = coherent ? STE_WALK_COHERENT : STE_WALK_NONCACHEABLE;

	return (struct smmuv3_ste){ {
		STE_V | STE_CONFIG_STAGE2,
		STE_SHCFG_INCOMING,
		STE_S2VMID(vmid) | STE_S2T0SZ(64 - P2M_IPA_BITS) | STE_S2SL0_LEVEL1 | walk |
			STE_S2TG_4K | STE_S2PS(MIN(oas, OAS_48)) | STE_S2AA64 | STE_S2AFFD |
			STE_S2R,
		root.v,
	} };
}

static bool is_valid(const struct smmuv3_ste *ste)
{
	return (ste->word[0] & STE_V) != 0;
}

static void add(struct smmuv3_ste_plan *plan, enum smmuv3_ste_op op, uint32_t word, uint64_t value)
{
	plan->steps[plan->count++] =
		(struct smmuv3_ste_step){ .op = op, .word = word, .value = value };
}

/* The words behind word 0 that differ; the entry is invalid while they change. */
static bool add_body(struct smmuv3_ste_plan *plan, const struct smmuv3_ste *current,
		     const struct smmuv3_ste *wanted)
{
	bool changed = false;

	for (uint32_t i = 1; i < SMMUV3_STE_WORDS; i++) {
		if (current->word[i] != wanted->word[i]) {
			add(plan, STE_WRITE, i, wanted->word[i]);
			changed = true;
		}
	}
	return changed;
}

void smmuv3_ste_plan(const struct smmuv3_ste *current, const struct smmuv3_ste *wanted,
		     struct smmuv3_ste_plan *plan)
{
	bool same = true;

	plan->count = 0;
	for (uint32_t i = 0; i < SMMUV3_STE_WORDS; i++) {
		same = same && current->word[i] == wanted->word[i];
	}
	if (same) {
		return;
	}
	if (is_valid(current)) {
		add(plan, STE_WRITE, 0, 0);
		add(plan, STE_SYNC, 0, 0);
	}
	/* A copy cached while invalid must not be completed with the last word only. */
	if (add_body(plan, current, wanted)) {
		add(plan, STE_SYNC, 0, 0);
	}
	if (wanted->word[0] != 0) {
		add(plan, STE_WRITE, 0, wanted->word[0]);
		add(plan, STE_SYNC, 0, 0);
	}
}
