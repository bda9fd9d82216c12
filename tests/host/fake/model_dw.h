/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A DesignWare PCI Express controller: DBI, address translation with viewport or unrolled, config
 * window, over a hierarchy of model_pci whose only function on bus 0 is the root port. What silicon
 * answers with an abort, and what nobody may do, ends the test.
 */
#ifndef FAKE_MODEL_DW_H
#define FAKE_MODEL_DW_H

#include "model_pci.h"

#define MODEL_DW_DBI    0x33800000ULL
#define MODEL_DW_SIZE   0x400000ULL
#define MODEL_DW_CONFIG 0x1ff00000ULL
#define MODEL_DW_REGIONS 16

struct model_dw_region {
	uint32_t ctrl1, ctrl2;
	uint64_t base, limit, target;
};

struct model_dw {
	struct model_pci pci;
	struct machine_bridge tree_desc; /* of the hierarchy, for model_pci only */
	struct host_bridge tree;
	struct model_function *port;

	bool unrolled;
	uint32_t regions;  /* of each direction; the viewport's index wraps */
	uint32_t granule;  /* low bits of base, limit and target that do not exist: a mask */
	bool link;
	bool stuck;        /* no region becomes enabled */
	bool class_locked; /* the class code needs the unlock bit */
	bool msi_like_qemu; /* see model_dw_msi_line() */
	uint32_t sets;     /* regions that were enabled */
	uint32_t cycles;
	uint32_t touched;  /* accesses to DBI */
	uint32_t msi_enable;
	struct model_dw_region outbound[MODEL_DW_REGIONS];
	struct model_dw_region inbound[MODEL_DW_REGIONS];
};

extern struct model_dw model_dw;

/* Power-on: a viewport, four regions, link up, a root port and nothing below it. */
void model_dw_init(void);
void model_dw_free(void);
/* Where an access goes; false: no region has it. */
bool model_dw_outbound(uint64_t cpu, uint64_t *pci, uint32_t *kind);
bool model_dw_inbound(uint64_t bus, uint64_t *cpu);

/* A device writes to a bus address. False: the MSI block does not take it. */
bool model_dw_msi(uint64_t address, uint32_t data);
/*
 * Silicon: a bit is set whose vector is not masked. Like QEMU: masks count as a message comes only,
 * the line goes down when no bit is left, and 1s that are written change bits.
 */
bool model_dw_msi_line(void);

#endif
