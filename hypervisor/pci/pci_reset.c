/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reset state machine (PCIe 6.0 6.6): quiesce and save, drain, reset, wait for the link and the
 * function, restore, verify. Each step is a few config accesses; waiting is done by being called
 * again.
 */
#include "pci/pci_reset.h"

#include "core/log.h"
#include "lib/errno.h"
#include "pci/pci_acs.h"
#include "pci/pci_bar.h"
#include "pci/pci_config.h"
#include "pci/pci_reset_method.h"
#include "pci/registry.h"

/*
 * What software has set since power-on and drivers expect to find. BARs come from the registry, not
 * from the device; COMMAND, MSI and MSI-X stay off; ACS is turned on anew.
 */
struct saved_register {
	size_t cap;      /* offset in struct pci_function of its offset; 0: the header */
	uint16_t offset; /* in the capability */
	uint8_t size;
	uint32_t keep; /* bits written back */
};

#define HEADER(offset, size, keep) { 0, offset, size, keep }
#define IN(cap, offset, size, keep) { offsetof(struct pci_function, cap), offset, size, keep }

static const struct saved_register saved_registers[] = {
	HEADER(PCI_CACHE_LINE, 1, 0xff),
	HEADER(PCI_LATENCY, 1, 0xff),
	HEADER(PCI_INTERRUPT_LINE, 1, 0xff),
	IN(cap_express, PCI_EXP_DEVCTL, 2, 0xffff & ~PCI_EXP_DEVCTL_FLR),
	IN(cap_express, PCI_EXP_LNKCTL, 2, 0xffff),
	IN(cap_express, PCI_EXP_DEVCTL2, 2, 0xffff),
	IN(cap_aer, PCI_AER_UNCOR_MASK, 4, 0xffffffff),
	IN(cap_aer, PCI_AER_UNCOR_SEVERITY, 4, 0xffffffff),
	IN(cap_aer, PCI_AER_COR_MASK, 4, 0xffffffff),
	IN(cap_aer, PCI_AER_CONTROL, 4, 0xffffffff),
	IN(cap_sriov, PCI_SRIOV_PAGE_SIZE, 4, 0xffffffff),
};
_Static_assert(ARRAY_SIZE(saved_registers) <= PCI_RESET_SAVED_MAX, "struct pci_reset too small");

/* 0: the function does not have it. */
static uint32_t saved_offset(const struct pci_function *f, const struct saved_register *r)
{
	uint32_t cap;

	if (r->cap == 0) {
		return r->offset;
	}
	cap = *(const uint16_t *)(const void *)((const char *)f + r->cap);
	return cap == 0 ? 0 : cap + r->offset;
}

static void save(struct pci_function *f)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(saved_registers); i++) {
		const struct saved_register *r = &saved_registers[i];
		uint32_t offset = saved_offset(f, r);

		if (offset != 0) {
			f->reset.saved[i] = pci_read(f, offset, r->size) & r->keep;
		}
	}
}

static void restore(struct pci_function *f)
{
	size_t i;

	pci_quiesce(f);
	for (i = 0; i < ARRAY_SIZE(saved_registers); i++) {
		const struct saved_register *r = &saved_registers[i];
		uint32_t offset = saved_offset(f, r);

		if (offset != 0) {
			pci_write(f, offset, r->size, f->reset.saved[i]);
		}
	}
	pci_bars_write(f);
	pci_acs_enable(f);
}

uint32_t pci_reset_probe(const struct pci_function *f)
{
	const struct pci_reset_method *m;
	uint32_t methods = 0;

	for (m = pci_reset_methods; m->name != NULL && f->header_type == 0; m++) {
		if (m->able(f)) {
			methods |= RESET_BIT(m->id);
		}
	}
	return methods;
}

static const struct pci_reset_method *best_method(const struct pci_function *f)
{
	const struct pci_reset_method *m;

	for (m = pci_reset_methods; m->name != NULL; m++) {
		if (f->reset_methods & RESET_BIT(m->id)) {
			return m;
		}
	}
	return NULL;
}

const char *pci_reset_method_name(const struct pci_function *f)
{
	const struct pci_reset_method *m = best_method(f);

	return m != NULL ? m->name : "no reset";
}

static void enter(struct pci_reset *r, enum pci_reset_stage stage, uint64_t now_ms)
{
	r->stage = stage;
	r->since_ms = now_ms;
}

static enum pci_reset_stage stage_when_awake(const struct pci_reset *r)
{
	return r->method != NULL ? PCI_RESET_DRAIN : PCI_RESET_POLL;
}

static void give_up(struct pci_function *f, int error, const char *why)
{
	f->reset.error = error;
	f->broken_why = why;
	f->reset.stage = PCI_RESET_DONE;
	log_error("pci", SBDF_FMT ": reset failed: %s", SBDF_ARG(f->sbdf), why);
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
	if ((control & PCI_PM_STATE) == 0) {
		return false;
	}
	pci_write(f, offset, 2, control & ~(uint32_t)PCI_PM_STATE);
	return true;
}

void pci_reset_begin(struct pci_function *f, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;

	r->method = best_method(f);
	r->slow = false;
	r->error = 0;
	pci_quiesce(f);
	/* Before it is woken: some functions forget everything on the way to D0. */
	save(f);
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
	r->method->assert_reset(f);
	enter(r, r->method->release != NULL ? PCI_RESET_HOLD : PCI_RESET_SETTLE, now_ms);
}

static void hold(struct pci_function *f, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;

	if (now_ms - r->since_ms >= PCI_RESET_HOLD_MS) {
		r->method->release(f);
		enter(r, r->method->link_up != NULL ? PCI_RESET_LINK : PCI_RESET_SETTLE, now_ms);
	}
}

static void wait_link(struct pci_function *f, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;

	if (r->method->link_up(f)) {
		enter(r, PCI_RESET_SETTLE, now_ms);
	} else if (now_ms - r->since_ms >= PCI_RESET_LINK_MS) {
		give_up(f, -ETIMEDOUT, "the link did not come back");
	}
}

/* All ones: not there. 0001: there, and asks for a retry (2.3.2). */
static void poll(struct pci_function *f, uint64_t now_ms)
{
	struct pci_reset *r = &f->reset;
	uint32_t vendor = pci_read(f, PCI_VENDOR_ID, 2);
	uint64_t waited = now_ms - r->since_ms;

	if (vendor != PCI_VENDOR_NONE && vendor != PCI_VENDOR_RETRY &&
	    pci_read(f, PCI_COMMAND, 4) != 0xffffffffU) {
		enter(r, PCI_RESET_RESTORE, now_ms);
	} else if (waited >= PCI_RESET_BUDGET_MS) {
		give_up(f, -ETIMEDOUT, "the function did not come back");
	} else if (waited >= PCI_RESET_SLOW_MS && !r->slow) {
		r->slow = true;
		log_warn("pci", SBDF_FMT ": not ready a second after its reset, waiting",
			 SBDF_ARG(f->sbdf));
	}
}

static bool same_identity(struct pci_function *f)
{
	return pci_read(f, PCI_VENDOR_ID, 4) == ((uint32_t)f->device << 16 | f->vendor) &&
	       pci_read(f, PCI_REVISION, 4) == (f->class_code << 8 | f->revision) &&
	       (pci_read(f, PCI_HEADER_TYPE, 1) & PCI_HEADER_LAYOUT) == f->header_type;
}

static void restore_and_verify(struct pci_function *f)
{
	if (!same_identity(f)) {
		give_up(f, -ENODEV, "something else answers after the reset");
		return;
	}
	restore(f);
	if (!pci_bars_verify(f)) {
		give_up(f, -EIO, "BARs do not hold their addresses after the reset");
		return;
	}
	if (pci_read(f, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) {
		give_up(f, -EIO, "bus mastering cannot be turned off");
		return;
	}
	f->reset_count++;
	f->fault_window = (struct pci_fault_window){ 0 };
	f->reset.stage = PCI_RESET_DONE;
}

bool pci_reset_step(struct pci_function *f, uint64_t now_ms)
{
	switch (f->reset.stage) {
	case PCI_RESET_WAKE:
		if (now_ms - f->reset.since_ms >= PCI_RESET_WAKE_MS) {
			enter(&f->reset, stage_when_awake(&f->reset), now_ms);
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
		if (now_ms - f->reset.since_ms >= PCI_RESET_SETTLE_MS) {
			enter(&f->reset, PCI_RESET_POLL, now_ms);
		}
		break;
	case PCI_RESET_POLL:
		poll(f, now_ms);
		break;
	case PCI_RESET_RESTORE:
		restore_and_verify(f);
		break;
	case PCI_RESET_IDLE:
	case PCI_RESET_DONE:
	default:
		break;
	}
	return f->reset.stage == PCI_RESET_DONE || f->reset.stage == PCI_RESET_IDLE;
}
