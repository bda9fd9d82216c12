/* SPDX-License-Identifier: BSD-2-Clause */
/* Command words, bit positions as in IHI0070 4.3 to 4.7. */
#include "iommu/smmuv3_cmd.h"

enum opcode {
	OP_CFGI_STE = 0x03,
	OP_CFGI_STE_RANGE = 0x04,
	OP_TLBI_EL2_ALL = 0x20,
	OP_TLBI_S12_VMALL = 0x28,
	OP_TLBI_NSNH_ALL = 0x30,
	OP_SYNC = 0x46,
};

#define RANGE_ALL 31

struct smmuv3_cmd smmuv3_cmd_cfgi_ste(stream_id_t stream)
{
	return (struct smmuv3_cmd){ { OP_CFGI_STE | (uint64_t)stream.v << 32, 0 } };
}

struct smmuv3_cmd smmuv3_cmd_cfgi_all(void)
{
	return (struct smmuv3_cmd){ { OP_CFGI_STE_RANGE, RANGE_ALL } };
}

struct smmuv3_cmd smmuv3_cmd_tlbi_vmid(uint16_t vmid)
{
	return (struct smmuv3_cmd){ { OP_TLBI_S12_VMALL | (uint64_t)vmid << 32, 0 } };
}

struct smmuv3_cmd smmuv3_cmd_tlbi_all(void)
{
	return (struct smmuv3_cmd){ { OP_TLBI_NSNH_ALL, 0 } };
}

struct smmuv3_cmd smmuv3_cmd_tlbi_el2_all(void)
{
	return (struct smmuv3_cmd){ { OP_TLBI_EL2_ALL, 0 } };
}

struct smmuv3_cmd smmuv3_cmd_sync(void)
{
	return (struct smmuv3_cmd){ { OP_SYNC, 0 } };
}
