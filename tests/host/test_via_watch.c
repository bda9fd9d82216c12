/* SPDX-License-Identifier: BSD-2-Clause */
/* create -F: what is done when a guest ends, again and again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "lib/errno.h"
#include "via_run.h"

#define KEEPS "memory = 16; pci = [ '02:00.0,seize=1' ]\n"

/* How the guest ends, the first time and then again; looks at it in between. */
static const enum shutdown_reason *ends;
static uint32_t ends_left, looks, started;
static uint64_t life; /* of each, in ms */
static const char *new_name;
static bool destroy_it;

static void go_on(uint32_t op)
{
	struct domain *d = domain_by_id(1);

	started += op == CONTROL_DOMAIN_START;
	if (op != CONTROL_DOMAIN_LIST || d == NULL || d->state != DOMAIN_RUNNING || ++looks < 2) {
		return;
	}
	looks = 0;
	if (new_name != NULL) {
		strcpy(d->name, new_name);
	}
	if (destroy_it) {
		assert_int_equal(domain_destroy(d), 0);
	} else {
		assert_int_not_equal(ends_left, 0);
		d->state = DOMAIN_SHUTDOWN;
		d->reason = *ends++;
		d->started = 1;
		d->ended = 1 + life;
		ends_left--;
	}
}

static int setup(void **state)
{
	looks = started = 0;
	life = 2000;
	new_name = NULL;
	destroy_it = false;
	via_setup(state);
	world.on_ring = go_on;
	return 0;
}

static int watch(const char *more, const enum shutdown_reason *list, uint32_t count)
{
	ends = list;
	ends_left = count;
	return create_with(more, "-F");
}

static void test_defaults(void **state)
{
	static const enum shutdown_reason list[] = { SHUTDOWN_REBOOT, SHUTDOWN_REBOOT,
						     SHUTDOWN_POWEROFF };

	assert_int_equal(watch(KEEPS, list, 3), 0);
	assert_null(strstr(err, "via create"));
	assert_int_equal(ends_left, 0);
	assert_int_equal(started, 3);
	assert_int_equal(world.attach_count, 3);
	assert_says(out, " guest: reboot: begins again\n");
	assert_says(out, " guest: poweroff: destroyed\n");
	assert_int_equal(world_domains(), 1);
}

static void test_crash(void **state)
{
	static const enum shutdown_reason list[] = { SHUTDOWN_CRASH, SHUTDOWN_REBOOT };

	assert_int_equal(watch(KEEPS "on_crash = 'restart'; on_reboot = 'destroy'", list, 2), 0);
	assert_int_equal(ends_left, 0);
	assert_int_equal(started, 2);
	assert_int_equal(watch(KEEPS, list, 1), 0);
	assert_says(out, " guest: crash: destroyed\n");
	assert_int_equal(world_domains(), 1);
}

/* A loop of crashes ends with the first; one of reboots is what somebody wants. */
static void test_fails_at_once(void **state)
{
	static const enum shutdown_reason list[] = { SHUTDOWN_REBOOT, SHUTDOWN_CRASH };
	static const enum shutdown_reason dog[] = { SHUTDOWN_WATCHDOG };

	life = 1999;
	assert_int_equal(watch(KEEPS "on_crash = 'restart'", list, 2), 1);
	assert_int_equal(started, 2);
	assert_says(out,
		    " guest: crash: within 2 s of its beginning, so it does not begin again\n");
	assert_int_equal(via("list guest"), 0);
	assert_says(out, "---sc- ");
	assert_int_equal(via("destroy guest"), 0);
	assert_int_equal(watch(KEEPS "on_watchdog = 'restart'", dog, 1), 1);
	assert_int_equal(via("list guest"), 0);
	assert_says(out, "---sw- ");
	assert_int_equal(via("destroy guest"), 0);
}

static void test_preserve(void **state)
{
	static const enum shutdown_reason list[] = { SHUTDOWN_POWEROFF };

	assert_int_equal(watch(KEEPS "on_poweroff = 'preserve'", list, 1), 0);
	assert_int_equal(started, 1);
	assert_int_equal(via("list guest"), 0);
	assert_says(out, "---s-- ");
	assert_int_equal(via("destroy guest"), 0);
}

static void test_renamed(void **state)
{
	static const enum shutdown_reason list[] = { SHUTDOWN_REBOOT, SHUTDOWN_POWEROFF };

	new_name = "another";
	assert_int_equal(watch(KEEPS "on_poweroff = 'preserve'", list, 2), 0);
	assert_int_equal(started, 2);
	assert_int_equal(via("list another"), 0);
	assert_int_equal(via("destroy another"), 0);
}

static void test_destroyed(void **state)
{
	destroy_it = true;
	assert_int_equal(watch(KEEPS, NULL, 0), 0);
	assert_int_equal(started, 1);
	assert_int_equal(world_domains(), 1);
}

static void take_memory(uint32_t op)
{
	/* Between its end and its new beginning. */
	world.free_bytes -= op == CONTROL_INFO && started == 1 ? 512 * SZ_1M : 0;
	started += op == CONTROL_INFO && started == 1;
	go_on(op);
}

static void test_cannot_begin_again(void **state)
{
	static const enum shutdown_reason list[] = { SHUTDOWN_REBOOT };

	world.on_ring = take_memory;
	assert_int_equal(watch("memory = 16", list, 1), 1);
	assert_says(err, "not enough memory");
	world.free_bytes += 512 * SZ_1M;
	assert_int_equal(world_domains(), 1);
}

static void test_options(void **state)
{
	assert_int_equal(create_with("memory = 16", "-F -c"), 2);
	assert_says(err, "-c and -F do not go together");
	assert_int_equal(world_domains(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_defaults, setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_crash, setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_fails_at_once, setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_preserve, setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_renamed, setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_destroyed, setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_cannot_begin_again, setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_options, setup, via_teardown),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
