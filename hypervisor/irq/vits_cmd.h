/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoder of ITS commands (IHI0069 5.3). Pure: four doublewords in, checked fields out. */
#ifndef IRQ_VITS_CMD_H
#define IRQ_VITS_CMD_H

#include "lib/types.h"

#define VITS_CMD_BYTES       32U
#define VITS_DEVICE_ID_BITS  24U /* a segment of 8 bits, and a requester ID */
#define VITS_EVENT_ID_BITS   11U
#define VITS_COLLECTION_BITS 6U
#define VITS_EVENTS_MAX      (1U << VITS_EVENT_ID_BITS)
#define VITS_COLLECTIONS     (1U << VITS_COLLECTION_BITS)

enum vits_cmd_kind {
	VITS_CMD_BAD,
	VITS_CMD_MOVI,
	VITS_CMD_INT,
	VITS_CMD_CLEAR,
	VITS_CMD_SYNC,
	VITS_CMD_MAPD,
	VITS_CMD_MAPC,
	VITS_CMD_MAPTI, /* MAPI too, with lpi = event */
	VITS_CMD_INV,
	VITS_CMD_INVALL,
	VITS_CMD_MOVALL,
	VITS_CMD_DISCARD,
};

/* Fields a command does not have are 0. Target and lpi are checked against the domain elsewhere. */
struct vits_cmd {
	enum vits_cmd_kind kind;
	const char *name;     /* of a known command, well formed or not; else NULL */
	bool valid;           /* V of MAPD and MAPC */
	uint32_t device;      /* < 2^16 */
	uint32_t event;       /* < 2048 */
	uint32_t event_count; /* MAPD with V: 2..2048 */
	uint32_t lpi;
	uint32_t collection;  /* < 64 */
	uint32_t target;      /* processor number: MAPC, SYNC, MOVALL's source */
	uint32_t target_to;   /* MOVALL */
};

/* kind is VITS_CMD_BAD for an unknown command or a field out of range. */
struct vits_cmd vits_cmd_decode(const uint64_t words[4]);

#endif
