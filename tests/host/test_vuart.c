/* SPDX-License-Identifier: BSD-2-Clause */
/* A domain's UART as guest, console and toolstack see it together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/console.h"
#include "core/vuart.h"
#include "fake_heap.h"
#include "fake_trap.h"
#include "irq/vgic.h"

#define BASE  0x9000000ULL
#define INTID 33

enum { DR = 0, FR = 0x18, IMSC = 0x38, ICR = 0x44 };

static struct domain domain;
static struct vcpu vcpu = { .domain = &domain };
static char shown[64];
static size_t shown_size;
static bool wire;
static unsigned int wire_changes;

void console_domain_output(struct domain *d, const char *s, size_t size)
{
	assert_ptr_equal(d, &domain);
	assert_true(shown_size + size <= sizeof(shown));
	memcpy(shown + shown_size, s, size);
	shown_size += size;
}

void vgic_set_level(struct domain *d, struct vcpu *v, uint32_t intid, bool high)
{
	assert_ptr_equal(d, &domain);
	assert_null(v);
	assert_int_equal(intid, INTID);
	wire = high;
	wire_changes++;
}

static int setup(void **state)
{
	(void)state;
	memset(&domain, 0, sizeof(domain));
	shown_size = 0;
	wire = false;
	wire_changes = 0;
	return vuart_create(&domain, ipa(BASE), INTID);
}

static int teardown(void **state)
{
	(void)state;
	vuart_destroy(&domain);
	return fake_heap_live == 0 ? 0 : -1;
}

static enum mmio_result trap(uint64_t offset, uint8_t size, bool write, uint64_t *value)
{
	return fake_trap(&vcpu, BASE + offset, size, write, value);
}

static void put(uint64_t offset, uint64_t value)
{
	assert_int_equal(trap(offset, 4, true, &value), MMIO_DONE);
}

static uint64_t get(uint64_t offset)
{
	uint64_t value = 0xdead;

	assert_int_equal(trap(offset, 4, false, &value), MMIO_DONE);
	return value;
}

static void test_output_reaches_console_and_ring(void **state)
{
	uint64_t pos = 0;
	char buf[16];

	(void)state;
	put(DR, 'o');
	put(DR, 'k');
	assert_int_equal(shown_size, 2);
	assert_memory_equal(shown, "ok", 2);
	assert_int_equal(vuart_output(&domain, &pos, buf, sizeof(buf)), 2);
	assert_memory_equal(buf, "ok", 2);
	assert_int_equal(vuart_output(&domain, &pos, buf, sizeof(buf)), 0);
}

static void test_wire_follows_input(void **state)
{
	(void)state;
	assert_int_equal(vuart_input(&domain, "a", 1), 1);
	assert_int_equal(wire_changes, 0); /* masked */
	put(IMSC, 1 << 4);
	assert_true(wire);
	assert_int_equal(vuart_input(&domain, "b", 1), 1);
	assert_int_equal(wire_changes, 1); /* told once, not per character */
	assert_int_equal(get(DR), 'a');
	assert_true(wire);
	assert_int_equal(get(DR), 'b');
	assert_false(wire);
	assert_int_equal(wire_changes, 2);
}

static void test_access_sizes(void **state)
{
	uint64_t value = 'x';

	(void)state;
	assert_int_equal(trap(DR, 1, true, &value), MMIO_DONE);
	assert_int_equal(trap(DR, 2, true, &value), MMIO_DONE);
	assert_int_equal(shown_size, 2);
	assert_int_equal(trap(DR, 8, true, &value), MMIO_ABORT);
	assert_int_equal(trap(FR, 8, false, &value), MMIO_ABORT);
	assert_int_equal(shown_size, 2);
	/* A byte in the middle of a register is that byte. */
	value = 0;
	assert_int_equal(trap(0xfe4, 1, false, &value), MMIO_DONE);
	assert_int_equal(value & 0xff, 0x10);
	put(IMSC, 0x7ff);
	value = 0;
	assert_int_equal(trap(IMSC + 1, 1, false, &value), MMIO_DONE);
	assert_int_equal(value & 0xff, 0x7);
	/* No register of its own: nothing is written. */
	value = 0;
	assert_int_equal(trap(IMSC + 1, 1, true, &value), MMIO_DONE);
	assert_int_equal(get(IMSC), 0x7ff);
}

static void test_ring_keeps_the_newest(void **state)
{
	static char buf[32768];
	uint64_t pos = 0;
	uint32_t got;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		shown_size = 0;
		put(DR, 'a' + i % 23);
	}
	got = vuart_output(&domain, &pos, buf, sizeof(buf));
	assert_int_equal(got, 16384);
	assert_int_equal(pos, 20000);
	for (uint32_t i = 0; i < got; i++) {
		assert_int_equal(buf[i], 'a' + (20000 - got + i) % 23);
	}
}

static void test_no_uart(void **state)
{
	static struct domain bare;
	uint64_t pos = 0;
	char c;

	(void)state;
	assert_int_equal(vuart_input(&bare, "a", 1), 0);
	assert_int_equal(vuart_output(&bare, &pos, &c, 1), 0);
	vuart_destroy(&bare);
}

static void test_failures_keep_nothing(void **state)
{
	(void)state;
	for (int64_t n = 1; n <= 2; n++) {
		memset(&domain, 0, sizeof(domain));
		fake_heap_fail_in = n;
		assert_true(vuart_create(&domain, ipa(BASE), INTID) < 0);
		fake_heap_fail_in = 0;
		assert_int_equal(fake_heap_live, 0);
		assert_null(domain.uart);
		assert_int_equal(domain.mmio.count, 0);
	}
	/* The place is taken. */
	assert_int_equal(vuart_create(&domain, ipa(BASE), INTID), 0);
	assert_true(vuart_create(&domain, ipa(BASE), INTID) < 0);
	vuart_destroy(&domain);
	assert_int_equal(fake_heap_live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_output_reaches_console_and_ring, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_wire_follows_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_access_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ring_keeps_the_newest, setup, teardown),
		cmocka_unit_test(test_no_uart),
		cmocka_unit_test(test_failures_keep_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
