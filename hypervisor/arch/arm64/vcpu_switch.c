/* SPDX-License-Identifier: BSD-2-Clause */
/* Moving a vCPU's EL1 and EL0 state in and out of the CPU; nothing here runs on most exits. */
#include "arch/arm64/cpu.h"
#include "arch/arm64/guarded.h"
#include "arch/arm64/el2.h"
#include "arch/arm64/exception.h"
#include "arch/arm64/mmu.h"
#include "arch/arm64/trap.h"
#include "arch/arm64/vserror.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "lib/string.h"

#define SCTLR_EL1_RESET 0x30d00800UL

/* Registers that are plainly read out and written back. */
#define FOR_EACH_PLAIN(X)                                                                          \
	X(sp_el0) X(sp_el1) X(elr_el1) X(spsr_el1) X(sctlr_el1) X(cpacr_el1) X(ttbr0_el1)          \
	X(ttbr1_el1) X(tcr_el1) X(esr_el1) X(afsr0_el1) X(afsr1_el1) X(far_el1) X(mair_el1)        \
	X(amair_el1) X(vbar_el1) X(contextidr_el1) X(tpidr_el0) X(tpidrro_el0) X(tpidr_el1)        \
	X(par_el1) X(csselr_el1) X(cntkctl_el1) X(mdscr_el1)

#define FOR_EACH_KEY(X)                                                                            \
	X(0, S3_0_C2_C1_0) X(1, S3_0_C2_C1_1) X(2, S3_0_C2_C1_2) X(3, S3_0_C2_C1_3)                \
	X(4, S3_0_C2_C2_0) X(5, S3_0_C2_C2_1) X(6, S3_0_C2_C2_2) X(7, S3_0_C2_C2_3)                \
	X(8, S3_0_C2_C3_0) X(9, S3_0_C2_C3_1)

#define FOR_EACH_DEBUG(X)                                                                          \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

static bool has_pauth(void)
{
	/* APA, API, GPA, GPI of ISAR1; APA3, GPA3 of ISAR2. */
	return BITS(read_sysreg(id_aa64isar1_el1), 11, 4) != 0 ||
	       BITS(read_sysreg(S3_0_C0_C6_2), 15, 8) != 0;
}

static void debug_save(struct vcpu_sysregs *s)
{
	uint64_t dfr0 = read_sysreg(id_aa64dfr0_el1);
	uint64_t breakpoints = BITS(dfr0, 15, 12) + 1;
	uint64_t watchpoints = BITS(dfr0, 23, 20) + 1;

#define X(n)                                                                                       \
	if ((n) < breakpoints) {                                                                  \
		s->dbgbvr[n] = read_sysreg(dbgbvr##n##_el1);                                       \
		s->dbgbcr[n] = read_sysreg(dbgbcr##n##_el1);                                       \
	}                                                                                          \
	if ((n) < watchpoints) {                                                                  \
		s->dbgwvr[n] = read_sysreg(dbgwvr##n##_el1);                                       \
		s->dbgwcr[n] = read_sysreg(dbgwcr##n##_el1);                                       \
	}
	FOR_EACH_DEBUG(X)
#undef X
}

static void debug_load(const struct vcpu_sysregs *s)
{
	uint64_t dfr0 = read_sysreg(id_aa64dfr0_el1);
	uint64_t breakpoints = BITS(dfr0, 15, 12) + 1;
	uint64_t watchpoints = BITS(dfr0, 23, 20) + 1;

#define X(n)                                                                                       \
	if ((n) < breakpoints) {                                                                  \
		write_sysreg(dbgbvr##n##_el1, s->dbgbvr[n]);                                       \
		write_sysreg(dbgbcr##n##_el1, s->dbgbcr[n]);                                       \
	}                                                                                          \
	if ((n) < watchpoints) {                                                                  \
		write_sysreg(dbgwvr##n##_el1, s->dbgwvr[n]);                                       \
		write_sysreg(dbgwcr##n##_el1, s->dbgwcr[n]);                                       \
	}
	FOR_EACH_DEBUG(X)
#undef X
}

void vcpu_debug_enable(struct vcpu *v)
{
	v->sys.debug_used = true;
	debug_load(&v->sys);
	write_sysreg(mdcr_el2, read_sysreg(mdcr_el2) & ~(MDCR_TDA | MDCR_TDRA));
	isb();
}

/* After vgic_save(). */
static void timers_save(struct vcpu *v)
{
	struct vcpu_sysregs *s = &v->sys;

	s->cntv_ctl = read_sysreg(cntv_ctl_el0);
	s->cntp_ctl = read_sysreg(cntp_ctl_el0);
	write_sysreg(cntv_ctl_el0, 0);
	write_sysreg(cntp_ctl_el0, 0);
	s->cntv_cval = read_sysreg(cntv_cval_el0);
	s->cntp_cval = read_sysreg(cntp_cval_el0);
	isb();
	s->vtimer_active = vgic_holds(v, TIMER_VIRT_INTID);
	s->ptimer_active = vgic_holds(v, TIMER_PHYS_INTID);
}

/*
 * A forwarded timer interrupt stays active in the redistributor until the guest's EOI, and moves
 * with the vCPU: written either way, for the last one here may have left the other.
 */
static void timers_load(const struct vcpu_sysregs *s)
{
	irq_set_active(machine.timer_virt_intid, s->vtimer_active);
	irq_set_active(machine.timer_phys_intid, s->ptimer_active);
	write_sysreg(cntv_cval_el0, s->cntv_cval);
	write_sysreg(cntp_cval_el0, s->cntp_cval);
	write_sysreg(cntv_ctl_el0, s->cntv_ctl);
	write_sysreg(cntp_ctl_el0, s->cntp_ctl);
}

void vcpu_save(struct vcpu *v)
{
	struct vcpu_sysregs *s = &v->sys;

	ASSERT(this_cpu()->loaded == v);
#define X(name) s->name = read_sysreg(name);
	FOR_EACH_PLAIN(X)
#undef X
	if (has_pauth()) {
#define X(n, reg) s->apkeys[n] = read_sysreg(reg);
		FOR_EACH_KEY(X)
#undef X
	}
	if (s->debug_used) {
		debug_save(s);
	}
	fp_save(&v->fp);
	vgic_save(v);
	timers_save(v);
	/* What v's last stores led to must not be the next one's. */
	if (serror_take()) {
		trap_late_serror(v);
	}
	vserror_save(s);
	/* From here on another CPU may take v for stopped. */
	__atomic_store_n(&this_cpu()->loaded, NULL, __ATOMIC_RELEASE);
}

/*
 * vCPUs of one domain share a VMID, but each may use an ASID its own way for a moment (Linux does
 * while it brings a CPU up): what a sibling left in this CPU's TLB must not serve v.
 */
static void flush_sibling(struct vcpu *v)
{
	uint8_t *last = &v->domain->last_vcpu[cpu_index()];
	uint8_t self = (uint8_t)(v->index + 1);

	if (*last != self && *last != 0) {
		__asm__ volatile("tlbi vmalle1" : : : "memory");
		dsb(nsh);
	}
	*last = self;
}

void vcpu_load(struct vcpu *v)
{
	struct vcpu_sysregs *s = &v->sys;

	ASSERT(this_cpu()->loaded == NULL);
	write_sysreg(vmpidr_el2, s->vmpidr);
	if (read_sysreg(vttbr_el2) != p2m_vttbr(&v->domain->p2m)) {
		write_sysreg(vttbr_el2, p2m_vttbr(&v->domain->p2m));
	}
#define X(name) write_sysreg(name, s->name);
	FOR_EACH_PLAIN(X)
#undef X
	if (has_pauth()) {
#define X(n, reg) write_sysreg(reg, s->apkeys[n]);
		FOR_EACH_KEY(X)
#undef X
	}
	if (s->debug_used) {
		debug_load(s);
	}
	write_sysreg(mdcr_el2, (read_sysreg(mdcr_el2) & ~(MDCR_TDA | MDCR_TDRA)) |
				       (s->debug_used ? 0 : MDCR_TDA | MDCR_TDRA));
	vserror_load(s);
	write_sysreg(cntvoff_el2, s->cntvoff);
	fp_restore(&v->fp);
	isb();
	flush_sibling(v);
	this_cpu()->loaded = v;
	timers_load(s);
	vgic_load(v);
	isb();
}

/* A stage-2 root that maps nothing, for CPUs whose last domain is going (DDI0487 D8.1: the CPU may
 * walk VTTBR_EL2's tables on speculation). */
static uint64_t no_tables[P2M_ROOT_ENTRIES] __attribute__((aligned(2 * SZ_4K)));

void vcpu_leave_tables(void)
{
	write_sysreg(vttbr_el2, mmu_va_to_pa(no_tables).v);
	isb();
}

void vcpu_reset_regs(struct vcpu *v, uint64_t pc, uint64_t arg)
{
	uint64_t vmpidr = v->sys.vmpidr;
	uint64_t cntvoff = v->sys.cntvoff;

	memset(&v->regs, 0, sizeof(v->regs));
	memset(&v->sys, 0, sizeof(v->sys));
	memset(&v->fp, 0, sizeof(v->fp));
	v->sys.vmpidr = vmpidr;
	v->sys.cntvoff = cntvoff;
	v->sys.sctlr_el1 = SCTLR_EL1_RESET;
	v->regs.pc = pc;
	v->regs.pstate = PSTATE_EL1H_MASKED;
	v->regs.x[0] = arg;
}
