/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a function's host truth and a view to its virtual config space. The policy is in const
 * tables (policy.h): vpci_header.c, vpci_std_caps.c, vpci_express.c, vpci_ext_caps.c. Pure.
 */
#ifndef VPCI_BUILD_H
#define VPCI_BUILD_H

#include "vpci/shadow.h"

#define VPCI_EXT_CAPS_MAX 48

/* Who looks, and at what. */
enum vpci_view {
	VPCI_VIEW_GUEST,    /* a lent endpoint: what is not listed is not there */
	VPCI_VIEW_OWNER,    /* an endpoint used by its bridge's owner: unlisted registers pass */
	VPCI_VIEW_BRIDGE,   /* a bridge seen by the owner: nothing is written to hardware */
	VPCI_VIEW_IDENTITY, /* not the owner's just now: only what lspci needs to list it */
	VPCI_VIEW_VF,       /* a VF used by the owner of its bridge: as the hardware shows it */
};

static inline bool vpci_view_is_owners(enum vpci_view view)
{
	return view == VPCI_VIEW_OWNER || view == VPCI_VIEW_VF;
}

struct vpci_ext_cap {
	uint16_t id;
	uint16_t offset; /* 0x100..0xffc, in dwords */
	uint8_t version;
};

/* Host config space, read while the function was quiet. */
struct vpci_image {
	uint32_t regs[VPCI_BLOCK_REGS]; /* the first 256 bytes */
	struct vpci_ext_cap ext[VPCI_EXT_CAPS_MAX];
	uint32_t ext_count;
	bool ext_more; /* there may be others, nobody knows where */
};

struct vpci_build {
	enum vpci_view view;
	const struct pci_function *function;
	const struct vpci_image *image;
	bool msi; /* MSI and MSI-X reach an ITS that isolates them */
	bool msi_trapped; /* MSI through vectors of a controller; not with msi */
	bool msix_trapped; /* MSI-X the same way, through a table that is trapped */
	bool intx; /* a guest's function has a line for its pin */
	bool behind_port; /* in a guest, behind a root port */
	uint64_t bars[PCI_BARS]; /* initial PCI bus addresses */
};

/* A memory BAR a domain may have: sized, placed by the hypervisor, alone in its pages. */
bool vpci_bar_usable(const struct pci_bar *bar);
/* An I/O BAR a domain may have; its ports are trapped. */
bool vpci_io_bar_usable(const struct pci_bar *bar);
/* A memory BAR as the domain sees it: never less than a page, so that stage 2 maps it alone. */
uint64_t vpci_bar_size(const struct pci_bar *bar);

/* Fill s from b, anew. -ENOMEM: s holds nothing a domain may see. */
int vpci_build(struct vpci_shadow *s, const struct vpci_build *b);

/* What vpci_build() did with !intx, for a guest: there is a line for the pin after all. */
void vpci_build_pin(struct vpci_shadow *s, const struct vpci_image *image);

/*
 * vpci_build() in two, each long enough for one go: registers and BARs, anew; then capabilities.
 * After -ENOMEM of either s is not to be used.
 */
int vpci_build_header(struct vpci_shadow *s, const struct vpci_build *b);
int vpci_build_lists(struct vpci_shadow *s, const struct vpci_build *b);

/* Parts of them. */
int vpci_build_caps(struct vpci_shadow *s, const struct vpci_build *b);
int vpci_build_ext_caps(struct vpci_shadow *s, const struct vpci_build *b);

#endif
