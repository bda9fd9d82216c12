/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage 2 against a plain list of mappings, with a TLB that remembers everything it was not told to
 * forget. The SMMU's view must be the RAM of that list and the doorbell.
 */
#ifndef FAKE_P2M_RIG_H
#define FAKE_P2M_RIG_H

#include "arch/arm64/p2m.h"

#define QUOTA 401 /* pages of tables */

struct mapping {
	uint64_t ipa;
	uint64_t pa;
	uint64_t size;
	enum p2m_type type;
};

extern struct p2m p2m;
/* What ought to be mapped. */
extern struct mapping maps[200];
extern uint32_t map_count;
/* What the TLB was told since the last forget_flushes(). */
extern uint32_t flush_calls;
extern bool flushed_all;
extern uint32_t pa_range; /* ID_AA64MMFR0_EL1.PARange */
extern bool tlb_ranges;   /* FEAT_TLBIRANGE */

/* cmocka's. */
int p2m_rig_setup(void **state);
int p2m_rig_teardown(void **state);

void p2m_rig_destroy(void);
/* Every unmapping gives some unused tables back. */
void give_all_back(void);
/* And no table may be freed before the next one. */
void forget_flushes(void);
/* An entry of this size at ipa is in no TLB any more: some address inside it was named. */
bool was_flushed(uint64_t ipa, uint64_t size);
/*
 * Tables for [ipa, +size), mapped throughout, and some of what they map there: the first, the last,
 * one of 61. That was flushed, as were those tables that are gone since.
 */
void remember_entries(uint64_t ipa, uint64_t size);
void check_entries_flushed(void);
/* Something in the list does. */
bool overlaps(uint64_t ipa, uint64_t size);
/* The page of that address is mapped as the list has it. */
void check_address(uint64_t address);
/* All of the SMMU's view: exactly the RAM, and the doorbell if there is one. */
void check_smmu(uint64_t doorbell);

#endif
