/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ID registers as guests see them: an allow-list of fields. A field is shown only when a guest may
 * use the feature as it is: either EL2 has no say in it, or EL2 switches its state per vCPU.
 */
#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"

/* A 4-bit field at bit lo. */
#define F(lo) (0xfULL << (lo))
#define ALL   (~0ULL)

/* CRm 1..7 of op0 3, op1 0, CRn 0 (DDI0487 D19.1); what is not named here reads zero. */
enum { CRM_FIRST = 1, CRM_COUNT = 7, OP2_COUNT = 8 };

static const uint64_t shown[CRM_COUNT][OP2_COUNT] = {
	/* AArch32: no EL2 state beyond what AArch64 has; kept for 32-bit applications. */
	[0] = {
		/* PFR0: all but AMU, RAS. */
		ALL & ~(F(20) | F(28)),
		/* PFR1: not programmers' models, Security, Virtualization (and fractions), GIC. */
		F(16),
		/* Not DFR0, AFR0. */
		0, 0, ALL, ALL, ALL, ALL,
	},
	[1] = { ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL },
	[2] = { ALL, ALL, ALL, 0, 0, 0, ALL, 0 },
	[3] = {
		/* PFR0: EL0, EL1, FP, AdvSIMD, GIC, DIT, CSV2 (capped), CSV3. */
		F(0) | F(4) | F(16) | F(20) | F(24) | F(48) | F(56) | F(60),
		/* PFR1: BT, SSBS, CSV2_frac hidden. */
		F(0) | F(4),
	},
	[4] = {
		/* DFR0: debug version, breakpoints, watchpoints, context breakpoints. */
		F(0) | F(12) | F(20) | F(28),
	},
	[5] = {
		/* ISAR0: all but TME. */
		ALL & ~F(24),
		/* ISAR1: all but XS, LS64 (both need HCRX_EL2). */
		ALL & ~(F(56) | F(60)),
		/*
		 * ISAR2: RPRES, GPA3, APA3, BC, PAC_frac, CLRBHB. Not WFxT: WFIT traps with WFI,
		 * and QEMU 10 reports it as a plain WFI, so every udelay() would sleep until the
		 * next tick.
		 */
		F(4) | F(8) | F(12) | F(20) | F(24) | F(28),
	},
	[6] = {
		/* MMFR0: PARange (capped), ASIDBits, BigEnd, SNSMem, BigEndEL0, TGran16/64/4. */
		F(0) | F(4) | F(8) | F(12) | F(16) | F(20) | F(24) | F(28),
		/* MMFR1: HAFDBS, HPDS, PAN, SpecSEI, ETS, AFP, nTLBPA. */
		F(0) | F(12) | F(20) | F(24) | F(36) | F(44) | F(48),
		/* MMFR2: CnP, UAO, LSM, IESB, VARange, CCIDX, ST, AT, TTL, BBM, E0PD. */
		F(0) | F(4) | F(8) | F(12) | F(16) | F(20) | F(28) | F(32) | F(48) | F(52) |
			F(60),
	},
};

static uint64_t values[CRM_COUNT][OP2_COUNT];

static uint64_t cap_field(uint64_t value, uint32_t lo, uint64_t most)
{
	uint64_t field = (value >> lo) & 0xf;

	return field > most ? (value & ~F(lo)) | most << lo : value;
}

void idreg_init(void)
{
#define X(crm)                                                                                     \
	values[crm - 1][0] = read_sysreg(S3_0_C0_C##crm##_0);                                      \
	values[crm - 1][1] = read_sysreg(S3_0_C0_C##crm##_1);                                      \
	values[crm - 1][2] = read_sysreg(S3_0_C0_C##crm##_2);                                      \
	values[crm - 1][3] = read_sysreg(S3_0_C0_C##crm##_3);                                      \
	values[crm - 1][4] = read_sysreg(S3_0_C0_C##crm##_4);                                      \
	values[crm - 1][5] = read_sysreg(S3_0_C0_C##crm##_5);                                      \
	values[crm - 1][6] = read_sysreg(S3_0_C0_C##crm##_6);                                      \
	values[crm - 1][7] = read_sysreg(S3_0_C0_C##crm##_7);
	X(1)
	X(2)
	X(3)
	X(4)
	X(5)
	X(6)
	X(7)
#undef X
	for (uint32_t i = 0; i < CRM_COUNT; i++) {
		for (uint32_t j = 0; j < OP2_COUNT; j++) {
			values[i][j] &= shown[i][j];
		}
	}
	/* Whatever EL1 could be, HCR_EL2.RW makes it AArch64. */
	values[3][0] = cap_field(values[3][0], 4, 1);
	/* CSV2 1: no SCXTNUM registers. PARange 2: 40 bits, as large as the IPA space. */
	values[3][0] = cap_field(values[3][0], 56, 1);
	values[6][0] = cap_field(values[6][0], 0, 2);
}

bool idreg_read(uint32_t crm, uint32_t op2, uint64_t *value)
{
	if (crm < CRM_FIRST || crm >= CRM_FIRST + CRM_COUNT || op2 >= OP2_COUNT) {
		return false;
	}
	*value = values[crm - CRM_FIRST][op2];
	return true;
}
