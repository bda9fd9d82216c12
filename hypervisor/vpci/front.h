/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Front ends: the registers of a host bridge's controller as the owner of the bridge sees them,
 * instead of a flat window of config space. All of them are trapped, none is ever mapped. A front
 * end is a pure state machine, which makes of an access to a register a value or an access to
 * config space; that takes the same way as one through a flat window.
 */
#ifndef VPCI_FRONT_H
#define VPCI_FRONT_H

#include "core/job.h"
#include "core/mmio.h"
#include "core/spinlock.h"
#include "pci/host_bridge.h"
#include "pci/pci_late.h"

#define VPCI_FRONT_REGIONS 4

struct vpci_front;
struct vpci_segment;

enum vpci_front_kind {
	VPCI_FRONT_VALUE,    /* it is over; a read gives value */
	VPCI_FRONT_CONFIG,   /* an access to config space */
	VPCI_FRONT_HARDWARE, /* one to the controller itself, which ops->hardware makes */
};

/* What an access to a register comes to. */
struct vpci_front_plan {
	enum vpci_front_kind kind;
	uint8_t bus, devfn; /* VPCI_FRONT_CONFIG: where, in the owner's numbers */
	uint16_t offset;    /* < 4096; of config space, or in ops->hardware's own terms */
	uint8_t size;       /* 1, 2, 4, aligned */
	bool write;
	uint32_t value;     /* written, or read: VPCI_FRONT_VALUE */
};

struct vpci_front_ops {
	const char *name;
	bool (*fits)(const struct host_bridge *b);
	/* Ranges of host physical addresses, where the owner sees them too; returns how many. */
	uint32_t (*regions)(const struct host_bridge *b, struct range out[VPCI_FRONT_REGIONS]);
	size_t regs_size; /* of the state machine's state, which begins as zeros */
	/* Once that is there. NULL: nothing to do. */
	void (*init)(void *regs, const struct host_bridge *b);
	/*
	 * a is 1, 2, 4 or 8 bytes, aligned, in that region. A plan with VPCI_FRONT_CONFIG changes
	 * nothing: it may be asked for again, when the vCPU had to wait. Pure.
	 */
	struct vpci_front_plan (*plan)(void *regs, uint32_t region, const struct mmio_access *a);
	/*
	 * The config access of that plan was made: what the access to the register reads.
	 * answered: there is such a function; else value is all ones. Pure. NULL: value, as it is.
	 */
	uint32_t (*answer)(void *regs, const struct vpci_front_plan *p, bool answered,
			   uint32_t value);
	/* Before a config access; all but MMIO_DONE is the result instead. NULL: none needed. */
	enum mmio_result (*enter)(struct vpci_front *front, struct vcpu *v,
				  const struct vpci_front_plan *p);
	/* Returns what is read. NULL: there is no such plan. */
	uint32_t (*hardware)(struct vpci_front *front, const struct vpci_front_plan *p);
};

/* Of an owner and a bridge. */
struct vpci_front {
	const struct vpci_front_ops *ops;
	struct host_bridge *bridge;
	struct vpci_segment *segment;
	struct spinlock lock; /* regs, and one access at a time; taken before any of vpci/ */
	void *regs;
	struct job start; /* of a bridge that its owner brings up */
	bool started;     /* it was, once */
	bool found;       /* its functions are, and become their owner's */
	struct pci_late late; /* until then */
	bool failed;      /* and the bridge does not work; atomically */
	struct vpci_front_region {
		struct vpci_front *front;
		uint32_t index;
	} regions[VPCI_FRONT_REGIONS];
};

/* Every kind there is in this build; NULL-terminated. */
extern const struct vpci_front_ops *const vpci_front_table[];

/* The first that fits b; NULL: its owner sees plain ECAM. */
const struct vpci_front_ops *vpci_front_of(const struct host_bridge *b);
/*
 * While the owner is built: its registers are trapped from now on. -ENOMEM, or as mmio_add(); the
 * owner is not to run then. It goes with its segment, vpci_front_free().
 */
int vpci_front_create(struct vpci_segment *seg, struct host_bridge *b,
		      const struct vpci_front_ops *ops);
/*
 * For ops->enter: the owner has the link up, so that functions below can be found; v waits for
 * that. MMIO_DONE: it failed, said in the log, and nobody is there. front->lock held.
 */
enum mmio_result vpci_front_start(struct vpci_front *front, struct vcpu *v);
void vpci_front_start_init(struct vpci_front *front);
/* NULL is allowed. No vCPU of the owner is parked. */
void vpci_front_free(struct vpci_front *front);

#endif
