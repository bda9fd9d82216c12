/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest's exceptions lead to: emulated accesses, injected faults, its end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"
#include "arch/arm64/trap.h"
#include "arch/arm64/vserror.h"
#include "core/domain.h"
#include "core/sched.h"
#include "fake_cpus.h"
#include "fake_log.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "lib/errno.h"

#define DEVICE  0x9000000ULL
#define NOTHING 0xa000000ULL
#define VBAR    0xffff000000010000ULL
#define PC      0xffff000000080000ULL
#define EL1H    0x3c5ULL
#define EL0     0ULL

/* ESR_EL2 of accesses, as in test_abort_decode.c. */
#define LDR_W2   0x93820006ULL
#define LDRSB_W4 0x93240006ULL
#define LDRSB_X5 0x93258006ULL
#define LDRSW_X6 0x93a68006ULL
#define LDR_WZR  0x939f0006ULL
#define STR_X3   0x93c38046ULL
#define STRB_W3  0x93030046ULL
#define STR_XZR  0x93df8046ULL
#define STP      0x92000046ULL
#define FETCH    0x82000006ULL
/* Permission faults. */
#define STR_X3_DENIED 0x93c3804fULL
#define STP_DENIED    0x9200004fULL

static struct domain domain;
static struct vcpu vcpu;
static struct mmio_access last;
static uint32_t accesses;
static uint64_t device_value;
static enum mmio_result device_result;
static uint64_t stage1; /* PAR_EL1 for any address; its low bits are attributes */

static struct {
	int shutdown;
	struct vcpu *blocked;
	uint32_t exits;
	uint32_t hypercalls;
	uint32_t debug_enables;
	uint64_t sgi1r;
	bool pending;
} seen;

static enum mmio_result device_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	assert_ptr_equal(opaque, &device_value);
	last = *a;
	accesses++;
	if (!a->write) {
		a->value = device_value;
	}
	return device_result;
}

static const struct mmio_ops device = { "device", EXIT_MMIO_OTHER, device_access };

void sched_exit(void)
{
	seen.exits++;
}

void sched_block(struct vcpu *v, enum vcpu_state why)
{
	assert_int_equal(why, VCPU_BLOCKED);
	seen.blocked = v;
}

bool vgic_pending(struct vcpu *v)
{
	return seen.pending;
}

void vgic_sgi1r(struct vcpu *v, uint64_t value)
{
	seen.sgi1r = value;
}

void vpsci_call(struct vcpu *v)
{
	seen.hypercalls++;
}

void domain_shutdown(struct domain *d, enum shutdown_reason reason)
{
	seen.shutdown = (int)reason;
}

uint64_t translate_stage1(uint64_t va)
{
	return stage1;
}

void irq_dispatch(void)
{
}

void vcpu_debug_enable(struct vcpu *v)
{
	v->sys.debug_used = true;
	seen.debug_enables++;
}

static int setup(void **state)
{
	fake_cpus_reset(1);
	fake_sysreg_default(0);
	fake_log_clear();
	memset(&domain, 0, sizeof(domain));
	memset(&vcpu, 0, sizeof(vcpu));
	memset(&seen, 0, sizeof(seen));
	seen.shutdown = -1;
	accesses = 0;
	device_value = 0;
	device_result = MMIO_DONE;
	stage1 = 1;
	vcpu.domain = &domain;
	vcpu.regs.pc = PC;
	vcpu.regs.pstate = EL1H;
	assert_int_equal(mmio_add(&domain.mmio, ipa(DEVICE), 0x1000, &device, &device_value), 0);
	write_sysreg(vbar_el1, VBAR);
	write_sysreg(sctlr_el1, 1ULL << 23);
	return 0;
}

static void trap(uint64_t esr, uint64_t at)
{
	write_sysreg(esr_el2, esr);
	write_sysreg(far_el2, 0xffff800000000000ULL | at);
	write_sysreg(hpfar_el2, at >> 12 << 4);
	trap_sync(&vcpu);
}

static uint64_t load(uint64_t esr, uint32_t reg, uint64_t value)
{
	memset(vcpu.regs.x, 0x5a, sizeof(vcpu.regs.x));
	device_value = value;
	vcpu.regs.pc = PC;
	trap(esr, DEVICE + 0x10);
	assert_int_equal(vcpu.regs.pc, PC + 4);
	assert_int_equal(last.offset, 0x10);
	assert_int_equal(last.ipa.v, DEVICE + 0x10);
	assert_false(last.write);
	for (uint32_t i = 0; i < 31; i++) {
		if (i != reg) {
			assert_int_equal(vcpu.regs.x[i], 0x5a5a5a5a5a5a5a5aULL);
		}
	}
	return reg < 31 ? vcpu.regs.x[reg] : 0;
}

static void test_loads(void **state)
{
	/* Bits above the access size are the emulator's business, not the guest's. */
	assert_int_equal(load(LDR_W2, 2, 0x1122334485667788), 0x85667788);
	assert_int_equal(load(LDRSB_W4, 4, 0xff81), 0xffffff81);
	assert_int_equal(load(LDRSB_W4, 4, 0x7f), 0x7f);
	assert_int_equal(load(LDRSB_X5, 5, 0x81), 0xffffffffffffff81);
	assert_int_equal(load(LDRSW_X6, 6, 0x80000000), 0xffffffff80000000);
	load(LDR_WZR, 31, 0x1234);
	assert_int_equal(accesses, 6);
	assert_int_equal(domain.exits[EXIT_MMIO_OTHER], 6);
}

static void test_stores(void **state)
{
	vcpu.regs.x[3] = 0x1122334455667788;
	trap(STR_X3, DEVICE);
	assert_true(last.write);
	assert_int_equal(last.size, 8);
	assert_int_equal(last.value, 0x1122334455667788);
	trap(STRB_W3, DEVICE + 0xfff);
	assert_int_equal(last.size, 1);
	assert_int_equal(last.offset, 0xfff);
	assert_int_equal(last.value, 0x88);
	trap(STR_XZR, DEVICE + 8);
	assert_int_equal(last.value, 0);
	assert_int_equal(vcpu.regs.pc, PC + 12);
}

static void test_retry_runs_again(void **state)
{
	device_result = MMIO_RETRY;
	vcpu.regs.x[2] = 7;
	trap(LDR_W2, DEVICE);
	assert_int_equal(vcpu.regs.pc, PC);
	assert_int_equal(vcpu.regs.x[2], 7);
}

static void assert_injected(uint64_t esr, uint64_t far, uint64_t from, uint64_t vector)
{
	assert_int_equal(read_sysreg(esr_el1), esr);
	assert_int_equal(read_sysreg(far_el1), far);
	assert_int_equal(read_sysreg(elr_el1), from);
	assert_int_equal(vcpu.regs.pc, VBAR + vector);
	assert_int_equal(vcpu.regs.pstate, EL1H);
	assert_int_equal(seen.shutdown, -1);
}

/* Synchronous external abort: DFSC 0x10; EC 0x24 from below, 0x25 from EL1; IL. */
static void test_access_to_nothing(void **state)
{
	trap(LDR_W2, NOTHING + 4);
	assert_injected(0x96000010, 0xffff800000000004ULL | NOTHING, PC, 0x200);
	assert_int_equal(read_sysreg(spsr_el1), EL1H);
	assert_int_equal(accesses, 0);
	vcpu.regs.pc = 0x400000;
	vcpu.regs.pstate = EL0 | 1ULL << 30;
	trap(LDR_W2, NOTHING);
	assert_int_equal(read_sysreg(esr_el1), 0x92000010);
	assert_int_equal(vcpu.regs.pc, VBAR + 0x400);
	assert_int_equal(read_sysreg(spsr_el1), EL0 | 1ULL << 30);
	assert_int_equal(vcpu.regs.pstate, EL1H | 1ULL << 30);
}

static void test_fetch_from_nothing(void **state)
{
	trap(FETCH, NOTHING);
	assert_injected(0x86000010, 0xffff800000000000ULL | NOTHING, PC, 0x200);
}

/* No syndrome, no emulation: the device must not see a guess. */
static void test_pair_to_a_device(void **state)
{
	trap(STP, DEVICE);
	assert_int_equal(accesses, 0);
	assert_int_equal(vcpu.regs.pc, VBAR + 0x200);
}

static void test_device_refuses(void **state)
{
	device_result = MMIO_ABORT;
	trap(LDR_W2, DEVICE);
	assert_int_equal(accesses, 1);
	assert_int_equal(vcpu.regs.pc, VBAR + 0x200);
}

/* A permission fault has no valid HPFAR: even if it names a device, that is stale. */
static void test_stale_address(void **state)
{
	trap((LDR_W2 & ~0x3fULL) | 0xf, DEVICE);
	assert_int_equal(accesses, 0);
	assert_int_equal(vcpu.regs.pc, VBAR + 0x200);
}

static void trap_denied(uint64_t esr, uint64_t far)
{
	write_sysreg(esr_el2, esr);
	write_sysreg(far_el2, far);
	/* Not valid: what the last fault left. */
	write_sysreg(hpfar_el2, NOTHING >> 12 << 4);
	trap_sync(&vcpu);
}

/* What may not be written goes to the emulator of the region around it. */
static void test_write_to_read_only(void **state)
{
	stage1 = 0xff00000000000b80ULL | DEVICE;
	vcpu.regs.x[3] = 77;
	trap_denied(STR_X3_DENIED, 0xffff800012345678);
	assert_int_equal(accesses, 1);
	assert_true(last.write);
	assert_int_equal(last.ipa.v, DEVICE + 0x678);
	assert_int_equal(last.offset, 0x678);
	assert_int_equal(last.value, 77);
	assert_int_equal(vcpu.regs.pc, PC + 4);
	assert_int_equal(domain.exits[EXIT_MMIO_OTHER], 1);
}

static void test_pair_to_read_only(void **state)
{
	stage1 = DEVICE;
	trap_denied(STP_DENIED, 0xffff800012345678);
	assert_int_equal(accesses, 0);
	assert_injected(0x96000010, 0xffff800012345678, PC, 0x200);
}

/* Another vCPU has unmapped the page, or mapped another one, since: the guest tries again. */
static void test_write_after_remap(void **state)
{
	static const uint64_t now[] = { 1, 0x40000000, 0xfffffffff000 };

	for (size_t i = 0; i < ARRAY_SIZE(now); i++) {
		stage1 = now[i];
		trap_denied(STR_X3_DENIED, 0xffff800012345678);
		assert_int_equal(vcpu.regs.pc, PC);
		assert_int_equal(vcpu.regs.pstate, EL1H);
	}
	assert_int_equal(accesses, 0);
	assert_int_equal(seen.exits, ARRAY_SIZE(now));
}

/* The vector lies in nothing: the guest gets nowhere and is ended after 1000 faults, not 999. */
static void test_vector_in_nothing(void **state)
{
	uint32_t faults = 0;

	while (seen.shutdown < 0 && faults < 5000) {
		trap(FETCH, NOTHING);
		faults++;
	}
	assert_int_equal(seen.shutdown, SHUTDOWN_CRASH);
	assert_int_equal(faults, FAULT_STREAK_MAX + 1);
	assert_true(fake_log_has("cannot go on: fetch at IPA 0xa000000"));
	assert_in_range(fake_log_lines, 1, 3);
}

/* The handler is there, its stack is not: another address each time, no progress all the same. */
static void test_stack_in_nothing(void **state)
{
	trap(LDR_W2, NOTHING);
	for (uint32_t i = 0; i < 2 * FAULT_STREAK_MAX && seen.shutdown < 0; i++) {
		vcpu.regs.pc = VBAR + 0x204;
		trap(STP, NOTHING - 16 * (i % 4096));
	}
	assert_int_equal(seen.shutdown, SHUTDOWN_CRASH);
}

/* A guest that looks for what is there handles each fault: it may do so for ever. */
static void test_probing_is_allowed(void **state)
{
	for (uint64_t i = 0; i < 5 * FAULT_STREAK_MAX; i++) {
		vcpu.regs.pc = PC;
		trap(LDR_W2, NOTHING + 8 * (i % 512));
		assert_int_equal(vcpu.regs.pc, VBAR + 0x200);
		/* Its handler goes on behind the load. */
		write_sysreg(elr_el1, read_sysreg(elr_el1) + 4);
	}
	assert_int_equal(seen.shutdown, -1);
}

/* Coming to EL2 for anything else is progress too. */
static void test_other_traps_are_progress(void **state)
{
	static const uint64_t traps[] = {
		0x5a000000, /* hvc #0 */
		0x5e000000, /* smc #0 */
		0x06000000, /* wfi */
		LDR_W2,
	};

	for (size_t i = 0; i < ARRAY_SIZE(traps); i++) {
		for (uint32_t n = 0; n < FAULT_STREAK_MAX; n++) {
			trap(FETCH, NOTHING);
		}
		trap(traps[i], DEVICE);
	}
	assert_int_equal(seen.shutdown, -1);
	assert_int_equal(seen.hypercalls, 2);
}

static void test_wfi(void **state)
{
	seen.pending = true;
	trap(0x06000000, 0);
	assert_null(seen.blocked);
	seen.pending = false;
	trap(0x06000001, 0); /* WFE */
	trap(0x06000002, 0); /* WFIT: its time may be over */
	assert_null(seen.blocked);
	trap(0x06000000, 0);
	assert_ptr_equal(seen.blocked, &vcpu);
	assert_int_equal(vcpu.regs.pc, PC + 16);
}

/* HVC returns behind itself; SMC traps on itself. */
static void test_calls(void **state)
{
	trap(0x5a000000, 0);
	assert_int_equal(vcpu.regs.pc, PC);
	trap(0x5e000000, 0);
	assert_int_equal(vcpu.regs.pc, PC + 4);
}

/* MRS/MSR: op0 21:20, op2 19:17, op1 16:14, CRn 13:10, Rt 9:5, CRm 4:1, read 0. */
static uint64_t sysreg(uint64_t op0, uint64_t op1, uint64_t crn, uint64_t crm, uint64_t op2,
		       uint64_t rt, bool read)
{
	return 0x18ULL << 26 | 1 << 25 | op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | rt << 5 |
	       crm << 1 | (read ? 1 : 0);
}

static void assert_undefined(uint64_t esr)
{
	vcpu.regs.pc = PC;
	trap(esr, 0);
	assert_int_equal(read_sysreg(esr_el1), 1 << 25);
	assert_int_equal(vcpu.regs.pc, VBAR + 0x200);
	assert_int_equal(read_sysreg(elr_el1), PC);
}

static void test_id_registers(void **state)
{
	fake_sysreg_write("S3_0_C0_C4_0", 0x1201111111112222);
	idreg_init();
	trap(sysreg(3, 0, 0, 4, 0, 9, true), 0);
	assert_int_equal(vcpu.regs.x[9], 0x1101000001110012);
	assert_int_equal(vcpu.regs.pc, PC + 4);
	/* Into xzr, from nowhere. */
	trap(sysreg(3, 0, 0, 7, 7, 31, true), 0);
	assert_int_equal(vcpu.regs.pc, PC + 8);
	assert_undefined(sysreg(3, 0, 0, 4, 0, 9, false));
}

static void test_sgi(void **state)
{
	vcpu.regs.x[8] = 0x100000f;
	trap(sysreg(3, 0, 12, 11, 5, 8, false), 0);
	assert_int_equal(seen.sgi1r, 0x100000f);
	assert_undefined(sysreg(3, 0, 12, 11, 5, 8, true));
}

/* ICC_SRE_EL1 says that the system registers are on and cannot be turned off. */
static void test_sre(void **state)
{
	vcpu.regs.x[1] = 0;
	trap(sysreg(3, 0, 12, 12, 5, 1, false), 0);
	trap(sysreg(3, 0, 12, 12, 5, 1, true), 0);
	assert_int_equal(vcpu.regs.x[1] & 1, 1);
	assert_int_equal(vcpu.regs.pc, PC + 8);
}

static void test_undefined_registers(void **state)
{
	assert_undefined(sysreg(3, 3, 9, 12, 0, 0, true));  /* PMCR_EL0 */
	assert_undefined(sysreg(3, 0, 1, 2, 0, 0, true));   /* ZCR_EL1 */
	assert_undefined(sysreg(3, 0, 10, 4, 4, 0, true));  /* MPAMIDR_EL1 */
	assert_undefined(sysreg(3, 0, 5, 3, 1, 0, true));   /* ERRSELR_EL1 */
	assert_undefined(sysreg(3, 3, 13, 0, 7, 0, true));  /* SCXTNUM_EL0 */
	assert_undefined(sysreg(3, 0, 15, 0, 0, 0, false)); /* implementation defined */
	assert_int_equal(vcpu.sys.debug_used, false);
}

/* The first debug register switches them on and runs again; what still traps then is answered. */
static void test_debug_registers(void **state)
{
	static const uint64_t first[][5] = {
		{ 2, 0, 0, 2, 2 },  /* MDSCR_EL1 */
		{ 2, 0, 0, 5, 7 },  /* DBGWCR5_EL1 */
		{ 2, 0, 7, 14, 6 }, /* DBGAUTHSTATUS_EL1 */
		{ 2, 3, 0, 1, 0 },  /* MDCCSR_EL0 */
	};

	/* The locks are EL2's: open, and not worth switching anything. */
	trap(sysreg(2, 0, 1, 0, 4, 0, false), 0);
	trap(sysreg(2, 0, 1, 1, 4, 5, true), 0);
	assert_int_equal(vcpu.regs.x[5], 8);
	assert_int_equal(vcpu.regs.pc, PC + 8);
	assert_int_equal(seen.debug_enables, 0);
	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		const uint64_t *r = first[i];
		uint64_t esr = sysreg(r[0], r[1], r[2], r[3], r[4], 0, true);

		vcpu.sys.debug_used = false;
		vcpu.regs.pc = PC;
		trap(esr, 0);
		assert_int_equal(seen.debug_enables, i + 1);
		assert_int_equal(vcpu.regs.pc, PC);
		/* Should it trap for another reason: no loop. */
		assert_undefined(esr);
	}
	vcpu.sys.debug_used = false;
	assert_undefined(sysreg(2, 1, 0, 1, 0, 0, true)); /* TRCTRACEIDR */
	assert_int_equal(seen.debug_enables, ARRAY_SIZE(first));
}

/* Every other class ends in UNDEFINED at the guest, never in EL2. */
static void test_any_class(void **state)
{
	for (uint64_t ec = 0; ec < 64; ec++) {
		setup(NULL);
		trap(ec << 26 | 1 << 25, NOTHING);
		assert_int_equal(seen.exits, 1);
		assert_int_equal(seen.shutdown, -1);
	}
}

#define HCR_VSE (1ULL << 8)
#define RAS     (1ULL << 28) /* ID_AA64PFR0_EL1 */

static void serror(uint64_t iss)
{
	fake_sysreg_write("esr_el2", 0x2fULL << 26 | 1 << 25 | iss);
	trap_serror(&vcpu);
	assert_int_equal(seen.exits, 1);
}

/* Without RAS, a maker's own syndrome, and all that lost something (AET UC, UEU, UER). */
static void test_serror_ends_the_guest(void **state)
{
	static const uint64_t bad[] = { 0, 0x1000000, 0x1001811, 0x11, 0x411, 0xc11, 0x1810 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		setup(NULL);
		serror(bad[i]);
		assert_int_equal(seen.shutdown, SHUTDOWN_CRASH);
	}
	setup(NULL);
	trap_late_serror(&vcpu);
	assert_int_equal(seen.shutdown, SHUTDOWN_CRASH);
	assert_int_equal(read_sysreg(hcr_el2), 0);
}

/* Its end would be the machine's. */
static void test_serror_is_told_to_the_control_domain(void **state)
{
	domain.control = true;
	write_sysreg(hcr_el2, 0x80000000);
	write_sysreg(id_aa64pfr0_el1, RAS);
	serror(0x1000811);
	assert_int_equal(seen.shutdown, -1);
	assert_int_equal(read_sysreg(hcr_el2), 0x80000000 | HCR_VSE);
	assert_int_equal(read_sysreg(vsesr_el2), 0x1000811);

	setup(NULL);
	domain.control = true;
	fake_sysreg_write("esr_el2", 0xbe000002);
	trap_late_serror(&vcpu);
	assert_int_equal(seen.shutdown, -1);
	assert_int_equal(read_sysreg(hcr_el2), HCR_VSE);
	/* Without RAS there is no register for the syndrome. */
	assert_int_equal(read_sysreg(vsesr_el2), 0);

	setup(NULL);
	domain.control = true;
	serror(0x1811);
	assert_int_equal(read_sysreg(hcr_el2), 0);
}

/* Masked at EL1 it waits, and finds its own vCPU. */
static void test_a_pending_serror_moves_with_its_vcpu(void **state)
{
	struct vcpu other = { .domain = &domain };

	domain.control = true;
	write_sysreg(id_aa64pfr0_el1, RAS);
	serror(0x11);
	write_sysreg(vdisr_el2, 0x80000011);
	vserror_save(&vcpu.sys);
	assert_int_equal(read_sysreg(hcr_el2), 0);
	vserror_load(&other.sys);
	assert_int_equal(read_sysreg(hcr_el2), 0);
	assert_int_equal(read_sysreg(vdisr_el2), 0);
	vserror_save(&other.sys);
	assert_false(other.sys.serror);
	vserror_load(&vcpu.sys);
	assert_int_equal(read_sysreg(hcr_el2), HCR_VSE);
	assert_int_equal(read_sysreg(vsesr_el2), 0x11);
	assert_int_equal(read_sysreg(vdisr_el2), 0x80000011);
	/* Taken: the CPU has cleared it. */
	write_sysreg(hcr_el2, 0);
	vserror_save(&vcpu.sys);
	vserror_load(&vcpu.sys);
	assert_int_equal(read_sysreg(hcr_el2), 0);
}

/* AET CE and UEO, with and without the external bit. */
static void test_serror_that_is_over(void **state)
{
	static const uint64_t good[] = { 0x1811, 0x1a11, 0x0811 };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		setup(NULL);
		serror(good[i]);
		assert_int_equal(seen.shutdown, -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_loads, setup),
		cmocka_unit_test_setup(test_stores, setup),
		cmocka_unit_test_setup(test_retry_runs_again, setup),
		cmocka_unit_test_setup(test_access_to_nothing, setup),
		cmocka_unit_test_setup(test_fetch_from_nothing, setup),
		cmocka_unit_test_setup(test_pair_to_a_device, setup),
		cmocka_unit_test_setup(test_device_refuses, setup),
		cmocka_unit_test_setup(test_stale_address, setup),
		cmocka_unit_test_setup(test_write_to_read_only, setup),
		cmocka_unit_test_setup(test_pair_to_read_only, setup),
		cmocka_unit_test_setup(test_write_after_remap, setup),
		cmocka_unit_test_setup(test_vector_in_nothing, setup),
		cmocka_unit_test_setup(test_stack_in_nothing, setup),
		cmocka_unit_test_setup(test_probing_is_allowed, setup),
		cmocka_unit_test_setup(test_other_traps_are_progress, setup),
		cmocka_unit_test_setup(test_wfi, setup),
		cmocka_unit_test_setup(test_calls, setup),
		cmocka_unit_test_setup(test_id_registers, setup),
		cmocka_unit_test_setup(test_sgi, setup),
		cmocka_unit_test_setup(test_sre, setup),
		cmocka_unit_test_setup(test_undefined_registers, setup),
		cmocka_unit_test_setup(test_debug_registers, setup),
		cmocka_unit_test_setup(test_any_class, setup),
		cmocka_unit_test_setup(test_serror_ends_the_guest, setup),
		cmocka_unit_test_setup(test_serror_is_told_to_the_control_domain, setup),
		cmocka_unit_test_setup(test_a_pending_serror_moves_with_its_vcpu, setup),
		cmocka_unit_test_setup(test_serror_that_is_over, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
