/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests without clock and jobs have no storms: each meter is looked at once. */
#include "irq/irq_meter.h"
#include "pci/pci_storm.h"

void pci_irq_storm(struct irq_meter *m, uint32_t event)
{
	m->check_at = ~0ULL;
}

void pci_msi_storm(struct irq_meter *m, struct msi_controller *c, uint32_t vector, bool *held)
{
	m->check_at = ~0ULL;
}

void pci_wire_storm(struct irq_meter *m, uint32_t host_intid)
{
	m->check_at = ~0ULL;
}

bool pci_storm_lasts(const struct pci_function *f)
{
	return false;
}
