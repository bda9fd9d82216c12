/* SPDX-License-Identifier: BSD-2-Clause */
/* The handlers of the vectors that record: the ordinary ones, with a record of what they did. */
#include "arch/arm64/cpu.h"
#include "arch/arm64/exception.h"
#include "arch/arm64/trap.h"
#include "core/domain.h"
#include "core/percpu.h"
#include "core/trace.h"
#include "irq/irq.h"
#include "irq/vgic.h"

/*
 * Between a vCPU's exit and the next entry on a CPU. v may be gone by then: it is only compared.
 * Not on the stack: its guard would be checked at each exit.
 */
static struct passage {
	struct trace_record record;
	const struct vcpu *v;
	struct vgic_waiting before, after;
} passages[CPUS_MAX];

extern const char vectors[], vectors_recording[];

void trace_vectors(bool recording)
{
	write_sysreg(vbar_el2, (uint64_t)(recording ? vectors_recording : vectors));
	isb();
}

static struct passage *begin(struct vcpu *v, enum exit_kind reason, uint64_t detail)
{
	struct passage *p = &passages[cpu_index()];

	p->record = (struct trace_record){
		.time = ticks_now(),
		.kind = TRACE_EXIT,
		.reason = (uint8_t)reason,
		.vcpu = (uint8_t)v->index,
		.domain = v->domain->id,
		.detail = detail,
	};
	p->v = v;
	vgic_look_waiting(v, &p->before);
	return p;
}

/* What waits in next's list registers, and did not when the exit began. */
static __attribute__((noinline)) void record_injected(const struct passage *p,
						      const struct vcpu *next, uint64_t now)
{
	for (uint32_t mask = p->after.mask; mask != 0; mask &= mask - 1) {
		uint32_t lr = (uint32_t)__builtin_ctz(mask);

		if (next != p->v || (p->before.mask & (1U << lr)) == 0 ||
		    p->before.intid[lr] != p->after.intid[lr]) {
			trace_put(&(struct trace_record){
				.time = now,
				.kind = TRACE_INJECT,
				.vcpu = (uint8_t)next->index,
				.domain = next->domain->id,
				.intid = p->after.intid[lr],
			});
		}
	}
}

static void end(struct passage *p)
{
	const struct vcpu *next = current_vcpu();
	uint64_t now = ticks_now();

	p->record.ticks = (uint32_t)MIN(now - p->record.time, 0xffffffffULL);
	p->record.next_vcpu = (uint8_t)next->index;
	p->record.next_domain = next->domain->id;
	trace_put(&p->record);
	vgic_look_waiting(next, &p->after);
	if (p->after.mask != 0) {
		record_injected(p, next, now);
	}
}

/*
 * Where it went. Not by abort_decode(), which is part of trap_sync() as long as nobody else calls
 * it. Writes to read-only memory come without their address.
 */
static void tell_abort(struct trace_record *r, struct vcpu *v, uint64_t esr)
{
	ipaddr_t at = ipa(BITS(read_sysreg(hpfar_el2), 43, 4) << 12 |
			  (read_sysreg(far_el2) & 0xfff));
	const struct mmio_region *region;

	if (abort_write_denied(esr)) {
		r->reason = EXIT_MMIO_OTHER;
		return;
	}
	region = mmio_find_again(&v->domain->mmio, at, &v->mmio_last);
	r->reason = region != NULL ? (uint8_t)region->ops->kind : EXIT_FAULT;
	r->detail = at.v;
}

static void tell_sync(struct trace_record *r, struct vcpu *v)
{
	uint64_t esr = r->detail;

	switch ((enum exception_class)BITS(esr, 31, 26)) {
	case EC_WFX:
		r->reason = EXIT_WFX;
		break;
	case EC_HVC64:
	case EC_SMC64:
		r->reason = BITS(esr, 31, 26) == EC_HVC64 ? EXIT_HVC : EXIT_SMC;
		r->detail = v->regs.x[0];
		break;
	case EC_SYSREG:
		r->reason = EXIT_SYSREG;
		break;
	case EC_DATA_ABORT:
		tell_abort(r, v, esr);
		break;
	case EC_INSTRUCTION_ABORT:
		r->reason = EXIT_FAULT;
		r->detail = BITS(read_sysreg(hpfar_el2), 43, 4) << 12;
		break;
	case EC_FIRST_UNUSED:
	default:
		break;
	}
}

void record_sync(struct vcpu *v)
{
	struct passage *p = begin(v, EXIT_OTHER, read_sysreg(esr_el2));

	tell_sync(&p->record, v);
	trap_sync(v);
	end(p);
}

void record_irq(struct vcpu *v)
{
	struct passage *p = begin(v, EXIT_IRQ, 0);

	p->record.intid = irq_peek();
	trap_irq(v);
	end(p);
}

void record_serror(struct vcpu *v)
{
	struct passage *p = begin(v, EXIT_OTHER, read_sysreg(esr_el2));

	trap_serror(v);
	end(p);
}
