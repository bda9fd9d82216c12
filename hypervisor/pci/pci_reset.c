/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reset state machine (PCIe 6.0 6.6): quiesce and save, drain, reset, wait for the link and the
 * function, restore, verify. A method that fails is followed by the next one. Each step is a few
 * config accesses; waiting is done by being called again.
 */
#include "pci/pci_reset.h"

#include "core/log.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_reset_method.h"
#include "pci/registry.h"

uint32_t pci_reset_probe(const struct pci_function *f)
{
	const struct pci_reset_method *m;
	uint32_t methods = 0;

	for (m = pci_reset_methods; m->name != NULL && f->header_type == 0; m++) {
		/* A VF has one, and needs no other (PCIe 6.0 9.2.2.2): the rest is its device's. */
		if (m->able(f) && (f->pf == NULL || m->id == RESET_FLR)) {
			methods |= RESET_BIT(m->id);
		}
	}
	return methods;
}

static const struct pci_reset_method *best_of(uint32_t methods)
{
	const struct pci_reset_method *m;

	for (m = pci_reset_methods; m->name != NULL; m++) {
		if (methods & RESET_BIT(m->id)) {
			return m;
		}
	}
	return NULL;
}

const char *pci_reset_method_name(const struct pci_function *f)
{
	const struct pci_reset_method *m = best_of(f->reset_methods);

	return m != NULL ? m->name : "no reset";
}

static uint32_t methods_left(const struct pci_function *f)
{
	return f->reset_methods & ~f->reset.tried;
}

static bool out_of_time(const struct pci_reset *r, uint64_t now_ms)
{
	return now_ms - r->begun_ms >= __atomic_load_n(&r->budget_ms, __ATOMIC_RELAXED);
}

static void choose_method(struct pci_function *f)
{
	struct pci_reset *r = &f->reset;

	r->method = best_of(methods_left(f));
	r->tried |= r->method != NULL ? RESET_BIT(r->method->id) : 0;
	r->slow = false;
}

static void enter(struct pci_reset *r, enum pci_reset_stage stage, uint64_t now_ms)
{
	pci_reset_enter(r, stage);
	r->since_ms = now_ms;
}

static enum pci_reset_stage stage_when_awake(const struct pci_reset *r)
{
	return r->method != NULL ? PCI_RESET_DRAIN : PCI_RESET_POLL;
}

/* This method did not do it. */
static void fail(struct pci_function *f, int error, const char *why, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;
	const char *name = r->method != NULL ? r->method->name : "wake-up";

	if (r->method != NULL && r->method->unclaim != NULL) {
		r->method->unclaim(f, false);
	}
	r->error = error;
	spin_lock(&pci_registry_lock);
	f->broken_why = why;
	spin_unlock(&pci_registry_lock);
	choose_method(f);
	if (r->method != NULL) {
		log_warn("pci", SBDF_FMT ": %s failed: %s; trying %s", SBDF_ARG(f->sbdf), name,
			 why, r->method->name);
		enter(r, PCI_RESET_DRAIN, now_ms);
	} else {
		log_error("pci", SBDF_FMT ": reset failed: %s", SBDF_ARG(f->sbdf), why);
		pci_reset_enter(r, PCI_RESET_DONE);
	}
}

/* Something else would be hit too. Nothing is wrong with the function. */
static void pass_over(struct pci_function *f, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;

	choose_method(f);
	if (r->method != NULL) {
		enter(r, PCI_RESET_DRAIN, now_ms);
	} else if (r->error != 0) {
		pci_reset_enter(r, PCI_RESET_DONE);
	} else {
		log_warn("pci", SBDF_FMT ": not reset: its neighbours are in use",
			 SBDF_ARG(f->sbdf));
		enter(r, PCI_RESET_POLL, now_ms);
	}
}

/* A user may have left it in D3hot, where only config space answers. True: wait for D0. */
static bool wake(struct pci_function *f)
{
	uint32_t offset = f->cap_pm + PCI_PM_CONTROL;
	uint32_t control;

	if (f->cap_pm == 0) {
		return false;
	}
	control = pci_read(f, offset, 2);
	if ((control & PCI_PM_STATE) == PCI_PM_D0) {
		return false;
	}
	pci_write(f, offset, 2, control & ~(uint32_t)PCI_PM_STATE);
	return true;
}

void pci_reset_begin(struct pci_function *f, bool wake_only, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;

	r->error = 0;
	r->slow = false;
	r->begun_ms = now_ms;
	__atomic_store_n(&r->budget_ms, wake_only ? PCI_RESET_SLOW_MS : PCI_RESET_BUDGET_MS,
			 __ATOMIC_RELAXED);
	r->tried = wake_only ? ~0U : 0;
	choose_method(f);
	pci_quiesce(f);
	/* Before it is woken: some functions forget everything on the way to D0. */
	pci_reset_save(f, r->users_own);
	enter(r, wake(f) ? PCI_RESET_WAKE : stage_when_awake(r), now_ms);
}

/* A function that does not drain is reset all the same: waiting longer would not help (6.6.2). */
static void drain(struct pci_function *f, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;
	bool busy = r->method->pending != NULL && r->method->pending(f);

	if (busy && now_ms - r->since_ms < PCI_RESET_DRAIN_MS) {
		return;
	}
	if (busy) {
		log_warn("pci", SBDF_FMT ": transactions still pending, reset anyway",
			 SBDF_ARG(f->sbdf));
	}
	if (r->method->claim != NULL) {
		int claimed = r->method->claim(f);

		if (claimed == -EAGAIN && !out_of_time(r, now_ms)) {
			return;
		}
		if (claimed != 0) {
			pass_over(f, now_ms);
			return;
		}
	}
	r->method->assert_reset(f);
	enter(r, r->method->release != NULL ? PCI_RESET_HOLD : PCI_RESET_SETTLE, now_ms);
}

static void hold(struct pci_function *f, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;

	if (now_ms - r->since_ms < r->method->hold_ms) {
		return;
	}
	if (!r->method->release(f)) {
		fail(f, -EIO, "the function does not enter D3hot", now_ms);
		return;
	}
	enter(r, r->method->link_up != NULL ? PCI_RESET_LINK : PCI_RESET_SETTLE, now_ms);
}

static void wait_link(struct pci_function *f, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;

	if (r->method->link_up(f)) {
		enter(r, PCI_RESET_SETTLE, now_ms);
	} else if (now_ms - r->since_ms >= PCI_RESET_LINK_MS) {
		fail(f, -ETIMEDOUT, "the link did not come back", now_ms);
	}
}

/* All ones: not there. 0001: there, and asks for a retry (2.3.2). */
static void poll(struct pci_function *f, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;
	uint32_t vendor = pci_read(f, PCI_VENDOR_ID, 2);
	uint64_t waited = now_ms - r->since_ms;
	bool late = methods_left(f) != 0 ? waited >= PCI_RESET_TRY_MS
					 : out_of_time(r, now_ms);

	if ((vendor != PCI_VENDOR_NONE || f->pf != NULL) && vendor != PCI_VENDOR_RETRY &&
	    pci_read(f, PCI_COMMAND, 4) != 0xffffffffU) {
		enter(r, PCI_RESET_RESTORE, now_ms);
	} else if (late) {
		fail(f, -ETIMEDOUT, "the function did not come back", now_ms);
	} else if (waited >= PCI_RESET_SLOW_MS && !r->slow) {
		r->slow = true;
		log_warn("pci", SBDF_FMT ": not ready a second after its reset, waiting",
			 SBDF_ARG(f->sbdf));
	}
}

static void restore_and_verify(struct pci_function *f, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;
	const char *why = NULL;
	int error = pci_reset_restore(f, &why);

	if (error != 0) {
		fail(f, error, why, now_ms);
		return;
	}
	if (r->method != NULL) {
		if (r->method->unclaim != NULL) {
			r->method->unclaim(f, true);
		}
	}
	r->error = 0;
	spin_lock(&pci_registry_lock);
	if (r->method != NULL) {
		f->reset_count++;
		f->lent_once = false;
	}
	f->broken_why = NULL;
	spin_unlock(&pci_registry_lock);
	spin_lock(&f->fault_lock);
	f->fault_window = (struct pci_fault_window){ 0 };
	spin_unlock(&f->fault_lock);
	pci_reset_enter(r, PCI_RESET_DONE);
}

/* Out of its slot: no method would find it. */
static void end_gone(struct pci_function *f, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;

	if (r->stage == PCI_RESET_HOLD) {
		(void)r->method->release(f);
	}
	r->tried = ~0U;
	fail(f, -ENODEV, "it is gone", now_ms);
}

bool pci_reset_step(struct pci_function *f, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;

	if (pci_function_gone(f) && r->stage != PCI_RESET_DONE && r->stage != PCI_RESET_IDLE) {
		end_gone(f, now_ms);
	}
	switch (r->stage) {
	case PCI_RESET_WAKE:
		if (now_ms - r->since_ms >= PCI_RESET_WAKE_MS) {
			enter(r, stage_when_awake(r), now_ms);
		}
		break;
	case PCI_RESET_DRAIN:
		drain(f, now_ms);
		break;
	case PCI_RESET_HOLD:
		hold(f, now_ms);
		break;
	case PCI_RESET_LINK:
		wait_link(f, now_ms);
		break;
	case PCI_RESET_SETTLE:
		if (now_ms - r->since_ms >= r->method->settle_ms) {
			enter(r, PCI_RESET_POLL, now_ms);
		}
		break;
	case PCI_RESET_POLL:
		poll(f, now_ms);
		break;
	case PCI_RESET_RESTORE:
		restore_and_verify(f, now_ms);
		break;
	case PCI_RESET_IDLE:
	case PCI_RESET_DONE:
	default:
		break;
	}
	return r->stage == PCI_RESET_DONE || r->stage == PCI_RESET_IDLE;
}
