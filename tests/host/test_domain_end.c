/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains' ends, from whatever state, and what ends with them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/domain_build.h"
#include "core/ram.h"
#include "domain_world.h"
#include "fake_cpus.h"
#include "fake_log.h"
#include "lib/errno.h"

/* Its power key was pressed for a reboot, or was not. */
static void test_what_power_off_means(void **state)
{
	static const struct {
		bool reboot;
		enum shutdown_reason asked, counts;
	} cases[] = {
		{ false, SHUTDOWN_POWEROFF, SHUTDOWN_POWEROFF },
		{ true, SHUTDOWN_POWEROFF, SHUTDOWN_REBOOT },
		{ true, SHUTDOWN_CRASH, SHUTDOWN_CRASH },
		{ true, SHUTDOWN_REBOOT, SHUTDOWN_REBOOT },
		{ true, SHUTDOWN_WATCHDOG, SHUTDOWN_WATCHDOG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct domain *d = created("a", 2);
		uint32_t restarts = domain_world.restarts;

		run_jobs();
		assert_int_equal(domain_start(d, ipa(0x40080000), 0), 0);
		domain_off_is_reboot(d, true);
		domain_off_is_reboot(d, cases[i].reboot);
		domain_shutdown(d, cases[i].asked);
		stop_now(d);
		assert_int_equal(d->reason, cases[i].counts);
		assert_int_equal(domain_world.restarts - restarts,
				 cases[i].counts == SHUTDOWN_REBOOT ||
					 cases[i].counts == SHUTDOWN_WATCHDOG);
		end(d);
	}
	assert_nothing_left();
}

/* Destroyed while its RAM is still being filled. */
static void test_destroy_while_populating(void **state)
{
	struct domain *d = NULL;

	assert_int_equal(create("a", 32, &d), 0);
	assert_true(job_step_one());
	end(d);
	assert_true(domain_world.cleaned < 16);
	assert_nothing_left();
}

static void test_destroy_in_every_state(void **state)
{
	for (int how = 0; how < 4; how++) {
		struct domain *d = created("a", 2);

		if (how > 0) {
			assert_int_equal(domain_start(d, ipa(0), 0), 0);
		}
		if (how == 2) {
			assert_int_equal(domain_pause(d), 0);
		}
		if (how == 3) {
			domain_shutdown(d, SHUTDOWN_CRASH);
		}
		end(d);
		assert_nothing_left();
	}
}

/* Teardown waits for the vCPUs and for every other CPU, in this order. */
static void test_teardown_waits(void **state)
{
	struct domain *d = created("a", 2);

	assert_int_equal(domain_start(d, ipa(0), 0), 0);
	assert_int_equal(domain_destroy(d), 0);
	run_jobs();
	assert_int_equal(domain_world.built, 1);
	stop_now(d);
	for (uint32_t i = 0; i < 50; i++) {
		fake_now += 2;
		job_step_one();
	}
	/* CPU 1 took no interrupt: it may be inside a request that found the domain. */
	assert_int_equal(domain_world.built, 1);
	assert_ptr_equal(named("a"), d);
	run_jobs();
	assert_nothing_left();
}

/* A device that may still write to its RAM keeps that RAM from everyone else, for ever. */
static void test_unconfirmed_end(void **state)
{
	struct domain *d = created("a", 4);
	uint64_t free_blocks, total;

	domain_world.unbuild_answer = -EIO;
	assert_int_equal(domain_destroy(d), 0);
	run_jobs();
	ram_stats(&free_blocks, &total);
	assert_int_equal(free_blocks, total - 2);
	assert_ptr_equal(named("a"), d);
	assert_int_equal(domain_destroy(d), -EBUSY);
	assert_true(fake_log_has("stays, dying"));
}

/* Guests run alone: the machine ends when the last of them has, one way or another. */
static void test_without_control(void **state)
{
	struct domain *a = created("one", 4);
	struct domain *b = created("two", 4);
	struct domain *c = created("three", 4);

	domain_without_control();
	assert_int_not_equal(a->id, 0); /* the control domain's */
	run_jobs();
	assert_int_equal(domain_start(a, ipa(0x40000000), 0), 0);
	assert_int_equal(domain_start(b, ipa(0x40000000), 0), 0);
	domain_shutdown(a, SHUTDOWN_POWEROFF);
	assert_int_equal(domain_pause(b), 0);
	end(c); /* never started */
	domain_end_machine_if_last();
	assert_int_equal(domain_unpause(b), 0);
	/* One that begins again is waited for. */
	domain_world.restart_answer = true;
	domain_shutdown(b, SHUTDOWN_REBOOT);
	assert_int_equal(domain_world.restarts, 1);
	domain_world.restart_pending = true;
	domain_end_machine_if_last();
	assert_int_equal(domain_world.machine_end, 0);
	domain_world.restart_pending = false;
	if (setjmp(the_end) == 0) {
		domain_end_machine_if_last();
		fail();
	}
	assert_int_equal(domain_world.machine_end, 1);
	end(a);
	end(b);
}

/* Its id is 0, whoever was there before. The machine ends with it. */
static void test_control(void **state)
{
	struct domain *d = domain_create_control(2);

	assert_non_null(d);
	assert_int_equal(d->id, 0);
	assert_ptr_equal(domain_by_id(0), d);
	assert_int_equal(domain_start(d, ipa(0x1000), 0), 0);
	assert_int_equal(d->vcpus[0]->sys.cntvoff, 0);
	assert_int_equal(domain_pause(d), -EINVAL);
	assert_int_equal(domain_destroy(d), -EPERM);
	if (setjmp(the_end) == 0) {
		domain_shutdown(d, SHUTDOWN_REBOOT);
	}
	assert_int_equal(domain_world.machine_end, 2);
	if (setjmp(the_end) == 0) {
		domain_shutdown(d, SHUTDOWN_POWEROFF);
	}
	assert_int_equal(domain_world.machine_end, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_power_off_means, domain_world_setup),
		cmocka_unit_test_setup(test_destroy_while_populating, domain_world_setup),
		cmocka_unit_test_setup(test_destroy_in_every_state, domain_world_setup),
		cmocka_unit_test_setup(test_teardown_waits, domain_world_setup),
		cmocka_unit_test_setup(test_unconfirmed_end, domain_world_setup),
		cmocka_unit_test_setup(test_without_control, domain_world_setup),
		cmocka_unit_test_setup(test_control, domain_world_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
