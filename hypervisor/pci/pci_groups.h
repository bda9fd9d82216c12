/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Isolation groups: functions that could reach each other, or be mistaken for each other, without
 * the IOMMU seeing it. Registry lock held, or boot.
 */
#ifndef PCI_PCI_GROUPS_H
#define PCI_PCI_GROUPS_H

#include "pci/function.h"

#define PCI_GROUP_NONE 0xffffffffU

/*
 * Number the groups of the whole list, densely, by first member. After ACS was turned on. From then
 * on functions are found by StreamID and DeviceID, too.
 */
void pci_groups_assign(struct pci_function *all);
/*
 * A function more, whose group is PCI_GROUP_NONE or that of before: a new number, unless a rule
 * puts it to others. All other numbers stay, but for groups that this one joins. After its ACS was
 * turned on and its IDs are known.
 */
void pci_groups_add(struct pci_function *f);
/* It is not what it was: PCI_GROUP_NONE, unless it was alone. */
void pci_groups_leave(struct pci_function *f);

/*
 * The requester ID the IOMMU and the ITS see when f sends. Bridges to conventional PCI put their
 * own there: that of their secondary bus, device 0, if they are PCI Express bridges (PCI Express to
 * PCI/PCI-X Bridge 1.0, 2.3), else the bridge's.
 */
uint16_t pci_requester_id(const struct pci_function *f);

#endif
