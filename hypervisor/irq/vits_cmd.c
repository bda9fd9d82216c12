/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoder of ITS commands: which fields each has, and their ranges. */
#include "irq/vits_cmd.h"

enum field {
	HAS_DEVICE = BIT(0),
	HAS_EVENT = BIT(1),
	HAS_COLLECTION = BIT(2),
	HAS_TARGET = BIT(3),    /* RDbase in doubleword 2 */
	HAS_TARGET_TO = BIT(4), /* RDbase2 in doubleword 3 */
	HAS_VALID = BIT(5),
	HAS_LPI = BIT(6),
	LPI_IS_EVENT = BIT(7),
	HAS_SIZE = BIT(8),
};

struct format {
	uint8_t opcode;
	enum vits_cmd_kind kind;
	const char *name;
	uint32_t fields;
};

/* IHI0069 5.3.3 and following. */
static const struct format formats[] = {
	{ 0x01, VITS_CMD_MOVI, "MOVI", HAS_DEVICE | HAS_EVENT | HAS_COLLECTION },
	{ 0x03, VITS_CMD_INT, "INT", HAS_DEVICE | HAS_EVENT },
	{ 0x04, VITS_CMD_CLEAR, "CLEAR", HAS_DEVICE | HAS_EVENT },
	{ 0x05, VITS_CMD_SYNC, "SYNC", HAS_TARGET },
	{ 0x08, VITS_CMD_MAPD, "MAPD", HAS_DEVICE | HAS_VALID | HAS_SIZE },
	{ 0x09, VITS_CMD_MAPC, "MAPC", HAS_COLLECTION | HAS_TARGET | HAS_VALID },
	{ 0x0a, VITS_CMD_MAPTI, "MAPTI", HAS_DEVICE | HAS_EVENT | HAS_LPI | HAS_COLLECTION },
	{ 0x0b, VITS_CMD_MAPTI, "MAPI", HAS_DEVICE | HAS_EVENT | LPI_IS_EVENT | HAS_COLLECTION },
	{ 0x0c, VITS_CMD_INV, "INV", HAS_DEVICE | HAS_EVENT },
	{ 0x0d, VITS_CMD_INVALL, "INVALL", HAS_COLLECTION },
	{ 0x0e, VITS_CMD_MOVALL, "MOVALL", HAS_TARGET | HAS_TARGET_TO },
	{ 0x0f, VITS_CMD_DISCARD, "DISCARD", HAS_DEVICE | HAS_EVENT },
};

static const struct format *format_find(uint8_t opcode)
{
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		if (formats[i].opcode == opcode) {
			return &formats[i];
		}
	}
	return NULL;
}

/* A field of at most 32 bits, 0 unless the command has it; false when it does not fit its range. */
static bool take(uint32_t *out, bool has, uint64_t value, uint64_t limit)
{
	*out = has && value < limit ? (uint32_t)value : 0;
	return !has || value < limit;
}

struct vits_cmd vits_cmd_decode(const uint64_t w[4])
{
	const struct format *f = format_find((uint8_t)w[0]);
	struct vits_cmd c = { .kind = VITS_CMD_BAD };
	uint32_t size;
	bool ok;

	if (f == NULL) {
		return c;
	}
	c.name = f->name;
	c.valid = (f->fields & HAS_VALID) != 0 && (w[2] & BIT(63)) != 0;
	ok = take(&c.device, (f->fields & HAS_DEVICE) != 0, w[0] >> 32, BIT(VITS_DEVICE_ID_BITS));
	ok &= take(&c.event, (f->fields & HAS_EVENT) != 0, BITS(w[1], 31, 0), VITS_EVENTS_MAX);
	ok &= take(&c.lpi, (f->fields & HAS_LPI) != 0, w[1] >> 32, BIT(32));
	ok &= take(&c.collection, (f->fields & HAS_COLLECTION) != 0, BITS(w[2], 15, 0),
		   VITS_COLLECTIONS);
	ok &= take(&c.target, (f->fields & HAS_TARGET) != 0, BITS(w[2], 50, 16), BIT(32));
	ok &= take(&c.target_to, (f->fields & HAS_TARGET_TO) != 0, BITS(w[3], 50, 16), BIT(32));
	/* Size is the number of EventID bits less one; without V it says nothing. */
	ok &= take(&size, (f->fields & HAS_SIZE) != 0 && c.valid, BITS(w[1], 4, 0),
		   VITS_EVENT_ID_BITS);
	if ((f->fields & HAS_SIZE) != 0 && c.valid) {
		c.event_count = 2U << size;
	}
	if ((f->fields & LPI_IS_EVENT) != 0) {
		c.lpi = c.event;
	}
	c.kind = ok ? f->kind : VITS_CMD_BAD;
	return c;
}
