/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A physical function's SR-IOV capability as its owner has it (PCIe 6.0 9.3.3). NumVFs, VF Enable,
 * VF MSE, System Page Size and VF BARs are the owner's own; what they mean is carried out elsewhere
 * (lend_vfs.c). Pure.
 */
#ifndef VPCI_SRIOV_H
#define VPCI_SRIOV_H

#include "vpci/build.h"

/* What the owner's registers say; nothing without a capability. */
struct vpci_sriov_regs {
	bool enable;
	bool decode; /* VF MSE */
	uint16_t count;
	uint64_t page; /* bytes */
	uint64_t bars[PCI_BARS]; /* PCI bus addresses; VF i's is MAX(size, page) * i above */
};

/* f's capability into an owner's shadow. -ENOMEM. */
int vpci_sriov_build(struct vpci_shadow *s, const struct pci_function *f);
struct vpci_sriov_regs vpci_sriov_regs(const struct vpci_shadow *s);
/* VF Enable and VF MSE read zero again: VFs could not be enabled. */
void vpci_sriov_give_up(struct vpci_shadow *s);

/*
 * For vpci_shadow_write(), which is about to make reg merged, in being written to lanes, and to
 * have plan->effect take place. False: plan says what happens instead.
 */
bool vpci_sriov_allows(const struct vpci_shadow *s, const struct vpci_reg *reg, uint32_t lanes,
		       uint32_t in, uint32_t merged, struct vpci_plan *plan);
/* A register of this kind has its new value: what follows. */
void vpci_sriov_written(struct vpci_shadow *s, uint32_t kind, uint32_t changed,
			struct vpci_plan *plan);
/* As after a reset. */
void vpci_sriov_initial(struct vpci_shadow *s);

#endif
