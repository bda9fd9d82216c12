/* SPDX-License-Identifier: BSD-2-Clause */
/* The features Viaduct asks of an SMMUv3. */
#include "iommu/smmuv3_probe.h"

#include "arch/arm64/p2m.h"
#include "iommu/smmuv3_regs.h"

/* IDR5.OAS, table 6.3.6; 52 bits and more count as 48, the most that 4 KiB tables give. */
static uint32_t address_bits(uint32_t oas)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48 };

	return bits[MIN(oas, ARRAY_SIZE(bits) - 1)];
}

static const char *missing(uint32_t idr0, uint32_t idr1, uint32_t idr5)
{
	if ((idr0 & IDR0_S2P) == 0) {
		return "stage 2 translation is not implemented (IDR0.S2P = 0)";
	}
	if ((IDR0_TTF(idr0) & IDR0_TTF_AARCH64) == 0) {
		return "AArch64 translation tables are not implemented (IDR0.TTF)";
	}
	if (IDR0_TTENDIAN(idr0) == IDR0_TTENDIAN_BE) {
		return "translation tables are big-endian (IDR0.TTENDIAN)";
	}
	if ((idr5 & IDR5_GRAN4K) == 0) {
		return "4 KiB pages are not implemented (IDR5.GRAN4K = 0)";
	}
	if (address_bits((uint32_t)IDR5_OAS(idr5)) < P2M_IPA_BITS) {
		return "fewer than 40 address bits (IDR5.OAS)";
	}
	if ((idr1 & IDR1_PRESET) != 0) {
		return "tables or queues are preset (IDR1.TABLES_PRESET, IDR1.QUEUES_PRESET)";
	}
	/* A command and the CMD_SYNC behind it have to fit. */
	if (IDR1_CMDQS(idr1) < 1) {
		return "the command queue holds one command only (IDR1.CMDQS = 0)";
	}
	return NULL;
}

const char *smmuv3_probe(uint32_t idr0, uint32_t idr1, uint32_t idr5, struct smmuv3_features *f)
{
	*f = (struct smmuv3_features){
		.stage1 = (idr0 & IDR0_S1P) != 0,
		.coherent = (idr0 & IDR0_COHACC) != 0,
		.hyp = (idr0 & IDR0_HYP) != 0,
		.msi = (idr0 & IDR0_MSI) != 0,
		.two_level = IDR0_ST_LEVEL(idr0) == IDR0_ST_LEVEL_2LVL,
		.stream_bits = (uint32_t)IDR1_SIDSIZE(idr1),
		.oas = (uint32_t)IDR5_OAS(idr5),
		.address_bits = address_bits((uint32_t)IDR5_OAS(idr5)),
		.cmdq_log2 = (uint32_t)IDR1_CMDQS(idr1),
		.eventq_log2 = (uint32_t)IDR1_EVENTQS(idr1),
	};
	return missing(idr0, idr1, idr5);
}
