/* SPDX-License-Identifier: BSD-2-Clause */
/* Event records: which there are and which of them carry an address. */
#include "iommu/smmuv3_event.h"

struct event_kind {
	uint8_t code;
	bool has_address; /* InputAddr, and RnW beside it */
	const char *name;
};

static const struct event_kind kinds[] = {
	{ 0x01, true, "F_UUT: unsupported upstream transaction" },
	{ 0x02, false, "C_BAD_STREAMID: stream has no entry" },
	{ 0x03, false, "F_STE_FETCH: stream entry could not be read" },
	{ 0x04, false, "C_BAD_STE: stream is lent to nobody" },
	{ 0x05, true, "F_BAD_ATS_TREQ: translation request not allowed" },
	{ 0x06, false, "F_STREAM_DISABLED: stream is switched off" },
	{ 0x07, true, "F_TRANSL_FORBIDDEN: translated transaction not allowed" },
	{ 0x08, false, "C_BAD_SUBSTREAMID: bad substream" },
	{ 0x09, false, "F_CD_FETCH: context could not be read" },
	{ 0x0a, false, "C_BAD_CD: bad context" },
	{ 0x0b, true, "F_WALK_EABT: bus error in a table walk" },
	{ 0x10, true, "F_TRANSLATION: address not mapped" },
	{ 0x11, true, "F_ADDR_SIZE: address too large" },
	{ 0x12, true, "F_ACCESS: access flag" },
	{ 0x13, true, "F_PERMISSION: access not permitted" },
	{ 0x20, true, "F_TLB_CONFLICT: conflicting translations" },
	{ 0x21, false, "F_CFG_CONFLICT: conflicting configuration" },
	{ 0x24, false, "E_PAGE_REQUEST: page request hint" },
	{ 0x25, false, "F_VMS_FETCH: machine structure could not be read" },
};

static const struct event_kind unknown = { 0, false, "unknown event" };

static const struct event_kind *find_kind(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].code == code) {
			return &kinds[i];
		}
	}
	return &unknown;
}

struct iommu_fault smmuv3_event_decode(const uint64_t record[SMMUV3_EVENT_WORDS])
{
	uint32_t code = (uint32_t)BITS(record[0], 7, 0);
	const struct event_kind *kind = find_kind(code);

	return (struct iommu_fault){
		.stream = { (uint32_t)BITS(record[0], 63, 32) },
		.code = code,
		.address = kind->has_address ? record[2] : 0,
		.write = kind->has_address && BITS(record[1], 35, 35) == 0,
		.name = kind->name,
	};
}
