/* SPDX-License-Identifier: BSD-2-Clause */
/* The EL2 physical timer, and the loaded vCPU's own timers when they fire. */
#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"
#include "core/machine.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/sched.h"
#include "irq/irq.h"
#include "irq/vgic.h"

#define TIMER_ENABLE  BIT(0)
#define TIMER_IMASK   BIT(1)
#define TIMER_ISTATUS BIT(2)

/* A level that falls late may be that of the deadline before: this one stays. */
static enum irq_result el2_timer_fired(uint32_t intid, void *arg)
{
	if ((read_sysreg(cnthp_ctl_el2) & TIMER_ISTATUS) != 0) {
		el2_timer_set(~0ULL);
		sched_tick();
	}
	return IRQ_HANDLED;
}

/* Timers run only while their vCPU is loaded, so the interrupt is that vCPU's. */
static enum irq_result guest_timer_fired(uint32_t intid, void *arg)
{
	struct vcpu *v = this_cpu()->loaded;

	if (v == NULL) {
		return IRQ_HANDLED;
	}
	vgic_forward(v->domain, v, *(const uint32_t *)arg, intid);
	return IRQ_FORWARDED;
}


/* What a saved timer waits for, on the physical counter. A guest's "never" stays never. */
static uint64_t timer_deadline(uint64_t ctl, uint64_t cval, uint64_t offset, bool active)
{
	if ((ctl & (TIMER_ENABLE | TIMER_IMASK)) != TIMER_ENABLE || active) {
		return ~0ULL;
	}
	return cval > ~0ULL - offset ? ~0ULL : cval + offset;
}

uint64_t vcpu_timer_deadline(const struct vcpu *v)
{
	const struct vcpu_sysregs *s = &v->sys;
	uint64_t virt = timer_deadline(s->cntv_ctl, s->cntv_cval, s->cntvoff, s->vtimer_active);
	uint64_t phys = timer_deadline(s->cntp_ctl, s->cntp_cval, 0, s->ptimer_active);

	return MIN(virt, phys);
}

void timer_init(void)
{
	static const uint32_t virt_intid = TIMER_VIRT_INTID;
	static const uint32_t phys_intid = TIMER_PHYS_INTID;

	if (irq_request(machine.timer_hyp_intid, false, el2_timer_fired, NULL) != 0 ||
	    irq_request(machine.timer_virt_intid, false, guest_timer_fired,
			(void *)(uintptr_t)&virt_intid) != 0 ||
	    irq_request(machine.timer_phys_intid, false, guest_timer_fired,
			(void *)(uintptr_t)&phys_intid) != 0) {
		panic("timer interrupts cannot be requested");
	}
}

void el2_timer_init_cpu(void)
{
	write_sysreg(cnthp_ctl_el2, 0);
	write_sysreg(cntv_ctl_el0, 0);
	write_sysreg(cntp_ctl_el0, 0);
	isb();
}

void el2_timer_set(uint64_t deadline)
{
	if (deadline == ~0ULL) {
		write_sysreg(cnthp_ctl_el2, 0);
	} else {
		write_sysreg(cnthp_cval_el2, deadline);
		write_sysreg(cnthp_ctl_el2, 1);
	}
	isb();
}
