/* SPDX-License-Identifier: BSD-2-Clause */
/* A domain's virtual PCI: segments, buses, functions. Private to vpci/. */
#ifndef VPCI_BUS_H
#define VPCI_BUS_H

#include "core/domain.h"
#include "core/job.h"
#include "vpci/build.h"
#include "vpci/intx.h"
#include "vpci/place.h"
#include "vpci/vpci.h"

#define VPCI_BUSES  256U
#define VPCI_SEGMENT_BITS 6 /* of a hash of segment numbers */
#define VPCI_DEVFNS 256U
#define VPCI_SLOTS  32U
#define VPCI_FUNCTIONS 8U /* of a device */

/* BARs by number, and behind them the expansion ROM. */
#define VPCI_ROM  PCI_BARS
#define VPCI_MAPS (PCI_BARS + 1)

struct vpci_front;
struct vpci_ports;
struct vpci_segment;
struct vpci_shared;
struct vpci_slot;
struct vpci_vfs;
struct vpci_msix;
struct vpci_vectors;

/*
 * On its way out: next its BARs leave stage 2; it is cut off; the routes of its interrupts go; none
 * are left.
 */
enum vpci_leave { VPCI_STAYS, VPCI_LEAVES, VPCI_UNMAPPED, VPCI_CUT, VPCI_LEFT };

/* One memory BAR's place in the domain's stage 2. */
struct vpci_mapping {
	ipaddr_t ipa;
	uint64_t size; /* what is, or is being, mapped */
	uint64_t done; /* bytes of it mapped so far */
	bool mapped;   /* any of [ipa, +size) may be in stage 2 */
};

/*
 * One function as one domain sees it. The owner of a bridge has one for every function below it,
 * for good; while a function is lent away, its user has another.
 */
struct vpci_function {
	struct pci_function *function;
	struct domain *domain;
	struct vpci_segment *segment;
	/* Its name for the domain's administrator: behind a root port, that port's number. */
	struct vsbdf where;
	struct vpci_slot *slot; /* behind which port; NULL: on the segment's own bus, at where */
	struct vpci_function *next_trapped; /* bus lock: see vpci_segment.trapped */

	/* function->lock from here on. */
	enum vpci_view view;
	struct vpci_shadow shadow;
	struct vpci_mapping maps[VPCI_MAPS];
	enum vpci_effect work; /* mapping work not finished yet */
	uint32_t work_bar;
	struct job job;
	bool job_queued;
	bool gone; /* taken from the bus; freed when neither job is queued */
	struct job *busy; /* accesses wait for its end: job, routes, or the function's reset */
	bool away; /* under reset: shadow is all ones, its contents aside */
	struct vpci_shadow aside;

	struct vpci_vfs *vfs; /* of a physical function, in its owner's view; else NULL */
	/* VPCI_VIEW_VF: the physical function's VF MSE, and where its VF BARs are */
	bool pf_decode;
	uint64_t pf_bars[PCI_BARS];

	struct vpci_vectors *vectors; /* for MSIs that are trapped; else NULL */
	struct vpci_msix *msix; /* a table that is trapped, while it is in use; else NULL */
	uint32_t msi_count;     /* messages of the MSI capability that have vectors */

	struct intx_member intx; /* vpci_intx.c; route and masked: function->lock too */

	struct its_device *itt; /* read by the vITS without lock, see vpci_host_device() */
	struct job routes;      /* lend_leave.c: makes the vITS follow itt, and the way out */
	bool routes_queued;
	enum vpci_leave leave;
	int leave_error;  /* what it leaves with, besides being reset: it is broken */
	bool leave_stuck; /* since its stream may be open */
};

struct vpci_segment {
	struct vpci_segment *next;
	struct vpci_segment *bucket_next;
	struct domain *domain;
	struct host_bridge *bridge; /* whose mirror it is; NULL: a guest's own bus */
	struct pci_function *coming; /* of its functions, the next to be shown; NULL: all are */
	uint32_t number;
	uint32_t bus_start;
	struct vpci_aperture apertures[VPCI_APERTURES_MAX];
	uint32_t aperture_count;
	/* functions with I/O BARs, or whose MSI-X table is trapped */
	struct vpci_function *trapped;
	struct vpci_front *front; /* how its owner reaches config space; NULL: by a flat window */
	struct vpci_ports *ports; /* a guest's root ports (ports.h); NULL: none */
	struct vpci_shared *shared; /* functions of shared memory (vpci_shared.h); NULL: none */
	/*
	 * buses[b]: page of VPCI_DEVFNS pointers, NULL where there is no bus; kept until destroy. A
	 * root port's is where the guest's bus numbers say.
	 */
	struct vpci_function **buses[VPCI_BUSES];
};

struct vpci {
	struct spinlock lock; /* who is in the bus tables; taken before a function's lock */
	struct vpci_segment *segments;
	struct vpci_segment **buckets; /* the same by number, where there are several; or NULL */
	struct list functions; /* registry lock: it uses, or that are prepared for it */
	bool complete; /* a guest's bus, made while others may look at it */
	struct its *its; /* the one whose doorbell devices of this domain reach; NULL: none yet */
	/* Or the controller without requester check, and where its doorbell page is for them. */
	struct msi_controller *msi;
	ipaddr_t msi_doorbell;
	uint32_t msi_quota; /* vectors of it the domain may own */
	uint32_t msi_used;  /* and owns; atomic */
};

/* What a read gets where nobody is: all ones. */
static inline void vpci_nobody_answers(struct mmio_access *a)
{
	if (!a->write) {
		a->value = a->size >= 8 ? ~0ULL : (1ULL << (8 * a->size)) - 1;
	}
}

/* vpci_window.c: a segment's memory windows, and those of its I/O ports. */
extern const struct mmio_ops vpci_window_ops, vpci_io_ops;

/*
 * An empty segment, config window trapped at [cfg, +cfg_size), as far as buses up to 255 are; size
 * 0: there is none. bus_start: 0 to 255. -ENOMEM, -ENOSPC, -EEXIST.
 */
int vpci_bus_add_segment(struct domain *d, uint32_t number, uint32_t bus_start, ipaddr_t cfg,
			 uint64_t cfg_size, const struct vpci_aperture *apertures, uint32_t count,
			 struct vpci_segment **out);
/* The domain's segments sit on this ITS from now on, if on none yet. */
int vpci_bus_use_its(struct domain *d, struct its *its, ipaddr_t doorbell);
/*
 * Or on this controller, of which it may own quota vectors (~0U: all); doorbell is where its
 * devices find the controller's page.
 */
int vpci_bus_use_msi(struct domain *d, struct msi_controller *msi, ipaddr_t doorbell,
		     uint32_t quota);

/*
 * A config access of v's domain: a's value, size (1, 2, 4, 8) and direction; register reg, aligned.
 * Nobody there: a read gives all ones, and *nobody, unless NULL, becomes true. MMIO_RETRY: v is
 * parked.
 */
enum mmio_result vpci_bus_config(struct vpci_segment *seg, struct vcpu *v, uint8_t bus,
				 uint32_t devfn, uint32_t reg, struct mmio_access *a,
				 bool *nobody);
/*
 * The function with that name, NULL: there is none. Lock-free; see vpci_host_device() for what
 * keeps the answer valid.
 */
struct vpci_function *vpci_bus_peek(struct domain *d, struct vsbdf where);
/*
 * Make vf visible at vf->where, or take it away. On the segment's own bus it takes the place of an
 * empty root port, for good. -EBUSY: something is there. -ENOMEM.
 */
int vpci_bus_publish(struct vpci_function *vf);
void vpci_bus_withdraw(struct vpci_function *vf);

/* DeviceID of a virtual requester on the segment's own bus: its segment and RID. */
static inline uint32_t vpci_device_id(struct vsbdf where)
{
	return where.v;
}

#endif
