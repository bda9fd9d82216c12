/* SPDX-License-Identifier: BSD-2-Clause */
/* ITS command decoding against the layouts of IHI0069 5.3, written out here a second time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "irq/vits_cmd.h"

static struct vits_cmd decode(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	const uint64_t words[4] = { a, b, c, d };

	return vits_cmd_decode(words);
}

static void test_mapd(void **state)
{
	struct vits_cmd c = decode(0xabcd00000008ull, 4, 0x8000000040000100ull, 0);

	assert_int_equal(c.kind, VITS_CMD_MAPD);
	assert_int_equal(c.device, 0xabcd);
	assert_true(c.valid);
	assert_int_equal(c.event_count, 32);
	c = decode(0xabcd00000008ull, 10, 1ull << 63, 0);
	assert_int_equal(c.event_count, 2048);
	assert_int_equal(decode(8, 11, 1ull << 63, 0).kind, VITS_CMD_BAD);
	assert_int_equal(decode(8, 31, 1ull << 63, 0).kind, VITS_CMD_BAD);
	/* The size of an unmapped device means nothing. */
	c = decode(8, 31, 0, 0);
	assert_int_equal(c.kind, VITS_CMD_MAPD);
	assert_false(c.valid);
	assert_int_equal(c.event_count, 0);
}

static void test_mapti(void **state)
{
	struct vits_cmd c = decode(0x10000000aull, 0x200100000005ull, 3, 0);

	assert_int_equal(c.kind, VITS_CMD_MAPTI);
	assert_int_equal(c.device, 1);
	assert_int_equal(c.event, 5);
	assert_int_equal(c.lpi, 0x2001);
	assert_int_equal(c.collection, 3);
	c = decode(0x10000000bull, 0x200100000005ull, 3, 0);
	assert_int_equal(c.kind, VITS_CMD_MAPTI);
	assert_int_equal(c.lpi, 5);
	assert_int_equal(decode(0x10000000aull, 2048, 3, 0).kind, VITS_CMD_BAD);
	assert_int_equal(decode(0x10000000aull, 0, 64, 0).kind, VITS_CMD_BAD);
	/* Segment 0xff is the last whose functions have a DeviceID. */
	assert_int_equal(decode(0xffabcd0000000aull, 0, 0, 0).device, 0xffabcd);
	assert_int_equal(decode(0x10000000000000aull, 0, 0, 0).kind, VITS_CMD_BAD);
}

static void test_collections(void **state)
{
	struct vits_cmd c = decode(9, 0, 1ull << 63 | 7ull << 16 | 5, 0);

	assert_int_equal(c.kind, VITS_CMD_MAPC);
	assert_int_equal(c.collection, 5);
	assert_int_equal(c.target, 7);
	assert_true(c.valid);
	assert_false(decode(9, 0, 5, 0).valid);
	c = decode(0xe, 0, 2ull << 16, 3ull << 16);
	assert_int_equal(c.kind, VITS_CMD_MOVALL);
	assert_int_equal(c.target, 2);
	assert_int_equal(c.target_to, 3);
	c = decode(0x900000001ull, 77, 6, 0);
	assert_int_equal(c.kind, VITS_CMD_MOVI);
	assert_int_equal(c.device, 9);
	assert_int_equal(c.event, 77);
	assert_int_equal(c.collection, 6);
	assert_int_equal(decode(0xd, 0, 6, 0).kind, VITS_CMD_INVALL);
	/* A redistributor address instead of a number (PTA = 1) is out of any range. */
	assert_int_equal(decode(9, 0, 0x7ffffffff0000ull, 0).kind, VITS_CMD_BAD);
}

static void test_events(void **state)
{
	static const struct {
		uint8_t opcode;
		enum vits_cmd_kind kind;
	} rows[] = {
		{ 0x03, VITS_CMD_INT },
		{ 0x04, VITS_CMD_CLEAR },
		{ 0x0c, VITS_CMD_INV },
		{ 0x0f, VITS_CMD_DISCARD },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vits_cmd c = decode(0xffff00000000ull | rows[i].opcode, 2047, ~0ull, ~0ull);

		assert_int_equal(c.kind, rows[i].kind);
		assert_int_equal(c.device, 0xffff);
		assert_int_equal(c.event, 2047);
		assert_int_equal(decode(rows[i].opcode, 2048, 0, 0).kind, VITS_CMD_BAD);
	}
	assert_int_equal(decode(5, ~0ull, 0, ~0ull).kind, VITS_CMD_SYNC);
}

/* Each command takes its own fields and no other, whatever the rest of its words holds. */
static void test_fields_of_each_command(void **state)
{
	enum { DEV = 1, EVENT = 2, COL = 4, TARGET = 8, TO = 16, V = 32, LPI = 64, SAME = 128,
	       SIZE = 256 };
	static const struct { uint8_t opcode; uint32_t has; } rows[] = {
		{ 0x01, DEV | EVENT | COL }, { 0x03, DEV | EVENT }, { 0x04, DEV | EVENT },
		{ 0x05, TARGET }, { 0x08, DEV | V | SIZE }, { 0x09, COL | TARGET | V },
		{ 0x0a, DEV | EVENT | LPI | COL }, { 0x0b, DEV | EVENT | SAME | COL },
		{ 0x0c, DEV | EVENT }, { 0x0d, COL }, { 0x0e, TARGET | TO }, { 0x0f, DEV | EVENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t has = rows[i].has;
		struct vits_cmd c = decode(0x123400000000ull | rows[i].opcode, 0x567800000009ull,
					   1ull << 63 | 6ull << 16 | 5, 7ull << 16);

		assert_int_equal(c.device, has & DEV ? 0x1234 : 0);
		assert_int_equal(c.event, has & EVENT ? 9 : 0);
		assert_int_equal(c.collection, has & COL ? 5 : 0);
		assert_int_equal(c.target, has & TARGET ? 6 : 0);
		assert_int_equal(c.target_to, has & TO ? 7 : 0);
		assert_int_equal(c.valid, (has & V) != 0);
		assert_int_equal(c.lpi, has & LPI ? 0x5678 : has & SAME ? 9 : 0);
		assert_int_equal(c.event_count, has & SIZE ? 1024 : 0);
		/* Out of range where the command has no such field is out of nothing. */
		c = decode((has & DEV ? 0 : ~0ull << 32) | rows[i].opcode,
			   has & EVENT || has & SIZE ? 0 : ~0ull,
			   (has & COL ? 0 : 0xffff) | (has & TARGET ? 0 : 0x7ffffffff0000ull),
			   has & TO ? 0 : ~0ull);
		assert_int_not_equal(c.kind, VITS_CMD_BAD);
	}
}

/* Every opcode that is not in the list, and GICv4's, are bad; nothing decodes out of range. */
static void test_random(void **state)
{
	static const uint8_t known[] = { 1, 3, 4, 5, 8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf };

	for (unsigned int op = 0; op < 256; op++) {
		bool listed = false;

		for (size_t i = 0; i < sizeof(known); i++) {
			listed |= known[i] == op;
		}
		assert_int_equal(decode(op, 0, 0, 0).kind != VITS_CMD_BAD, listed);
	}
	srand(3);
	for (int i = 0; i < 200000; i++) {
		uint64_t w[4];
		struct vits_cmd c;

		for (int k = 0; k < 4; k++) {
			w[k] = (uint64_t)rand() << 40 ^ (uint64_t)rand() << 20 ^ (uint64_t)rand();
			w[k] >>= rand() % 64;
		}
		w[0] = (w[0] & ~(uint64_t)0xff) | (uint64_t)rand() % 16;
		c = vits_cmd_decode(w);
		assert_true(c.device < 0x1000000);
		assert_true(c.event < VITS_EVENTS_MAX);
		assert_true(c.event_count <= VITS_EVENTS_MAX);
		assert_true(c.collection < VITS_COLLECTIONS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapd),
		cmocka_unit_test(test_mapti),
		cmocka_unit_test(test_collections),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_fields_of_each_command),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
