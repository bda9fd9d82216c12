/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI Express (PCIe 6.0 7.5.3). A guest's function at 00:N.0 is a root-complex
 * integrated endpoint (type 9) without link, slot or root registers. Payload size, link and all
 * that depends on what is upstream is the hypervisor's, which carries FLR out too: or host BARs
 * would be lost behind its back. Ports have no slot (hot-plug is the hypervisor's) and controls
 * that remember and do nothing.
 */
#include "vpci/policy.h"

static const struct vpci_field fields[] = {
	/*at   bits         guest   owner  bridge */
	/* Capabilities */
	{ 0x00, 0x000f0000, { COPY,  COPY,  COPY } },  /* version */
	{ 0x00, 0x00600000, { ZERO,  COPY,  COPY } },  /* device/port type */
	{ 0x00, 0x00900000, { ONE,   COPY,  COPY } },
	{ 0x00, 0x01000000, { ZERO,  COPY,  ZERO } },  /* slot */
	{ 0x00, 0x3e000000, { COPY,  COPY,  COPY } },  /* interrupt message number */
	{ 0x00, 0xc0000000, { ZERO,  COPY,  COPY } },
	/* Device Capabilities */
	{ 0x04, 0x00000007, { COPY,  COPY,  RO } },    /* payload sizes */
	{ 0x04, 0x00000018, { ZERO,  COPY,  RO } },    /* phantom functions */
	{ 0x04, 0x0003ffe0, { COPY,  COPY,  RO } },    /* tags, latencies, error reporting */
	{ 0x04, 0x0ffc0000, { ZERO,  COPY,  RO } },    /* slot power */
	{ 0x04, 0xf0000000, { COPY,  COPY,  RO } },    /* FLR */
	/* Device Control */
	{ 0x08, 0x0000000f, { OWN_0, OWN_0, OWN } },   /* error messages: the hypervisor's */
	{ 0x08, 0x00000010, { HW,    HW,    OWN } },   /* relaxed ordering */
	{ 0x08, 0x000000e0, { OWN,   OWN,   OWN } },   /* payload size */
	{ 0x08, 0x00000100, { RO,    HW,    OWN } },   /* extended tags: all upstream must do */
	{ 0x08, 0x00000200, { ZERO,  ZERO,  OWN } },   /* phantom functions: other requester IDs */
	{ 0x08, 0x00000400, { ZERO,  HW,    OWN } },   /* auxiliary power */
	{ 0x08, 0x00007800, { HW,    HW,    OWN } },   /* no snoop, read request size */
	{ 0x08, 0x00008000, { FLR,   FLR,   COPY } },
	/* Device Status */
	{ 0x08, 0x000f0000, { W1C,   W1C,   W1C } },
	{ 0x08, 0x00300000, { RO,    RO,    RO } },    /* auxiliary power, transactions pending */
	/* Link */
	{ 0x0c, 0xffffffff, { ZERO,  RO,    RO } },
	{ 0x10, 0x0000ffdf, { ZERO,  OWN,   OWN } },
	{ 0x10, 0x00000020, { ZERO,  ZERO,  ZERO } },  /* retrain */
	/* Slot */
	{ 0x14, 0xffffffff, { ZERO,  RO,    ZERO } },
	{ 0x18, 0xffffffff, { ZERO,  RO,    ZERO } },
	/* Root */
	{ 0x1c, 0x0000001f, { ZERO,  OWN,   OWN } },
	{ 0x1c, 0x0000ffe0, { ZERO,  RO,    COPY } },
	{ 0x20, 0xfffeffff, { ZERO,  RO,    ZERO } },
	{ 0x20, 0x00010000, { ZERO,  W1C,   ZERO } },  /* PME status */
	/* Device Capabilities 2 */
	{ 0x24, 0x0000001f, { COPY,  RO,    RO } },    /* completion time-outs */
	/* Device Control 2 */
	{ 0x28, 0x0000001f, { HW,    HW,    OWN } },   /* completion time-out */
	{ 0x28, 0x00000020, { ZERO,  COPY,  OWN } },   /* ARI forwarding */
	{ 0x28, 0x000003c0, { ZERO,  HW,    OWN } },   /* atomics, ID-based ordering */
	{ 0x28, 0x00000400, { ZERO,  OWN,   OWN } },   /* LTR */
	{ 0x28, 0x0000f800, { ZERO,  HW,    OWN } },
	/* Link 2 */
	{ 0x2c, 0xffffffff, { ZERO,  RO,    RO } },
	{ 0x30, 0x0000ffff, { ZERO,  OWN,   OWN } },
};

const struct vpci_cap vpci_cap_express = VPCI_CAP(CAP_EXPRESS, true, true, true, fields);

/*
 * What is otherwise for a guest's function behind a root port: it is an endpoint with a link, the
 * host's, whose other end the port shows alike.
 */
static const struct vpci_field behind_port[] = {
	{ 0x00, 0x3e0f0000, { COPY } },  /* version, interrupt message number; type 0, endpoint */
	{ 0x0c, 0x000003ff, { RO } },    /* Link Capabilities: speed, width */
	{ 0x0c, 0x00400000, { ONE } },   /* no ASPM */
	{ 0x10, 0x000001cb, { OWN_0 } }, /* Link Control */
	{ 0x10, 0x03ff0000, { RO } },    /* Link Status: speed, width */
};
const struct vpci_cap vpci_cap_express_behind_port =
	VPCI_CAP(CAP_EXPRESS, true, false, false, behind_port);
