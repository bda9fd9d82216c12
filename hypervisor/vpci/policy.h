/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The language policy tables are written in: what a domain finds in some bits of a register, one
 * word a view. Bits of a listed register that no row names are reserved: views whose registers are
 * denied read zero there, the others read the hardware's; nobody writes them.
 */
#ifndef VPCI_POLICY_H
#define VPCI_POLICY_H

#include "vpci/build.h"

/* Words marked W0: where a write is merged with the hardware's value, these bits are written 0. */
enum vpci_word {
	ZERO,
	ONE,
	COPY,    /* as the hardware had it when the function was given to its user */
	OWN,     /* the domain's own, remembered and never hardware; begins as a copy... */
	OWN_0,   /* ...or as zero */
	HW,      /* read from and written to hardware */
	RO,      /* read from hardware */
	W1C,     /* read from hardware, writing one clears (W0) */
	ZERO_W0, /* clears by writing one in hardware, and the domain does not see it */
	RO_W0,   /* read from hardware, where writing one would start something */

	/* Writes with consequences: see enum vpci_reg_kind. At most one such word a register. */
	DECODE,    /* OWN_0 */
	POWER,     /* HW */
	POWER_OWN, /* OWN_0 */
	FLR,       /* ZERO */
	AF_FLR,    /* ZERO */
	MSI_COUNT, /* HW */
	VPD_ADDRESS, /* HW */
	MSI_COUNT_OWN, /* OWN_0 */
	MSI_MESSAGE,   /* OWN_0 */
	MSIX_ENABLE,   /* HW */
	VPCI_WORDS
};

/* Columns of capability tables. */
enum vpci_column { COLUMN_GUEST, COLUMN_OWNER, COLUMN_BRIDGE, VPCI_COLUMNS };

struct vpci_field {
	uint8_t at; /* dword, from the header's or capability's start; tables are in its order */
	uint32_t bits;
	uint8_t words[VPCI_COLUMNS]; /* enum vpci_word */
};

/* Capabilities that are shown in some view; see vpci_caps.c. */
struct vpci_cap {
	uint8_t id;
	bool shown[VPCI_COLUMNS];
	const struct vpci_field *fields;
	uint32_t count;
};
#define VPCI_CAP(id, guest, owner, bridge, fields) \
	{ id, { guest, owner, bridge }, fields, ARRAY_SIZE(fields) }

enum { CAP_PM = 0x01, CAP_VPD = 0x03, CAP_MSI = 0x05, CAP_VENDOR = 0x09, CAP_SSVID = 0x0d,
       CAP_EXPRESS = 0x10, CAP_MSIX = 0x11, CAP_AF = 0x13 };

/* Set the registers rows speak of; rows at or beyond size are left out. -ENOMEM. */
int vpci_apply(struct vpci_shadow *s, const struct vpci_field *fields, uint32_t count,
	       uint32_t column, const struct vpci_image *image, uint32_t base, uint32_t size);

extern const struct vpci_cap vpci_cap_pm, vpci_cap_vpd, vpci_cap_msi32, vpci_cap_msi64,
	vpci_cap_msi32_trapped, vpci_cap_msi64_trapped, vpci_cap_msix, vpci_cap_af,
	vpci_cap_virtio, vpci_cap_ssvid, vpci_cap_express, vpci_cap_express_behind_port;

#endif
