/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The config space of a virtual root port: what it begins with, and what a guest may change.
 * Windows and controls remember and do nothing: BARs are mapped where they are, the link is
 * another's. There is no INTx pin: a guest has such a port where it has an ITS.
 */
#include "lib/errno.h"
#include "vpci/port.h"
#include "vpci/port_regs.h"

#include <viaduct/guest_map.h>

#define ALL 0xffffffffU
#define SLOT_NUMBER_SHIFT 19 /* in Slot Capabilities (PCIe 6.0 7.5.3.9) */
#define PORT_NUMBER_SHIFT 24 /* in Link Capabilities (7.5.3.6) */

/* Registers that are not here read zero. */
static const struct {
	uint8_t at;
	uint8_t kind;    /* enum vpci_reg_kind */
	uint32_t value;  /* at first */
	uint32_t own;    /* bits the guest writes */
	uint32_t clears; /* of them, those it clears by writing 1 */
} registers[] = {
	{ 0x00, VPCI_PLAIN, GUEST_PORT_VENDOR_ID | GUEST_PORT_DEVICE_ID << 16, 0, 0 },
	/* Decodes, bus master, parity, SERR, INTx disable; there are capabilities */
	{ 0x04, VPCI_PLAIN, 0x00100000, 0x00000547, 0 },
	{ 0x08, VPCI_PLAIN, 0x06040000, 0, 0 },             /* bridge */
	{ 0x0c, VPCI_PLAIN, 0x00010000, 0x000000ff, 0 },    /* type 1; cache line */
	{ PORT_BUSES, VPCI_PLAIN, 0, 0x00ffffff, 0 },
	{ 0x1c, VPCI_PLAIN, 0, 0x0000f0f0, 0 },             /* I/O window */
	{ 0x20, VPCI_PLAIN, 0, 0xfff0fff0, 0 },             /* memory window */
	{ 0x24, VPCI_PLAIN, 0x00010001, 0xfff0fff0, 0 },    /* prefetchable window, 64 bits */
	{ 0x28, VPCI_PLAIN, 0, 0xffffffff, 0 },
	{ 0x2c, VPCI_PLAIN, 0, 0xffffffff, 0 },
	{ 0x34, VPCI_PLAIN, PORT_PM, 0, 0 },
	{ 0x3c, VPCI_PLAIN, 0, 0x005f00ff, 0 },             /* line; bridge control */

	{ PORT_PM, VPCI_PLAIN, 0x00030001 | PORT_MSI << 8, 0, 0 }, /* version 3 */
	{ PORT_PM + 0x04, VPCI_PM_STATE, 0x00000008, 0x00000003, 0 }, /* keeps its state in D3hot */

	/* 64-bit, one message; enable */
	{ PORT_MSI, VPCI_PLAIN, 0x00800005 | PORT_EXPRESS << 8, 0x00010000, 0 },
	{ PORT_MSI + 0x04, VPCI_PLAIN, 0, 0xfffffffc, 0 },
	{ PORT_MSI + 0x08, VPCI_PLAIN, 0, 0xffffffff, 0 },
	{ PORT_MSI + 0x0c, VPCI_PLAIN, 0, 0x0000ffff, 0 },

	{ PORT_EXPRESS, VPCI_PLAIN, 0x01420010, 0, 0 },        /* version 2, root port, slot */
	{ PORT_EXPRESS + 0x04, VPCI_PLAIN, 0x00008000, 0, 0 }, /* role-based errors, 128 bytes */
	/* Device Control: 512-byte requests, relaxed ordering, no snoop */
	{ PORT_EXPRESS + 0x08, VPCI_PLAIN, 0x00002810, 0x00007eff, 0 },
	/* x32, 32 GT/s: no function is more; no ASPM; tells whether the link is active */
	{ PORT_LINK_CAP, VPCI_PLAIN, 0x00500205, 0, 0 },
	{ PORT_LINK, VPCI_PLAIN, 0, 0x00000fd3, 0 },           /* retraining is over at once */
	/* Attention button, power indicator, surprise, hot-plug; no command is ever waited for */
	{ PORT_SLOT_CAP, VPCI_PLAIN, 0x00040071, 0, 0 },
	/* Enables, power indicator, which is off; events */
	{ PORT_SLOT, VPCI_PLAIN, 0x00000300, 0x011f133f, 0x011f0000 },
	{ PORT_EXPRESS + 0x1c, VPCI_PLAIN, 0, 0x0000000f, 0 }, /* Root Control */
	{ PORT_EXPRESS + 0x28, VPCI_PLAIN, 0, 0x0000001f, 0 }, /* completion time-out */
	{ PORT_EXPRESS + 0x2c, VPCI_PLAIN, 0x0000003e, 0, 0 }, /* speeds */
	{ PORT_EXPRESS + 0x30, VPCI_PLAIN, 0x00000005, 0x0000000f, 0 },
};

int vpci_port_build(struct vpci_port *p, uint32_t device)
{
	struct vpci_reg *regs;

	vpci_shadow_reset(&p->shadow, (struct vpci_reg){ .virt = ALL });
	regs = vpci_shadow_reg(&p->shadow, 0); /* of the first 256 bytes, which is all there is */
	if (!regs) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(registers); i++) {
		regs[registers[i].at / 4] = (struct vpci_reg){
			.value = registers[i].value, .virt = ALL, .write = registers[i].own,
			.w1c = registers[i].clears, .kind = registers[i].kind };
	}
	regs[PORT_LINK_CAP / 4].value |= device << PORT_NUMBER_SHIFT;
	regs[PORT_SLOT_CAP / 4].value |= device << SLOT_NUMBER_SHIFT;
	return 0;
}
