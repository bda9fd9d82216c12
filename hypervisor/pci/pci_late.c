/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing up a host bridge late. Others walk the registry meanwhile: ABSENT is not seen. */
#include "pci/pci_late.h"

#include "core/log.h"
#include "lib/errno.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/pci_place.h"
#include "pci/pci_placement.h"
#include "pci/pci_watch.h"
#include "pci/registry.h"

static int start(struct pci_late *l, struct host_bridge *b)
{
	int error = b->ops->start(b);

	if (error != 0) {
		log_error("pci", "%s: host bridge does not start (%d)", b->desc->path, error);
		return error;
	}
	pci_bring_up_begin(b);
	pci_scan_begin(&l->scan, b);
	return 0;
}

static void say_no_memory(const struct host_bridge *b)
{
	log_error("pci", "%s: out of memory, not every function is usable", b->desc->path);
}

static int scan(struct pci_late *l, struct host_bridge *b)
{
	int error = pci_scan_step(&l->scan);

	if (error == -EAGAIN) {
		return error;
	}
	if (error != 0) {
		say_no_memory(b);
	}
	return 0;
}

static int plan(struct pci_late *l, struct host_bridge *b)
{
	if (l->plan != NULL) {
		return placement_step(l->plan) ? 0 : -EAGAIN;
	}
	l->plan = pci_place_begin(b);
	if (l->plan == NULL && b->functions != NULL) {
		say_no_memory(b);
	}
	return l->plan != NULL ? -EAGAIN : 0;
}

/* It is the next function's turn. */
static int next(struct pci_late *l)
{
	l->part = 0;
	l->function = pci_function_next_below(l->function);
	return l->function != NULL ? -EAGAIN : 0;
}

static int place(struct pci_late *l, struct host_bridge *b)
{
	if (l->plan == NULL) {
		return 0;
	}
	pci_place_function(l->function, l->plan);
	if (next(l) != 0) {
		return -EAGAIN;
	}
	pci_place_end(b, l->plan);
	l->plan = NULL;
	return 0;
}

static int complete(struct pci_late *l, struct host_bridge *b)
{
	if (l->function == NULL) {
		return 0;
	}
	return pci_bring_up_part(l->function, l->part++) ? next(l) : -EAGAIN;
}

/* Numbers of other bridges' groups may change, what is in them does not. */
static int group(struct pci_late *l, struct host_bridge *b)
{
	spin_lock(&pci_registry_lock);
	pci_groups_assign(pci_function_first());
	spin_unlock(&pci_registry_lock);
	return 0;
}

static int watch(struct pci_late *l, struct host_bridge *b)
{
	pci_watch_start(b);
	return 0;
}

static int say(struct pci_late *l, struct host_bridge *b)
{
	if (l->function == NULL) {
		return 0;
	}
	if (l->part++ == 0) {
		pci_log_begin(&l->line, l->function);
		return -EAGAIN;
	}
	pci_log_end(&l->line, l->function);
	return next(l);
}

/* -EAGAIN: there is more of it. */
static int (*const steps[])(struct pci_late *l, struct host_bridge *b) = {
	start, scan, plan, place, complete, group, watch, say,
};

int pci_late_step(struct pci_late *l, struct host_bridge *b)
{
	int error = steps[l->step](l, b);

	if (error != 0) {
		return error;
	}
	l->function = b->functions;
	l->part = 0;
	return ++l->step < ARRAY_SIZE(steps) ? -EAGAIN : 0;
}
