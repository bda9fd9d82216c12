/* SPDX-License-Identifier: BSD-2-Clause */
/* Capabilities of the first 256 bytes, PCI Express aside: one table each. */
#include "vpci/policy.h"

/*
 * Power Management (PCIe 6.0 7.5.2): D0 and D3hot are real, with No_Soft_Reset; no PME. Bridges
 * remember a word and stay in D0, or all below would be gone.
 */
static const struct vpci_field pm[] = {
	/*at   bits         guest    owner    bridge */
	{ 0x00, 0x00070000, { COPY,    COPY,    COPY } },      /* version */
	{ 0x00, 0x00200000, { COPY,    COPY,    COPY } },      /* needs its driver after a reset */
	{ 0x00, 0xffd80000, { ZERO,    ZERO,    ZERO } },      /* PME, D1, D2, aux current */
	{ 0x04, 0x00000003, { POWER,   POWER,   POWER_OWN } },
	{ 0x04, 0x00000008, { RO,      RO,      ONE } },       /* No_Soft_Reset */
	{ 0x04, 0x00008000, { ZERO_W0, ZERO_W0, ZERO } },      /* PME status */
	{ 0x04, 0xffff7ff4, { ZERO,    ZERO,    ZERO } },
};
const struct vpci_cap vpci_cap_pm = VPCI_CAP(CAP_PM, true, true, true, pm);

/*
 * MSI (7.7.1) behind an ITS: the domain's own doorbell address and EventID are what the hardware
 * needs, DeviceID and SMMU confine it. Mask and pending are last: not all have them.
 */
static const struct vpci_field msi32[] = {
	{ 0x00, 0x00010000, { HW,        HW } },        /* enable */
	{ 0x00, 0xff8e0000, { COPY,      COPY } },
	{ 0x00, 0x00700000, { MSI_COUNT, MSI_COUNT } }, /* messages in use */
	{ 0x04, 0xfffffffc, { HW,        HW } },        /* address */
	{ 0x08, 0x0000ffff, { HW,        HW } },        /* data */
	{ 0x08, 0xffff0000, { ZERO,      ZERO } },
	{ 0x0c, 0xffffffff, { HW,        HW } },        /* mask */
	{ 0x10, 0xffffffff, { RO,        RO } },        /* pending */
};
const struct vpci_cap vpci_cap_msi32 = VPCI_CAP(CAP_MSI, true, true, false, msi32);

static const struct vpci_field msi64[] = {
	{ 0x00, 0x00010000, { HW,        HW } },        /* enable */
	{ 0x00, 0xff8e0000, { COPY,      COPY } },
	{ 0x00, 0x00700000, { MSI_COUNT, MSI_COUNT } }, /* messages in use */
	{ 0x04, 0xfffffffc, { HW,        HW } },        /* address */
	{ 0x08, 0xffffffff, { HW,        HW } },        /* upper address */
	{ 0x0c, 0x0000ffff, { HW,        HW } },        /* data */
	{ 0x0c, 0xffff0000, { ZERO,      ZERO } },
	{ 0x10, 0xffffffff, { HW,        HW } },        /* mask */
	{ 0x14, 0xffffffff, { RO,        RO } },        /* pending */
};
const struct vpci_cap vpci_cap_msi64 = VPCI_CAP(CAP_MSI, true, true, false, msi64);

/*
 * Where no ITS is: what the domain says is kept, and hardware told what the host makes of it
 * (vpci_msi.c). As many messages are in use there as the domain says, so mask and pending are real.
 */
static const struct vpci_field msi32_trapped[] = {
	{ 0x00, 0x00010000, { OWN_0,         OWN_0 } },         /* enable */
	{ 0x00, 0xff8e0000, { COPY,          COPY } },
	{ 0x00, 0x00700000, { MSI_COUNT_OWN, MSI_COUNT_OWN } }, /* messages in use */
	{ 0x04, 0xfffffffc, { MSI_MESSAGE,   MSI_MESSAGE } },   /* address */
	{ 0x04, 0x00000003, { ZERO,          ZERO } },
	{ 0x08, 0x0000ffff, { MSI_MESSAGE,   MSI_MESSAGE } },   /* data */
	{ 0x08, 0xffff0000, { ZERO,          ZERO } },
	{ 0x0c, 0xffffffff, { HW,            HW } },            /* mask */
	{ 0x10, 0xffffffff, { RO,            RO } },            /* pending */
};
const struct vpci_cap vpci_cap_msi32_trapped =
	VPCI_CAP(CAP_MSI, true, true, false, msi32_trapped);

static const struct vpci_field msi64_trapped[] = {
	{ 0x00, 0x00010000, { OWN_0,         OWN_0 } },         /* enable */
	{ 0x00, 0xff8e0000, { COPY,          COPY } },
	{ 0x00, 0x00700000, { MSI_COUNT_OWN, MSI_COUNT_OWN } }, /* messages in use */
	{ 0x04, 0xfffffffc, { MSI_MESSAGE,   MSI_MESSAGE } },   /* address */
	{ 0x04, 0x00000003, { ZERO,          ZERO } },
	{ 0x08, 0xffffffff, { MSI_MESSAGE,   MSI_MESSAGE } },   /* upper address */
	{ 0x0c, 0x0000ffff, { MSI_MESSAGE,   MSI_MESSAGE } },   /* data */
	{ 0x0c, 0xffff0000, { ZERO,          ZERO } },
	{ 0x10, 0xffffffff, { HW,            HW } },            /* mask */
	{ 0x14, 0xffffffff, { RO,            RO } },            /* pending */
};
const struct vpci_cap vpci_cap_msi64_trapped =
	VPCI_CAP(CAP_MSI, true, true, false, msi64_trapped);

/* MSI-X (7.7.2): enable and function mask are real; table and PBA stay where they are. */
static const struct vpci_field msix[] = {
	{ 0x00, 0x3fff0000, { COPY, COPY } }, /* table size */
	{ 0x00, 0x80000000, { MSIX_ENABLE, MSIX_ENABLE } },
	{ 0x00, 0x40000000, { HW,   HW } }, /* function mask */
	{ 0x04, 0xffffffff, { COPY, COPY } },
	{ 0x08, 0xffffffff, { COPY, COPY } },
};
const struct vpci_cap vpci_cap_msix = VPCI_CAP(CAP_MSIX, true, true, false, msix);

/* Advanced Features: its FLR is the hypervisor's too; transactions pending are real. */
static const struct vpci_field af[] = {
	{ 0x00, 0xffff0000, { COPY,   COPY } },
	{ 0x04, 0x00000001, { AF_FLR, AF_FLR } },
	{ 0x04, 0x00000100, { RO,     RO } }, /* transactions pending */
	{ 0x04, 0xfffffefe, { ZERO,   ZERO } },
};
const struct vpci_cap vpci_cap_af = VPCI_CAP(CAP_AF, true, true, false, af);

/*
 * Vital Product Data (7.9.19). A guest may read it: whole addresses with F clear. One with F set
 * would write the device's memory for good, and so might a narrow write next to an F that the
 * device has set.
 */
static const struct vpci_field vpd[] = {
	{ 0x00, 0x7fff0000, { VPD_ADDRESS, HW } },
	{ 0x00, 0x80000000, { RO_W0,       HW } }, /* F */
	{ 0x04, 0xffffffff, { RO,          HW } }, /* data */
};
const struct vpci_cap vpci_cap_vpd = VPCI_CAP(CAP_VPD, true, true, false, vpd);

/* Virtio 1.2 4.1.4: which part of which BAR is what. It does not change, so guests see a copy. */
static const struct vpci_field virtio[] = {
	{ 0x00, 0xffff0000, { COPY } },
	{ 0x04, 0xffffffff, { COPY } },
	{ 0x08, 0xffffffff, { COPY } },
	{ 0x0c, 0xffffffff, { COPY } },
	{ 0x10, 0xffffffff, { COPY } },
	{ 0x14, 0xffffffff, { COPY } },
};
const struct vpci_cap vpci_cap_virtio = VPCI_CAP(CAP_VENDOR, true, false, false, virtio);

/* Subsystem IDs of a bridge (7.9.23). */
static const struct vpci_field ssvid[] = {
	{ 0x00, 0xffff0000, { ZERO, COPY, COPY } },
	{ 0x04, 0xffffffff, { ZERO, COPY, COPY } },
};
const struct vpci_cap vpci_cap_ssvid = VPCI_CAP(CAP_SSVID, false, true, true, ssvid);
