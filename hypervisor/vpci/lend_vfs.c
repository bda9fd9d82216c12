/* SPDX-License-Identifier: BSD-2-Clause */
/* VFs come, go, and are lent: who may ask for what, and which step follows. */
#include "core/heap.h"
#include "core/panic.h"
#include "lib/errno.h"
#include "pci/host_bridge.h"
#include "pci/pci_vf.h"
#include "pci/registry.h"
#include "vpci/lend.h"
#include "vpci/sriov.h"
#include "vpci/vfs.h"

struct vpci_shadow *vpci_vfs_shadow(struct vpci_function *vf)
{
	return vf->away ? &vf->aside : &vf->shadow;
}

void vpci_vfs_hold(struct vpci_function *vf, uint32_t bit, bool on)
{
	struct vpci_sriov *s = &vpci_vfs_shadow(vf)->sriov;

	s->hold = on ? s->hold | bit : s->hold & ~bit;
}

void vpci_vfs_hold_again(struct vpci_function *vf)
{
	const struct pci_sriov *s = &vf->function->sriov;

	vpci_vfs_hold(vf, VPCI_HOLD_VFS, s->state != PCI_VFS_OFF);
	vpci_vfs_hold(vf, VPCI_HOLD_LENT, s->lent != 0);
	vpci_vfs_hold(vf, VPCI_HOLD_BUSY, vf->vfs->stage != VPCI_VFS_IDLE);
}

struct vpci_function *vpci_vfs_owners(const struct vpci_vfs *v, uint32_t i)
{
	struct sbdf where = pci_vf_sbdf(v->vf->function, i);

	return vpci_bus_peek(v->vf->domain, (struct vsbdf){ where.v });
}

struct vpci_vfs *vpci_vfs_alloc(struct vpci_function *vf)
{
	struct vpci_vfs *v = heap_alloc(sizeof(*v));

	if (v) {
		v->vf = vf;
	}
	return v;
}

static void start(struct vpci_vfs *v, enum vpci_vfs_stage stage)
{
	ASSERT(v->stage == VPCI_VFS_IDLE);
	v->stage = stage;
	v->next = 0;
	vpci_vfs_hold(v->vf, VPCI_HOLD_BUSY, true);
	vpci_vfs_start(v);
}

void vpci_vfs_request(struct vpci_function *vf)
{
	struct pci_function *pf = vf->function;
	bool enable = vpci_sriov_regs(&vf->shadow).enable;

	if (pf->sriov.state == PCI_VFS_ON) {
		pci_vfs_set_state(pf, enable ? PCI_VFS_ON : PCI_VFS_GOING);
		start(vf->vfs, enable ? VPCI_VFS_DECODE : VPCI_VFS_TAKE);
	} else if (enable) {
		start(vf->vfs, VPCI_VFS_BEGIN);
	}
}

bool vpci_vfs_leave_for_reset(struct vpci_function *vf)
{
	struct pci_function *pf = vf->function;

	if (pf->sriov.state != PCI_VFS_ON) {
		return false;
	}
	pci_vfs_set_state(pf, PCI_VFS_GOING);
	vf->vfs->then_reset = true;
	start(vf->vfs, VPCI_VFS_TAKE);
	return true;
}

static struct vpci_function *owners_view(const struct pci_function *pf)
{
	struct domain *owner = domain_by_id(pf->bridge->owner);

	return owner ? vpci_bus_peek(owner, (struct vsbdf){ pf->sbdf.v }) : NULL;
}

/* PF's lock held. False: not just now. */
static bool leave(struct vpci_function *vf, bool then_retry)
{
	if (vf->function->sriov.state != PCI_VFS_ON || vf->vfs->stage != VPCI_VFS_IDLE) {
		return false;
	}
	pci_vfs_set_state(vf->function, PCI_VFS_GOING);
	vf->vfs->then_retry = then_retry;
	start(vf->vfs, VPCI_VFS_TAKE);
	return true;
}

int vpci_vfs_leave_for_retry(struct pci_function *pf)
{
	struct vpci_function *vf = owners_view(pf);
	int r = -EBUSY;

	spin_lock(&pf->lock);
	if (vf && leave(vf, true)) {
		r = 0;
	}
	spin_unlock(&pf->lock);
	return r;
}

bool vpci_vfs_leave_for_end(struct pci_function *pf)
{
	struct vpci_function *vf = pf->sriov.total != 0 ? owners_view(pf) : NULL;
	bool none;

	if (!vf || !vf->vfs) {
		return true;
	}
	spin_lock(&pf->lock);
	none = pf->sriov.state == PCI_VFS_OFF && vf->vfs->stage == VPCI_VFS_IDLE;
	if (!none) {
		(void)leave(vf, false); /* if not now, when it is asked for again */
	}
	spin_unlock(&pf->lock);
	return none;
}

int vpci_vfs_borrow(struct pci_function *f)
{
	struct pci_function *pf = f->pf;
	int r = 0;

	if (!pf) {
		return 0;
	}
	spin_lock(&pf->lock);
	if (pf->sriov.state == PCI_VFS_GOING || pf->sriov.state == PCI_VFS_OFF) {
		r = -ENODEV; /* as good as gone */
	} else {
		__atomic_fetch_add(&pf->sriov.lent, 1, __ATOMIC_RELAXED);
		vpci_vfs_hold(pf->vpci, VPCI_HOLD_LENT, true);
	}
	spin_unlock(&pf->lock);
	return r;
}

void vpci_vfs_give_back(struct pci_function *f)
{
	struct pci_function *pf = f->pf;

	if (pf) {
		spin_lock(&pf->lock);
		__atomic_fetch_sub(&pf->sriov.lent, 1, __ATOMIC_RELAXED);
		/* A broken PF has no user any more. */
		if (pf->vpci) {
			vpci_vfs_hold(pf->vpci, VPCI_HOLD_LENT, pf->sriov.lent != 0);
		}
		spin_unlock(&pf->lock);
	}
}

enum job_status vpci_vfs_go_to(struct vpci_vfs *v, enum vpci_vfs_stage stage)
{
	v->stage = stage;
	v->next = 0;
	return JOB_MORE;
}

enum job_status vpci_vfs_step(struct vpci_vfs *v, uint64_t now_ms)
{
	switch (v->stage) {
	case VPCI_VFS_BEGIN:
		return vpci_vfs_begin(v);
	case VPCI_VFS_ADD:
		return vpci_vfs_add(v, now_ms);
	case VPCI_VFS_SETTLE:
		return now_ms - v->since_ms < PCI_VF_SETTLE_MS ? JOB_WAIT
							       : vpci_vfs_go_to(v, VPCI_VFS_OPEN);
	case VPCI_VFS_OPEN:
		return vpci_vfs_open(v, now_ms);
	case VPCI_VFS_DECODE:
		return vpci_vfs_decode(v);
	case VPCI_VFS_TAKE:
		return vpci_vfs_take(v);
	case VPCI_VFS_IDLE:
	default:
		return JOB_DONE;
	}
}

void vpci_vfs_finish(struct vpci_vfs *v)
{
	struct vpci_function *vf = v->vf;
	struct pci_function *pf = vf->function;
	bool retry = v->then_retry;

	spin_lock(&pf->lock);
	v->stage = VPCI_VFS_IDLE;
	v->then_retry = false;
	vpci_vfs_hold(vf, VPCI_HOLD_BUSY, false);
	if (vf->busy == &v->job) {
		vf->busy = NULL;
	}
	/* Unless the PF was taken from its owner meanwhile. */
	if (v->then_reset && vf->away) {
		pci_reset_start_for_user(pf, false, lend_user_reset_done);
	}
	v->then_reset = false;
	spin_unlock(&pf->lock);
	if (retry) {
		(void)lend_retry(pf); /* its outcome is in pf->state */
	}
}
