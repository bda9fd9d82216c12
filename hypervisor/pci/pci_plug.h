/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that come into a slot, or go, while the machine runs. All is called by one job. */
#ifndef PCI_PCI_PLUG_H
#define PCI_PCI_PLUG_H

#include "core/job.h"
#include "core/log.h"
#include "pci/function.h"

#define PCI_PLUG_FUNCTIONS 8U

/* How far the functions of a device that came are. */
struct pci_plug {
	uint32_t step;
	uint32_t count; /* functions found */
	uint32_t given; /* of them, in use now or not, known to all */
	uint32_t part;  /* of reading or giving the next one */
	struct pci_function *found; /* being read; NULL: the next one is to be looked for */
	struct pci_function *functions[PCI_PLUG_FUNCTIONS];
	struct placement_node *plan; /* where they go; NULL: not known yet, or any more */
	struct log_text line;
};

void pci_plug_begin(struct pci_plug *p);
/*
 * One bounded step: each function is read, then all are placed in the port's windows, then each is
 * pci_plugged(). True: that was the last; p->given says how many there are.
 */
bool pci_plug_step(struct pci_function *port, struct pci_plug *p);
/* There will be no more steps, whether the last one was done or the device is gone before. */
void pci_plug_end(struct pci_plug *p);

/* Implemented by vpci/ (lend_plug.c), no lock held. */

/*
 * f is complete, ABSENT. A bounded step; true: from now on it is the owner's of its bridge, or
 * nobody's when there is none.
 */
bool pci_plugged(struct pci_function *f);
/* Users of functions behind port are asked to let go, as far as they can be. */
void pci_unplug_ask(const struct pci_function *port);
/* None is lent any more, or on its way back. */
bool pci_unplug_asked(const struct pci_function *port);
/*
 * One bounded step: functions behind port are taken from whoever has them, and are ABSENT.
 * JOB_DONE: none is left; JOB_WAIT: somebody else has to come to an end first. why: for the log.
 */
enum job_status pci_unplug_step(const struct pci_function *port, const char *why);

#endif
