/* SPDX-License-Identifier: BSD-2-Clause */
/* Lending, shared inside vpci/. The interface is in vpci.h. */
#ifndef VPCI_LEND_H
#define VPCI_LEND_H

#include "vpci/bus.h"

/*
 * A part of what it takes that f appears in its owner's segment, in use by d if it is nobody else's
 * (-EAGAIN: there is more). What cannot be made safe or complete stays an identity with f broken;
 * only -ENOMEM fails. Registry lock held.
 */
int lend_owner_begin(struct domain *d, struct vpci_segment *seg, struct pci_function *f);
/*
 * A part of it for seg->coming and those behind it, to which belongs that f is its owner's again
 * if an owner of that bridge before it used it when it ended and it is still there. 0: all of them
 * are there, -EAGAIN: there is more, -ENOMEM, -ENODEV: the owner is dying. No lock held.
 */
int lend_owner_next(struct vpci_segment *seg);

/* b's owner, from which all functions are taken away, owns it no more: it is nobody's. */
void lend_owner_end(struct host_bridge *b);

/* on_done of a reset that f's user asked for. */
void lend_user_reset_done(struct pci_function *f, int error, void *arg);

/* Registry lock held: not to be used any more, why unless there is a reason already. Logged. */
void lend_set_broken(struct pci_function *f, const char *why);

/* State RESETTING, nobody's: into quarantine by a reset, its stream shut. No lock held. */
int lend_retry(struct pci_function *f);

/*
 * State RESETTING, claimed: take f from its user, whichever kind that is, and into quarantine by a
 * reset. error: it is broken already. No lock held. On return the user cannot reach it, nor it the
 * user's memory, unless it is one of several that go together or has so much mapped that it takes
 * long: then that is a job's. So may be the routes of its interrupts, and then the reset; f->user
 * stays until that.
 */
int lend_take_away(struct pci_function *f, int error, bool several);

/*
 * Registry lock held. Is another function with f's StreamID in use? Behind a bridge to conventional
 * PCI all have one, and are in one domain's hands: the stream is opened for the first and shut
 * after the last. In use means open: what shuts a stream otherwise, containment, takes all at once.
 */
bool lend_stream_shared(const struct pci_function *f);

/*
 * Registry and function lock held and lend_prepare() done, or vf is in no bus yet: then it does
 * that, which takes the function lock, all at once. From ITT over config space to the stream: when
 * the last step is done f may be told to read and write the domain's memory. On failure nothing is
 * left open, and the caller shows what it showed before.
 */
int lend_let_in(struct vpci_function *vf, enum vpci_view view);
enum vpci_view lend_owners_view(const struct pci_function *f);
/* The same with the view of the bridge's owner. */
int lend_show_to_owner(struct vpci_function *vf);
/* Same locks. From what the books say: a function under reset, or someone else's, is not asked. */
int lend_show_identity(struct vpci_function *vf);
/* Registry lock held; lend_let_in() went well and vf is in its bus. */
void lend_begin_use(struct vpci_function *vf, enum function_state state);
/* It is nobody's. Registry lock held, as for the two below. */
void lend_end_use(struct pci_function *f);
/* It is, or will be, among the functions of d; it is among nobody's. */
void lend_join(struct domain *d, struct pci_function *f);
void lend_leave(struct pci_function *f);
/*
 * No lock held (the registry's may be), vf no longer answers for its user. Goes on past errors.
 * shared: lend_stream_shared(), asked when nobody could take f into use any more.
 * -EIO: the IOMMU did not confirm, f must not be used again.
 */
int lend_cut_off(struct vpci_function *vf, bool shared);
extern const char lend_stream_open[]; /* why it is broken then */
/*
 * No lock held but the registry's. The vITS follows vf->itt, by at most max events; when it has
 * left, the ITT goes. True: that is over.
 */
bool lend_routes_follow(struct vpci_function *vf, uint32_t max);
/* vf->itt was set: the rest is a job's, and accesses wait for it. Registry lock held. */
void lend_routes_come(struct vpci_function *vf);
/* vf's requester ID is another: a job makes the vITS follow. Bus and function lock held. */
void lend_routes_again(struct vpci_function *vf);
/* No lock held but the registry's. No vITS knows it. */
void lend_drop_itt(struct pci_function *f);

/* The guest, as it was asked to, has let go of what is in slot: all of it leaves. No lock held. */
void lend_let_go(const struct vpci_slot *slot);

/* Registry lock held; no domain has it mapped. */
void lend_rom_drop(struct pci_function *f);

/*
 * Registry lock held. Beside functions of its device that are there under their own numbers, f
 * goes under its own; else it is function 0 of a device number of its own: vslot, or 0 for the
 * first free one. Before a guest starts that is from 1, since it expects its host bridge at
 * 00:00.0, and a root port that is there makes room. Afterwards it is a slot behind a port, if it
 * has ports. *slot: that, or NULL for a place on the bus itself. -EBUSY, -ENOSPC.
 */
int lend_choose_slot(struct vpci_segment *seg, const struct pci_function *f, uint32_t vslot,
		     struct vsbdf *out, struct vpci_slot **slot);
/*
 * Is d's bus there? A guest's comes with the first slice of its memory. -EAGAIN: it is about to;
 * -ENOMEM: it will not.
 */
int lend_bus_state(struct domain *d);
/* No function, lent or not, is at that device number of bus 0, or behind the root port there. */
bool lend_slot_is_empty(const struct vpci_segment *seg, uint32_t slot);
/* First addresses of f's memory BARs, clear of all others of seg. -ENOSPC, -ENOMEM. */
int lend_place(struct vpci_segment *seg, const struct pci_function *f, uint64_t bars[PCI_BARS]);

#endif
