/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests and the dispatch loop over a model controller that checks the order of its calls. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/machine.h"
#include "core/panic.h"
#include "core/trace.h"
#include "fake_log.h"
#include "irq/gic.h"
#include "irq/irq.h"
#include "irq/its.h"
#include "lib/errno.h"

#define LINES 96
#define NONE  1023

struct machine machine;

static struct {
	bool pending[LINES];
	bool enabled[LINES];
	bool edge[LINES];
	bool active[LINES];
	bool level[LINES];     /* asserted for good: pends again when no longer active */
	uint32_t in_service;   /* acknowledged, priority not dropped yet; NONE */
	uint32_t lpi;          /* pending LPI or 0 */
	bool lpi_storm;
	uint32_t lpis_taken;
	uint32_t stops;
	uint32_t follows;
} hw;

static int hw_init(void)
{
	return 0;
}

static uint32_t hw_line_count(void)
{
	return LINES;
}

static void hw_send_sgi(uint32_t cpu, uint32_t sgi)
{
	hw.pending[sgi] = true;
}

static uint32_t hw_acknowledge(void)
{
	assert_int_equal(hw.in_service, NONE);
	for (uint32_t i = 0; i < LINES; i++) {
		if ((hw.pending[i] || hw.level[i]) && hw.enabled[i] && !hw.active[i]) {
			hw.pending[i] = false;
			hw.active[i] = true;
			hw.in_service = i;
			return i;
		}
	}
	if (hw.lpi != 0) {
		hw.in_service = hw.lpi;
		hw.lpi = hw.lpi_storm ? hw.lpi : 0;
		return hw.in_service;
	}
	return NONE;
}

static void hw_drop_priority(uint32_t intid)
{
	assert_int_equal(hw.in_service, intid);
	hw.in_service = NONE;
}

static void hw_deactivate(uint32_t intid)
{
	assert_in_range(intid, 0, LINES - 1);
	assert_true(hw.active[intid]);
	hw.active[intid] = false;
}

static void hw_enable(uint32_t intid, bool edge)
{
	hw.edge[intid] = edge;
	hw.enabled[intid] = true;
}

static void hw_disable(uint32_t intid)
{
	hw.enabled[intid] = false;
}

static void hw_route(uint32_t intid, uint32_t cpu)
{
}

static bool hw_is_pending(uint32_t intid)
{
	return hw.pending[intid] || hw.level[intid];
}

static void hw_set_active(uint32_t intid, bool active)
{
	hw.active[intid] = active;
}

/* Not chosen. */
const struct gic_ops gicv2_ops = { .version = 2 };

const struct gic_ops gicv3_ops = {
	.version = 3,
	.init = hw_init,
	.init_cpu = hw_init,
	.line_count = hw_line_count,
	.send_sgi = hw_send_sgi,
	.acknowledge = hw_acknowledge,
	.drop_priority = hw_drop_priority,
	.deactivate = hw_deactivate,
	.enable = hw_enable,
	.disable = hw_disable,
	.route = hw_route,
	.is_pending = hw_is_pending,
	.set_active = hw_set_active,
};

void its_lpi_dispatch(uint32_t intid)
{
	assert_int_equal(hw.in_service, NONE);
	hw.lpis_taken++;
}

void grace_quiet(void)
{
}

void panic_stop_if_wanted(void)
{
	hw.stops++;
}

void trace_follow(void)
{
	hw.follows++;
}

static uint32_t calls;

static enum irq_result handle(uint32_t intid, void *arg)
{
	calls++;
	assert_true(hw.active[intid]);
	return *(enum irq_result *)arg;
}

/* The table of lines lives on; each test has INTIDs of its own. */
static int setup(void **state)
{
	static bool initialised;
	int ret = 0;

	memset(&hw, 0, sizeof(hw));
	hw.in_service = NONE;
	hw.enabled[SGI_KICK] = true;
	hw.enabled[SGI_LOOK] = true;
	calls = 0;
	fake_log_clear();
	if (!initialised) {
		machine.gic.version = 3;
		ret = gic_init();
		initialised = true;
	}
	return ret;
}

/* First of all tests: no driver is chosen yet. */
static void test_unknown_controller(void **state)
{
	machine.gic.version = 0;
	machine.gic.compatible = "acme,irq-9000";
	assert_int_equal(gic_init(), -ENODEV);
	assert_true(fake_log_has("acme,irq-9000 is not supported by this build"));
	assert_int_equal(fake_log_lines, 1);
	machine.gic.compatible = NULL;
	assert_int_equal(gic_init(), -ENODEV);
	assert_int_equal(fake_log_lines, 2);
}

static void test_requests(void **state)
{
	enum irq_result r = IRQ_HANDLED;

	assert_int_equal(irq_line_count(), LINES);
	assert_int_equal(irq_request(15, true, handle, &r), -EINVAL);
	assert_int_equal(irq_request(LINES, true, handle, &r), -EINVAL);
	assert_int_equal(irq_request(UINT32_MAX, true, handle, &r), -EINVAL);
	assert_int_equal(irq_request(40, true, NULL, &r), -EINVAL);
	assert_int_equal(irq_request(40, true, handle, &r), 0);
	assert_false(hw.enabled[40]);
	assert_int_equal(irq_request(40, false, handle, &r), -EBUSY);
	irq_enable(40);
	assert_true(hw.enabled[40] && hw.edge[40]);
	irq_release(40);
	assert_false(hw.enabled[40]);
	assert_int_equal(irq_request(40, false, handle, &r), 0);
	irq_enable(40);
	assert_false(hw.edge[40]);
}

static void test_handled_is_deactivated(void **state)
{
	enum irq_result r = IRQ_HANDLED;

	assert_int_equal(irq_request(20, false, handle, &r), 0);
	assert_int_equal(irq_request(50, false, handle, &r), 0);
	irq_enable(20);
	irq_enable(50);
	hw.pending[20] = hw.pending[50] = true;
	irq_dispatch();
	assert_int_equal(calls, 2);
	assert_false(hw.active[20] || hw.active[50]);
	irq_dispatch();
	assert_int_equal(calls, 2);
}

/* A level line that a guest holds: once, until the guest's EOI. */
static void test_forwarded_stays_active(void **state)
{
	enum irq_result r = IRQ_FORWARDED;

	assert_int_equal(irq_request(60, false, handle, &r), 0);
	irq_enable(60);
	hw.level[60] = true;
	irq_dispatch();
	irq_dispatch();
	assert_int_equal(calls, 1);
	assert_true(hw.active[60] && irq_is_pending(60));
	irq_set_active(60, false);
	irq_dispatch();
	assert_int_equal(calls, 2);
	/* Taken back while the guest has it: inactive for the next owner. */
	hw.level[60] = false;
	assert_false(irq_is_pending(60));
	irq_release(60);
	assert_false(hw.active[60]);
}

static void test_unrequested_is_disabled_once(void **state)
{
	hw.enabled[70] = true;
	hw.level[70] = true;
	irq_dispatch();
	assert_false(hw.enabled[70]);
	assert_false(hw.active[70]);
	assert_int_equal(fake_log_lines, 1);
	irq_dispatch();
	assert_int_equal(fake_log_lines, 1);
}

static void test_sgis(void **state)
{
	gic_send_sgi(0, SGI_KICK);
	irq_dispatch();
	assert_false(hw.pending[SGI_KICK] || hw.active[SGI_KICK]);
	assert_int_equal(hw.stops + hw.follows, 0);
	gic_send_sgi(0, SGI_LOOK);
	irq_dispatch();
	assert_int_equal(hw.stops, 1);
	assert_int_equal(hw.follows, 1);
}

static void test_lpis(void **state)
{
	hw.lpi = 8192;
	irq_dispatch();
	assert_int_equal(hw.lpis_taken, 1);
	hw.lpi = 0xffffff;
	irq_dispatch();
	assert_int_equal(hw.lpis_taken, 2);
}

/* A device that never stops must not keep the CPU here. */
static void test_storm_ends(void **state)
{
	enum irq_result r = IRQ_HANDLED;

	hw.lpi = 8200;
	hw.lpi_storm = true;
	irq_dispatch();
	assert_in_range(hw.lpis_taken, 1, 1000);
	assert_int_equal(irq_request(80, false, handle, &r), 0);
	irq_enable(80);
	hw.level[80] = true;
	irq_dispatch();
	assert_in_range(calls, 1, 1000);
}

static bool sharers[LINES];
static uint32_t shared_calls;

/* One whose device has something to say as often as its entry says. */
static bool share(uint32_t intid, void *arg)
{
	uint32_t *left = arg;

	shared_calls++;
	if (*left == 0) {
		return false;
	}
	(*left)--;
	hw.level[intid] = *left > 0 || sharers[intid];
	return true;
}

/* The sharer is asked first; what is not his is the other one's, who comes and goes. */
static void test_shared(void **state)
{
	enum irq_result r = IRQ_FORWARDED;
	uint32_t left = 0;

	assert_int_equal(irq_share(LINES, share, &left), -EINVAL);
	assert_int_equal(irq_share(20, share, &left), -EINVAL);
	assert_int_equal(irq_share(90, share, &left), 0);
	assert_true(hw.enabled[90]);
	assert_int_equal(irq_share(90, share, &left), -EBUSY);
	left = 3;
	hw.level[90] = true;
	irq_dispatch();
	assert_int_equal(left, 0);
	assert_false(hw.active[90]);
	/* A level, whatever the other one thinks. */
	assert_int_equal(irq_request(90, true, handle, &r), 0);
	irq_enable(90);
	assert_false(hw.edge[90]);
	left = 2;
	sharers[90] = true;
	hw.level[90] = true;
	irq_dispatch();
	assert_int_equal(left, 0);
	assert_int_equal(calls, 1);
	assert_true(hw.active[90]);
	irq_disable(90);
	irq_release(90);
	assert_false(hw.active[90]);
	assert_true(hw.enabled[90]);
	hw.level[90] = sharers[90] = false;
	irq_unshare(90);
	assert_false(hw.enabled[90]);
	assert_int_equal(irq_request(90, false, handle, &r), 0);
	assert_int_equal(irq_share(90, share, &left), -EBUSY);
	irq_release(90);
	assert_false(hw.enabled[90]);
}

/* Once for nobody may be: another line told of the same. Again and again is disabled. */
static void test_shared_and_nobodys(void **state)
{
	enum irq_result r = IRQ_HANDLED;
	uint32_t left = 0;

	shared_calls = 0;
	assert_int_equal(irq_share(91, share, &left), 0);
	for (uint32_t i = 0; i < 100; i++) {
		hw.pending[91] = true;
		irq_dispatch();
		left = 1;
		hw.pending[91] = true;
		irq_dispatch();
	}
	assert_true(hw.enabled[91]);
	assert_int_equal(fake_log_lines, 0);
	shared_calls = 0;
	hw.level[91] = true;
	irq_dispatch();
	assert_false(hw.enabled[91]);
	assert_in_range(shared_calls, 2, 64);
	assert_int_equal(fake_log_lines, 1);
	/* Somebody for it comes. */
	assert_int_equal(irq_request(91, false, handle, &r), 0);
	irq_enable(91);
	irq_dispatch();
	assert_true(calls > 0);
	assert_true(hw.enabled[91]);
	hw.level[91] = false;
	irq_release(91);
	assert_true(hw.enabled[91]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_controller),
		cmocka_unit_test_setup(test_requests, setup),
		cmocka_unit_test_setup(test_handled_is_deactivated, setup),
		cmocka_unit_test_setup(test_forwarded_stays_active, setup),
		cmocka_unit_test_setup(test_unrequested_is_disabled_once, setup),
		cmocka_unit_test_setup(test_sgis, setup),
		cmocka_unit_test_setup(test_lpis, setup),
		cmocka_unit_test_setup(test_storm_ends, setup),
		cmocka_unit_test_setup(test_shared, setup),
		cmocka_unit_test_setup(test_shared_and_nobodys, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
