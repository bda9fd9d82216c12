/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The R-Car Gen3 PCI Express controller as its drivers know it: config engine, link, windows, root
 * port, over a hierarchy of model_pci whose only function on bus 0 is the root port. What silicon
 * answers with an external abort, and accesses nobody may make, end the test.
 */
#ifndef FAKE_MODEL_RCAR_H
#define FAKE_MODEL_RCAR_H

#include "model_pci.h"

#define MODEL_RCAR_BASE 0xfe000000ULL
#define MODEL_RCAR_SIZE 0x80000ULL
/* Another controller, of which there is the MSI block only. */
#define MODEL_RCAR_SECOND 0xee800000ULL

struct model_rcar {
	struct model_pci pci;
	struct machine_bridge tree_desc; /* of the hierarchy, for model_pci only */
	struct host_bridge tree;
	struct model_function *port;

	bool link;             /* data link active */
	bool link_comes;       /* ... when it is started */
	uint32_t link_polls;   /* ... and has been looked at so often */
	bool no_phy;
	bool l1_asked;         /* the partner asked for L1 and is not there yet */
	uint32_t l1_polls;     /* looks until it is, once it is helped */
	/* n > 0: at the n-th cycle from now, just before it ... */
	uint32_t l1_asks_at;   /* the partner asks for L1 */
	uint32_t l1_asks_for;  /* ... and at so many after that */
	uint32_t link_lost_at; /* the link goes down */
	uint32_t abort_at;     /* the function answers nothing: an external abort */
	uint32_t writes;       /* to registers, all in all but the MSI block's */
	uint32_t cycles;
};

extern struct model_rcar model_rcar;

/* Power-on: no link, no windows, a root port and nothing below it. */
void model_rcar_init(void);
void model_rcar_free(void);

/* The engine is at rest: no cycle enabled. */
bool model_rcar_idle(void);
/* A write of four bytes by a bus master: true when it was taken as an MSI. */
bool model_rcar_msi(uint64_t bus, uint32_t data);
/* The interrupt of the MSI block. */
bool model_rcar_msi_line(void);
/* The same of controller 0 or 1. */
bool model_rcar_msi_at(uint32_t block, uint64_t bus, uint32_t data);
bool model_rcar_msi_line_of(uint32_t block);
/* Which local address a bus master's access goes to; false: refused, an unsupported request. */
bool model_rcar_inbound(uint64_t bus, uint64_t *local);
/* The bus address behind offset in outbound window n; false: closed. */
bool model_rcar_outbound(uint32_t n, uint64_t offset, bool *io, uint64_t *bus);
/* As firmware would have left it. */
void model_rcar_open(uint32_t n, uint64_t bus, uint64_t size, bool io);
void model_rcar_open_inbound(uint32_t n, uint64_t bus, uint64_t local, uint64_t size, bool wide);

#endif
