/* SPDX-License-Identifier: BSD-2-Clause */
/* What is told of two looks at a machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "via/monitor.h"

#define BUILDING CONTROL_DOMAIN_STATE_BUILDING
#define RUNNING  CONTROL_DOMAIN_STATE_RUNNING
#define PAUSED   CONTROL_DOMAIN_STATE_PAUSED
#define SHUTDOWN CONTROL_DOMAIN_STATE_SHUTDOWN
#define DYING    CONTROL_DOMAIN_STATE_DYING

static struct monitor_event events[4 * MONITOR_EVENTS_MAX];
static size_t count;

static struct control_domain domain(uint32_t id, const char *name, uint32_t state)
{
	struct control_domain d = { .id = id, .state = state };

	strcpy(d.name, name);
	return d;
}

static struct control_function function(uint32_t sbdf, uint32_t state, uint32_t user)
{
	return (struct control_function){ .sbdf = sbdf, .state = state, .user = user };
}

static void domains(struct control_domain *before, size_t n, struct control_domain *now, size_t m)
{
	count = monitor_domains(&(struct monitor_domains){ before, n },
				&(struct monitor_domains){ now, m }, events);
}

static void functions(struct control_function *before, size_t n, struct control_function *now,
		      size_t m)
{
	count = monitor_functions(&(struct monitor_functions){ before, n },
				  &(struct monitor_functions){ now, m }, events);
}

/* The kinds of the events, from the first to the last. */
static void assert_kinds(const enum monitor_kind *kinds, size_t n)
{
	assert_int_equal(count, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(events[i].kind, kinds[i]);
	}
}

#define KINDS(...)                                                                            \
	assert_kinds((const enum monitor_kind[]){ __VA_ARGS__ },                              \
		     sizeof((const enum monitor_kind[]){ __VA_ARGS__ }) / sizeof(enum monitor_kind))

static void test_states(void **state)
{
	static const struct {
		uint32_t was, now;
		size_t count;
		enum monitor_kind kinds[2];
	} cases[] = {
		{ BUILDING, BUILDING, 0, { 0 } },
		{ BUILDING, RUNNING, 1, { MONITOR_STARTED } },
		{ BUILDING, PAUSED, 2, { MONITOR_STARTED, MONITOR_PAUSED } },
		{ BUILDING, SHUTDOWN, 2, { MONITOR_STARTED, MONITOR_SHUT_DOWN } },
		{ BUILDING, DYING, 0, { 0 } },
		{ RUNNING, RUNNING, 0, { 0 } },
		{ RUNNING, PAUSED, 1, { MONITOR_PAUSED } },
		{ PAUSED, RUNNING, 1, { MONITOR_UNPAUSED } },
		{ RUNNING, SHUTDOWN, 1, { MONITOR_SHUT_DOWN } },
		{ PAUSED, SHUTDOWN, 1, { MONITOR_SHUT_DOWN } },
		{ RUNNING, DYING, 0, { 0 } },
		{ SHUTDOWN, SHUTDOWN, 0, { 0 } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct control_domain was = domain(3, "g", cases[i].was);
		struct control_domain now = domain(3, "g", cases[i].now);

		domains(&was, 1, &now, 1);
		assert_kinds(cases[i].kinds, cases[i].count);
	}
}

static void test_come_and_go(void **state)
{
	struct control_domain before[] = { domain(0, "Domain-0", RUNNING), domain(3, "a", RUNNING),
					   domain(5, "b", RUNNING) };
	struct control_domain now[] = { domain(0, "Domain-0", RUNNING), domain(4, "n", BUILDING),
					domain(5, "c", RUNNING), domain(6, "a", SHUTDOWN) };

	domains(before, 3, now, 4);
	KINDS(MONITOR_GONE, MONITOR_CREATED, MONITOR_RENAMED, MONITOR_CREATED, MONITOR_STARTED,
	      MONITOR_SHUT_DOWN);
	assert_ptr_equal(events[0].domain, &before[1]);
	assert_ptr_equal(events[1].domain, &now[1]);
	assert_string_equal(events[2].old_name, "b");
	assert_ptr_equal(events[3].domain, &now[3]);
	domains(before, 3, NULL, 0);
	KINDS(MONITOR_GONE, MONITOR_GONE, MONITOR_GONE);
	domains(NULL, 0, NULL, 0);
	assert_int_equal(count, 0);
}

static void test_lent(void **state)
{
	struct control_function free_one = function(0x100, CONTROL_FUNCTION_QUARANTINED, 0xffff);
	struct control_function lent = function(0x100, CONTROL_FUNCTION_LENT, 3);
	struct control_function other = function(0x100, CONTROL_FUNCTION_LENT, 4);
	struct control_function resetting = function(0x100, CONTROL_FUNCTION_RESETTING, 0xffff);
	struct control_function owned = function(0x100, CONTROL_FUNCTION_OWNED, 0);

	functions(&free_one, 1, &lent, 1);
	KINDS(MONITOR_LENT);
	assert_int_equal(events[0].user, 3);
	functions(&lent, 1, &lent, 1);
	assert_int_equal(count, 0);
	functions(&lent, 1, &resetting, 1);
	KINDS(MONITOR_TAKEN_BACK);
	assert_int_equal(events[0].user, 3);
	functions(&resetting, 1, &free_one, 1);
	KINDS(MONITOR_ASSIGNABLE);
	functions(&lent, 1, &other, 1);
	KINDS(MONITOR_TAKEN_BACK, MONITOR_LENT);
	assert_int_equal(events[1].user, 4);
	functions(&free_one, 1, &owned, 1);
	KINDS(MONITOR_RETURNED);
}

static void test_harm(void **state)
{
	struct control_function lent = function(0x100, CONTROL_FUNCTION_LENT, 3);
	struct control_function broken = function(0x100, CONTROL_FUNCTION_BROKEN, 0xffff);

	lent.faults = 5;
	lent.errors_corrected = 1;
	broken.faults = 105;
	broken.storms = 2;
	broken.errors_corrected = 2;
	broken.errors_uncorrected = 1;
	functions(&lent, 1, &broken, 1);
	KINDS(MONITOR_FAULTS, MONITOR_STORMS, MONITOR_ERRORS, MONITOR_TAKEN_BACK, MONITOR_BROKEN);
	assert_int_equal(events[0].count, 100);
	assert_int_equal(events[1].count, 2);
	assert_int_equal(events[2].count, 2);
}

static void test_functions_come_and_go(void **state)
{
	struct control_function before[] = { function(0x100, CONTROL_FUNCTION_OWNED, 0),
					     function(0x108, CONTROL_FUNCTION_ABSENT, 0xffff),
					     function(0x110, CONTROL_FUNCTION_LENT, 1) };
	struct control_function now[] = { function(0x108, CONTROL_FUNCTION_QUARANTINED, 0xffff),
					  function(0x110, CONTROL_FUNCTION_ABSENT, 0xffff),
					  function(0x200, CONTROL_FUNCTION_OWNED, 0) };

	functions(before, 3, now, 3);
	KINDS(MONITOR_DISAPPEARED, MONITOR_APPEARED, MONITOR_DISAPPEARED, MONITOR_APPEARED);
	assert_int_equal(events[0].function->sbdf, 0x100);
	assert_int_equal(events[1].function->sbdf, 0x108);
	assert_int_equal(events[2].function->sbdf, 0x110);
	assert_int_equal(events[3].function->sbdf, 0x200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_come_and_go),
		cmocka_unit_test(test_lent),
		cmocka_unit_test(test_harm),
		cmocka_unit_test(test_functions_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
