/* SPDX-License-Identifier: BSD-2-Clause */
/* VFs come, in steps. Order of locks: registry, then function; never two functions. */
#include "core/log.h"
#include "lib/errno.h"
#include "pci/pci_vf.h"
#include "pci/registry.h"
#include "vpci/function.h"
#include "vpci/lend.h"
#include "vpci/lend_prepare.h"
#include "vpci/sriov.h"
#include "vpci/vfs.h"
#include "vpci/work.h"

/* VF Enable was written; under the registry lock the PF cannot be taken from its owner. */
enum job_status vpci_vfs_begin(struct vpci_vfs *v)
{
	struct pci_function *pf = v->vf->function;
	const char *why = "the function was taken from its owner";
	struct vpci_sriov_regs regs;

	spin_lock(&pci_registry_lock);
	spin_lock(&pf->lock);
	regs = vpci_sriov_regs(vpci_vfs_shadow(v->vf));
	if (pf->state == FUNCTION_OWNED && regs.enable) {
		why = pci_vfs_prepare(pf, regs.count);
	}
	if (why) {
		vpci_sriov_give_up(vpci_vfs_shadow(v->vf));
	} else {
		pci_vfs_set_state(pf, PCI_VFS_COMING);
		__atomic_store_n(&pf->sriov.count, regs.count, __ATOMIC_RELAXED);
		vpci_vfs_hold(v->vf, VPCI_HOLD_VFS, true);
	}
	spin_unlock(&pf->lock);
	spin_unlock(&pci_registry_lock);
	if (why) {
		log_domain(v->vf->domain, LOG_WARN, "vpci",
			   SBDF_FMT ": virtual functions not enabled: %s", SBDF_ARG(pf->sbdf), why);
		return JOB_DONE;
	}
	return vpci_vfs_go_to(v, VPCI_VFS_ADD);
}

/* On the bus, and whoever speaks to it waits for the job. */
static int add_one(struct vpci_vfs *v)
{
	struct pci_function *f;
	struct vpci_function *vf;
	int r;

	spin_lock(&pci_registry_lock);
	f = pci_vf_entry(v->vf->function, v->next);
	spin_unlock(&pci_registry_lock);
	if (!f) {
		return -ENOMEM;
	}
	vf = vpci_function_alloc(v->vf->domain, v->vf->segment, f, (struct vsbdf){ f->sbdf.v });
	if (!vf) {
		return -ENOMEM;
	}
	vf->view = VPCI_VIEW_VF;
	vf->shadow.fallback = (struct vpci_reg){ .value = ~0U, .virt = ~0U };
	vf->busy = &v->job;
	r = vpci_bus_publish(vf);
	if (r) {
		vpci_function_free(vf);
	}
	return r;
}

static enum job_status give_up(struct vpci_vfs *v)
{
	struct pci_function *pf = v->vf->function;

	log_error("pci", SBDF_FMT ": virtual functions not enabled: out of memory",
		  SBDF_ARG(pf->sbdf));
	spin_lock(&pf->lock);
	vpci_sriov_give_up(vpci_vfs_shadow(v->vf));
	pci_vfs_set_state(pf, PCI_VFS_GOING);
	spin_unlock(&pf->lock);
	return vpci_vfs_go_to(v, VPCI_VFS_TAKE);
}

enum job_status vpci_vfs_add(struct vpci_vfs *v, uint64_t now_ms)
{
	if (v->next < v->vf->function->sriov.count) {
		if (add_one(v)) {
			return give_up(v);
		}
		v->next++;
		return JOB_MORE;
	}
	pci_vfs_turn_on(v->vf->function);
	v->since_ms = now_ms;
	return vpci_vfs_go_to(v, VPCI_VFS_SETTLE);
}

/* Where the PF's registers put it. VF's lock held. */
static void set_place(struct vpci_function *vf, uint32_t i, const struct vpci_sriov_regs *regs)
{
	for (uint32_t n = 0; n < PCI_BARS; n++) {
		uint64_t size = MAX(vf->function->bars[n].size, regs->page);

		vf->pf_bars[n] = regs->bars[n] ? regs->bars[n] + i * size : 0;
	}
	vf->pf_decode = regs->decode;
}

static struct vpci_sriov_regs regs_of(struct vpci_vfs *v)
{
	struct pci_function *pf = v->vf->function;
	struct vpci_sriov_regs regs;

	spin_lock(&pf->lock);
	regs = vpci_sriov_regs(vpci_vfs_shadow(v->vf));
	spin_unlock(&pf->lock);
	return regs;
}

/* What was read of it is in order and it is prepared, unless r says no. Registry lock held. */
static void open_one(struct vpci_vfs *v, struct pci_function *f, struct vpci_function *vf, int r)
{
	struct vpci_sriov_regs regs = regs_of(v);

	spin_lock(&f->lock);
	if (r == 0) {
		r = lend_show_to_owner(vf);
	}
	if (r == 0) {
		set_place(vf, v->next, &regs);
	} else {
		lend_show_identity(vf);
	}
	vf->busy = NULL;
	if (r == 0 && vf->pf_decode) {
		vpci_work_decode(vf, true);
	}
	spin_unlock(&f->lock);
	if (r == 0) {
		lend_begin_use(vf, FUNCTION_OWNED);
	} else {
		lend_set_broken(f, r == -ENODEV ? "no function where a VF should be"
						: "could not be given to its bridge's owner");
	}
}

/* It answers: a part of the way. Registry lock held. True: it is over, one way or the other. */
static bool open_part(struct vpci_vfs *v, struct pci_function *f, struct vpci_function *vf)
{
	int r;

	if (!v->read) {
		spin_lock(&f->lock);
		v->read = pci_vf_read(f, v->next);
		spin_unlock(&f->lock);
		r = v->read ? -EAGAIN : -ENODEV;
	} else {
		r = lend_prepare(vf->domain, f, VPCI_VIEW_VF, NULL, vf->where);
	}
	if (r == -EAGAIN) {
		return false;
	}
	open_one(v, f, vf, r);
	return true;
}

/* Config space reads all ones, as hardware has it for a function that is not there. */
static void open_late(struct pci_function *f, struct vpci_function *vf)
{
	spin_lock(&f->lock);
	f->vendor = f->pf->vendor;
	f->device = f->pf->sriov.device;
	vf->busy = NULL;
	spin_unlock(&f->lock);
	lend_set_broken(f, "not ready a second after VF Enable");
}

enum job_status vpci_vfs_open(struct vpci_vfs *v, uint64_t now_ms)
{
	struct pci_function *pf = v->vf->function;
	struct pci_function *f = pci_vf_find(pf, v->next);
	struct vpci_function *vf = vpci_vfs_owners(v, v->next);
	bool over = true;
	bool ready;

	if (v->next == pf->sriov.count) {
		spin_lock(&pf->lock);
		pci_vfs_set_state(pf, PCI_VFS_ON);
		spin_unlock(&pf->lock);
		log_info("pci", SBDF_FMT ": %u virtual functions enabled", SBDF_ARG(pf->sbdf),
			 pf->sriov.count);
		return JOB_DONE;
	}
	ready = v->read || pci_vf_ready(f);
	if (!ready && now_ms - v->since_ms < PCI_VF_READY_MS) {
		return JOB_WAIT;
	}
	spin_lock(&pci_registry_lock);
	if (ready) {
		over = open_part(v, f, vf);
	} else {
		open_late(f, vf);
	}
	spin_unlock(&pci_registry_lock);
	if (over) {
		v->read = false;
		v->next++;
	}
	return JOB_MORE;
}

enum job_status vpci_vfs_decode(struct vpci_vfs *v)
{
	struct pci_function *f = pci_vf_find(v->vf->function, v->next);
	struct vpci_function *vf = vpci_vfs_owners(v, v->next);
	struct vpci_sriov_regs regs = regs_of(v);
	bool busy;

	if (v->next == v->vf->function->sriov.count) {
		return JOB_DONE;
	}
	spin_lock(&pci_registry_lock);
	spin_lock(&f->lock);
	busy = vpci_work_busy(vf);
	if (!busy) {
		set_place(vf, v->next, &regs);
	}
	if (!busy && f->state == FUNCTION_OWNED && !vf->away) {
		vpci_work_decode(vf, regs.decode);
	}
	spin_unlock(&f->lock);
	spin_unlock(&pci_registry_lock);
	v->next += !busy;
	return busy ? JOB_WAIT : JOB_MORE;
}
