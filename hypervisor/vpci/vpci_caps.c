/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capabilities as each view has them. The list is linked anew over what is shown, and a hidden
 * capability's registers are closed, not only skipped: reads between the links find nothing.
 */
#include "lib/errno.h"
#include "vpci/policy.h"

#define ALL 0xffffffffU
#define STATUS_CAP_LIST 0x00100000U
#define MSI_64BIT       0x00800000U
#define MSI_MASKABLE    0x01000000U
#define CAP_POINTER 0x34U
#define CAP_FIRST   0x40U
#define EXPRESS_V1_SIZE 0x24U
#define EXPRESS_V2_SIZE 0x3cU
#define CAP_STEPS 48U /* as many as fit in 0x40..0xff */
#define VENDOR_VIRTIO       0x1af4U
#define VIRTIO_DEVICE_FIRST 0x1000U
#define VIRTIO_DEVICE_LAST  0x107fU

static const uint32_t columns[] = {
	[VPCI_VIEW_GUEST] = COLUMN_GUEST,
	[VPCI_VIEW_OWNER] = COLUMN_OWNER,
	[VPCI_VIEW_BRIDGE] = COLUMN_BRIDGE,
	[VPCI_VIEW_VF] = COLUMN_OWNER,
};

static const struct vpci_cap *const known[] = {
	&vpci_cap_pm,	   &vpci_cap_vpd,  &vpci_cap_ssvid,
	&vpci_cap_express, &vpci_cap_msix, &vpci_cap_af,
};

/* How far a capability's registers reach (PCIe 6.0 7.5.3, 7.7.1, 7.7.2, 7.9.4), in whole dwords. */
static uint32_t cap_size(uint32_t header)
{
	switch (header & 0xff) {
	case CAP_MSI:
		return 12U + ((header & MSI_64BIT) ? 4U : 0U) + ((header & MSI_MASKABLE) ? 8U : 0U);
	case CAP_MSIX:
		return 12;
	case CAP_PM:
	case CAP_AF:
	case CAP_VPD:
	case CAP_SSVID:
		return 8;
	case CAP_VENDOR:
		return MAX((header >> 16) & 0xfcU, 4U);
	case CAP_EXPRESS:
		/* Version 1 ends before the second set: what lies there is not the capability's. */
		return BITS(header, 19, 16) >= 2 ? EXPRESS_V2_SIZE : EXPRESS_V1_SIZE;
	default:
		return 4;
	}
}

/* Only what the scan found sound, and MSI only when it can be isolated. */
static bool is_sound(const struct vpci_build *b, uint32_t id, uint32_t at)
{
	const struct pci_function *f = b->function;

	switch (id) {
	case CAP_PM:
		return f->cap_pm == at;
	case CAP_VPD:
		return f->cap_vpd == at;
	case CAP_MSI:
		return (b->msi || b->msi_trapped) && f->msi.cap == at;
	case CAP_EXPRESS:
		return f->cap_express == at;
	case CAP_MSIX:
		return (b->msi || b->msix_trapped) && f->msix.cap == at;
	case CAP_AF:
		return f->cap_af == at;
	default:
		return true;
	}
}

/*
 * The only vendor-specific capability guests see. Not type 5, which is a window from config space
 * into the BARs.
 */
static bool is_virtio_part(const struct pci_function *f, uint32_t header)
{
	uint32_t size = header >> 16 & 0xff, type = header >> 24;

	return f->vendor == VENDOR_VIRTIO && f->device >= VIRTIO_DEVICE_FIRST &&
	       f->device <= VIRTIO_DEVICE_LAST && size >= 16 && size <= 24 && size % 4 == 0 &&
	       type != 0 && (type <= 4 || type == 8);
}

/* Quirk allow-gap: what no table speaks of is a guest's too. */
static bool gaps_open(const struct vpci_build *b)
{
	return b->view == VPCI_VIEW_GUEST && (b->function->quirks & PCI_QUIRK_ALLOW_GAP);
}

/* NULL: no table speaks of it. */
static const struct vpci_cap *policy_of(const struct vpci_build *b, uint32_t header)
{
	const struct pci_function *f = b->function;
	uint32_t id = header & 0xff;

	if (id == CAP_MSI && b->msi_trapped) {
		return f->msi.is_64bit ? &vpci_cap_msi64_trapped : &vpci_cap_msi32_trapped;
	}
	if (id == CAP_MSI) {
		return f->msi.is_64bit ? &vpci_cap_msi64 : &vpci_cap_msi32;
	}
	if (id == CAP_VENDOR) {
		return b->view == VPCI_VIEW_GUEST && is_virtio_part(f, header) ? &vpci_cap_virtio
									       : NULL;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i]->id == id) {
			return known[i];
		}
	}
	return NULL;
}

static void close_range(struct vpci_shadow *s, uint32_t at, uint32_t size)
{
	for (uint32_t o = at; o < at + size && o < VPCI_BLOCK_SIZE; o += 4) {
		*vpci_shadow_reg(s, o) = (struct vpci_reg){ .virt = ALL };
	}
}

/* List the capabilities at shown[], in that order. Last, so that no overlapping body undoes it. */
static void link_caps(struct vpci_shadow *s, const struct vpci_image *image, const uint8_t *shown,
		      uint32_t count)
{
	*vpci_shadow_reg(s, CAP_POINTER) = (struct vpci_reg){ .virt = ALL };
	if (count == 0) {
		return;
	}
	vpci_shadow_reg(s, CAP_POINTER)->value = shown[0];
	vpci_shadow_reg(s, VPCI_REG_COMMAND)->value |= STATUS_CAP_LIST;
	for (uint32_t i = 0; i < count; i++) {
		struct vpci_reg *reg = vpci_shadow_reg(s, shown[i]);
		uint32_t next = i + 1 < count ? shown[i + 1] : 0;

		reg->virt |= 0xffff;
		reg->write &= ~0xffffU;
		reg->value = (reg->value & ~0xffffU) | next << 8 |
			     (image->regs[shown[i] / 4] & 0xff);
	}
}

/* Mask bits of messages there are not are reserved (7.7.1.7). */
static void limit_msi_mask(struct vpci_shadow *s, const struct pci_msi *msi, uint32_t size)
{
	if (msi->maskable && msi->vectors < 32) {
		vpci_shadow_reg(s, msi->cap + size - 8)->write &= (1U << msi->vectors) - 1;
	}
}

/*
 * False: it is to be hidden. A capability no table speaks of is hidden from guests and on bridges,
 * and raw to the owner; with gaps open a vendor's own is raw to a guest.
 */
static bool show_cap(struct vpci_shadow *s, const struct vpci_build *b, uint32_t at)
{
	uint32_t header = b->image->regs[at / 4];
	const struct vpci_cap *cap = policy_of(b, header);
	uint32_t column = columns[b->view];

	if (!cap) {
		return vpci_view_is_owners(b->view) ||
		       (gaps_open(b) && (header & 0xff) == CAP_VENDOR);
	}
	if (!cap->shown[column] || !is_sound(b, header & 0xff, at)) {
		return false;
	}
	if (gaps_open(b)) {
		close_range(s, at, cap_size(header)); /* its registers without a row are no gap */
	}
	/* The registers are there: the first 256 bytes are one allocation, made already. */
	(void)vpci_apply(s, cap->fields, cap->count, column, b->image, at, cap_size(header));
	if (cap->id == CAP_EXPRESS && b->behind_port) {
		cap = &vpci_cap_express_behind_port;
		(void)vpci_apply(s, cap->fields, cap->count, column, b->image, at,
				 cap_size(header));
	}
	if (cap->id == CAP_MSI) {
		limit_msi_mask(s, &b->function->msi, cap_size(header));
	}
	return true;
}

/* Where capabilities begin, in the list's order. A list that comes back to itself ends there. */
static uint32_t walk_list(const uint32_t *regs, uint8_t starts[CAP_STEPS])
{
	uint32_t at = regs[CAP_POINTER / 4] & 0xfc;
	uint32_t count = 0;
	uint64_t seen = 0;

	if (!(regs[VPCI_REG_COMMAND / 4] & STATUS_CAP_LIST)) {
		return 0;
	}
	while (at >= CAP_FIRST && !(seen & BIT(at / 4))) {
		seen |= BIT(at / 4);
		starts[count++] = (uint8_t)at;
		at = regs[at / 4] >> 8 & 0xfc;
	}
	return count;
}

/* With gaps open: where a hidden capability ends is not known, but the next one is not in it. */
static uint32_t hidden_size(const struct vpci_build *b, const uint8_t *starts, uint32_t count,
			    uint32_t at)
{
	uint32_t end = VPCI_BLOCK_SIZE;

	if (!gaps_open(b)) {
		return cap_size(b->image->regs[at / 4]);
	}
	for (uint32_t i = 0; i < count; i++) {
		end = starts[i] > at ? MIN(end, starts[i]) : end;
	}
	return MAX(end - at, cap_size(b->image->regs[at / 4]));
}

int vpci_build_caps(struct vpci_shadow *s, const struct vpci_build *b)
{
	uint8_t starts[CAP_STEPS], shown[CAP_STEPS];
	uint32_t count = walk_list(b->image->regs, starts);
	uint32_t shown_count = 0;

	if (!vpci_shadow_reg(s, 0)) {
		return -ENOMEM; /* the only allocation of the first 256 bytes */
	}
	for (uint32_t o = CAP_FIRST; gaps_open(b) && o < VPCI_BLOCK_SIZE; o += 4) {
		*vpci_shadow_reg(s, o) = (struct vpci_reg){ .write = ALL };
	}
	for (uint32_t i = 0; i < count; i++) {
		if (show_cap(s, b, starts[i])) {
			shown[shown_count++] = starts[i];
		} else {
			close_range(s, starts[i], hidden_size(b, starts, count, starts[i]));
		}
	}
	link_caps(s, b->image, shown, shown_count);
	return 0;
}
