/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Config access of the R-Car Gen3 controller. The root port's registers are memory; everything
 * below it is reached by one engine: address, kind of cycle, data. b->cfg_lock serialises it.
 */
#include "arch/arm64/cpu.h"
#include "arch/arm64/guarded.h"
#include "core/heap.h"
#include "core/log.h"
#include "lib/errno.h"
#include "pci/bridges/bridges.h"
#include "pci/bridges/rcar_gen3.h"
#include "pci/pci_config.h"
#include "pci/pci_contain.h"

/* In the port's dword of COMMAND and STATUS: what an absent function leaves there. */
#define PORT_ABORTS      0x30000000U /* Received Master Abort, Received Target Abort */
#define PORT_STATUS_W1C  0xf9000000U /* all of STATUS that a 1 clears (PCIe 6.0 7.5.1.1.4) */

bool rcar_wait(const struct rcar_gen3 *r, uint32_t offset, uint64_t bit, uint32_t us, uint32_t step)
{
	uint64_t step_ticks = step * ticks_per_second() / 1000000 + 1;

	for (uint32_t waited = 0;; waited += step) {
		uint64_t until;

		if ((rcar_read(r, offset) & bit) != 0) {
			return true;
		}
		if (waited >= us) {
			return false;
		}
		until = ticks_now() + step_ticks;
		while (ticks_now() < until) {
		}
	}
}

static int rcar_gen3_init(struct host_bridge *b, const struct machine_bridge *desc)
{
	struct rcar_gen3 *r;
	int err;

	if (desc->cfg.size < RCAR_REGS_SIZE) {
		log_error("pci", "%s: reg has 0x%llx bytes, the controller 0x%x", desc->path,
			  (unsigned long long)desc->cfg.size, RCAR_REGS_SIZE);
		return -EINVAL;
	}
	r = heap_alloc(sizeof(*r));
	if (r == NULL) {
		return -ENOMEM;
	}
	r->regs = mmio_map_device(desc->cfg.base, RCAR_REGS_SIZE);
	err = rcar_gen3_start(r, desc);
	if (err != 0) {
		heap_free(r);
		return err;
	}
	b->priv = r;
	b->msi = rcar_gen3_msi_start(r, desc);
	return 0;
}

/* Absent functions leave errors behind that would make the next cycle look absent too. */
static bool cycle_failed(const struct rcar_gen3 *r)
{
	return (rcar_read(r, RCAR_ERRFR) & RCAR_ERRFR_UNSUPPORTED) != 0 ||
	       (rcar_read(r, RCAR_PORT + PCI_COMMAND) & PORT_ABORTS) != 0;
}

static void clear_errors(const struct rcar_gen3 *r)
{
	uint32_t status = rcar_read(r, RCAR_PORT + PCI_COMMAND);

	rcar_write(r, RCAR_ERRFR, rcar_read(r, RCAR_ERRFR));
	if ((status & PORT_ABORTS) != 0) {
		rcar_write(r, RCAR_PORT + PCI_COMMAND,
			   (status & ~PORT_STATUS_W1C) | (status & PORT_ABORTS));
	}
}

/* The partner asked for L1 and has not arrived there: cycles end in an external abort. */
static bool between_states(const struct rcar_gen3 *r)
{
	uint32_t state = rcar_read(r, RCAR_PMSR);

	return (state & RCAR_PMSR_L1_RECEIVED) != 0 &&
	       (state & RCAR_PMSR_STATE) != RCAR_PMSR_STATE_L1;
}

/* See the way to L1 through. When it takes too long, the link may be back in L0 by itself. */
static void settle_link(const struct rcar_gen3 *r)
{
	if (!between_states(r)) {
		return;
	}
	rcar_write(r, RCAR_PMCTLR, RCAR_PMCTLR_ENTER_L1);
	(void)rcar_wait(r, RCAR_PMSR, RCAR_PMSR_L1_ENTERED, 1000, 10);
	rcar_write(r, RCAR_PMSR, RCAR_PMSR_L1_ENTERED | RCAR_PMSR_L1_RECEIVED);
}

/* Below the port, the engine made ready for where: CCTLR is to be cleared after use. */
static bool cycle_begin(const struct rcar_gen3 *r, struct sbdf where, uint32_t offset, bool type1)
{
	settle_link(r);
	clear_errors(r);
	rcar_write(r, RCAR_CAR,
		   (uint64_t)SBDF_BUS(where) << 24 | (uint64_t)SBDF_DEVFN(where) << 16 | offset);
	rcar_write(r, RCAR_CCTLR, RCAR_CCTLR_ENABLE | (type1 ? RCAR_CCTLR_TYPE1 : 0));
	return !cycle_failed(r);
}

static bool link_up(const struct rcar_gen3 *r)
{
	return (rcar_read(r, RCAR_TSTR) & RCAR_TSTR_ACTIVE) != 0;
}

/* One cycle. False: nobody there, or *aborted. */
static bool cycle_once(const struct rcar_gen3 *r, struct sbdf where, uint32_t offset, bool write,
		       uint32_t *value, bool *aborted)
{
	uint32_t secondary = rcar_read(r, RCAR_PORT + PCI_PRIMARY_BUS) >> 8 & 0xff;
	bool type1 = SBDF_BUS(where) != secondary;
	bool ok;

	*aborted = false;
	/* The link partner answers for every device number. */
	if (!link_up(r) || (!type1 && SBDF_DEVFN(where) > 7)) {
		return false;
	}
	ok = cycle_begin(r, where, offset, type1);
	if (ok) {
		*aborted = write ? !guarded_write(r->regs + RCAR_CDR, 4, *value) :
				   !guarded_read(r->regs + RCAR_CDR, 4, value);
	}
	ok = ok && !*aborted && !cycle_failed(r);
	rcar_write(r, RCAR_CCTLR, 0);
	return ok;
}

/*
 * One dword below the root port. False: nobody there. What the partner's way to L1 aborted, begun
 * after settle_link() looked, did not reach it and is done again; a link that went down is a
 * function that is no longer there; any other abort is the function's.
 */
static bool cycle(const struct rcar_gen3 *r, struct sbdf where, uint32_t offset, bool write,
		  uint32_t *value)
{
	bool aborted;
	bool ok = cycle_once(r, where, offset, write, value, &aborted);

	if (aborted && between_states(r)) {
		ok = cycle_once(r, where, offset, write, value, &aborted);
	}
	if (aborted && link_up(r)) {
		pci_access_failed(where);
	}
	return ok;
}

static bool is_port(const struct host_bridge *b, struct sbdf where)
{
	return SBDF_BUS(where) == b->desc->bus_start && SBDF_DEVFN(where) == 0;
}

static uint32_t rcar_gen3_read(struct host_bridge *b, struct sbdf where, uint32_t offset,
			       uint32_t size)
{
	const struct rcar_gen3 *r = b->priv;
	uint32_t value = 0xffffffffU;

	if (is_port(b, where)) {
		return rcar_read(r, RCAR_PORT + offset);
	}
	if (SBDF_BUS(where) == b->desc->bus_start || !cycle(r, where, offset, false, &value)) {
		return 0xffffffffU;
	}
	return value;
}

static void rcar_gen3_write(struct host_bridge *b, struct sbdf where, uint32_t offset,
			    uint32_t size, uint32_t value)
{
	const struct rcar_gen3 *r = b->priv;

	if (is_port(b, where)) {
		rcar_write(r, RCAR_PORT + offset, value);
	} else if (SBDF_BUS(where) != b->desc->bus_start) {
		(void)cycle(r, where, offset, true, &value);
	}
}

static const char *const rcar_gen3_compatibles[] = { "renesas,pcie-rcar-gen3", NULL };

const struct host_bridge_ops rcar_gen3_ops = {
	.name = "R-Car Gen3",
	.compatibles = rcar_gen3_compatibles,
	.indirect = true,
	.words = HOST_BRIDGE_WORDS_ALWAYS,
	.init = rcar_gen3_init,
	.cfg_read = rcar_gen3_read,
	.cfg_write = rcar_gen3_write,
};
