/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Message-signalled interrupts where no ITS is: small controllers with a few vectors, each of which
 * any device that reaches the doorbell may raise (GICv2m frames, the MSI blocks of DesignWare and
 * R-Car bridges). A vector has one owner or none. One that nobody owns is masked; should it fire
 * all the same, that is counted and it is masked again.
 *
 * A driver fills in a struct msi_controller at boot and registers it; from its interrupt handler it
 * calls msi_fired() for each vector it finds, acknowledged already. The rest is msi.c's.
 */
#ifndef IRQ_MSI_H
#define IRQ_MSI_H

#include "core/spinlock.h"
#include "lib/types.h"

#define MSI_VECTORS_MAX     256U
#define MSI_CONTROLLERS_MAX 8U

struct msi_controller;

/* What a device is to write, and where: four bytes at a PCI bus address. */
struct msi_message {
	uint64_t address;
	uint32_t data;
};

struct msi_ops {
	/* Of vectors in a row the data are numbers in a row. */
	void (*message)(const struct msi_controller *c, uint32_t vector, struct msi_message *m);
	/*
	 * From any context, with any lock of irq/ held. While masked a vector does not fire; what
	 * comes meanwhile stays pending where the hardware can keep it, else it is lost.
	 */
	void (*mask)(struct msi_controller *c, uint32_t vector);
	void (*unmask)(struct msi_controller *c, uint32_t vector);
	/* Forget what is pending of a masked vector. */
	void (*clear)(struct msi_controller *c, uint32_t vector);
	/* Have it handled on a pCPU; NULL: the controller has one interrupt for all. */
	void (*route)(struct msi_controller *c, uint32_t vector, uint32_t cpu);
};

/* One vector fired: number index of those that msi_alloc() gave. Not under any lock. */
typedef void (*msi_handler)(void *arg, uint32_t index);

/* msi.c's own, but for the driver's look. */
struct msi_vector {
	msi_handler handler; /* NULL: nobody's */
	void *arg;
	uint32_t index;
	uint32_t running; /* CPUs inside the handler */
};

struct msi_controller {
	/* The driver's, constant once registered. */
	const struct msi_ops *ops;
	const char *name;      /* for logs */
	/* what msi-map or msi-parent names; of a bridge's own block the bridge's */
	uint32_t phandle;
	uint32_t vector_count; /* 1..MSI_VECTORS_MAX */
	/* The page devices write to; 0: the bridge takes the write, there is none to map. */
	paddr_t doorbell;
	void *driver;
	/* msi.c's */
	struct spinlock lock;
	struct msi_vector vectors[MSI_VECTORS_MAX];
	uint32_t used;
	uint64_t strays; /* fired and nobody's; atomic */
};

/* Boot: all vectors are masked by the driver. c stays for good. -ENOSPC, -EINVAL. */
int msi_register(struct msi_controller *c);
/* NULL: none has it. */
struct msi_controller *msi_by_phandle(uint32_t phandle);

/*
 * count vectors in a row, a power of two up to 32, the data of the first one a multiple of it (PCIe
 * 6.0 7.7.1.2: functions replace the low bits of the data). They are masked and nothing is pending.
 * -ENOSPC, -EINVAL.
 */
int msi_alloc(struct msi_controller *c, uint32_t count, msi_handler handler, void *arg,
	      uint32_t *first);
/* Any part of a run. On return the handler does not run: not under a lock it takes. */
void msi_free(struct msi_controller *c, uint32_t first, uint32_t count);

/* Of a vector that has an owner. */
void msi_message(const struct msi_controller *c, uint32_t vector, struct msi_message *m);
void msi_mask(struct msi_controller *c, uint32_t vector);
void msi_unmask(struct msi_controller *c, uint32_t vector);
void msi_route(struct msi_controller *c, uint32_t vector, uint32_t cpu);

/* From the driver's interrupt handler. */
void msi_fired(struct msi_controller *c, uint32_t vector);

#endif
