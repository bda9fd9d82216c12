/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI and SMCCC as a domain meets them (DEN0022, DEN0028). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "arch/arm64/el2.h"
#include "arch/arm64/psci.h"
#include "core/domain.h"
#include "core/sched.h"
#include "irq/vgic.h"

static struct domain domain;
static struct vcpu vcpus[2];
static bool interrupt_pending;
static int64_t firmware_says;

static struct {
	struct vcpu *online, *offline, *blocked;
	uint64_t pc, context;
	int shutdown;
	uint32_t smc_count;
	uint32_t smc_fn;
} seen;

bool sched_online(struct vcpu *v, uint64_t pc, uint64_t context)
{
	if (v->online) {
		return false;
	}
	seen.online = v;
	seen.pc = pc;
	seen.context = context;
	v->online = true;
	return true;
}

void sched_offline(struct vcpu *v)
{
	seen.offline = v;
}

void sched_block(struct vcpu *v, enum vcpu_state why)
{
	assert_int_equal(why, VCPU_BLOCKED);
	seen.blocked = v;
}

bool vgic_pending(struct vcpu *v)
{
	return interrupt_pending;
}

void domain_shutdown(struct domain *d, enum shutdown_reason reason)
{
	seen.shutdown = (int)reason;
}

uint64_t smc_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	seen.smc_count++;
	seen.smc_fn = (uint32_t)fn;
	return (uint64_t)firmware_says;
}

static int setup(void **state)
{
	memset(&domain, 0, sizeof(domain));
	memset(vcpus, 0, sizeof(vcpus));
	memset(&seen, 0, sizeof(seen));
	seen.shutdown = -1;
	interrupt_pending = false;
	firmware_says = PSCI_NOT_SUPPORTED;
	domain.vcpu_count = 2;
	for (uint32_t i = 0; i < 2; i++) {
		domain.vcpus[i] = &vcpus[i];
		vcpus[i].domain = &domain;
		vcpus[i].sys.vmpidr = 1ULL << 31 | i;
	}
	vcpus[0].online = true;
	return 0;
}

static int64_t call(uint64_t fn, uint64_t x1, uint64_t x2, uint64_t x3)
{
	vcpus[0].regs.x[0] = fn;
	vcpus[0].regs.x[1] = x1;
	vcpus[0].regs.x[2] = x2;
	vcpus[0].regs.x[3] = x3;
	vpsci_call(&vcpus[0]);
	/* SMCCC 1.1: no other register changes. */
	assert_int_equal(vcpus[0].regs.x[1], x1);
	assert_int_equal(vcpus[0].regs.x[2], x2);
	assert_int_equal(vcpus[0].regs.x[3], x3);
	return (int64_t)vcpus[0].regs.x[0];
}

static void test_cpu_on(void **state)
{
	assert_int_equal(call(0xc4000003, 1, 0x40080000, 0x1234567890), 0);
	assert_ptr_equal(seen.online, &vcpus[1]);
	assert_int_equal(seen.pc, 0x40080000);
	assert_int_equal(seen.context, 0x1234567890);
	assert_int_equal(call(0xc4000003, 1, 0x40080000, 0), -4);
	assert_int_equal(call(0xc4000003, 0, 0x40080000, 0), -4);
}

static void test_cpu_on_nonsense(void **state)
{
	assert_int_equal(call(0xc4000003, 2, 0x40080000, 0), -2);
	assert_int_equal(call(0xc4000003, 1ULL << 63 | 1, 0x40080000, 0), -2);
	assert_int_equal(call(0xc4000003, 1ULL << 31 | 1, 0x40080000, 0), -2);
	assert_int_equal(call(0xc4000003, 1, 0x40080001, 0), -9);
	assert_int_equal(call(0xc4000003, 1, 0x40080002, 0), -9);
	assert_null(seen.online);
}

/* The 32-bit call: the upper halves of its registers are no arguments. */
static void test_cpu_on_32(void **state)
{
	assert_int_equal(call(0x84000003, 0xdead00000001, 0xdead40080000, 0xdeadffffffff), 0);
	assert_ptr_equal(seen.online, &vcpus[1]);
	assert_int_equal(seen.pc, 0x40080000);
	assert_int_equal(seen.context, 0xffffffff);
}

/* Nor is the upper half of x0 part of the function's number. */
static void test_function_is_32_bits(void **state)
{
	assert_int_equal(call(0xdead84000000, 0, 0, 0), 0x10001);
}

static void test_affinity_info(void **state)
{
	assert_int_equal(call(0xc4000004, 0, 0, 0), 0);
	assert_int_equal(call(0xc4000004, 1, 0, 0), 1);
	assert_int_equal(call(0xc4000004, 5, 0, 0), -2);
	assert_int_equal(call(0xc4000004, 0, 1, 0), -2);
	assert_int_equal(call(0x84000004, 0xffffffff00000001, 0, 0), 1);
}

static void test_suspend(void **state)
{
	interrupt_pending = true;
	assert_int_equal(call(0xc4000001, 0, 0, 0), 0);
	assert_null(seen.blocked);
	interrupt_pending = false;
	assert_int_equal(call(0x84000001, 0, 0, 0), 0);
	assert_ptr_equal(seen.blocked, &vcpus[0]);
}

static void test_ends(void **state)
{
	call(0x84000002, 0, 0, 0);
	assert_ptr_equal(seen.offline, &vcpus[0]);
	call(0x84000008, 0, 0, 0);
	assert_int_equal(seen.shutdown, SHUTDOWN_POWEROFF);
	call(0x84000009, 0, 0, 0);
	assert_int_equal(seen.shutdown, SHUTDOWN_REBOOT);
}

/* What FEATURES calls there is answered by something else than NOT_SUPPORTED, and vice versa. */
static void test_features_are_true(void **state)
{
	static const uint32_t ends[] = { 0x84000002, 0x84000008, 0x84000009 };

	for (uint32_t bit64 = 0; bit64 < 2; bit64++) {
		for (uint32_t n = 0; n < 0x20; n++) {
			uint32_t fn = (bit64 ? 0xc4000000U : 0x84000000U) + n;
			bool claimed = call(0x8400000a, fn, 0, 0) != -1;
			bool end = false;

			for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
				end = end || fn == ends[i];
			}
			if (end) {
				assert_true(claimed);
			} else {
				assert_int_equal(claimed, call(fn, 0x84000000, 0, 0) != -1);
			}
		}
	}
	assert_int_equal(call(0x8400000a, 0x80000000, 0, 0), 0);
}

/* Only the speculation workarounds ever reach firmware, and only those it has. */
static void test_nothing_else_reaches_firmware(void **state)
{
	static const uint32_t workarounds[] = { 0x80008000, 0x80007fff, 0x80003fff };

	for (uint32_t owner = 0; owner < 64; owner++) {
		for (uint32_t n = 0; n < 0x40; n++) {
			call(0x80000000U | owner << 24 | n, 0, 0, 0);
			call(0xc0000000U | owner << 24 | n, 0, 0, 0);
		}
	}
	assert_int_equal(seen.smc_count, 0);
	for (size_t i = 0; i < ARRAY_SIZE(workarounds); i++) {
		firmware_says = PSCI_NOT_SUPPORTED;
		assert_int_equal(call(0x80000001, workarounds[i], 0, 0), -1);
		assert_int_equal(call(workarounds[i], 0, 0, 0), -1);
		assert_int_equal(seen.smc_fn, 0x80000001);
		firmware_says = 0;
		assert_int_equal(call(workarounds[i], 0, 0, 0), 0);
		assert_int_equal(seen.smc_fn, workarounds[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_cpu_on, setup),
		cmocka_unit_test_setup(test_cpu_on_nonsense, setup),
		cmocka_unit_test_setup(test_cpu_on_32, setup),
		cmocka_unit_test_setup(test_function_is_32_bits, setup),
		cmocka_unit_test_setup(test_affinity_info, setup),
		cmocka_unit_test_setup(test_suspend, setup),
		cmocka_unit_test_setup(test_ends, setup),
		cmocka_unit_test_setup(test_features_are_true, setup),
		cmocka_unit_test_setup(test_nothing_else_reaches_firmware, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
