/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capabilities as each view has them. The list is linked anew over what is shown, and a hidden
 * capability's registers are closed, not only skipped: reads between the links find nothing.
 */
#include "lib/errno.h"
#include "vpci/build.h"

#define ALL 0xffffffffU
#define STATUS_CAP_LIST 0x00100000U
#define MSI_64BIT       0x00800000U
#define MSI_MASKABLE    0x01000000U
#define CAP_POINTER 0x34U
#define CAP_FIRST   0x40U
#define EXPRESS_V1_SIZE 0x24U
#define CAP_STEPS 48U /* as many as fit in 0x40..0xff */
#define VENDOR_VIRTIO       0x1af4U
#define VIRTIO_DEVICE_FIRST 0x1000U
#define VIRTIO_DEVICE_LAST  0x107fU

enum { CAP_PM = 0x01, CAP_VPD = 0x03, CAP_MSI = 0x05, CAP_VENDOR = 0x09, CAP_SSVID = 0x0d,
       CAP_EXPRESS = 0x10, CAP_MSIX = 0x11, CAP_AF = 0x13 };

/* PCIe 6.0 7.5.2: D0 and D3hot are real, with No_Soft_Reset; no PME. */
static const struct vpci_rule pm_rules[] = {
	{ .at = 0, .virt = ALL, .clear = 0xfff80000 },
	{ .at = 4, .kind = VPCI_PM_STATE, .virt = 0xfffffff4, .write = 3, .w1c = 0x8000,
	  .clear = ALL },
};

/* Bridges: a word only. They stay in D0, or all below would be gone. */
static const struct vpci_rule pm_bridge_rules[] = {
	{ .at = 0, .virt = ALL, .clear = 0xfff80000 },
	{ .at = 4, .kind = VPCI_PM_STATE, .virt = ALL, .write = 3, .clear = ALL, .set = 8 },
};

/*
 * MSI (PCIe 6.0 7.7.1) behind an ITS: the domain's own doorbell address and EventID are what the
 * hardware needs, DeviceID and SMMU confine it. By (64-bit, maskable).
 */
#define MSI_CONTROL { .at = 0, .virt = 0xff8effff, .write = 0x00710000 }
#define MSI_ADDRESS(o) { .at = (o), .write = 0xfffffffc }
#define MSI_UPPER(o) { .at = (o), .write = ALL }
#define MSI_DATA(o) { .at = (o), .virt = 0xffff0000, .write = 0x0000ffff, .clear = 0xffff0000 }
#define MSI_PENDING(o) { .at = (o) }
static const struct vpci_rule msi32_rules[] = { MSI_CONTROL, MSI_ADDRESS(4), MSI_DATA(8) };
static const struct vpci_rule msi32_mask_rules[] = { MSI_CONTROL, MSI_ADDRESS(4), MSI_DATA(8),
						     MSI_UPPER(12), MSI_PENDING(16) };
static const struct vpci_rule msi64_rules[] = { MSI_CONTROL, MSI_ADDRESS(4), MSI_UPPER(8),
						MSI_DATA(12) };
static const struct vpci_rule msi64_mask_rules[] = { MSI_CONTROL, MSI_ADDRESS(4), MSI_UPPER(8),
						     MSI_DATA(12), MSI_UPPER(16), MSI_PENDING(20) };

/* MSI-X (7.7.2): enable and function mask are real; table and PBA stay where they are. */
static const struct vpci_rule msix_rules[] = {
	{ .at = 0, .virt = 0x3fffffff, .write = 0xc0000000 },
	{ .at = 4, .virt = ALL },
	{ .at = 8, .virt = ALL },
};

/*
 * PCI Express (7.5.3) for a guest. It sits at 00:N.0, so it is a root-complex integrated endpoint
 * (type 9) and has no link. No phantom functions; MPS is the hypervisor's, which carries FLR out.
 */
static const struct vpci_rule express_guest_rules[] = {
	{ .at = 0x00, .virt = ALL, .clear = 0xc1f00000, .set = 0x00900000 },
	{ .at = 0x04, .virt = ALL, .clear = 0x0ffc0018 },
	{ .at = 0x08, .kind = VPCI_FLR, .virt = 0xffc086ef, .write = 0x000f78ff, .w1c = 0x000f0000,
	  .clear = 0xffc0860f },
	{ .at = 0x24, .virt = ALL, .clear = 0xffffffe0 },
	{ .at = 0x28, .virt = 0xffffffe0, .write = 0x0000001f, .clear = ALL },
};

/*
 * For the owner: link and MPS are the hypervisor's, shown as registers that remember; it carries
 * FLR out, or host BARs would be lost behind its back.
 */
static const struct vpci_rule express_owner_rules[] = {
	{ .at = 0x00, .virt = ALL },
	{ .at = 0x04, .virt = ALL },
	{ .at = 0x08, .kind = VPCI_FLR, .virt = 0x000082e0, .write = 0x000f7dff, .w1c = 0x000f0000, .clear = 0x8200 },
	{ .at = 0x10, .virt = 0x0000ffff, .write = 0x0000ffdf },
	{ .at = 0x28, .virt = 0x00000420, .write = 0x0000ffdf },
	{ .at = 0x30, .virt = 0x0000ffff, .write = 0x0000ffff },
};

/* A port: no slot (hot-plug is the hypervisor's), controls remember and do nothing. */
static const struct vpci_rule express_bridge_rules[] = {
	{ .at = 0x00, .virt = ALL, .clear = 0x01000000 },
	{ .at = 0x08, .virt = 0x0000ffff, .write = 0x000f7fff, .w1c = 0x000f0000 },
	{ .at = 0x10, .virt = 0x0000ffff, .write = 0x0000ffdf },
	{ .at = 0x14, .virt = ALL, .clear = ALL },
	{ .at = 0x18, .virt = ALL, .clear = ALL },
	{ .at = 0x1c, .virt = 0x0000ffff, .write = 0x0000001f },
	{ .at = 0x20, .virt = ALL, .clear = ALL },
	{ .at = 0x28, .virt = 0x0000ffff, .write = 0x0000ffff },
	{ .at = 0x30, .virt = 0x0000ffff, .write = 0x0000ffff },
};

static const struct vpci_rule ssvid_rules[] = {
	{ .at = 0, .virt = ALL },
	{ .at = 4, .virt = ALL },
};

/* Advanced Features: its FLR is the hypervisor's too; transactions pending are real. */
static const struct vpci_rule af_rules[] = {
	{ .at = 0, .virt = ALL },
	{ .at = 4, .kind = VPCI_AF_FLR, .virt = 0xfffffeff, .clear = ALL },
};

/* Virtio 1.2 4.1.4: which part of which BAR is what. It does not change, so guests see a copy. */
static const struct vpci_rule virtio_rules[] = {
	{ .at = 0x00, .virt = ALL }, { .at = 0x04, .virt = ALL }, { .at = 0x08, .virt = ALL },
	{ .at = 0x0c, .virt = ALL }, { .at = 0x10, .virt = ALL }, { .at = 0x14, .virt = ALL },
};

/* A capability not in a view's table is hidden from guests and on bridges, and raw to the owner. */
struct cap_policy {
	uint8_t id;
	const struct vpci_rule *rules; /* NULL: by shape, see msi_policy() */
	uint32_t count;
};

static const struct cap_policy guest_caps[] = {
	{ CAP_PM, pm_rules, ARRAY_SIZE(pm_rules) },
	{ CAP_MSI, NULL, 0 },
	{ CAP_EXPRESS, express_guest_rules, ARRAY_SIZE(express_guest_rules) },
	{ CAP_VENDOR, virtio_rules, ARRAY_SIZE(virtio_rules) },
	{ CAP_MSIX, msix_rules, ARRAY_SIZE(msix_rules) },
	{ CAP_AF, af_rules, ARRAY_SIZE(af_rules) },
};

static const struct cap_policy owner_caps[] = {
	{ CAP_PM, pm_rules, ARRAY_SIZE(pm_rules) },
	{ CAP_MSI, NULL, 0 },
	{ CAP_EXPRESS, express_owner_rules, ARRAY_SIZE(express_owner_rules) },
	{ CAP_MSIX, msix_rules, ARRAY_SIZE(msix_rules) },
	{ CAP_AF, af_rules, ARRAY_SIZE(af_rules) },
};

static const struct cap_policy bridge_caps[] = {
	{ CAP_PM, pm_bridge_rules, ARRAY_SIZE(pm_bridge_rules) },
	{ CAP_SSVID, ssvid_rules, ARRAY_SIZE(ssvid_rules) },
	{ CAP_EXPRESS, express_bridge_rules, ARRAY_SIZE(express_bridge_rules) },
};

static const struct {
	const struct cap_policy *caps;
	uint32_t count;
} views[] = {
	[VPCI_VIEW_GUEST] = { guest_caps, ARRAY_SIZE(guest_caps) },
	[VPCI_VIEW_OWNER] = { owner_caps, ARRAY_SIZE(owner_caps) },
	[VPCI_VIEW_BRIDGE] = { bridge_caps, ARRAY_SIZE(bridge_caps) },
};

static struct cap_policy msi_policy(const struct pci_msi *msi)
{
	if (msi->is_64bit) {
		return msi->maskable ? (struct cap_policy){ CAP_MSI, msi64_mask_rules,
							    ARRAY_SIZE(msi64_mask_rules) }
				     : (struct cap_policy){ CAP_MSI, msi64_rules,
							    ARRAY_SIZE(msi64_rules) };
	}
	return msi->maskable ? (struct cap_policy){ CAP_MSI, msi32_mask_rules,
						    ARRAY_SIZE(msi32_mask_rules) }
			     : (struct cap_policy){ CAP_MSI, msi32_rules, ARRAY_SIZE(msi32_rules) };
}

/* Version 1 ends before the second set of registers: what lies there is not the capability's. */
static uint32_t express_rule_count(const struct cap_policy *policy, uint32_t header)
{
	uint32_t count = 0;

	if (BITS(header, 19, 16) >= 2) {
		return policy->count;
	}
	while (count < policy->count && policy->rules[count].at < EXPRESS_V1_SIZE) {
		count++;
	}
	return count;
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

enum verdict { CAP_HIDE, CAP_RAW, CAP_BY_RULES };

static enum verdict cap_verdict(const struct vpci_build *b, uint32_t id, uint32_t at,
				struct cap_policy *out)
{
	const struct pci_function *f = b->function;

	/* Only what the scan found sound, and only when interrupts can be isolated. */
	if (id == CAP_MSI && (!b->msi || f->msi.cap != at)) {
		return CAP_HIDE;
	}
	if (id == CAP_MSIX && (!b->msi || f->msix.cap != at)) {
		return CAP_HIDE;
	}
	if ((id == CAP_PM && f->cap_pm != at) || (id == CAP_EXPRESS && f->cap_express != at) ||
	    (id == CAP_AF && f->cap_af != at)) {
		return CAP_HIDE;
	}
	if (id == CAP_VENDOR && b->view == VPCI_VIEW_GUEST &&
	    !is_virtio_part(f, b->image->regs[at / 4])) {
		return CAP_HIDE;
	}
	for (uint32_t i = 0; i < views[b->view].count; i++) {
		if (views[b->view].caps[i].id == id) {
			*out = views[b->view].caps[i];
			if (!out->rules) {
				*out = msi_policy(&f->msi);
			}
			if (id == CAP_EXPRESS) {
				out->count = express_rule_count(out, b->image->regs[at / 4]);
			}
			if (id == CAP_VENDOR) {
				out->count = (b->image->regs[at / 4] >> 16 & 0xff) / 4;
			}
			return CAP_BY_RULES;
		}
	}
	return b->view == VPCI_VIEW_OWNER ? CAP_RAW : CAP_HIDE;
}

/* How far a hidden capability's registers reach (PCIe 6.0 7.7.1, 7.7.2). */
static uint32_t hidden_size(uint32_t header)
{
	switch (header & 0xff) {
	case CAP_MSI:
		return 12U + ((header & MSI_64BIT) ? 4U : 0U) + ((header & MSI_MASKABLE) ? 8U : 0U);
	case CAP_MSIX:
		return 12;
	case CAP_PM:
	case CAP_AF:
		return 8;
	case CAP_EXPRESS:
		return 0x3c;
	default:
		return 4;
	}
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
		reg->value = (reg->value & ~0xffffU) | next << 8 | (image->regs[shown[i] / 4] & 0xff);
	}
}

int vpci_build_caps(struct vpci_shadow *s, const struct vpci_build *b)
{
	const uint32_t *regs = b->image->regs;
	uint8_t shown[CAP_STEPS];
	uint32_t count = 0;
	uint64_t seen = 0;
	uint32_t at = regs[CAP_POINTER / 4] & 0xfc;

	if (!vpci_shadow_reg(s, 0)) {
		return -ENOMEM; /* the only allocation of the first 256 bytes */
	}
	if (!(regs[VPCI_REG_COMMAND / 4] & STATUS_CAP_LIST)) {
		at = 0;
	}
	/* A list that comes back to itself ends there. */
	while (at >= CAP_FIRST && !(seen & BIT(at / 4))) {
		struct cap_policy policy;
		enum verdict verdict = cap_verdict(b, regs[at / 4] & 0xff, at, &policy);

		seen |= BIT(at / 4);
		if (verdict == CAP_HIDE) {
			close_range(s, at, hidden_size(regs[at / 4]));
		} else {
			shown[count++] = (uint8_t)at;
		}
		if (verdict == CAP_BY_RULES) {
			vpci_build_rules(s, policy.rules, policy.count, b->image, at);
		}
		at = regs[at / 4] >> 8 & 0xfc;
	}
	link_caps(s, b->image, shown, count);
	return 0;
}
