/* SPDX-License-Identifier: BSD-2-Clause */
/* System registers that trap (DDI0487 D19.2.37, ISS for MSR, MRS). */
#include "arch/arm64/el2.h"
#include "arch/arm64/exception.h"
#include "arch/arm64/trap.h"
#include "irq/vgic.h"

/* ISS fields that name a register, as one number. */
#define SYSREG(op0, op1, crn, crm, op2)                                                            \
	((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define SYSREG_MASK SYSREG(3U, 7U, 15U, 15U, 7U)
#define ISS_READ    BIT(0)

enum trapped_sysreg {
	ACTLR_EL1 = SYSREG(3, 0, 1, 0, 1),
	ICC_SGI1R_EL1 = SYSREG(3, 0, 12, 11, 5),
	ICC_ASGI1R_EL1 = SYSREG(3, 0, 12, 11, 6),
	ICC_SGI0R_EL1 = SYSREG(3, 0, 12, 11, 7),
	ICC_SRE_EL1 = SYSREG(3, 0, 12, 12, 5),
	OSLAR_EL1 = SYSREG(2, 0, 1, 0, 4),
	OSLSR_EL1 = SYSREG(2, 0, 1, 1, 4),
	OSDLR_EL1 = SYSREG(2, 0, 1, 3, 4),
	DBGPRCR_EL1 = SYSREG(2, 0, 1, 4, 4),
	MDRAR_EL1 = SYSREG(2, 0, 1, 0, 0),
};

#define OSLSR_LOCK_PRESENT BIT(3)
#define ICC_SRE_ALL        7ULL /* system registers on, bypass off: as it is, for good */

/* Breakpoints, watchpoints, the debug channel (op1 3 at EL0), claim tags. op1 1 is trace. */
static bool is_debug(uint32_t reg)
{
	uint64_t op1 = BITS(reg, 16, 14);
	uint64_t crn = BITS(reg, 13, 10);

	return BITS(reg, 21, 20) == 2 && (op1 == 0 || op1 == 3) && (crn == 0 || crn == 7);
}

static bool is_id(uint32_t reg)
{
	return BITS(reg, 21, 20) == 3 && BITS(reg, 16, 14) == 0 && BITS(reg, 13, 10) == 0;
}

/* False: not a register a guest has. */
static bool sysreg_read(uint32_t reg, uint64_t *value)
{
	*value = 0;
	if (is_id(reg)) {
		return idreg_read((uint32_t)BITS(reg, 4, 1), (uint32_t)BITS(reg, 19, 17), value);
	}
	switch (reg) {
	case OSLSR_EL1:
		*value = OSLSR_LOCK_PRESENT;
		return true;
	case ICC_SRE_EL1:
		*value = ICC_SRE_ALL;
		return true;
	case ACTLR_EL1:
	case OSDLR_EL1:
	case DBGPRCR_EL1:
	case MDRAR_EL1:
		return true;
	default:
		return false;
	}
}

static bool sysreg_write(struct vcpu *v, uint32_t reg, uint64_t value)
{
	switch (reg) {
	case ICC_SGI1R_EL1:
		vgic_sgi1r(v, value);
		return true;
	case ICC_ASGI1R_EL1:
	case ICC_SGI0R_EL1:
	case ICC_SRE_EL1:
	case ACTLR_EL1:
	case OSLAR_EL1:
	case OSDLR_EL1:
	case DBGPRCR_EL1:
		return true;
	default:
		return false;
	}
}

void trap_sysreg(struct vcpu *v, uint64_t esr)
{
	uint32_t reg = (uint32_t)esr & SYSREG_MASK;
	uint32_t rt = (uint32_t)BITS(esr, 9, 5);
	uint64_t value = 0;
	bool known;

	/* The first use of a debug register: from now on they are this vCPU's; run it again. */
	if (is_debug(reg) && !v->sys.debug_used) {
		vcpu_debug_enable(v);
		return;
	}
	if ((esr & ISS_READ) != 0) {
		known = sysreg_read(reg, &value);
		if (known && rt != 31) {
			v->regs.x[rt] = value;
		}
	} else {
		known = sysreg_write(v, reg, rt == 31 ? 0 : v->regs.x[rt]);
	}
	if (known) {
		v->fault_streak = 0;
		exception_skip(&v->regs, esr);
	} else {
		inject_undefined(v);
	}
}
