/* SPDX-License-Identifier: BSD-2-Clause */
/* shutdown, reboot and rename, over a guest that looks at its power key, or does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "via_run.h"

static void begin(void)
{
	assert_int_equal(create("memory = 16"), 0);
}

static void end(void)
{
	assert_int_equal(via("destroy guest"), 0);
}

/* The state column of the guest's line in via list. */
static void assert_state(const char *letters)
{
	assert_int_equal(via("list guest"), 0);
	assert_says(out, letters);
}

static void test_shutdown(void **state)
{
	begin();
	world.key_looks = 5;
	world.key_obeyed = true;
	assert_int_equal(via("shutdown -w guest"), 0);
	assert_string_equal(err, "");
	assert_true(world.key_seen_down);
	assert_false(world.key.down);
	assert_state("---s-- ");
	end();
}

static void test_reboot(void **state)
{
	begin();
	world.key_looks = 5;
	world.key_obeyed = true;
	assert_int_equal(via("reboot guest"), 0);
	assert_state("---sr-");
	end();
}

/* Whoever waits for its end, or acts on it, may be faster than the key comes up. */
static void test_gone_at_once(void **state)
{
	begin();
	world.key_looks = 3;
	world.key_obeyed = true;
	world.key_destroyed = true;
	assert_int_equal(via("shutdown -w guest"), 0);
	assert_string_equal(err, "");
	assert_int_equal(world_domains(), 1);
}

static void test_nobody_looks(void **state)
{
	begin();
	assert_int_equal(via("reboot -t 1 guest"), 1);
	assert_string_equal(err, "via reboot: guest did not react to its power key in 1 s: it runs "
				 "nothing that looks at it\n");
	assert_false(world.key.down);
	/* What it does later is not what was asked for then. */
	assert_false(domain_by_id(1)->off_is_reboot);
	assert_state("-b----");
	end();
}

/* It is enough that it looked, unless one waits for more. */
static void test_it_goes_on(void **state)
{
	begin();
	world.key_looks = world.key_looks_again = 2;
	assert_int_equal(via("shutdown guest"), 0);
	assert_false(world.key.down);
	assert_int_equal(via("shutdown -w -t 1 guest"), 1);
	assert_says(err, "it looked at it, and goes on");
	end();
}

/* A via that died left it down: a guest would see no edge. */
static void test_left_down(void **state)
{
	begin();
	world.key = (struct vgpio_key){ .down = true };
	world.key_looks = world.key_looks_again = 2;
	world.key_obeyed = true;
	assert_int_equal(via("shutdown -w guest"), 0);
	assert_true(world.key_seen_down);
	end();
}

static void test_refused(void **state)
{
	begin();
	assert_int_equal(via("shutdown control"), 1);
	assert_says(err, "not virtual");
	assert_int_equal(via("shutdown nobody"), 1);
	assert_says(err, "no domain is called");
	assert_int_equal(via("pause guest"), 0);
	assert_int_equal(via("shutdown guest"), 1);
	assert_says(err, "guest does not run");
	assert_false(world.key.down);
	assert_int_equal(via("shutdown -t 0 guest"), 2);
	assert_int_equal(via("shutdown -t 9s guest"), 2);
	assert_int_equal(via("shutdown -t 86401 guest"), 2);
	assert_int_equal(via("shutdown"), 2);
	assert_int_equal(via("reboot guest guest"), 2);
	end();
}

static void test_rename(void **state)
{
	begin();
	assert_int_equal(via("rename guest other"), 0);
	assert_int_equal(via("list guest"), 1);
	assert_int_equal(via("list other"), 0);
	/* Its old one is free again. */
	begin();
	assert_int_equal(via("rename other guest"), 1);
	assert_says(err, "a domain of that name exists");
	assert_int_equal(via("destroy other"), 0);
	assert_int_equal(via("rename control mine"), 1);
	assert_int_equal(via("rename nobody mine"), 1);
	assert_says(err, "no domain is called");
	assert_int_equal(via("rename guest 17"), 2);
	assert_says(err, "is no number");
	assert_int_equal(via("rename guest"), 2);
	assert_int_equal(via("rename guest "
			     "1234567890123456789012345678901234567890123456789012345678901234"),
			 2);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shutdown, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_reboot, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_gone_at_once, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_nobody_looks, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_it_goes_on, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_left_down, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_refused, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_rename, via_setup, via_teardown),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
