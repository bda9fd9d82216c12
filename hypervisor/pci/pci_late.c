/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing up a host bridge late. Others walk the registry meanwhile: ABSENT is not seen. */
#include "pci/pci_late.h"

#include "core/log.h"
#include "pci/pci_watch.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/registry.h"

int pci_bring_up_late(struct host_bridge *b)
{
	int error = b->ops->start(b);

	if (error != 0) {
		log_error("pci", "%s: host bridge does not start (%d)", b->desc->path, error);
		return error;
	}
	pci_bring_up(b);
	/* Numbers of other bridges' groups may change, what is in them does not. */
	spin_lock(&pci_registry_lock);
	pci_groups_assign(pci_function_first());
	spin_unlock(&pci_registry_lock);
	pci_watch_start(b);
	pci_log_functions(b);
	return 0;
}
