/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest's exceptions to EL2 mean (DDI0487 D1.2, ESR_EL2 in D19.2). */
#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"
#include "arch/arm64/exception.h"
#include "arch/arm64/trap.h"
#include "arch/arm64/vserror.h"
#include "core/domain.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/sched.h"
#include "irq/irq.h"
#include "irq/vgic.h"

_Static_assert(offsetof(struct percpu, current) == 0, "vectors.S");
_Static_assert(offsetof(struct percpu, stack_top) == 8, "vectors.S, head.S");
_Static_assert(offsetof(struct vcpu, regs) == 0, "vectors.S");
_Static_assert(offsetof(struct vcpu_regs, pc) == 248, "vectors.S");

/* ESR_EL1 values for what EL2 injects. */
#define ESR_IL         BIT(25)
#define ESR_EXTERNAL   0x10ULL /* synchronous external abort, not on a table walk */
#define EC_SHIFT       26

#define PAR_FAULT BIT(0)

static void count_exit(struct vcpu *v, enum exit_kind kind)
{
	v->domain->exits[kind]++;
}

/* Take an exception to EL1 in the guest's name. */
static void inject(struct vcpu *v, uint64_t esr)
{
	write_sysreg(esr_el1, esr);
	write_sysreg(elr_el1, v->regs.pc);
	write_sysreg(spsr_el1, v->regs.pstate);
	v->regs.pc = read_sysreg(vbar_el1) + exception_vector(v->regs.pstate);
	v->regs.pstate = exception_pstate(v->regs.pstate, read_sysreg(sctlr_el1));
}

void inject_undefined(struct vcpu *v)
{
	inject(v, ESR_IL);
}

void inject_abort(struct vcpu *v, bool instruction, uint64_t far)
{
	uint64_t ec = instruction ? EC_INSTRUCTION_ABORT : EC_DATA_ABORT;

	/* The class behind each is the same abort without a change of exception level. */
	ec += exception_from_el0(v->regs.pstate) ? 0 : 1;
	write_sysreg(far_el1, far);
	inject(v, ec << EC_SHIFT | ESR_IL | ESR_EXTERNAL);
}

/*
 * Faults without progress between them. A guest that handles one writes ELR_EL1 before it goes on,
 * or takes another exception, or comes to EL2 for something else; one whose handler or its stack
 * lies in nothing does none of that.
 */
static bool fault_is_last(struct vcpu *v)
{
	if (read_sysreg(elr_el1) != v->fault_pc) {
		v->fault_streak = 0;
	}
	v->fault_pc = v->regs.pc;
	v->fault_streak++;
	return v->fault_streak > FAULT_STREAK_MAX;
}

/* An access to nothing: an external abort, or the end of a guest that only makes more of them. */
static void fault(struct vcpu *v, bool instruction, uint64_t far, ipaddr_t at)
{
	count_exit(v, EXIT_FAULT);
	if (fault_is_last(v)) {
		log_domain(v->domain, LOG_ERROR, "trap",
			   "vCPU %u cannot go on: %s at IPA 0x%llx, pc 0x%llx; crashed", v->index,
			   instruction ? "fetch" : "access", (unsigned long long)at.v,
			   (unsigned long long)v->regs.pc);
		domain_shutdown(v->domain, SHUTDOWN_CRASH);
		return;
	}
	/* One line a streak, or there would be none left for its end. */
	if (v->fault_streak == 1) {
		log_domain(v->domain, LOG_DEBUG, "trap",
			   "vCPU %u: %s of nothing at IPA 0x%llx, pc 0x%llx", v->index,
			   instruction ? "fetch" : "access", (unsigned long long)at.v,
			   (unsigned long long)v->regs.pc);
	}
	inject_abort(v, instruction, far);
}

static uint64_t sign_extend(uint64_t value, uint32_t bits)
{
	uint64_t sign = 1ULL << (bits - 1);

	value &= GENMASK(bits - 1, 0);
	return (value ^ sign) - sign;
}

/* The register loaded by the trapped instruction gets value. */
static void finish_load(struct vcpu *v, const struct abort_info *a, uint64_t value)
{
	value &= GENMASK(8U * a->size - 1, 0);
	if (a->sign_extend) {
		value = sign_extend(value, 8U * a->size);
		if (!a->is_64bit) {
			value &= 0xffffffffULL;
		}
	}
	if (a->reg != 31) {
		v->regs.x[a->reg] = value;
	}
}

/*
 * The region a denied write went to. HPFAR_EL2 is not valid for permission faults (DDI0487 D19.2),
 * so the guest's own tables are asked. NULL: they have changed since.
 */
static const struct mmio_region *find_written(struct vcpu *v, uint64_t far, ipaddr_t *at)
{
	uint64_t par = translate_stage1(far);

	if ((par & PAR_FAULT) != 0) {
		return NULL;
	}
	*at = ipa(BITS(par, 51, 12) << 12 | (far & 0xfff));
	return mmio_find(&v->domain->mmio, *at);
}

static void data_abort(struct vcpu *v, uint64_t esr)
{
	uint64_t far = read_sysreg(far_el2);
	struct abort_info a = abort_decode(esr, far, read_sysreg(hpfar_el2));
	struct mmio_access access = { .size = a.size, .write = a.write };
	const struct mmio_region *r = NULL;

	if (a.translation && a.emulable) {
		r = mmio_find_again(&v->domain->mmio, a.at, &v->mmio_last);
	} else if (abort_write_denied(esr)) {
		r = find_written(v, far, &a.at);
		if (r == NULL) {
			/* What it writes to now may be writable: run it again. */
			return;
		}
		r = a.emulable ? r : NULL;
	}
	if (r == NULL) {
		fault(v, false, far, a.at);
		return;
	}
	access.ipa = a.at;
	access.offset = a.at.v - r->base;
	if (a.write && a.reg != 31) {
		access.value = v->regs.x[a.reg] & GENMASK(8U * a.size - 1, 0);
	}
	count_exit(v, r->ops->kind);
	switch (r->ops->access(v, r->opaque, &access)) {
	case MMIO_DONE:
		v->fault_streak = 0;
		if (!a.write) {
			finish_load(v, &a, access.value);
		}
		exception_skip(&v->regs, esr);
		break;
	case MMIO_RETRY:
		break;
	case MMIO_ABORT:
	default:
		fault(v, false, far, a.at);
		break;
	}
}

static void instruction_abort(struct vcpu *v)
{
	uint64_t far = read_sysreg(far_el2);
	uint64_t page = BITS(read_sysreg(hpfar_el2), 43, 4) << 12;

	fault(v, true, far, ipa(page | (far & 0xfff)));
}

static void wait_for_interrupt(struct vcpu *v, uint64_t esr)
{
	count_exit(v, EXIT_WFX);
	v->fault_streak = 0;
	exception_skip(&v->regs, esr);
	/* WFE, WFIT, WFET may return at any time. */
	if ((esr & 3) == 0 && !vgic_pending(v)) {
		sched_block(v, VCPU_BLOCKED);
	}
}

void trap_sync(struct vcpu *v)
{
	uint64_t esr = read_sysreg(esr_el2);

	switch ((enum exception_class)BITS(esr, 31, 26)) {
	case EC_WFX:
		wait_for_interrupt(v, esr);
		break;
	case EC_HVC64:
		count_exit(v, EXIT_HVC);
		v->fault_streak = 0;
		vpsci_call(v);
		break;
	case EC_SMC64:
		count_exit(v, EXIT_SMC);
		v->fault_streak = 0;
		exception_skip(&v->regs, esr);
		vpsci_call(v);
		break;
	case EC_SYSREG:
		count_exit(v, EXIT_SYSREG);
		trap_sysreg(v, esr);
		break;
	case EC_DATA_ABORT:
		data_abort(v, esr);
		break;
	case EC_INSTRUCTION_ABORT:
		instruction_abort(v);
		break;
	case EC_FIRST_UNUSED:
	default:
		count_exit(v, EXIT_OTHER);
		inject_undefined(v);
		break;
	}
	sched_exit();
}

void trap_irq(struct vcpu *v)
{
	count_exit(v, EXIT_IRQ);
	irq_dispatch();
	sched_exit();
}

void trap_fiq(struct vcpu *v)
{
	panic("FIQ from domain %u: Group 0 interrupts are the firmware's", v->domain->id);
}

/*
 * A system error while a guest ran is that guest's: it touched hardware that answered badly. The
 * control domain is told, as on bare metal, since its end would be everybody's: what it panics for
 * costs no guest its life. One that the hardware got over, or that cost nothing yet, need not be
 * noticed.
 */
static void serror(struct vcpu *v, uint64_t esr, const char *when)
{
	bool over = exception_serror_over(esr);

	log_domain(v->domain, LOG_ERROR, "trap", "SError%s vCPU %u ran, ESR 0x%llx; %s", when,
		   v->index, (unsigned long long)esr,
		   over ? "goes on" : v->domain->control ? "it is told" : "crashed");
	if (over) {
		return;
	}
	if (v->domain->control) {
		vserror_raise(esr);
	} else {
		domain_shutdown(v->domain, SHUTDOWN_CRASH);
	}
}

void trap_serror(struct vcpu *v)
{
	serror(v, read_sysreg(esr_el2), " while");
	sched_exit();
}

void trap_late_serror(struct vcpu *v)
{
	serror(v, read_sysreg(esr_el2), " after");
}
