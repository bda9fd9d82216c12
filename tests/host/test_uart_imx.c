/* SPDX-License-Identifier: BSD-2-Clause */
/* The i.MX UART driver over a model of the registers it uses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "arch/arm64/mmio.h"
#include "core/uart.h"

/* i.MX 8M Plus reference manual, UART memory map. */
#define URXD 0x00
#define UTXD 0x40
#define UCR1 0x80
#define UCR2 0x84
#define UCR3 0x88
#define UCR4 0x8c
#define UFCR 0x90
#define USR2 0x98
#define UTS  0xb4

static uint8_t page[4096];
static uint32_t regs[0x100 / 4];
static char sent[16];
static const char *waiting = "";
static bool overrun;
static bool full;

static uint32_t offset_of(const volatile void *p)
{
	uint32_t offset = (uint32_t)((const volatile uint8_t *)p - page);

	assert_true(offset < sizeof(regs) && offset % 4 == 0);
	return offset;
}

uint32_t mmio_read32(const volatile void *p)
{
	uint32_t offset = offset_of(p);

	switch (offset) {
	case URXD:
		assert_true(*waiting != '\0');
		return 0x8000U | (uint8_t)*waiting++; /* CHARRDY */
	case USR2:
		return (*waiting != '\0') | (uint32_t)overrun << 1;
	case UTS:
		return (uint32_t)full << 4;
	default:
		return regs[offset / 4];
	}
}

void mmio_write32(volatile void *p, uint32_t v)
{
	uint32_t offset = offset_of(p);

	switch (offset) {
	case UTXD:
		assert_false(full);
		/* Nothing leaves before reset is over and the transmitter is on. */
		assert_int_equal(regs[UCR2 / 4] & 5, 5);
		assert_int_equal(regs[UCR1 / 4] & 1, 1);
		sent[strlen(sent)] = (char)v;
		break;
	case USR2:
		overrun = overrun && (v & 2) == 0;
		break;
	case UCR1:
	case UCR2:
	case UCR4:
		regs[offset / 4] = v;
		break;
	default:
		fail_msg("register 0x%x written", offset);
	}
}

/* The interrupt line: a character is there and that is enabled. */
static bool interrupt(void)
{
	return (regs[UCR4 / 4] & 1) != 0 && *waiting != '\0';
}

static int setup(void **state)
{
	(void)state;
	memset(regs, 0, sizeof(regs));
	memset(sent, 0, sizeof(sent));
	waiting = "";
	overrun = full = false;
	/* As firmware left it: 8 bits, RTS ignored, its own interrupts on. */
	regs[UCR1 / 4] = 0x2201;
	regs[UCR2 / 4] = 0x4027 | 0x8018;
	regs[UCR4 / 4] = 0x8000 | 0x9;
	uart_imx_ops.init(page);
	return 0;
}

static void test_init_keeps_the_line_and_stops_interrupts(void **state)
{
	(void)state;
	assert_int_equal(regs[UCR1 / 4], 1);
	assert_int_equal(regs[UCR2 / 4], 0x4027);
	assert_int_equal(regs[UCR4 / 4], 0x8000);
	waiting = "x";
	assert_false(interrupt());
}

static void test_output(void **state)
{
	(void)state;
	full = true;
	assert_true(uart_imx_ops.tx_full(page));
	full = false;
	assert_false(uart_imx_ops.tx_full(page));
	uart_imx_ops.put(page, 'o');
	uart_imx_ops.put(page, '\xff');
	assert_string_equal(sent, "o\xff");
}

static void test_input(void **state)
{
	char c = 0;

	(void)state;
	assert_false(uart_imx_ops.get(page, &c));
	uart_imx_ops.enable_rx_interrupt(page);
	assert_false(interrupt());
	waiting = "ab";
	overrun = true;
	assert_true(interrupt());
	uart_imx_ops.ack_rx(page);
	assert_false(overrun);
	assert_true(uart_imx_ops.get(page, &c));
	assert_int_equal(c, 'a');
	assert_true(interrupt());
	assert_true(uart_imx_ops.get(page, &c));
	assert_int_equal(c, 'b');
	assert_false(uart_imx_ops.get(page, &c));
	assert_false(interrupt());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_init_keeps_the_line_and_stops_interrupts, setup),
		cmocka_unit_test_setup(test_output, setup),
		cmocka_unit_test_setup(test_input, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
