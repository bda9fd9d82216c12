/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended capabilities (PCIe 6.0 7.6.3). A guest is shown a list of its own, of those that only
 * tell it something; no write of its goes there. The owner walks the hardware's list, and may write
 * to what concerns nobody else. On bridges nothing is written, see vpci_header.c.
 */
#include "lib/errno.h"
#include "vpci/build.h"
#include "vpci/sriov.h"

#define ALL 0xffffffffU
#define EXT_CAP_FIRST 0x100U

enum ext_word {
	HIDE,
	SHOW, /* to be read, not written */
	RAW,  /* as in the hardware; also what the owner has of those not listed */
};

/*
 * What the owner may not write silences errors, redirects requests, changes the size of BARs, makes
 * new functions, or needs every port above to be set alike, which is not the owner's to do.
 */
static const struct {
	uint16_t id;
	uint16_t size;
	uint8_t guest;
	uint8_t owner;
} policies[] = {
	{ 0x0001, 0x2c, SHOW, SHOW }, /* Advanced Error Reporting, to the end of the header log */
	{ 0x0003, 0x0c, SHOW, SHOW }, /* Device Serial Number */
	{ 0x000b, 0x04, HIDE, RAW },  /* vendor-specific */
	{ 0x000d, 0x08, HIDE, SHOW }, /* Access Control Services */
	{ 0x000e, 0x08, HIDE, SHOW }, /* ARI */
	{ 0x000f, 0x08, HIDE, SHOW }, /* Address Translation Services */
	{ 0x0010, 0x40, HIDE, SHOW }, /* SR-IOV */
	{ 0x0012, 0x30, HIDE, SHOW }, /* Multicast */
	{ 0x0013, 0x10, HIDE, SHOW }, /* Page Requests */
	{ 0x0015, 0x34, HIDE, SHOW }, /* Resizable BAR */
	{ 0x0018, 0x08, HIDE, SHOW }, /* Latency Tolerance Reporting */
	{ 0x001b, 0x08, HIDE, SHOW }, /* PASID */
	{ 0x001d, 0x0c, HIDE, SHOW }, /* Downstream Port Containment; a port's: nothing written */
	{ 0x001e, 0x14, HIDE, SHOW }, /* L1 PM Substates */
	{ 0x001f, 0x0c, HIDE, SHOW }, /* Precision Time Measurement */
	{ 0x0023, 0x04, HIDE, RAW },  /* designated vendor-specific */
	{ 0x0024, 0x34, HIDE, SHOW }, /* VF Resizable BAR */
	{ 0x002f, 0x10, HIDE, SHOW }, /* Device 3: 14-bit tags, deferrable writes */
};

#define EXT_SRIOV 0x0010U
#define SRIOV_VFS 0x0cU /* InitialVFs, TotalVFs */

/* How many bytes of the capability are to be read and not written; 0: it is not shown so. */
static uint32_t shown_size(enum vpci_view view, uint32_t id)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(policies); i++) {
		if (policies[i].id == id) {
			uint32_t word = view == VPCI_VIEW_GUEST ? policies[i].guest
								: policies[i].owner;

			return word == SHOW ? policies[i].size : 0;
		}
	}
	return 0;
}

static int set_read_only(struct vpci_shadow *s, uint32_t at, uint32_t size)
{
	for (uint32_t o = at; o < at + size && o < VPCI_CFG_SIZE; o += 4) {
		struct vpci_reg *reg = vpci_shadow_reg(s, o);

		if (!reg) {
			return -ENOMEM;
		}
		*reg = (struct vpci_reg){ .write = 0 };
	}
	return 0;
}

/*
 * A guest's list. Its first place has to be there: where what it holds is hidden, a capability with
 * ID 0 holds only the link. After the bodies, so that no overlapping one undoes it; a place that
 * comes a second time is where the hardware's list loops.
 */
static int link_guest(struct vpci_shadow *s, const struct vpci_image *image)
{
	struct vpci_reg *last = NULL;
	uint64_t linked[VPCI_CFG_SIZE / 4 / 64] = { 0 };

	for (uint32_t i = 0; i < image->ext_count; i++) {
		const struct vpci_ext_cap *cap = &image->ext[i];
		uint32_t place = cap->offset / 4U;

		if (shown_size(VPCI_VIEW_GUEST, cap->id) == 0 ||
		    (linked[place / 64] & BIT(place % 64))) {
			continue;
		}
		linked[place / 64] |= BIT(place % 64);
		if (!last && cap->offset != EXT_CAP_FIRST) {
			last = vpci_shadow_reg(s, EXT_CAP_FIRST);
			if (!last) {
				return -ENOMEM;
			}
			*last = (struct vpci_reg){ .virt = ALL };
		}
		if (last) {
			last->value |= (uint32_t)cap->offset << 20;
		}
		last = vpci_shadow_reg(s, cap->offset);
		*last = (struct vpci_reg){ .virt = ALL,
					   .value = cap->id | (cap->version & 0xfU) << 16 };
	}
	return 0;
}

/* Its owner reads what no list names, and writes none of it. */
static void close_all(struct vpci_shadow *s)
{
	s->fallback.write = 0;
	for (uint32_t o = EXT_CAP_FIRST; o < VPCI_CFG_SIZE; o += VPCI_BLOCK_SIZE) {
		struct vpci_block *block = s->blocks[o / VPCI_BLOCK_SIZE];

		for (uint32_t i = 0; block && i < VPCI_BLOCK_REGS; i++) {
			block->regs[i].write = 0;
		}
	}
}

/*
 * The owner's SR-IOV capability is the one the registry has, wherever the list has others. It comes
 * last: it counts on its registers being as it made them, whatever lies over them.
 */
int vpci_build_ext_caps(struct vpci_shadow *s, const struct vpci_build *b)
{
	bool owner = vpci_view_is_owners(b->view);

	if (b->image->ext_more) {
		close_all(s);
	}
	for (uint32_t i = 0; i < b->image->ext_count; i++) {
		const struct vpci_ext_cap *cap = &b->image->ext[i];

		if (set_read_only(s, cap->offset, shown_size(b->view, cap->id))) {
			return -ENOMEM;
		}
		if (owner && cap->id == EXT_SRIOV && cap->offset + SRIOV_VFS < VPCI_CFG_SIZE) {
			/* No virtual functions to enable. */
			vpci_shadow_reg(s, cap->offset + SRIOV_VFS)->virt = ALL;
		}
	}
	if (owner && b->function->sriov.total != 0 && vpci_sriov_build(s, b->function)) {
		return -ENOMEM;
	}
	return b->view == VPCI_VIEW_GUEST ? link_guest(s, b->image) : 0;
}
