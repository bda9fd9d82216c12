/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a domain may do with a function's config space, told a second time: by fields of the
 * specification, without the policy tables of the code under test and in another form. Whoever
 * changes the policy changes both; the properties name the bit in which the two differ.
 */
#ifndef FAKE_VPCI_REFERENCE_H
#define FAKE_VPCI_REFERENCE_H

#include "vpci/build.h"

#define VPCI_REGS 1024U

/* Per dword; a bit in none of see and own is fixed. */
struct vpci_reference {
	uint32_t see[VPCI_REGS];     /* follows the hardware */
	uint32_t write[VPCI_REGS];   /* of these, a write reaches the hardware */
	uint32_t w1c[VPCI_REGS];     /* bits of the hardware that clear by writing one */
	uint32_t own[VPCI_REGS];     /* the domain's own, remembered; zero after a reset */
	uint32_t start[VPCI_REGS];   /* how all that is not in see reads at first */
	uint32_t trigger[VPCI_REGS]; /* writing one resets the function, or is refused */
	/* numbers that a write may bring down to the largest there is */
	uint32_t bounded[VPCI_REGS];
	uint32_t whole[VPCI_REGS];   /* written all at once, or not at all */
	uint8_t covered[VPCI_REGS];  /* how many capabilities have a say here */
};

/*
 * From the hardware's bytes, the books (f: which capabilities the scan found sound), the extended
 * capabilities of image and the view. Where capabilities overlap, masks are the union of theirs: no
 * more than that may be.
 */
void vpci_reference(struct vpci_reference *r, const uint8_t hw[4096], const struct vpci_build *b);

#endif
