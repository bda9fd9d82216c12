/* SPDX-License-Identifier: BSD-2-Clause */
/* From words of policy tables to the bits of a shadow's registers. */
#include "lib/errno.h"
#include "vpci/policy.h"

/* What a word means for each of its bits, as masks: all ones where it holds. */
#define YES 0xffffffffU

static const struct {
	uint32_t virt;
	uint32_t write;
	uint32_t w1c; /* or W0: merges write 0 */
	uint32_t copy;
	uint32_t one;
	uint32_t kind; /* enum vpci_reg_kind */
} words[VPCI_WORDS] = {
	[ZERO] = { .virt = YES },
	[ONE] = { .virt = YES, .one = YES },
	[COPY] = { .virt = YES, .copy = YES },
	[OWN] = { .virt = YES, .write = YES, .copy = YES },
	[OWN_0] = { .virt = YES, .write = YES },
	[HW] = { .write = YES },
	[RO] = { .virt = 0 },
	[W1C] = { .write = YES, .w1c = YES },
	[ZERO_W0] = { .virt = YES, .w1c = YES },
	[RO_W0] = { .w1c = YES },
	[DECODE] = { .virt = YES, .write = YES, .kind = VPCI_COMMAND },
	[POWER] = { .write = YES, .kind = VPCI_PM_STATE },
	[POWER_OWN] = { .virt = YES, .write = YES, .kind = VPCI_PM_STATE },
	[FLR] = { .virt = YES, .kind = VPCI_EXPRESS_CONTROL },
	[AF_FLR] = { .virt = YES, .kind = VPCI_AF_CONTROL },
	[MSI_COUNT] = { .write = YES, .kind = VPCI_MSI_CONTROL },
	[VPD_ADDRESS] = { .write = YES, .kind = VPCI_VPD },
	[MSI_COUNT_OWN] = { .virt = YES, .write = YES, .kind = VPCI_MSI_CONTROL },
	[MSI_MESSAGE] = { .virt = YES, .write = YES, .kind = VPCI_MSI_MESSAGE },
	[MSIX_ENABLE] = { .write = YES, .kind = VPCI_MSIX_CONTROL },
};

static struct vpci_reg with_bits(struct vpci_reg reg, uint32_t bits, enum vpci_word word,
				 uint32_t image)
{
	uint32_t w1c_said = bits & (words[word].w1c | words[word].write);

	reg.virt = (reg.virt & ~bits) | (words[word].virt & bits);
	reg.write |= words[word].write & bits;
	reg.w1c = (reg.w1c & ~w1c_said) | (words[word].w1c & bits);
	reg.value |= (words[word].one | (words[word].copy & image)) & bits;
	reg.kind |= words[word].kind; /* one at most says something */
	return reg;
}

int vpci_apply(struct vpci_shadow *s, const struct vpci_field *fields, uint32_t count,
	       uint32_t column, const struct vpci_image *image, uint32_t base, uint32_t size)
{
	for (uint32_t i = 0; i < count && fields[i].at < size;) {
		uint32_t at = fields[i].at;
		uint32_t offset = base + at;
		struct vpci_reg *reg, new;

		if (offset >= VPCI_BLOCK_SIZE) {
			break; /* a capability too close to the end of the first 256 bytes */
		}
		reg = vpci_shadow_reg(s, offset);
		if (!reg) {
			return -ENOMEM;
		}
		/* What a capability below this one clears by a 1 is not cleared in passing. */
		new = (struct vpci_reg){ .virt = s->fallback.virt, .w1c = reg->w1c };
		for (; i < count && fields[i].at == at; i++) {
			new = with_bits(new, fields[i].bits,
					(enum vpci_word)fields[i].words[column],
					image->regs[offset / 4]);
		}
		*reg = new;
	}
	return 0;
}
