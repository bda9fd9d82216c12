/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtual SError's registers: HCR_EL2.VSE, which the CPU clears when EL1 takes it, and RAS's. */
#include "arch/arm64/vserror.h"

#include "arch/arm64/cpu.h"

#define HCR_VSE BIT(8)

#define SERROR_SYNDROME GENMASK(24, 0) /* IDS and ISS */

/*
 * It adds the syndrome EL1 will see, and EL1's DISR_EL1, where an ESB puts what is masked. Guests
 * are not told of the extension, but ESB, a hint, works.
 */
static bool has_ras(void)
{
	return BITS(read_sysreg(id_aa64pfr0_el1), 31, 28) != 0;
}

void vserror_raise(uint64_t esr)
{
	if (has_ras()) {
		write_sysreg(vsesr_el2, esr & SERROR_SYNDROME);
	}
	write_sysreg(hcr_el2, read_sysreg(hcr_el2) | HCR_VSE);
}

void vserror_save(struct vcpu_sysregs *s)
{
	uint64_t hcr = read_sysreg(hcr_el2);

	s->serror = (hcr & HCR_VSE) != 0;
	if (s->serror) {
		write_sysreg(hcr_el2, hcr & ~HCR_VSE);
	}
	if (has_ras()) {
		s->vsesr = read_sysreg(vsesr_el2);
		s->vdisr = read_sysreg(vdisr_el2);
	}
}

void vserror_load(const struct vcpu_sysregs *s)
{
	if (has_ras()) {
		write_sysreg(vsesr_el2, s->vsesr);
		write_sysreg(vdisr_el2, s->vdisr);
	}
	if (s->serror) {
		write_sysreg(hcr_el2, read_sysreg(hcr_el2) | HCR_VSE);
	}
}
