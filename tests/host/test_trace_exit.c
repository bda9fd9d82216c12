/* SPDX-License-Identifier: BSD-2-Clause */
/* What is recorded of a vCPU's exit: why, how long, who came next, what was injected. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/trap.h"
#include "core/domain.h"
#include "core/trace.h"
#include "fake_cpus.h"
#include "irq/irq.h"
#include "irq/vgic.h"

#define DEVICE  0x9000000ULL
#define NOTHING 0xa000000ULL

/* ESR_EL2, as in test_trap.c. */
#define WFI           0x06000000ULL
#define HVC           0x5a000000ULL
#define SYSREG        0x62300000ULL
#define LDR_W2        0x93820006ULL
#define STR_X3_DENIED 0x93c3804fULL
#define FETCH         0x82000006ULL
#define ODD           0x02000000ULL

const char vectors[1], vectors_recording[1];

static struct domain domains[2];
static struct vcpu first, second;
static struct vgic_waiting before, after, *waiting;
static struct trace_record records[32];
static uint32_t record_count;
static struct vcpu *next;

void trace_put(const struct trace_record *r)
{
	records[record_count++] = *r;
}

void vgic_look_waiting(const struct vcpu *v, struct vgic_waiting *to)
{
	assert_ptr_equal(v, waiting == &before ? &first : next);
	*to = *waiting;
}

uint32_t irq_peek(void)
{
	return 8200;
}

/* Whatever the handler does takes three ticks, and v is no more. */
static void handle(struct vcpu *v)
{
	assert_ptr_equal(v, &first);
	assert_int_equal(record_count, 0);
	fake_now += 3;
	v->index = 99;
	percpus[0].current = next;
	waiting = &after;
}

void trap_sync(struct vcpu *v)
{
	handle(v);
}

void trap_irq(struct vcpu *v)
{
	handle(v);
}

void trap_serror(struct vcpu *v)
{
	handle(v);
}

static const struct mmio_ops device_ops = { .name = "device", .kind = EXIT_MMIO_UART };

static int setup(void **state)
{
	fake_cpus_reset(1);
	memset(domains, 0, sizeof(domains));
	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	domains[0].id = 3;
	domains[1].id = 0;
	first.domain = &domains[0];
	first.index = 1;
	second.domain = &domains[1];
	second.index = 2;
	assert_int_equal(mmio_add(&domains[0].mmio, ipa(DEVICE), 0x1000, &device_ops, NULL), 0);
	before = (struct vgic_waiting){ 0 };
	after = before;
	waiting = &before;
	next = &first;
	percpus[0].current = &first;
	record_count = 0;
	fake_now = 1000;
	return 0;
}

static void assert_exit(uint32_t reason, uint64_t detail)
{
	const struct trace_record *r = &records[0];

	assert_in_range(record_count, 1, 32);
	assert_int_equal(r->kind, TRACE_EXIT);
	assert_int_equal(r->time, 1000);
	assert_int_equal(r->ticks, 3);
	assert_int_equal(r->domain, 3);
	assert_int_equal(r->vcpu, 1);
	assert_int_equal(r->reason, reason);
	assert_int_equal(r->detail, detail);
}

static void sync_exit(uint64_t esr, uint64_t at)
{
	setup(NULL);
	write_sysreg(esr_el2, esr);
	write_sysreg(far_el2, at & 0xfff);
	write_sysreg(hpfar_el2, at >> 12 << 4);
	first.regs.x[0] = 0xc4000001;
	record_sync(&first);
}

static void test_reasons(void **state)
{
	sync_exit(WFI, 0);
	assert_exit(EXIT_WFX, WFI);
	sync_exit(HVC, 0);
	assert_exit(EXIT_HVC, 0xc4000001);
	sync_exit(SYSREG, 0);
	assert_exit(EXIT_SYSREG, SYSREG);
	sync_exit(LDR_W2, DEVICE + 0x18);
	assert_exit(EXIT_MMIO_UART, DEVICE + 0x18);
	sync_exit(LDR_W2, NOTHING + 4);
	assert_exit(EXIT_FAULT, NOTHING + 4);
	sync_exit(STR_X3_DENIED, DEVICE);
	assert_exit(EXIT_MMIO_OTHER, STR_X3_DENIED);
	sync_exit(FETCH, NOTHING);
	assert_exit(EXIT_FAULT, NOTHING);
	sync_exit(ODD, 0);
	assert_exit(EXIT_OTHER, ODD);
	setup(NULL);
	write_sysreg(esr_el2, 0xbe000011);
	record_serror(&first);
	assert_exit(EXIT_OTHER, 0xbe000011);
}

static void test_interrupt(void **state)
{
	record_irq(&first);
	assert_exit(EXIT_IRQ, 0);
	assert_int_equal(record_count, 1);
	assert_int_equal(records[0].intid, 8200);
	assert_int_equal(records[0].next_domain, 3);
}

/* What waited before is no news; what takes its place is. */
static void test_injected(void **state)
{
	before.mask = 7;
	before.intid[0] = 27;
	before.intid[1] = 33;
	before.intid[2] = 34;
	after.mask = 11;
	after.intid[0] = 27;
	after.intid[1] = 8193;
	after.intid[3] = 40;
	record_irq(&first);
	assert_int_equal(record_count, 3);
	assert_int_equal(records[1].kind, TRACE_INJECT);
	assert_int_equal(records[1].time, 1003);
	assert_int_equal(records[1].intid, 8193);
	assert_int_equal(records[1].domain, 3);
	assert_int_equal(records[2].intid, 40);
}

/* Another vCPU's registers have nothing to do with what was there before. */
static void test_switch(void **state)
{
	next = &second;
	before.mask = after.mask = 1;
	before.intid[0] = after.intid[0] = 27;
	record_irq(&first);
	assert_exit(EXIT_IRQ, 0);
	assert_int_equal(records[0].next_domain, 0);
	assert_int_equal(records[0].next_vcpu, 2);
	assert_int_equal(record_count, 2);
	assert_int_equal(records[1].domain, 0);
	assert_int_equal(records[1].vcpu, 2);
	assert_int_equal(records[1].intid, 27);
}

static void test_vectors(void **state)
{
	trace_vectors(true);
	assert_int_equal(read_sysreg(vbar_el2), (uintptr_t)vectors_recording);
	trace_vectors(false);
	assert_int_equal(read_sysreg(vbar_el2), (uintptr_t)vectors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reasons, setup),
		cmocka_unit_test_setup(test_interrupt, setup),
		cmocka_unit_test_setup(test_injected, setup),
		cmocka_unit_test_setup(test_switch, setup),
		cmocka_unit_test_setup(test_vectors, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
