/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a domain sees of PCI. A virtual bus per segment, trapped config space, BAR mappings that
 * follow the domain's own COMMAND and BAR writes.
 */
#ifndef VPCI_VPCI_H
#define VPCI_VPCI_H

#include "core/domain.h"
#include "pci/function.h"
#include "pci/host_bridge.h"
#include "vpci/shared.h"

/*
 * A part of giving d its view of a host bridge it owns: config window and windows where b->ecam and
 * b->windows say, all functions below OWNED and used by d; those that b's last owner used when it
 * ended too, if they are still there. Called while the domain is built. -EAGAIN: there is more.
 * -EACCES: d has RAM at other addresses than devices do without translation, which a function below
 * is. -ENOMEM, -ENOSPC, -ENODEV: d is dying.
 */
int vpci_create_owner(struct domain *d, struct host_bridge *b);
/*
 * A part of an empty guest bus at GUEST_PCI_ECAM_BASE; with an ITS it has root ports for hot-plug.
 * -EAGAIN: there is more. -ENOMEM.
 */
int vpci_create_guest(struct domain *d);
/*
 * How many vectors of a controller that does not know who sends a guest may own: a quarter, so that
 * it cannot take them all. 0: no ITS is missing here, or no such controller is there.
 */
uint32_t vpci_unsafe_vectors(void);
/*
 * A part of the reverse; true: that was the last. All functions are already taken away. Also to be
 * called after a vpci_create_*() that failed.
 */
bool vpci_destroy(struct domain *d);

/*
 * Life cycle (DESIGN section 4). All return at once; those that reset report by function state.
 * Called with no lock held; they take the registry lock.
 */
int lend_quarantine(struct pci_function *f, const char *name);  /* assignable-add */
/* assignable-remove: a part of it, as long as interrupts may wait. -EAGAIN: there is more. */
int lend_return_step(struct pci_function *f);
/* None of the functions that b's last owner used when it ended is on its way into quarantine. */
bool lend_owner_settled(const struct host_bridge *b);
/* What is asked for with a function. */
struct lend_options {
	/* 1..31; 0: with its device's other functions, else first free, see lend_choose_slot() */
	uint32_t vslot;
	uint32_t quirks; /* PCI_QUIRK_* */
	bool rom;        /* shown what lend_rom_load() loaded; else that is dropped */
};

/*
 * *out: where the domain sees it. Function 0 of a device comes first: the others join it. A part of
 * it, as long as interrupts may wait. -EAGAIN: there is more, or d's bus is about to be made. Who
 * does not come back leaves the function in quarantine.
 */
int lend_attach_step(struct domain *d, struct pci_function *f, const struct lend_options *options,
		     struct vsbdf *out);
int lend_detach(struct pci_function *f);
/*
 * Ask f's user to let go of it: of one behind a root port the slot's attention button is pressed.
 * It leaves state LENT, with all that is in the slot, when the guest turns the slot off, which may
 * be never. Elsewhere nobody can be asked, and this is lend_detach().
 */
int lend_eject(struct pci_function *f);
/*
 * Into the expansion ROM of a function in quarantine, for its next user: count bytes at offset of
 * size, a power of two. Offset 0 begins anew; what is never written reads ff. Kept until the next
 * user is done with it, or comes without. -EINVAL: state or sizes; -ENOMEM.
 */
#define LEND_ROM_MIN SZ_4K
#define LEND_ROM_MAX SZ_1M
int lend_rom_load(struct pci_function *f, uint32_t size, uint32_t offset, const void *data,
		  uint32_t count);
/*
 * Of the functions lent to d (or owned, when d owns bridges) one is reclaimed. For domain teardown,
 * when no vCPU of d runs or is parked. JOB_DONE: there was none; DMA and interrupts of all have
 * stopped, resets go on as jobs. JOB_WAIT: the last ones are being taken away by others.
 */
enum job_status lend_reclaim(struct domain *d);

/*
 * A function by which d, a guest that is being built, shares a region of memory with others
 * (shared.h); it stays until d's end. Callers come one at a time. *out: where d sees it. -EAGAIN:
 * call again, d's bus is about to be made, or a part of the region was cleaned. -EBUSY: d has it.
 * -EOPNOTSUPP: vectors, and d has no ITS. -ENOSPC: no device number is free. -EINVAL: d or the
 * spec; and as shared_join().
 */
int vpci_share(struct domain *d, const struct shared_spec *spec, struct vsbdf *out);
/* A part of its end; no vCPU of d runs, no request is under way. True: d shares nothing now. */
bool vpci_share_end(struct domain *d);

/* vITS ops: host ITT behind a virtual DeviceID (virtual requester ID). */
struct its_device *vpci_host_device(struct domain *d, uint32_t vdevice);

#endif
