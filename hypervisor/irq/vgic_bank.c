/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers with a field for each INTID (IHI0069 12.9, 12.11): the same layout in the distributor
 * (SPIs) and in a redistributor's SGI frame (private interrupts), and in GICv2's distributor (both;
 * IHI0048B 4.3). All interrupts are group 1.
 */
#include "core/mmio.h"
#include "irq/vgic_state.h"

struct bank {
	uint16_t first;
	uint16_t size;
	uint8_t bits;  /* a field's width */
	bool set_ones; /* writing acts on the ones only */
	bool live;     /* list registers hold part of the state: fold before and after */
	uint32_t (*get)(const struct vgic_irq *irq);
	void (*set)(struct vgic *g, struct vgic_irq *irq, uint32_t field, uint32_t *kick);
};

static uint32_t get_one(const struct vgic_irq *irq)
{
	return 1;
}

static uint32_t get_enabled(const struct vgic_irq *irq)
{
	return irq->enabled;
}

static uint32_t get_pending(const struct vgic_irq *irq)
{
	return vgic_irq_asserted(irq) || (irq->lr != VGIC_NONE && irq->lr_pending);
}

static uint32_t get_active(const struct vgic_irq *irq)
{
	return irq->active || (irq->lr != VGIC_NONE && irq->lr_active);
}

/* A field is the mask of the vCPUs whose signal waits. */
static uint32_t get_sources(const struct vgic_irq *irq)
{
	bool waits = irq->lr != VGIC_NONE && irq->lr_pending;

	return irq->sources | (waits ? 1U << irq->source : 0);
}

static uint32_t get_priority(const struct vgic_irq *irq)
{
	return irq->priority;
}

static uint32_t get_config(const struct vgic_irq *irq)
{
	return irq->level ? 0 : 2;
}

static void set_nothing(struct vgic *g, struct vgic_irq *irq, uint32_t field, uint32_t *kick)
{
}

static void set_enabled(struct vgic *g, struct vgic_irq *irq, uint32_t field, uint32_t *kick)
{
	if (!irq->enabled) {
		irq->enabled = true;
		vgic_irq_changed(g, irq, kick);
	}
}

static void clear_enabled(struct vgic *g, struct vgic_irq *irq, uint32_t field, uint32_t *kick)
{
	if (irq->enabled) {
		irq->enabled = false;
		vgic_irq_changed(g, irq, kick);
	}
}

/* GICv2 has registers of their own for SGIs. */
static bool is_signalled(const struct vgic *g, const struct vgic_irq *irq)
{
	return g->version == 2 && irq->intid < VGIC_SGIS;
}

static void set_pending(struct vgic *g, struct vgic_irq *irq, uint32_t field, uint32_t *kick)
{
	if (!is_signalled(g, irq)) {
		vgic_irq_pulse(g, irq, kick);
	}
}

static void clear_pending(struct vgic *g, struct vgic_irq *irq, uint32_t field, uint32_t *kick)
{
	if (!is_signalled(g, irq)) {
		vgic_irq_clear_pending(g, irq, kick);
	}
}

static void set_sources(struct vgic *g, struct vgic_irq *irq, uint32_t field, uint32_t *kick)
{
	for (field &= (uint32_t)BIT(g->cpu_count) - 1; field != 0; field &= field - 1) {
		vgic_irq_signal(g, irq, (uint32_t)__builtin_ctz(field), kick);
	}
}

static void clear_sources(struct vgic *g, struct vgic_irq *irq, uint32_t field, uint32_t *kick)
{
	vgic_irq_unsignal(g, irq, field, kick);
}

static void set_active(struct vgic *g, struct vgic_irq *irq, uint32_t field, uint32_t *kick)
{
	vgic_irq_set_active(g, irq, true, kick);
}

static void clear_active(struct vgic *g, struct vgic_irq *irq, uint32_t field, uint32_t *kick)
{
	vgic_irq_set_active(g, irq, false, kick);
}

static void set_priority(struct vgic *g, struct vgic_irq *irq, uint32_t field, uint32_t *kick)
{
	uint8_t priority = (uint8_t)(field & VGIC_PRIORITY_MASK);

	if (irq->priority != priority) {
		irq->priority = priority;
		vgic_irq_changed(g, irq, kick);
	}
}

static void set_config(struct vgic *g, struct vgic_irq *irq, uint32_t field, uint32_t *kick)
{
	bool level = (field & 2) == 0;

	/* SGIs are always edges; what a PPI is, is wired. */
	if (irq->intid >= VGIC_PRIVATE && irq->level != level) {
		irq->level = level;
		vgic_irq_changed(g, irq, kick);
	}
}

/* IGRPMODR, NSACR and ITARGETSR are RAZ/WI here, as is every offset not listed. */
static const struct bank banks[] = {
	{ 0x080, 0x080, 1, false, false, get_one, set_nothing },         /* IGROUPR */
	{ 0x100, 0x080, 1, true, false, get_enabled, set_enabled },      /* ISENABLER */
	{ 0x180, 0x080, 1, true, true, get_enabled, clear_enabled },     /* ICENABLER */
	{ 0x200, 0x080, 1, true, true, get_pending, set_pending },       /* ISPENDR */
	{ 0x280, 0x080, 1, true, true, get_pending, clear_pending },     /* ICPENDR */
	{ 0x300, 0x080, 1, true, true, get_active, set_active },         /* ISACTIVER */
	{ 0x380, 0x080, 1, true, true, get_active, clear_active },       /* ICACTIVER */
	{ 0x400, 0x400, 8, false, false, get_priority, set_priority },   /* IPRIORITYR */
	{ 0xc00, 0x100, 2, false, false, get_config, set_config },       /* ICFGR */
};

/* GICv2's registers for SGIs. */
static const struct bank sgi_banks[] = {
	{ 0xf10, 0x010, 8, true, true, get_sources, clear_sources }, /* CPENDSGIR */
	{ 0xf20, 0x010, 8, true, true, get_sources, set_sources },   /* SPENDSGIR */
};

static const struct bank *bank_find(const struct bank *table, uint32_t count, uint64_t offset)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (offset >= table[i].first && offset - table[i].first < table[i].size) {
			return &table[i];
		}
	}
	return NULL;
}

/*
 * INTIDs of one access. owner NULL: GICv3's distributor, where private ones are RAZ/WI (ARE is 1),
 * as SPIs are in its SGI frames.
 */
static void bank_apply(struct vgic *g, struct vgic_cpu *owner, const struct bank *b,
		       struct mmio_access *a, uint32_t *kick, uint32_t *holders)
{
	uint32_t first = (uint32_t)(a->offset - b->first) * 8 / b->bits;
	uint32_t count = a->size * 8U / b->bits;
	uint32_t mask = (uint32_t)(BIT(b->bits) - 1);
	uint64_t value = 0;
	uint32_t i;

	for (i = 0; i < count; i++) {
		struct vgic_irq *irq = NULL;
		uint32_t field = (uint32_t)(a->value >> (i * b->bits)) & mask;

		if (owner == NULL || first + i < VGIC_PRIVATE || g->version == 2) {
			irq = vgic_irq_find(g, owner, first + i);
		}
		if (irq == NULL) {
			continue;
		}
		if (!a->write) {
			value |= (uint64_t)b->get(irq) << (i * b->bits);
		} else if (!b->set_ones || field != 0) {
			b->set(g, irq, field, kick);
		} else {
			continue;
		}
		if (irq->lr != VGIC_NONE) {
			*holders |= 1U << irq->lr_cpu;
		}
	}
	if (!a->write) {
		a->value = value;
	}
}

static enum mmio_result bank_access(struct vgic *g, struct vgic_cpu *self, struct vgic_cpu *owner,
				    const struct bank *b, struct mmio_access *a, uint32_t *kick)
{
	uint64_t written = a->value;
	uint32_t holders = 0;

	if (b == NULL || !(a->size == 4 || (a->size == 1 && b->bits == 8))) {
		a->value = 0;
		return MMIO_DONE;
	}
	if (b->live && (a->write || b->get != get_enabled)) {
		vgic_cpu_fold_here(g, self);
	}
	bank_apply(g, owner, b, a, kick, &holders);
	if (b->live && (a->write || b->get != get_enabled) &&
	    vgic_cpu_wait_fold(g, self, holders, kick)) {
		a->value = written;
		return MMIO_RETRY;
	}
	return MMIO_DONE;
}

enum mmio_result vgic_bank_access(struct vgic *g, struct vgic_cpu *self, struct vgic_cpu *owner,
				  struct mmio_access *a, uint32_t *kick)
{
	const struct bank *b = bank_find(banks, ARRAY_SIZE(banks), a->offset);

	return bank_access(g, self, owner, b, a, kick);
}

enum mmio_result vgic_bank_sgi_access(struct vgic *g, struct vgic_cpu *self, struct mmio_access *a,
				      uint32_t *kick)
{
	const struct bank *b = bank_find(sgi_banks, ARRAY_SIZE(sgi_banks), a->offset);

	return bank_access(g, self, self, b, a, kick);
}
