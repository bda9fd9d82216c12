/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front end of a DesignWare controller whose owner drives it: DBI, address translation and
 * config window, all of them trapped. Pure but for front_dw.c.
 */
#ifndef VPCI_FRONT_DW_H
#define VPCI_FRONT_DW_H

#include "vpci/front.h"

#define FRONT_DW_REGIONS 4U /* address translations the owner has, of each direction */
#define FRONT_DW_WORDS   9U /* registers of one */

enum front_dw_region { FRONT_DW_DBI, FRONT_DW_CONFIG, FRONT_DW_ATU };

/* What becomes of an access to DBI. */
enum front_dw_rule {
	FRONT_DW_PORT,   /* the root port's config space; the controller's until the bridge is up */
	FRONT_DW_LINK,   /* the controller's; not written while a function below is lent */
	FRONT_DW_DIRECT, /* the controller's */
	FRONT_DW_SHADOW, /* address translation: remembered, with no effect on the controller */
	FRONT_DW_HIDDEN, /* zero */
};

/* Where regions are is not known before the controller may be read, which its owner decides. */
enum front_dw_variant { FRONT_DW_UNKNOWN, FRONT_DW_VIEWPORT, FRONT_DW_UNROLLED };

struct front_dw {
	const struct host_bridge *bridge;
	enum front_dw_variant variant;
	uint32_t viewport;
	uint32_t outbound[FRONT_DW_REGIONS][FRONT_DW_WORDS];
	uint32_t inbound[FRONT_DW_REGIONS][FRONT_DW_WORDS];
};

extern const struct vpci_front_ops front_dw_ops;

/* A row of the policy; from and to are first and last byte in DBI. */
struct front_dw_range {
	uint16_t from, to;
	enum front_dw_rule rule;
	const char *name;
};
extern const struct front_dw_range front_dw_ranges[];
extern const uint32_t front_dw_range_count;

enum front_dw_rule front_dw_rule_at(uint32_t offset);
void front_dw_init(void *regs, const struct host_bridge *b);
struct vpci_front_plan front_dw_plan(void *regs, uint32_t region, const struct mmio_access *a);
/* The controller's viewport register reads value: the owner's view is of the same variant. */
void front_dw_learn(struct front_dw *d, uint32_t value);
/*
 * Does a region say what holds anyway? The controller's own are the hypervisor's: they translate
 * the bridge's windows, and RAM for DMA to its own addresses. One that says otherwise has no
 * effect.
 */
bool front_dw_useful(const struct front_dw *d, bool in, uint32_t index);

#endif
