/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices in hardware slots, and who has them. What came is its bridge's owner's. What goes is
 * taken from whoever has it at that moment, like what is contained; then nothing remembers it but
 * an entry of the registry that is ABSENT.
 */
#include "core/log.h"
#include "iommu/iommu.h"
#include "irq/vits.h"
#include "lib/errno.h"
#include "pci/host_bridge.h"
#include "pci/pci_plug.h"
#include "pci/registry.h"
#include "vpci/function.h"
#include "vpci/lend.h"
#include "vpci/lend_prepare.h"
#include "vpci/vfs.h"

/* Events unmapped by a step. */
#define ROUTES_A_SLICE 16U

static bool is_below(const struct pci_function *f, const struct pci_function *port)
{
	for (f = f->parent; f && f != port; f = f->parent) {
	}
	return f != NULL;
}

/* The owner's view of f's bridge; NULL: it has none, or ends. Registry lock held. */
static struct vpci_segment *owners_segment(const struct pci_function *f)
{
	struct domain *owner = domain_by_id(f->bridge->owner);
	struct vpci_segment *seg = owner && owner->vpci && !domain_is_dying(owner)
					   ? owner->vpci->segments
					   : NULL;

	while (seg && seg->bridge != f->bridge) {
		seg = seg->next;
	}
	return seg;
}

/* How the owner of f's bridge sees it; NULL: not. Registry lock held. */
static struct vpci_function *owners_view(const struct pci_function *f)
{
	struct domain *owner = domain_by_id(f->bridge->owner);

	return owner && owner->vpci ? vpci_bus_peek(owner, (struct vsbdf){ f->sbdf.v }) : NULL;
}

/* What is on its way to its owner is on the owner's bus and ABSENT. Registry lock held. */
static bool is_known(const struct pci_function *f)
{
	return f->state != FUNCTION_ABSENT || (!f->pf && owners_view(f));
}

bool pci_plugged(struct pci_function *f)
{
	struct vpci_segment *seg;
	int r = 0;

	spin_lock(&pci_registry_lock);
	/* The first time. What was there before may have been silenced. */
	if (pci_function_gone(f) && pci_state_translated(f) && !lend_stream_shared(f)) {
		r = iommu_abort(f->iommu, f->stream);
	}
	pci_function_set_gone(f, false);
	seg = owners_segment(f);
	if (r) {
		lend_set_broken(f, lend_stream_open);
	} else if (seg) {
		r = lend_owner_begin(seg->domain, seg, f);
	} else if (f->state == FUNCTION_ABSENT) {
		lend_unprepare(f); /* its owner ended meanwhile */
		pci_function_set_state(f, FUNCTION_OWNED);
	}
	if (r == -ENOMEM) {
		lend_set_broken(f, "out of memory");
	}
	spin_unlock(&pci_registry_lock);
	return r != -EAGAIN;
}

void pci_unplug_ask(const struct pci_function *port)
{
	for (struct pci_function *f = pci_function_first(); f; f = f->next) {
		if (is_below(f, port) && pci_function_state(f) == FUNCTION_LENT) {
			(void)lend_eject(f); /* its outcome is in f->state */
		}
	}
}

bool pci_unplug_asked(const struct pci_function *port)
{
	for (struct pci_function *f = pci_function_first(); f; f = f->next) {
		enum function_state state = pci_function_state(f);

		if (is_below(f, port) &&
		    (state == FUNCTION_LENT || state == FUNCTION_RESETTING)) {
			return false;
		}
	}
	return true;
}

/* What is next for f, on its way out. */
enum way { WAITS, TAKEN, DROPPED };

static bool has_below(const struct pci_function *bridge)
{
	for (const struct pci_function *f = pci_function_children(bridge); f; f = f->sibling) {
		if (is_known(f)) {
			return true;
		}
	}
	return false;
}

/* Registry lock held. */
static enum way way_of(struct pci_function *f)
{
	/* VFs go with their physical function, and those lent by themselves before. */
	if (f->pf && f->state != FUNCTION_LENT) {
		return WAITS;
	}
	if ((f->sriov.total != 0 && !vpci_vfs_leave_for_end(f)) ||
	    (f->header_type == 1 && has_below(f))) {
		return WAITS;
	}
	switch (f->state) {
	case FUNCTION_LENT:
	case FUNCTION_OWNED:
		return f->vpci ? TAKEN : DROPPED;
	case FUNCTION_QUARANTINED:
	case FUNCTION_BROKEN:
		return pci_reset_active(&f->reset) ? WAITS : DROPPED;
	case FUNCTION_ABSENT:
		return DROPPED; /* was on its way to its owner */
	case FUNCTION_RESETTING:
	default:
		return WAITS;
	}
}

/* Registry lock held. All that is behind port is gone. *left: some of it is known still. */
static struct pci_function *next_out(const struct pci_function *port, enum way *way, bool *left)
{
	struct pci_function *found = NULL;

	*left = false;
	for (struct pci_function *f = pci_function_first(); f; f = f->next) {
		enum way next;

		if (!is_below(f, port) || !is_known(f)) {
			continue;
		}
		pci_function_set_gone(f, true);
		*left = true;
		next = found ? WAITS : way_of(f);
		if (next != WAITS) {
			found = f;
			*way = next;
		}
	}
	return found;
}

/* Registry lock held; state RESETTING claims it. */
static void claim(struct pci_function *f, const char *why)
{
	log_warn("pci", SBDF_FMT ": taken from d%u %s: %s", SBDF_ARG(f->sbdf), f->vpci->domain->id,
		 f->vpci->domain->name, why);
	pci_function_set_state(f, FUNCTION_RESETTING);
	f->broken_why = why;
}

/*
 * Registry lock held; nobody uses it, its owner only sees it. False: the owner's vITS has not let
 * go of it yet.
 */
static bool drop(struct pci_function *f)
{
	struct vpci_function *vf = owners_view(f);

	lend_unprepare(f);
	if (vf && !lend_routes_follow(vf, ROUTES_A_SLICE)) {
		return false;
	}
	pci_function_set_state(f, FUNCTION_ABSENT);
	lend_end_use(f);
	f->broken_why = NULL;
	f->name[0] = '\0';
	lend_rom_drop(f);
	if (vf) {
		vpci_bus_withdraw(vf);
		(void)lend_routes_follow(vf, ROUTES_A_SLICE); /* the vITS may be looking at it */
		vpci_function_free(vf);
	}
	log_info("pci", SBDF_FMT ": gone", SBDF_ARG(f->sbdf));
	return true;
}

enum job_status pci_unplug_step(const struct pci_function *port, const char *why)
{
	enum way way = WAITS;
	struct pci_function *f;
	bool left;

	spin_lock(&pci_registry_lock);
	f = next_out(port, &way, &left);
	if (f && way == TAKEN) {
		claim(f, why);
	} else if (f) {
		(void)drop(f); /* if not now, the next time */
	}
	spin_unlock(&pci_registry_lock);
	if (f && way == TAKEN) {
		(void)lend_take_away(f, -ENODEV, false); /* its outcome is in f->state */
	}
	if (!left) {
		return JOB_DONE;
	}
	return f ? JOB_MORE : JOB_WAIT;
}
