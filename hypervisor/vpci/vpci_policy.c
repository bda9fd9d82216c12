/* SPDX-License-Identifier: BSD-2-Clause */
/* From words of policy tables to the bits of a shadow's registers. */
#include "lib/errno.h"
#include "vpci/policy.h"

static const struct {
	bool virt;
	bool write;
	bool w1c; /* or W0: merges write 0 */
	bool copy;
	bool one;
	uint8_t kind; /* enum vpci_reg_kind */
} words[VPCI_WORDS] = {
	[ZERO] = { .virt = true },
	[ONE] = { .virt = true, .one = true },
	[COPY] = { .virt = true, .copy = true },
	[OWN] = { .virt = true, .write = true, .copy = true },
	[OWN_0] = { .virt = true, .write = true },
	[HW] = { .write = true },
	[RO] = { .virt = false },
	[W1C] = { .write = true, .w1c = true },
	[ZERO_W0] = { .virt = true, .w1c = true },
	[RO_W0] = { .w1c = true },
	[DECODE] = { .virt = true, .write = true, .kind = VPCI_COMMAND },
	[POWER] = { .write = true, .kind = VPCI_PM_STATE },
	[POWER_OWN] = { .virt = true, .write = true, .kind = VPCI_PM_STATE },
	[FLR] = { .virt = true, .kind = VPCI_EXPRESS_CONTROL },
	[AF_FLR] = { .virt = true, .kind = VPCI_AF_CONTROL },
	[MSI_COUNT] = { .write = true, .kind = VPCI_MSI_CONTROL },
	[VPD_ADDRESS] = { .write = true, .kind = VPCI_VPD },
	[MSI_COUNT_OWN] = { .virt = true, .write = true, .kind = VPCI_MSI_CONTROL },
	[MSI_MESSAGE] = { .virt = true, .write = true, .kind = VPCI_MSI_MESSAGE },
	[MSIX_ENABLE] = { .write = true, .kind = VPCI_MSIX_CONTROL },
};

static void set_bits(struct vpci_reg *reg, uint32_t bits, enum vpci_word word, uint32_t image)
{
	reg->virt = words[word].virt ? reg->virt | bits : reg->virt & ~bits;
	reg->write |= words[word].write ? bits : 0;
	if (words[word].w1c || words[word].write) {
		reg->w1c = words[word].w1c ? reg->w1c | bits : reg->w1c & ~bits;
	}
	reg->value |= words[word].one ? bits : 0;
	reg->value |= words[word].copy ? image & bits : 0;
	if (words[word].kind != VPCI_PLAIN) {
		reg->kind = words[word].kind;
	}
}

int vpci_apply(struct vpci_shadow *s, const struct vpci_field *fields, uint32_t count,
	       uint32_t column, const struct vpci_image *image, uint32_t base, uint32_t size)
{
	for (uint32_t i = 0; i < count && fields[i].at < size; i++) {
		uint32_t offset = base + fields[i].at;
		struct vpci_reg *reg;

		if (offset >= VPCI_BLOCK_SIZE) {
			break; /* a capability too close to the end of the first 256 bytes */
		}
		reg = vpci_shadow_reg(s, offset);
		if (!reg) {
			return -ENOMEM;
		}
		if (i == 0 || fields[i].at != fields[i - 1].at) {
			/* What a capability below this one clears by a 1 is not cleared in passing. */
			*reg = (struct vpci_reg){ .virt = s->fallback.virt, .w1c = reg->w1c };
		}
		set_bits(reg, fields[i].bits, (enum vpci_word)fields[i].words[column],
			 image->regs[offset / 4]);
	}
	return 0;
}
