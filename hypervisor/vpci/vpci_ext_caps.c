/* SPDX-License-Identifier: BSD-2-Clause */
/* Extended capabilities (PCIe 6.0 7.6.3). Guests are shown none. */
#include "lib/errno.h"
#include "vpci/build.h"

#define ALL 0xffffffffU

/*
 * Extended capabilities the owner may look at and not touch. They redirect requests, change BAR
 * sizes or make new functions: all of that is the hypervisor's.
 */
static const struct {
	uint16_t id;
	uint16_t size;
} read_only_ext[] = {
	{ 0x000d, 0x08 }, /* ACS */
	{ 0x000e, 0x08 }, /* ARI */
	{ 0x000f, 0x08 }, /* ATS */
	{ 0x0010, 0x40 }, /* SR-IOV */
	{ 0x0013, 0x10 }, /* PRI */
	{ 0x0015, 0x34 }, /* Resizable BAR */
	{ 0x0018, 0x08 }, /* LTR */
	{ 0x001b, 0x08 }, /* PASID */
	{ 0x001e, 0x14 }, /* L1 PM substates */
	{ 0x0024, 0x34 }, /* VF Resizable BAR */
};

#define EXT_SRIOV 0x0010U
#define SRIOV_VFS 0x0cU /* InitialVFs, TotalVFs */

static int close_ext_writes(struct vpci_shadow *s, uint32_t at, uint32_t size)
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

int vpci_build_ext_caps(struct vpci_shadow *s, const struct vpci_build *b)
{
	for (uint32_t i = 0; i < b->image->ext_count; i++) {
		const struct vpci_ext_cap *cap = &b->image->ext[i];

		for (uint32_t k = 0; k < ARRAY_SIZE(read_only_ext); k++) {
			if (read_only_ext[k].id == cap->id &&
			    close_ext_writes(s, cap->offset, read_only_ext[k].size)) {
				return -ENOMEM;
			}
		}
		/* No virtual functions to enable yet. */
		if (cap->id == EXT_SRIOV && cap->offset + SRIOV_VFS < VPCI_CFG_SIZE) {
			vpci_shadow_reg(s, cap->offset + SRIOV_VFS)->virt = ALL;
		}
	}
	return 0;
}
