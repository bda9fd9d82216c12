/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting the R-Car Gen3 controller. One whose link is up already was started by firmware: it is
 * taken over as it is, once its windows are seen to be those of the device tree.
 */
#include "core/log.h"
#include "lib/errno.h"
#include "pci/bridges/rcar_gen3.h"
#include "pci/pci_config.h"

/* Where the root port's registers are that silicon leaves to software (offsets in its config). */
#define PORT_EXPRESS   0x70U
#define PORT_LINK_CAP  0x7cU
#define PORT_SLOT_CAP  0x84U
#define PORT_EXT_FIRST 0x100U

#define EXPRESS_ID_AND_TYPE  0x00f000ffU
#define EXPRESS_ROOT_PORT    0x00400010U
#define HEADER_LAYOUT        0x007f0000U
#define HEADER_BRIDGE        0x00010000U
#define LINK_CAP_REPORTING   BIT(20)
#define SLOT_CAP_NUMBER      GENMASK(31, 19)
#define EXT_CAP_NEXT         GENMASK(31, 20)
#define COMPLETION_TIMEOUT   (50U << 8)

#define PHY_US  50000U
#define LINK_US 50000U

static int check_outbound(const struct rcar_gen3 *r, const struct machine_bridge *desc, uint32_t n,
			  const struct rcar_outbound *want)
{
	uint32_t control = rcar_read(r, RCAR_PTCTLR(n));

	if ((control & (RCAR_PTCTLR_ENABLE | RCAR_PTCTLR_IO)) != want->ptctlr ||
	    rcar_read(r, RCAR_PALR(n)) != want->palr || rcar_read(r, RCAR_PAUR(n)) != want->paur ||
	    rcar_read(r, RCAR_PAMR(n)) != want->pamr) {
		log_error("pci", "%s: the link is up, and outbound window %u is not as ranges says",
			  desc->path, n);
		return -EINVAL;
	}
	return 0;
}

static void set_outbound(const struct rcar_gen3 *r, uint32_t n, const struct rcar_outbound *want)
{
	rcar_write(r, RCAR_PTCTLR(n), 0);
	rcar_write(r, RCAR_PAMR(n), want->pamr);
	rcar_write(r, RCAR_PAUR(n), want->paur);
	rcar_write(r, RCAR_PALR(n), want->palr);
	rcar_write(r, RCAR_PTCTLR(n), want->ptctlr);
}

/* The n-th entry of ranges is window n. */
static int outbound(const struct rcar_gen3 *r, const struct machine_bridge *desc, bool set)
{
	for (uint32_t n = 0; n < desc->window_count; n++) {
		struct rcar_outbound want;
		int err =
			n < RCAR_OUTBOUND ? rcar_plan_outbound(&desc->windows[n], &want) : -EINVAL;

		if (err != 0) {
			log_error("pci", "%s: ranges: entry %u fits no outbound window", desc->path,
				  n);
			return err;
		}
		if (set) {
			set_outbound(r, n, &want);
		} else {
			err = check_outbound(r, desc, n, &want);
		}
		if (err != 0) {
			return err;
		}
	}
	return 0;
}

static void set_inbound(const struct rcar_gen3 *r, uint32_t n, const struct rcar_inbound *pair)
{
	rcar_write(r, RCAR_LAMR(n), 0);
	rcar_write(r, RCAR_PRAR(n + 1), pair->prar[1]);
	rcar_write(r, RCAR_LAR(n + 1), pair->lar[1]);
	rcar_write(r, RCAR_LAMR(n + 1), 0);
	rcar_write(r, RCAR_PRAR(n), pair->prar[0]);
	rcar_write(r, RCAR_LAR(n), pair->lar[0]);
	rcar_write(r, RCAR_LAMR(n), pair->lamr);
}

static int inbound(const struct rcar_gen3 *r, const struct machine_bridge *desc)
{
	struct rcar_inbound pairs[RCAR_INBOUND_PAIRS];
	uint32_t count;
	int err = rcar_plan_inbound(desc, machine.ram, machine.ram_count, pairs, &count);

	if (err != 0) {
		log_error("pci", "%s: dma-ranges: not one to one in three windows", desc->path);
		return err;
	}
	for (uint32_t i = 0; i < RCAR_INBOUND_PAIRS; i++) {
		static const struct rcar_inbound closed;

		set_inbound(r, 2 * i, i < count ? &pairs[i] : &closed);
	}
	return 0;
}

/* Whoever set them: what bus masters reach is told, as they themselves could not. */
static int check_inbound(const struct rcar_gen3 *r, const struct machine_bridge *desc)
{
	struct range reached[RCAR_INBOUND];
	uint32_t count = 0;
	uint64_t missed;

	for (uint32_t n = 0; n < RCAR_INBOUND; n++) {
		struct rcar_inbound regs = {
			.prar = { rcar_read(r, RCAR_PRAR(n)) },
			.lar = { rcar_read(r, RCAR_LAR(n)) },
			.lamr = rcar_read(r, RCAR_LAMR(n)),
		};

		if ((regs.lamr & RCAR_LAMR_64BIT) != 0 && n + 1 < RCAR_INBOUND) {
			n++;
			regs.prar[1] = rcar_read(r, RCAR_PRAR(n));
			regs.lar[1] = rcar_read(r, RCAR_LAR(n));
		}
		if (rcar_inbound_range(&regs, &reached[count++]) != 0) {
			log_error("pci", "%s: inbound window %u is not one to one", desc->path, n);
			return -EINVAL;
		}
	}
	missed = rcar_inbound_missed(reached, count, machine.ram, machine.ram_count);
	if (missed != 0) {
		log_warn("pci", "%s: bus masters do not reach %llu MiB of RAM", desc->path,
			 (unsigned long long)(missed / SZ_1M));
	}
	return 0;
}

static void describe_port(const struct rcar_gen3 *r)
{
	rcar_write(r, RCAR_IDSETR1, RCAR_IDSETR1_BRIDGE);
	rcar_modify(r, RCAR_PORT + PORT_EXPRESS, EXPRESS_ID_AND_TYPE, EXPRESS_ROOT_PORT);
	rcar_modify(r, RCAR_PORT + PCI_CACHE_LINE, HEADER_LAYOUT, HEADER_BRIDGE);
	rcar_modify(r, RCAR_PORT + PORT_LINK_CAP, 0, LINK_CAP_REPORTING);
	rcar_modify(r, RCAR_PORT + PORT_SLOT_CAP, SLOT_CAP_NUMBER, 0);
	rcar_modify(r, RCAR_PORT + PORT_EXT_FIRST, EXT_CAP_NEXT, 0);
	rcar_modify(r, RCAR_TLCTLR, RCAR_TLCTLR_TIMEOUT, COMPLETION_TIMEOUT);
}

static int cold_start(const struct rcar_gen3 *r, const struct machine_bridge *desc)
{
	int err;

	rcar_write(r, RCAR_TCTLR, 0);
	rcar_write(r, RCAR_MSR, RCAR_MSR_ROOT);
	if (!rcar_wait(r, RCAR_PHYSR, RCAR_PHYSR_READY, PHY_US, 5000)) {
		log_error("pci", "%s: the PHY does not get ready", desc->path);
		return -ETIMEDOUT;
	}
	describe_port(r);
	err = inbound(r, desc);
	if (err != 0) {
		return err;
	}
	rcar_write(r, RCAR_MSITXR, RCAR_MSITXR_ENABLE);
	rcar_write(r, RCAR_MACCTLR, RCAR_MACCTLR_START);
	rcar_write(r, RCAR_TCTLR, RCAR_TCTLR_START);
	if (!rcar_wait(r, RCAR_TSTR, RCAR_TSTR_ACTIVE, LINK_US, 5)) {
		log_info("pci", "%s: no link: the slot is empty", desc->path);
	}
	rcar_modify(r, RCAR_INTXR, 0, RCAR_INTXR_RECEIVE);
	return outbound(r, desc, true);
}

int rcar_gen3_start(struct rcar_gen3 *r, const struct machine_bridge *desc)
{
	bool up = (rcar_read(r, RCAR_TSTR) & RCAR_TSTR_ACTIVE) != 0;
	int err = up ? outbound(r, desc, false) : cold_start(r, desc);

	return err != 0 ? err : check_inbound(r, desc);
}
