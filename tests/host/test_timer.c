/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers: when a sleeping vCPU must wake, EL2's own, and who gets a guest timer's interrupt. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"
#include "core/machine.h"
#include "core/sched.h"
#include "fake_cpus.h"
#include "irq/irq.h"
#include "irq/vgic.h"

#define NEVER (~0ULL)

struct machine machine = {
	.timer_hyp_intid = 26,
	.timer_virt_intid = 43, /* not the usual numbers: a guest's are its own */
	.timer_phys_intid = 46,
};

static irq_handler handlers[64];
static void *args[64];
static uint32_t ticks;
static struct {
	struct vcpu *v;
	uint32_t intid, host_intid;
} forwarded;

int irq_request(uint32_t intid, bool edge, irq_handler handler, void *arg)
{
	handlers[intid] = handler;
	args[intid] = arg;
	return 0;
}

void sched_tick(void)
{
	ticks++;
}

void vgic_forward(struct domain *d, struct vcpu *v, uint32_t intid, uint32_t host_intid)
{
	forwarded.v = v;
	forwarded.intid = intid;
	forwarded.host_intid = host_intid;
}

static uint64_t deadline(uint64_t ctl, uint64_t cval, uint64_t offset)
{
	struct vcpu v = { .sys = { .cntv_ctl = ctl, .cntv_cval = cval, .cntvoff = offset } };

	return vcpu_timer_deadline(&v);
}

static void test_virtual(void **state)
{
	assert_int_equal(deadline(1, 500, 1000), 1500);
	assert_int_equal(deadline(0, 500, 1000), NEVER); /* off */
	assert_int_equal(deadline(3, 500, 1000), NEVER); /* masked */
	assert_int_equal(deadline(5, 500, 1000), 1500);  /* its condition is met already */
}

/* The largest comparison value means never, not "before now" by way of the offset. */
static void test_never_does_not_wrap(void **state)
{
	assert_int_equal(deadline(1, NEVER, 1000), NEVER);
	assert_int_equal(deadline(1, NEVER - 999, 1000), NEVER);
	assert_int_equal(deadline(1, NEVER - 1001, 1000), NEVER - 1);
	assert_int_equal(deadline(1, NEVER, 0), NEVER);
}

static void test_earlier_of_two(void **state)
{
	struct vcpu v = { .sys = { .cntv_ctl = 1, .cntv_cval = 500, .cntvoff = 1000,
				   .cntp_ctl = 1, .cntp_cval = 1400 } };

	assert_int_equal(vcpu_timer_deadline(&v), 1400);
	v.sys.cntp_cval = 1600;
	assert_int_equal(vcpu_timer_deadline(&v), 1500);
	/* One whose interrupt the guest still handles does not fire again before its EOI. */
	v.sys.vtimer_active = true;
	assert_int_equal(vcpu_timer_deadline(&v), 1600);
	v.sys.ptimer_active = true;
	assert_int_equal(vcpu_timer_deadline(&v), NEVER);
}

static void test_el2_timer(void **state)
{
	fake_cpus_reset(1);
	ticks = 0;
	timer_init();
	el2_timer_set(1234);
	assert_int_equal(read_sysreg(cnthp_cval_el2), 1234);
	assert_int_equal(read_sysreg(cnthp_ctl_el2), 1);
	/* The level of another deadline, which fell late. */
	assert_int_equal(handlers[26](26, args[26]), IRQ_HANDLED);
	assert_int_equal(read_sysreg(cnthp_ctl_el2), 1);
	assert_int_equal(ticks, 0);
	write_sysreg(cnthp_ctl_el2, 5);
	assert_int_equal(handlers[26](26, args[26]), IRQ_HANDLED);
	assert_int_equal(read_sysreg(cnthp_ctl_el2), 0);
	assert_int_equal(ticks, 1);
	el2_timer_set(1234);
	el2_timer_set(NEVER);
	assert_int_equal(read_sysreg(cnthp_ctl_el2), 0);
}

/* The interrupt is that of the vCPU whose registers are in the CPU, asleep or not. */
static void test_guest_timers(void **state)
{
	struct vcpu v = { .index = 0 };

	fake_cpus_reset(1);
	timer_init();
	assert_int_equal(handlers[43](43, args[43]), IRQ_HANDLED);
	assert_null(forwarded.v);
	percpus[0].loaded = &v;
	assert_int_equal(handlers[43](43, args[43]), IRQ_FORWARDED);
	assert_ptr_equal(forwarded.v, &v);
	assert_int_equal(forwarded.intid, 27);
	assert_int_equal(forwarded.host_intid, 43);
	assert_int_equal(handlers[46](46, args[46]), IRQ_FORWARDED);
	assert_int_equal(forwarded.intid, 30);
	assert_int_equal(forwarded.host_intid, 46);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_virtual),        cmocka_unit_test(test_never_does_not_wrap),
		cmocka_unit_test(test_earlier_of_two), cmocka_unit_test(test_el2_timer),
		cmocka_unit_test(test_guest_timers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
