/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual PL011, driven as PL011 drivers do; register offsets from DDI0183 table 3-1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/vuart_pl011.h"

enum { DR = 0, FR = 0x18, IBRD = 0x24, FBRD = 0x28, LCRH = 0x2c, CR = 0x30, IMSC = 0x38, RIS = 0x3c,
       MIS = 0x40, ICR = 0x44, DMACR = 0x48 };
enum { RXFE = 1 << 4, TXFF = 1 << 5, RXFF = 1 << 6, TXFE = 1 << 7, BUSY = 1 << 3 };
enum { RX = 1 << 4, TX = 1 << 5, RT = 1 << 6, OE = 1 << 10 };

static struct vuart_pl011 u;

static int setup(void **state)
{
	(void)state;
	vuart_pl011_reset(&u);
	return 0;
}

static void write_quiet(uint32_t offset, uint32_t value)
{
	char c;

	assert_false(vuart_pl011_write(&u, offset, value, &c));
}

static void test_reset_values(void **state)
{
	(void)state;
	assert_int_equal(vuart_pl011_read(&u, FR) & (RXFE | TXFF | RXFF | TXFE | BUSY),
			 RXFE | TXFE);
	assert_int_equal(vuart_pl011_read(&u, CR), 0x300);
	assert_int_equal(vuart_pl011_read(&u, 0x34), 0x12);
	assert_int_equal(vuart_pl011_read(&u, IMSC), 0);
	assert_int_equal(vuart_pl011_read(&u, RIS), 0);
	assert_false(vuart_pl011_level(&u));
}

static void test_identifies_as_pl011(void **state)
{
	uint32_t id = 0;
	uint32_t cell = 0;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		id |= vuart_pl011_read(&u, 0xfe0 + 4 * i) << (8 * i);
		cell |= vuart_pl011_read(&u, 0xff0 + 4 * i) << (8 * i);
	}
	assert_int_equal(id & 0xfffff, 0x41011); /* designer 0x41, part 0x011 */
	assert_int_equal(cell, 0xb105f00d);
}

static void test_sends_and_interrupts(void **state)
{
	char c = 0;

	(void)state;
	assert_true(vuart_pl011_write(&u, DR, 'A', &c));
	assert_int_equal(c, 'A');
	assert_int_equal(vuart_pl011_read(&u, RIS) & TX, TX);
	assert_int_equal(vuart_pl011_read(&u, MIS), 0);
	assert_false(vuart_pl011_level(&u));
	write_quiet(IMSC, TX);
	assert_true(vuart_pl011_level(&u));
	write_quiet(ICR, TX);
	assert_false(vuart_pl011_level(&u));
	assert_int_equal(vuart_pl011_read(&u, FR) & (TXFF | TXFE | BUSY), TXFE);
	assert_true(vuart_pl011_write(&u, DR, 'B', &c));
	assert_true(vuart_pl011_level(&u));
}

static void test_receives_in_order(void **state)
{
	(void)state;
	write_quiet(IMSC, RX | RT);
	assert_int_equal(vuart_pl011_receive(&u, "xyz", 3), 3);
	assert_true(vuart_pl011_level(&u));
	assert_int_equal(vuart_pl011_read(&u, MIS), RX | RT);
	assert_int_equal(vuart_pl011_read(&u, FR) & RXFE, 0);
	/* Clearing does not lose what is still in the FIFO. */
	write_quiet(ICR, RX | RT);
	assert_true(vuart_pl011_level(&u));
	assert_int_equal(vuart_pl011_read(&u, DR), 'x');
	assert_int_equal(vuart_pl011_read(&u, DR), 'y');
	assert_true(vuart_pl011_level(&u));
	assert_int_equal(vuart_pl011_read(&u, DR), 'z');
	assert_false(vuart_pl011_level(&u));
	assert_int_equal(vuart_pl011_read(&u, FR) & RXFE, RXFE);
	assert_int_equal(vuart_pl011_read(&u, DR), 0);
}

static void test_full_fifo_drops_and_says_so(void **state)
{
	char text[300];

	(void)state;
	for (int i = 0; i < 300; i++) {
		text[i] = (char)('a' + i % 26);
	}
	assert_int_equal(vuart_pl011_receive(&u, text, 300), 256);
	assert_int_equal(vuart_pl011_read(&u, FR) & RXFF, RXFF);
	assert_int_equal(vuart_pl011_read(&u, RIS) & OE, OE);
	assert_int_equal(vuart_pl011_receive(&u, "!", 1), 0);
	for (int i = 0; i < 256; i++) {
		assert_int_equal(vuart_pl011_read(&u, DR), 'a' + i % 26);
	}
	assert_int_equal(vuart_pl011_read(&u, FR) & (RXFF | RXFE), RXFE);
	assert_int_equal(vuart_pl011_read(&u, RIS) & OE, OE);
	write_quiet(ICR, OE);
	assert_int_equal(vuart_pl011_read(&u, RIS) & OE, 0);
}

/* Indices run over many times the FIFO's size. */
static void test_long_stream(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		char c = (char)(i * 7);

		assert_int_equal(vuart_pl011_receive(&u, &c, 1), 1);
		assert_int_equal(vuart_pl011_read(&u, DR), (uint8_t)(i * 7));
	}
}

static void test_loopback(void **state)
{
	(void)state;
	write_quiet(CR, 0x381);
	write_quiet(DR, 'L');
	assert_int_equal(vuart_pl011_read(&u, DR), 'L');
}

static void test_registers_keep_only_their_bits(void **state)
{
	static const struct {
		uint32_t offset;
		uint32_t mask;
	} registers[] = {
		{ IBRD, 0xffff }, { FBRD, 0x3f },  { LCRH, 0xff }, { CR, 0xff87 },
		{ 0x34, 0x3f },	  { IMSC, 0x7ff }, { DMACR, 7 },   { 0x20, 0xff },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		write_quiet(registers[i].offset, 0xffffffff);
		assert_int_equal(vuart_pl011_read(&u, registers[i].offset), registers[i].mask);
		write_quiet(registers[i].offset, 0);
		assert_int_equal(vuart_pl011_read(&u, registers[i].offset), 0);
	}
}

static void test_read_only_and_unknown_registers(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset < 0x1000; offset++) {
		uint32_t before;

		if (offset == DR || (offset >= 0x20 && offset <= DMACR)) {
			continue;
		}
		before = vuart_pl011_read(&u, offset);
		write_quiet(offset, ~before);
		if (offset >= 4) {
			assert_int_equal(vuart_pl011_read(&u, offset), before);
		}
	}
	assert_int_equal(vuart_pl011_read(&u, 0x800), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reset_values, setup),
		cmocka_unit_test_setup(test_identifies_as_pl011, setup),
		cmocka_unit_test_setup(test_sends_and_interrupts, setup),
		cmocka_unit_test_setup(test_receives_in_order, setup),
		cmocka_unit_test_setup(test_full_fifo_drops_and_says_so, setup),
		cmocka_unit_test_setup(test_long_stream, setup),
		cmocka_unit_test_setup(test_loopback, setup),
		cmocka_unit_test_setup(test_registers_keep_only_their_bits, setup),
		cmocka_unit_test_setup(test_read_only_and_unknown_registers, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
