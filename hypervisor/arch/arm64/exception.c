/* SPDX-License-Identifier: BSD-2-Clause */
/* What the architecture does to PC and PSTATE when EL2 does it in a guest's name. Pure. */
#include "arch/arm64/exception.h"

#define ESR_IL BIT(25)

/* SPSR_EL2 (DDI0487 C5.2.19). */
#define PSTATE_MODE    GENMASK(3, 0)
#define PSTATE_SSBS    BIT(12)
#define PSTATE_PAN     BIT(22)
#define PSTATE_DIT     BIT(24)
#define PSTATE_NZCV    GENMASK(31, 28)
#define PSTATE_IT_HIGH GENMASK(15, 10) /* IT[7:2] */
#define PSTATE_IT_LOW  GENMASK(26, 25) /* IT[1:0] */

#define MODE_EL0T 0
#define MODE_EL1T 4

/* ISS of an SError (DDI0487 D19.2.37), from the RAS extension; bit 24: of the CPU's maker's own. */
#define SERROR_CATEGORISED 0x11U
#define SERROR_RESTARTABLE 2U /* UEO */
#define SERROR_CORRECTED   6U /* CE */

#define EC_DATA_ABORT_OWN 0x25U /* without a change of exception level */
#define DFSC_EXTERNAL     0x10U /* synchronous, not on a table walk */

#define SCTLR_SPAN  BIT(23)
#define SCTLR_DSSBS BIT(44)

bool exception_from_el0(uint64_t pstate)
{
	return (pstate & PSTATE_AARCH32) != 0 || (pstate & PSTATE_MODE) == MODE_EL0T;
}

/* DDI0487 D1.3.1.5, table of vector offsets. */
uint64_t exception_vector(uint64_t pstate)
{
	if ((pstate & PSTATE_AARCH32) != 0) {
		return 0x600;
	}
	if ((pstate & PSTATE_MODE) == MODE_EL0T) {
		return 0x400;
	}
	return (pstate & PSTATE_MODE) == MODE_EL1T ? 0 : 0x200;
}

/*
 * DDI0487 J1, AArch64.TakeException(): NZCV, DIT and PAN stay, SPAN and DSSBS decide about two, all
 * else is cleared.
 */
uint64_t exception_pstate(uint64_t pstate, uint64_t sctlr)
{
	uint64_t entered = PSTATE_EL1H_MASKED;

	entered |= pstate & (PSTATE_NZCV | PSTATE_DIT | PSTATE_PAN);
	if ((sctlr & SCTLR_SPAN) == 0) {
		entered |= PSTATE_PAN;
	}
	if ((sctlr & SCTLR_DSSBS) != 0) {
		entered |= PSTATE_SSBS;
	}
	return entered;
}

/* ITAdvance() of an instruction in a T32 IT block. */
static uint64_t it_advance(uint64_t pstate)
{
	uint64_t it = BITS(pstate, 15, 10) << 2 | BITS(pstate, 26, 25);

	it = BITS(it, 2, 0) == 0 ? 0 : (it & 0xe0) | (it << 1 & 0x1f);
	pstate &= ~(PSTATE_IT_HIGH | PSTATE_IT_LOW);
	return pstate | (it >> 2) << 10 | (it & 3) << 25;
}

void exception_skip_aarch32(struct vcpu_regs *regs, uint64_t esr)
{
	regs->pc += (esr & ESR_IL) != 0 ? 4 : 2;
	regs->pstate = it_advance(regs->pstate & ~PSTATE_SS);
}

bool exception_external_abort(uint64_t esr)
{
	return BITS(esr, 31, 26) == EC_DATA_ABORT_OWN && BITS(esr, 5, 0) == DFSC_EXTERNAL;
}

bool exception_serror_over(uint64_t esr)
{
	uint64_t severity = BITS(esr, 12, 10);

	if (BITS(esr, 24, 24) != 0 || BITS(esr, 5, 0) != SERROR_CATEGORISED) {
		return false;
	}
	return severity == SERROR_CORRECTED || severity == SERROR_RESTARTABLE;
}
