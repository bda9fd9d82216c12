/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual functions come and go as the owner of their physical function (PF) says. Enabling and
 * disabling is a job of the PF; nobody is parked for the 100 ms that VFs need, but who speaks to a
 * VF before it is ready waits. Private to vpci/.
 */
#ifndef VPCI_VFS_H
#define VPCI_VFS_H

#include "vpci/bus.h"

enum vpci_vfs_stage {
	VPCI_VFS_IDLE,
	VPCI_VFS_BEGIN,  /* may they be enabled at all? */
	VPCI_VFS_ADD,    /* their places on the owner's bus are taken, one at a time */
	VPCI_VFS_SETTLE, /* VF Enable is set */
	VPCI_VFS_OPEN,   /* one at a time becomes the owner's as soon as it answers */
	VPCI_VFS_DECODE, /* one at a time is mapped where VF BARs and VF MSE say */
	VPCI_VFS_TAKE,   /* one at a time goes, then VF Enable is cleared */
};

/* Of a PF, as part of its owner's view. The PF's lock; while the job is active, the job's. */
struct vpci_vfs {
	struct vpci_function *vf; /* the PF's */
	struct job job;
	enum vpci_vfs_stage stage;
	uint32_t next; /* VF of the next step */
	uint64_t since_ms;
	bool read; /* VF next is in the books, not yet its owner's */
	bool cut; /* VF next is claimed and cut off; its routes are going */
	struct vpci_function *going; /* as its owner saw it, or NULL */
	bool then_reset; /* the owner's reset of the PF follows */
	bool then_retry; /* the PF is broken; an administrator's lend_retry() follows */
};

/* For a PF with VFs to enable. NULL: out of memory. */
struct vpci_vfs *vpci_vfs_alloc(struct vpci_function *vf);
/* The owner has changed VF Enable or VF MSE. PF's lock held, no job under way. */
void vpci_vfs_request(struct vpci_function *vf);
/*
 * The owner resets the PF: VFs go first, none of them is lent. PF's lock held. False: there are
 * none, nothing is under way.
 */
bool vpci_vfs_leave_for_reset(struct vpci_function *vf);
/* The same for a broken PF: lend_retry() follows. Registry lock held. -EBUSY: not just now. */
int vpci_vfs_leave_for_retry(struct pci_function *pf);
/*
 * The owner of pf's bridge ends: VFs go, lent ones when their users give them back. True: none is
 * left and nothing is under way. Registry lock held; to be asked again until then.
 */
bool vpci_vfs_leave_for_end(struct pci_function *pf);
/* One bounded step, no lock held. */
enum job_status vpci_vfs_step(struct vpci_vfs *v, uint64_t now_ms);
/* After the last. */
void vpci_vfs_finish(struct vpci_vfs *v);
/* lend_vfs_job.c: steps it. PF's lock held. */
void vpci_vfs_start(struct vpci_vfs *v);

/* Shared by the steps. The PF's registers; put aside while it is under reset. PF's lock. */
struct vpci_shadow *vpci_vfs_shadow(struct vpci_function *vf);
/* Set or clear a VPCI_HOLD_ bit. PF's lock. */
void vpci_vfs_hold(struct vpci_function *vf, uint32_t bit, bool on);
/* The owner's registers were built anew, whatever is under way: what must wait. PF's lock held. */
void vpci_vfs_hold_again(struct vpci_function *vf);
/* VF i as the owner of its PF sees it, whoever uses it; NULL: not on its bus. */
struct vpci_function *vpci_vfs_owners(const struct vpci_vfs *v, uint32_t i);
enum job_status vpci_vfs_go_to(struct vpci_vfs *v, enum vpci_vfs_stage stage);

/* One step of each stage: lend_vfs_come.c, lend_vfs_go.c. */
enum job_status vpci_vfs_begin(struct vpci_vfs *v);
enum job_status vpci_vfs_add(struct vpci_vfs *v, uint64_t now_ms);
enum job_status vpci_vfs_open(struct vpci_vfs *v, uint64_t now_ms);
enum job_status vpci_vfs_decode(struct vpci_vfs *v);
enum job_status vpci_vfs_take(struct vpci_vfs *v);

/*
 * f is about to be lent; if it is a VF, its PF stays as it is until vpci_vfs_give_back(). -ENODEV:
 * it is going. Registry lock; pci_state_can_lend() has found its PF in order.
 */
int vpci_vfs_borrow(struct pci_function *f);
void vpci_vfs_give_back(struct pci_function *f);

#endif
