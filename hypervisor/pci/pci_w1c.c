/* SPDX-License-Identifier: BSD-2-Clause */
#include "pci/pci_w1c.h"

enum anchor { HEADER, BRIDGE_HEADER, PM, EXPRESS, AER };

/* Dwords by the capability they belong to. Section numbers are of PCI Express Base 6.0. */
static const struct {
	enum anchor anchor;
	uint32_t offset;
	uint32_t bits;
} table[] = {
	{ HEADER, 0x04, 0xf9000000 },        /* Status, 7.5.1.1.4 */
	{ BRIDGE_HEADER, 0x1c, 0xf9000000 }, /* Secondary Status, 7.5.1.3.7 */
	{ BRIDGE_HEADER, 0x3c, 0x04000000 }, /* Bridge Control: Discard Timer Status, 7.5.1.3.10 */
	{ PM, 0x04, 0x00008000 },            /* PME_Status, 7.5.2.2 */
	{ EXPRESS, 0x08, 0x004f0000 },       /* Device Status, 7.5.3.5 */
	{ EXPRESS, 0x10, 0xc0000000 },       /* Link Status, 7.5.3.8 */
	{ EXPRESS, 0x18, 0x011f0000 },       /* Slot Status, 7.5.3.11 */
	{ EXPRESS, 0x20, 0x00010000 },       /* Root Status: PME Status, 7.5.3.14 */
	{ EXPRESS, 0x30, 0xa0200000 },       /* Link Status 2, 7.5.3.20 */
	{ AER, 0x04, 0xffffffff },           /* Uncorrectable Error Status, 7.8.4.2 */
	{ AER, 0x10, 0xffffffff },           /* Correctable Error Status, 7.8.4.5 */
	{ AER, 0x30, 0x0000007f },           /* Root Error Status, 7.8.4.10 */
};

/* Where the anchor is in f; false: f has none. */
static bool anchor_at(const struct pci_function *f, enum anchor anchor, uint32_t *at)
{
	switch (anchor) {
	case HEADER:
		*at = 0;
		return true;
	case BRIDGE_HEADER:
		*at = 0;
		return f->header_type == 1;
	case PM:
		*at = f->cap_pm;
		return f->cap_pm != 0;
	case EXPRESS:
		*at = f->cap_express;
		return f->cap_express != 0;
	case AER:
		*at = f->cap_aer;
		return f->cap_aer != 0;
	default:
		return false;
	}
}

uint32_t pci_w1c(const struct pci_function *f, uint32_t offset)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(table); i++) {
		uint32_t at;

		if (anchor_at(f, table[i].anchor, &at) && at + table[i].offset == offset) {
			return table[i].bits;
		}
	}
	return 0;
}
