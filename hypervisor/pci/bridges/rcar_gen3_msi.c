/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSI block of the R-Car Gen3 controller: it takes writes to one bus address, before any window
 * or IOMMU sees them, and sets the flag their data names. One interrupt says that a flag is set
 * whose vector is enabled; flags of the others stay and wait. INTx comes by the same interrupt:
 * when no flag is set, it is that.
 */
#include "core/log.h"
#include "irq/irq.h"
#include "pci/bridges/rcar_gen3.h"

#define VECTORS 32U

/*
 * What comes while the first ones are delivered is looked for so often; after that the interrupt,
 * which is a level, comes again.
 */
#define ROUNDS 4

static struct rcar_gen3 *bridge_of(const struct msi_controller *c)
{
	return (struct rcar_gen3 *)c->driver;
}

static void rcar_msi_message(const struct msi_controller *c, uint32_t vector, struct msi_message *m)
{
	m->address = bridge_of(c)->capture;
	m->data = vector;
}

static void set_enabled(struct msi_controller *c, uint32_t clear, uint32_t set)
{
	struct rcar_gen3 *r = bridge_of(c);

	spin_lock(&r->msi_lock);
	r->msi_enabled = (r->msi_enabled & ~clear) | set;
	rcar_write(r, RCAR_MSIIER, r->msi_enabled);
	spin_unlock(&r->msi_lock);
}

static void rcar_msi_mask(struct msi_controller *c, uint32_t vector)
{
	set_enabled(c, 1U << vector, 0);
}

static void rcar_msi_unmask(struct msi_controller *c, uint32_t vector)
{
	set_enabled(c, 0, 1U << vector);
}

static void rcar_msi_clear(struct msi_controller *c, uint32_t vector)
{
	rcar_write(bridge_of(c), RCAR_MSIFR, 1U << vector);
}

/* One CPU's alone; what is raised again from here on is another interrupt. */
static uint32_t take_flags(struct rcar_gen3 *r)
{
	uint32_t flags;

	spin_lock(&r->msi_lock);
	flags = rcar_read(r, RCAR_MSIFR) & r->msi_enabled;
	if (flags != 0) {
		rcar_write(r, RCAR_MSIFR, flags);
	}
	spin_unlock(&r->msi_lock);
	return flags;
}

static bool rcar_msi_irq(uint32_t intid, void *arg)
{
	struct rcar_gen3 *r = arg;
	bool mine = false;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t flags = take_flags(r);

		if (flags == 0) {
			break;
		}
		mine = true;
		for (; flags != 0; flags &= flags - 1) {
			msi_fired(&r->msi, (uint32_t)__builtin_ctz(flags));
		}
	}
	return mine;
}

static const struct msi_ops rcar_msi_ops = {
	.message = rcar_msi_message,
	.mask = rcar_msi_mask,
	.unmask = rcar_msi_unmask,
	.clear = rcar_msi_clear,
};

static void leave_lines(const struct machine_bridge *desc, uint32_t count)
{
	while (count > 0) {
		irq_unshare(desc->intids[--count]);
	}
}

/* Either line may tell, and which one is not known: both are shared, or none. */
static bool share_lines(struct rcar_gen3 *r, const struct machine_bridge *desc)
{
	uint32_t taken = 0;

	while (taken < RCAR_MSI_LINES && desc->intids[taken] != 0 &&
	       irq_share(desc->intids[taken], rcar_msi_irq, r) == 0) {
		taken++;
	}
	if (taken < RCAR_MSI_LINES) {
		leave_lines(desc, taken);
	}
	return taken == RCAR_MSI_LINES;
}

struct msi_controller *rcar_gen3_msi_start(struct rcar_gen3 *r, const struct machine_bridge *desc)
{
	/* Never RAM, so that no device means it. */
	r->capture = desc->cfg.base;
	rcar_write(r, RCAR_MSIIER, 0);
	rcar_write(r, RCAR_MSIALR, 0);
	rcar_write(r, RCAR_MSIFR, ~0U);
	if (!share_lines(r, desc)) {
		log_warn("pci", "%s: interrupts: two that can be had are needed; no MSI",
			 desc->path);
		return NULL;
	}
	r->msi.ops = &rcar_msi_ops;
	r->msi.name = desc->path;
	r->msi.phandle = desc->phandle;
	r->msi.vector_count = VECTORS;
	r->msi.driver = r;
	if (msi_register(&r->msi) != 0) {
		log_warn("pci", "%s: one MSI controller too many; no MSI", desc->path);
		leave_lines(desc, RCAR_MSI_LINES);
		return NULL;
	}
	rcar_write(r, RCAR_MSIAUR, r->capture >> 32);
	rcar_write(r, RCAR_MSIALR, r->capture | RCAR_MSIALR_ENABLE);
	return &r->msi;
}
