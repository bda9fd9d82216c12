/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's power key as guest and toolstack see it together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/vgpio.h"
#include "fake_heap.h"
#include "fake_trap.h"
#include "irq/vgic.h"

#define BASE  0x9030000ULL
#define INTID 39

enum { KEY_DATA = 8 << 2, IBE = 0x408, IE = 0x410, IC = 0x41c };

static struct domain domain;
static struct vcpu vcpu = { .domain = &domain };
static bool wire;
static unsigned int wire_changes;

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
	memset(&domain, 0, sizeof(domain));
	wire = false;
	wire_changes = 0;
	return vgpio_create(&domain, ipa(BASE), INTID);
}

static int teardown(void **state)
{
	vgpio_destroy(&domain);
	return fake_heap_live == 0 ? 0 : -1;
}

static enum mmio_result trap(uint64_t offset, uint8_t size, bool write, uint64_t *value)
{
	return fake_trap(&vcpu, BASE + offset, size, write, value);
}

static void put(uint64_t offset, uint64_t value)
{
	assert_int_equal(trap(offset, 1, true, &value), MMIO_DONE);
}

static uint64_t get(uint64_t offset)
{
	uint64_t value = 0xdead;

	assert_int_equal(trap(offset, 1, false, &value), MMIO_DONE);
	return value & 0xff;
}

static void test_press_and_release(void **state)
{
	put(IBE, 8);
	put(IE, 8);
	assert_false(vgpio_key(&domain).down || vgpio_key(&domain).unread);
	vgpio_key_move(&domain, true);
	assert_true(wire);
	assert_true(vgpio_key(&domain).down && vgpio_key(&domain).unread);
	put(IC, 8);
	assert_false(wire);
	assert_true(vgpio_key(&domain).unread);
	assert_int_equal(get(KEY_DATA), 8);
	assert_true(vgpio_key(&domain).down && !vgpio_key(&domain).unread);
	vgpio_key_move(&domain, false);
	assert_true(wire && vgpio_key(&domain).unread && !vgpio_key(&domain).down);
	assert_int_equal(wire_changes, 3);
	put(IC, 8);
	assert_int_equal(get(KEY_DATA), 0);
	assert_false(vgpio_key(&domain).unread);
}

/* A guest without driver: nothing comes of it. */
static void test_nobody_listens(void **state)
{
	vgpio_key_move(&domain, true);
	vgpio_key_move(&domain, false);
	assert_int_equal(wire_changes, 0);
	assert_true(vgpio_key(&domain).unread);
}

static void test_access_sizes(void **state)
{
	uint64_t value = 0;

	vgpio_key_move(&domain, true);
	assert_int_equal(trap(KEY_DATA, 4, false, &value), MMIO_DONE);
	assert_int_equal(value, 8);
	assert_int_equal(trap(KEY_DATA, 8, false, &value), MMIO_ABORT);
	assert_int_equal(trap(IE, 8, true, &value), MMIO_ABORT);
	/* The second byte of a register. */
	assert_int_equal(get(0xfe5), 0);
	assert_int_equal(get(0xfe4), 0x10);
}

static void test_failures_keep_nothing(void **state)
{
	memset(&domain, 0, sizeof(domain));
	fake_heap_fail_in = 1;
	assert_true(vgpio_create(&domain, ipa(BASE), INTID) < 0);
	fake_heap_fail_in = 0;
	assert_int_equal(domain.mmio.count, 0);
	assert_int_equal(vgpio_create(&domain, ipa(BASE), INTID), 0);
	/* The place is taken. */
	assert_true(vgpio_create(&domain, ipa(BASE), INTID) < 0);
	vgpio_destroy(&domain);
	vgpio_destroy(&domain);
	assert_int_equal(fake_heap_live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_press_and_release, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_listens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_access_sizes, setup, teardown),
		cmocka_unit_test(test_failures_keep_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
