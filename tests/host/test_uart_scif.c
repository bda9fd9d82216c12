/* SPDX-License-Identifier: BSD-2-Clause */
/* The SCIF driver against a model of its registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "arch/arm64/mmio.h"
#include "core/uart.h"

#define FIFO 16

static uint8_t regs[64];
static struct {
	uint16_t smr, scr, fsr, fcr, lsr;
	uint16_t seen;      /* flags of fsr that were read as 1 */
	bool overrun_seen;
	char sent[64];
	uint32_t sent_count; /* on the line */
	char out[FIFO], in[FIFO];
	uint32_t out_count, in_count;
} scif;

static uint32_t offset_of(const volatile void *p)
{
	return (uint32_t)((const volatile uint8_t *)p - regs);
}

/* Flags of what the FIFO holds come back as long as it does. */
static void update(void)
{
	if (scif.in_count > 0 && (scif.fcr & 0xc0) == 0) {
		scif.fsr |= 2;
	}
}

uint8_t mmio_read8(const volatile void *p)
{
	char c = scif.in[0];

	assert_int_equal(offset_of(p), 0x14);
	assert_true(scif.in_count > 0);
	scif.in_count--;
	memmove(scif.in, scif.in + 1, scif.in_count);
	return (uint8_t)c;
}

void mmio_write8(volatile void *p, uint8_t v)
{
	assert_int_equal(offset_of(p), 0x0c);
	assert_true((scif.scr & 0x20) != 0);
	assert_true(scif.out_count < FIFO);
	scif.out[scif.out_count++] = (char)v;
}

uint16_t mmio_read16(const volatile void *p)
{
	switch (offset_of(p)) {
	case 0x08:
		return scif.scr;
	case 0x10:
		update();
		scif.seen = scif.fsr;
		return scif.fsr;
	case 0x18:
		return scif.fcr;
	case 0x1c:
		return (uint16_t)(scif.out_count << 8 | scif.in_count);
	case 0x24:
		scif.overrun_seen = (scif.lsr & 1) != 0;
		return scif.lsr;
	default:
		fail_msg("register 0x%x is read", offset_of(p));
		return 0;
	}
}

void mmio_write16(volatile void *p, uint16_t v)
{
	switch (offset_of(p)) {
	case 0x08:
		scif.scr = v;
		break;
	case 0x10:
		scif.fsr &= (uint16_t)(v | ~scif.seen);
		update();
		break;
	case 0x18:
		assert_int_equal(v & 6, 0); /* the FIFOs are not reset: firmware's last words */
		scif.fcr = v;
		break;
	case 0x24:
		scif.lsr &= (uint16_t)(v | !scif.overrun_seen);
		break;
	default:
		fail_msg("register 0x%x is written", offset_of(p));
	}
}

static bool interrupt(void)
{
	update();
	return (scif.scr & 0x40) != 0 && (scif.fsr & 0x93) != 0;
}

static void line_in(char c)
{
	if ((scif.scr & 0x10) == 0 || (scif.lsr & 1) != 0) {
		return;
	}
	if (scif.in_count == FIFO) {
		scif.lsr |= 1;
		return;
	}
	scif.in[scif.in_count++] = c;
}

static void line_out(uint32_t count)
{
	for (; count > 0 && scif.out_count > 0; count--) {
		scif.sent[scif.sent_count++] = scif.out[0];
		scif.out_count--;
		memmove(scif.out, scif.out + 1, scif.out_count);
	}
}

/* As firmware leaves it: an external clock, interrupts on, a high trigger. */
static int setup(void **state)
{
	(void)state;
	memset(&scif, 0, sizeof(scif));
	scif.scr = 0x00f2;
	scif.fcr = 0x00f8;
	scif.fsr = 0x0060;
	uart_scif_ops.init(regs);
	return 0;
}

static void test_init_keeps_the_line(void **state)
{
	(void)state;
	assert_int_equal(scif.scr, 0x32); /* both ways, no interrupt, the clock as it was */
	assert_int_equal(scif.fcr, 0x38);
}

static void test_output_waits_for_room(void **state)
{
	static const char text[] = "twenty characters...";
	uint32_t i = 0;

	(void)state;
	for (; !uart_scif_ops.tx_full(regs); i++) {
		uart_scif_ops.put(regs, text[i]);
	}
	assert_int_equal(i, FIFO);
	line_out(4);
	for (; !uart_scif_ops.tx_full(regs); i++) {
		uart_scif_ops.put(regs, text[i]);
	}
	line_out(FIFO);
	assert_int_equal(scif.sent_count, 20);
	assert_memory_equal(scif.sent, text, 20);
}

static void take(const char *expected)
{
	char c;

	uart_scif_ops.ack_rx(regs);
	for (; *expected != '\0'; expected++) {
		assert_true(uart_scif_ops.get(regs, &c));
		assert_int_equal(c, *expected);
	}
	assert_false(uart_scif_ops.get(regs, &c));
}

static void test_input_interrupts(void **state)
{
	(void)state;
	line_in('a');
	assert_false(interrupt());
	uart_scif_ops.enable_rx_interrupt(regs);
	assert_int_equal(scif.scr, 0x72);
	assert_true(interrupt()); /* also for what waits already */
	line_in('b');
	take("ab");
	/* The flag could not go while something was there: once more, for nothing. */
	take("");
	assert_false(interrupt());
	line_in('c');
	assert_true(interrupt());
	take("c");
	take("");
	assert_false(interrupt());
}

/* Too much at once: what came is read, and more comes after. */
static void test_overrun_ends(void **state)
{
	(void)state;
	uart_scif_ops.enable_rx_interrupt(regs);
	for (char c = 'a'; c < 'a' + FIFO + 3; c++) {
		line_in(c);
	}
	scif.fsr |= 0x90; /* an error and a break with it */
	take("abcdefghijklmnop");
	take("");
	assert_false(interrupt());
	line_in('z');
	take("z");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, setup)
	static const struct CMUnitTest tests[] = {
		T(test_init_keeps_the_line),
		T(test_output_waits_for_room),
		T(test_input_interrupts),
		T(test_overrun_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
