/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way out. First what makes f harmless, at once unless that takes long; then the routes of its
 * interrupts, which may be thousands, in slices; only then is it nobody's, and reset. The same job
 * makes them when a function comes to a device whose events its guest has mapped already.
 */
#include "core/log.h"
#include "iommu/iommu.h"
#include "irq/vits.h"
#include "pci/registry.h"
#include "vpci/function.h"
#include "vpci/lend.h"
#include "vpci/lend_prepare.h"
#include "vpci/vfs.h"
#include "vpci/work.h"

/* Events done at once, within a request that has other things to do, and by a slice. */
#define ROUTES_AT_ONCE 4U
#define ROUTES_A_SLICE 8U
/* Stage-2 entries unmapped at once, besides. */
#define ENTRIES_AT_ONCE 512U

static void reset_done(struct pci_function *f, int error, void *arg)
{
	(void)arg;
	spin_lock(&pci_registry_lock);
	if (error) {
		lend_set_broken(f, "reset failed");
	} else {
		lend_unprepare(f); /* as it was before this reset, if a bus's broke it meanwhile */
		pci_function_set_state(f, FUNCTION_QUARANTINED);
		log_info("pci", SBDF_FMT ": in quarantine", SBDF_ARG(f->sbdf));
	}
	spin_unlock(&pci_registry_lock);
}

/* What is left of every way out once f is cut off: nobody's, then reset, unless it is broken. */
static int enter_quarantine(struct pci_function *f, int error, const char *why)
{
	int r = error;

	spin_lock(&pci_registry_lock);
	lend_end_use(f);
	lend_rom_drop(f);
	if (r) {
		lend_set_broken(f, why);
	}
	spin_unlock(&pci_registry_lock);
	if (r) {
		return r;
	}
	spin_lock(&f->lock);
	r = pci_reset_start(f, reset_done, NULL);
	spin_unlock(&f->lock);
	if (r) {
		spin_lock(&pci_registry_lock);
		lend_set_broken(f, "reset could not start");
		spin_unlock(&pci_registry_lock);
	}
	return r;
}

/* Still its user's, or on its way out and not cut off yet. */
static bool uses_stream(const struct pci_function *f)
{
	return f->vpci && f->header_type == 0 &&
	       (f->state == FUNCTION_OWNED || f->state == FUNCTION_LENT ||
		(f->state == FUNCTION_RESETTING && !f->cut_off));
}

/* Registry lock held. Of several with one stream that are taken away, the last one shuts it. */
static bool stream_needed(const struct pci_function *f)
{
	const struct pci_function *m;

	for (m = pci_group_next(f); m != f; m = pci_group_next(m)) {
		if (pci_same_stream(f, m) && uses_stream(m)) {
			return true;
		}
	}
	return false;
}

/* An administrator's retry: it is nobody's already, only its stream may not be confirmed shut. */
int lend_retry(struct pci_function *f)
{
	bool shared;
	int r = 0;

	spin_lock(&pci_registry_lock);
	shared = stream_needed(f);
	spin_unlock(&pci_registry_lock);
	if (pci_state_translated(f) && !shared) {
		r = iommu_abort(f->iommu, f->stream);
	}
	return enter_quarantine(f, r, lend_stream_open);
}

/* No route is left; vf, if it is a guest's, is gone on return. */
static int leave_end(struct vpci_function *vf)
{
	struct pci_function *f = vf->function;
	bool stuck = vf->leave_stuck;
	int error = vf->leave_error;

	vf->leave = VPCI_STAYS;
	if (!vpci_view_is_owners(vf->view)) {
		vpci_function_free(vf);
		vpci_vfs_give_back(f);
	}
	return enter_quarantine(f, error, stuck ? lend_stream_open : "reset failed");
}

/*
 * Of those to be cut off in steps, the first: what takes long. Until it is withdrawn a guest can
 * have BARs mapped again, and keeps its place from the next function.
 */
static void unmap(struct vpci_function *vf)
{
	vpci_intx_leave(vf);
	spin_lock(&vf->function->lock);
	vpci_work_unmap_all(vf);
	spin_unlock(&vf->function->lock);
}

static void cut_off(struct vpci_function *vf)
{
	bool shared;
	int r;

	spin_lock(&pci_registry_lock);
	shared = stream_needed(vf->function);
	vf->function->cut_off = true;
	spin_unlock(&pci_registry_lock);
	if (!vpci_view_is_owners(vf->view)) {
		vpci_bus_withdraw(vf);
	}
	r = lend_cut_off(vf, shared);
	pci_contain_stay_silent(vf->function);
	if (r) {
		vf->leave_error = r;
		vf->leave_stuck = true;
	}
}

static enum job_status routes_step(struct job *j)
{
	struct vpci_function *vf = container_of(j, struct vpci_function, routes);
	enum vpci_leave leave = __atomic_load_n(&vf->leave, __ATOMIC_ACQUIRE);

	if (leave == VPCI_LEAVES) {
		unmap(vf);
		__atomic_store_n(&vf->leave, VPCI_UNMAPPED, __ATOMIC_RELEASE);
		return JOB_MORE;
	}
	if (leave == VPCI_UNMAPPED) {
		cut_off(vf);
		__atomic_store_n(&vf->leave, VPCI_CUT, __ATOMIC_RELEASE);
		return JOB_MORE;
	}
	if (!lend_routes_follow(vf, ROUTES_A_SLICE)) {
		return JOB_MORE;
	}
	if (leave == VPCI_CUT) {
		__atomic_store_n(&vf->leave, VPCI_LEFT, __ATOMIC_RELEASE);
	}
	return JOB_DONE;
}

/* Unless it was to leave since the last step: then there is more. */
static void routes_finish(struct job *j, bool cancelled)
{
	struct vpci_function *vf = container_of(j, struct vpci_function, routes);
	struct pci_function *f = vf->function;
	bool left, gone;

	(void)cancelled; /* nothing does */
	spin_lock(&f->lock);
	if (vf->leave == VPCI_LEAVES || vf->leave == VPCI_CUT) {
		job_start(j);
		spin_unlock(&f->lock);
		return;
	}
	vf->routes_queued = false;
	if (vf->busy == j) {
		vf->busy = NULL;
	}
	left = vf->leave == VPCI_LEFT;
	gone = vf->gone;
	spin_unlock(&f->lock);
	if (left) {
		(void)leave_end(vf); /* its outcome is in f->state */
	} else if (gone) {
		vpci_function_free(vf);
	}
}

static const struct job_ops routes_job = {
	.name = "vpci-routes",
	.step = routes_step,
	.finish = routes_finish,
};

/* Function lock held. */
static void routes_start(struct vpci_function *vf)
{
	if (!vf->routes_queued) {
		vf->routes_queued = true;
		job_init(&vf->routes, &routes_job);
		job_start(&vf->routes);
	}
}

/* Function lock held: the job goes on from there. */
static void leave_later(struct vpci_function *vf, enum vpci_leave from)
{
	__atomic_store_n(&vf->leave, from, __ATOMIC_RELEASE);
	vf->busy = vf->busy == &vf->routes ? NULL : vf->busy;
	routes_start(vf);
}

int lend_take_away(struct pci_function *f, int error, bool several)
{
	struct vpci_function *vf = f->vpci;
	bool harmful, later, done;

	/* A reset that was under way may just have ended well. */
	spin_lock(&pci_registry_lock);
	harmful = f->broken_why != NULL;
	spin_unlock(&pci_registry_lock);
	spin_lock(&f->lock);
	if (vpci_view_is_owners(vf->view)) {
		vpci_work_reset_over(vf);
		lend_show_identity(vf);
	}
	vf->leave_error = error;
	vf->leave_stuck = false;
	later = several || vpci_work_entries(vf) > ENTRIES_AT_ONCE;
	if (later) {
		leave_later(vf, VPCI_LEAVES);
	}
	spin_unlock(&f->lock);
	if (later) {
		return 0;
	}
	cut_off(vf);
	/* Nobody waits for one that did harm: the rest is always the job's. */
	done = !harmful && lend_routes_follow(vf, ROUTES_AT_ONCE);
	spin_lock(&f->lock);
	/* A job that looks at vf and its domain ends before they do. */
	done = done && !vf->routes_queued;
	if (!done) {
		leave_later(vf, VPCI_CUT);
	}
	spin_unlock(&f->lock);
	return done ? leave_end(vf) : 0;
}

/* Not one at once: with a GICv4 each is as much work as the end of the request that this is. */
void lend_routes_come(struct vpci_function *vf)
{
	if (!lend_routes_follow(vf, 0)) {
		spin_lock(&vf->function->lock);
		vf->busy = &vf->routes;
		routes_start(vf);
		spin_unlock(&vf->function->lock);
	}
}

void lend_routes_again(struct vpci_function *vf)
{
	if (vf->itt) {
		routes_start(vf);
	}
}

/* Registry lock held. One of d's bridges whose virtual functions must come back first, or NULL. */
static struct pci_function *with_vfs(const struct domain *d)
{
	struct pci_function *found = NULL;

	for (struct vpci_segment *seg = d->vpci->segments; seg; seg = seg->next) {
		struct pci_function *f = seg->bridge ? seg->bridge->functions : NULL;

		for (; f; f = pci_function_next_below(f)) {
			found = vpci_vfs_leave_for_end(f) ? found : f;
		}
	}
	return found;
}

/* Registry lock held. State RESETTING claims it; *leaving: f is on its way already. */
static bool claim(const struct domain *d, struct pci_function *f, struct pci_function **leaving)
{
	if (f->prepared) {
		lend_unprepare(f);
		return false;
	}
	if (f->header_type != 0 || !f->vpci) {
		return false;
	}
	if ((f->bridge->owner == d->id && !vpci_vfs_leave_for_end(f)) ||
	    (f->state != FUNCTION_LENT && f->state != FUNCTION_OWNED)) {
		*leaving = f;
		return false;
	}
	f->owner_ended = f->state == FUNCTION_OWNED && !f->pf;
	pci_function_set_state(f, FUNCTION_RESETTING);
	return true;
}

/*
 * The next function that has d as user. *claimed: it was ours to take; otherwise it is being taken
 * away already, and leaves d's list when that is over; or it is a physical function of a bridge
 * of d's, whose virtual functions come back first.
 */
static struct pci_function *claim_next(const struct domain *d, bool *claimed)
{
	struct pci_function *f = NULL, *next, *found = NULL;
	struct pci_function *leaving;

	spin_lock(&pci_registry_lock);
	leaving = with_vfs(d);
	list_for_each_safe(f, next, &d->vpci->functions, user_node) {
		if (!found && claim(d, f, &leaving)) {
			found = f;
		}
	}
	spin_unlock(&pci_registry_lock);
	*claimed = found != NULL;
	return found ? found : leaving;
}

enum job_status lend_reclaim(struct domain *d)
{
	bool claimed = false;
	struct pci_function *f = d->vpci ? claim_next(d, &claimed) : NULL;

	if (claimed) {
		(void)lend_take_away(f, 0, false); /* its outcome is in f->state */
		return JOB_MORE;
	}
	return f ? JOB_WAIT : JOB_DONE;
}
