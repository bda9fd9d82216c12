/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plans for an IPMMU. A micro-TLB that is off lets everything through, so none ever is: it leaves a
 * context for the parked one and comes back when the context says something else.
 */
#include "iommu/ipmmu_plan.h"

/* Tables in stage 2 format from cut 3.0 on (cut 0x20), on the third product always. */
static const struct {
	uint32_t product;
	uint32_t first_cut;
} stage2_products[] = {
	{ 0x4f, 0x20 }, /* H3 */
	{ 0x52, 0x20 }, /* M3-W, M3-W+ */
	{ 0x55, 0x00 }, /* M3-N */
};

const char *ipmmu_product(uint32_t prr)
{
	for (size_t i = 0; i < ARRAY_SIZE(stage2_products); i++) {
		if (BITS(prr, 14, 8) == stage2_products[i].product) {
			return BITS(prr, 7, 0) >= stage2_products[i].first_cut ?
				       NULL :
				       "this cut of the SoC cannot translate by stage 2 tables";
		}
	}
	return "not a SoC whose IPMMU is known to translate by stage 2 tables";
}

static void add(struct ipmmu_plan *plan, enum ipmmu_op op, uint32_t offset, uint64_t clear,
		uint64_t value)
{
	plan->steps[plan->count++] =
		(struct ipmmu_step){ op, offset, (uint32_t)clear, (uint32_t)value };
}

static void write(struct ipmmu_plan *plan, enum ipmmu_op op, uint32_t offset, uint64_t value)
{
	add(plan, op, offset, ~0U, value);
}

static void flush(struct ipmmu_plan *plan, uint32_t context)
{
	add(plan, IPMMU_UNIT, IMCTR(context), 0, IMCTR_FLUSH);
	add(plan, IPMMU_ROOT, IMCTR(context), 0, IMCTR_FLUSH);
	add(plan, IPMMU_FLUSHED, IMCTR(context), 0, 0);
}

/* The root's side of a context that no micro-TLB is in. */
static void program(struct ipmmu_plan *plan, uint32_t context, paddr_t table, bool faults)
{
	write(plan, IPMMU_ROOT, IMTTLBR(context), table.v & GENMASK(31, 12));
	write(plan, IPMMU_ROOT, IMTTUBR(context), BITS(table.v, 39, 32));
	write(plan, IPMMU_ROOT, IMTTBCR(context),
	      IMTTBCR_EAE | IMTTBCR_PMB | IMTTBCR_SL0_L1 | IMTTBCR_TSZ0(P2M_IPA_BITS));
	write(plan, IPMMU_ROOT, IMSTR(context), 0);
	write(plan, IPMMU_ROOT, IMCTR(context),
	      IMCTR_VA64 | (faults ? IMCTR_INTEN : 0) | IMCTR_FLUSH | IMCTR_ENABLE);
	add(plan, IPMMU_FLUSHED, IMCTR(context), 0, 0);
}

static void copy_to_unit(struct ipmmu_plan *plan, uint32_t context, bool faults)
{
	write(plan, IPMMU_UNIT, IMCTR(context),
	      (faults ? IMCTR_INTEN : 0) | IMCTR_FLUSH | IMCTR_ENABLE);
}

static void point(struct ipmmu_plan *plan, uint32_t utlb, uint32_t context)
{
	write(plan, IPMMU_UNIT, IMUASID(utlb), 0);
	write(plan, IPMMU_UNIT, IMUCTR(utlb),
	      IMUCTR_CONTEXT(context) | IMUCTR_FLUSH | IMUCTR_ENABLE);
}

void ipmmu_plan_root(paddr_t empty, struct ipmmu_plan *plan)
{
	plan->count = 0;
	for (uint32_t c = 0; c < IPMMU_CONTEXTS; c++) {
		write(plan, IPMMU_ROOT, IMCTR(c), 0);
	}
	add(plan, IPMMU_ROOT, IMSAUXCTLR, 0, IMSAUXCTLR_S2PTE);
	add(plan, IPMMU_ROOT, IMSCTLR, IMSCTLR_SECURITY_GROUPS, 0);
	program(plan, IPMMU_PARKED, empty, false);
}

void ipmmu_plan_unit(struct ipmmu_plan *plan)
{
	plan->count = 0;
	add(plan, IPMMU_UNIT, IMSCTLR, IMSCTLR_SECURITY_GROUPS, 0);
	copy_to_unit(plan, IPMMU_PARKED, false);
}

void ipmmu_plan_park(uint32_t utlb, struct ipmmu_plan *plan)
{
	plan->count = 0;
	point(plan, utlb, IPMMU_PARKED);
}

void ipmmu_plan_stream(uint32_t context, uint32_t utlb, paddr_t table, bool live, bool faults,
		       struct ipmmu_plan *plan)
{
	plan->count = 0;
	if (live) {
		point(plan, utlb, IPMMU_PARKED);
		flush(plan, context);
	}
	program(plan, context, table, faults);
	copy_to_unit(plan, context, faults);
	point(plan, utlb, context);
}

void ipmmu_plan_flush(uint32_t context, struct ipmmu_plan *plan)
{
	plan->count = 0;
	flush(plan, context);
}

struct iommu_fault ipmmu_fault_decode(uint32_t status, uint32_t low, uint32_t high)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} kinds[] = {
		{ IMSTR_MULTIPLE, "several translations for one address" },
		{ IMSTR_WALK_ABORT, "bus error in a table walk" },
		{ IMSTR_PERMISSION, "access not permitted" },
		{ IMSTR_TRANSLATION, "address not mapped" },
	};
	struct iommu_fault fault = {
		.code = status,
		.address = (uint64_t)high << 32 | low,
		.name = "unknown fault",
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if ((status & kinds[i].bit) != 0) {
			fault.name = kinds[i].name;
			break;
		}
	}
	return fault;
}
