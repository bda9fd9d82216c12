/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reset methods: function-level reset (PCIe 6.0 6.6.2), the same for conventional functions
 * (Advanced Features ECN), a trip through D3hot (PCIe 6.0 5.3.1.4), secondary bus reset.
 */
#include "pci/pci_reset_method.h"

#include "pci/pci_config.h"
#include "pci/registry.h"

static bool flr_able(const struct pci_function *f)
{
	return f->flr;
}

static bool flr_pending(struct pci_function *f)
{
	return (pci_read(f, f->cap_express + PCI_EXP_DEVSTA, 2) & PCI_EXP_DEVSTA_PENDING) != 0;
}

static void flr_assert(struct pci_function *f)
{
	uint32_t offset = f->cap_express + PCI_EXP_DEVCTL;

	pci_write(f, offset, 2, pci_read(f, offset, 2) | PCI_EXP_DEVCTL_FLR);
}

static bool af_able(const struct pci_function *f)
{
	return f->af_flr;
}

static bool af_pending(struct pci_function *f)
{
	return (pci_read(f, f->cap_af + PCI_AF_STATUS, 1) & PCI_AF_STATUS_TP) != 0;
}

static void af_assert(struct pci_function *f)
{
	pci_write(f, f->cap_af + PCI_AF_CONTROL, 1, PCI_AF_CONTROL_FLR);
}

static bool pm_able(const struct pci_function *f)
{
	return f->pm_reset;
}

/* PME status clears by writing one: written as zero, with the wake-up it would enable. */
static void pm_set(struct pci_function *f, uint32_t state)
{
	pci_write(f, f->cap_pm + PCI_PM_CONTROL, 2, state);
}

static void pm_assert(struct pci_function *f)
{
	pm_set(f, PCI_PM_D3HOT);
}

/* One that stays in D0 is not reset, whatever it says. */
static bool pm_release(struct pci_function *f)
{
	uint32_t control = pci_read(f, f->cap_pm + PCI_PM_CONTROL, 2);

	pm_set(f, PCI_PM_D0);
	return (control & PCI_PM_STATE) == PCI_PM_D3HOT;
}

const struct pci_reset_method pci_reset_methods[] = {
	{
		.id = RESET_FLR,
		.name = "FLR",
		.settle_ms = 100,
		.able = flr_able,
		.pending = flr_pending,
		.assert_reset = flr_assert,
	},
	{
		.id = RESET_AF_FLR,
		.name = "AF FLR",
		.settle_ms = 100,
		.able = af_able,
		.pending = af_pending,
		.assert_reset = af_assert,
	},
	{
		/* Either way 10 ms (PCIe 6.0 5.9). */
		.id = RESET_PM,
		.name = "PM reset",
		.hold_ms = 10,
		.settle_ms = 10,
		.able = pm_able,
		.assert_reset = pm_assert,
		.release = pm_release,
	},
	{
		/* T_rst is 1 ms (6.6.1), then 100 ms after the link is up. */
		.id = RESET_BUS,
		.name = "bus reset",
		.hold_ms = 2,
		.settle_ms = 100,
		.able = pci_reset_bus_able,
		.claim = pci_reset_bus_claim,
		.unclaim = pci_reset_bus_unclaim,
		.assert_reset = pci_reset_bus_assert,
		.release = pci_reset_bus_release,
		.link_up = pci_reset_bus_link_up,
	},
	{ .name = NULL },
};
