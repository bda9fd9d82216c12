/* SPDX-License-Identifier: BSD-2-Clause */
/* The syndrome of a data abort taken to EL2 (DDI0487 D19.2.37, ISS for a Data Abort). Pure. */
#include "arch/arm64/trap.h"

#define ISS_ISV   BIT(24)
#define ISS_SSE   BIT(21)
#define ISS_SF    BIT(15)
#define ISS_S1PTW BIT(7)
#define ISS_WNR   BIT(6)

struct abort_info abort_decode(uint64_t esr, uint64_t far, uint64_t hpfar)
{
	struct abort_info a = {
		.at = ipa(BITS(hpfar, 43, 4) << 12 | (far & 0xfff)),
		/* Translation faults of levels 0 to 3 are 0b0001xx. */
		.translation = BITS(esr, 5, 2) == 1 && (esr & ISS_S1PTW) == 0,
		.write = (esr & ISS_WNR) != 0,
		.sign_extend = (esr & ISS_SSE) != 0,
		.is_64bit = (esr & ISS_SF) != 0,
		.size = (uint8_t)(1U << BITS(esr, 23, 22)),
		.reg = (uint8_t)BITS(esr, 20, 16),
	};

	a.emulable = (esr & ISS_ISV) != 0 && IS_ALIGNED(a.at.v, a.size);
	return a;
}

bool abort_write_denied(uint64_t esr)
{
	/* Permission faults of levels 0 to 3 are 0b0011xx. */
	return BITS(esr, 5, 2) == 3 && (esr & ISS_S1PTW) == 0 && (esr & ISS_WNR) != 0;
}
