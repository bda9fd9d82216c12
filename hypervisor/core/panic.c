/* SPDX-License-Identifier: BSD-2-Clause */
/* Crash report: what broke, where, who was running. */
#include "core/panic.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"
#include "arch/arm64/guarded.h"
#include "arch/arm64/mmu.h"
#include "arch/arm64/symbols.h"
#include "arch/arm64/trap.h"
#include "core/console.h"
#include "core/domain.h"
#include "core/percpu.h"
#include "irq/irq.h"
#include "lib/format.h"
#include "lib/string.h"

#define BACKTRACE_MAX 24

/* vectors.S */
#define OWN_SYNC   0U
#define OWN_SERROR 3U
#define PSTATE_A   BIT(8)

extern char image_start[], text_end[];
uint64_t __stack_chk_guard;
void __stack_chk_fail(void);

static uint32_t panicking;

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *fmt, ...)
{
	char line[192];
	va_list ap;

	va_start(ap, fmt);
	format_v(line, sizeof(line), fmt, ap);
	va_end(ap);
	console_line(line, strlen(line));
}

static void say_where(uint64_t pc)
{
	uint64_t offset = 0;
	const char *name = symbol_find(pc, &offset);

	say("  0x%llx %s+0x%llx", (unsigned long long)pc, name, (unsigned long long)offset);
}

/* A frame record lies on some EL2 stack: in the stack region or in the image (boot stack). */
static bool on_stack(uint64_t fp)
{
	return (fp & 7) == 0 && ((fp >= MMU_STACK_VA && fp < MMU_STACK_VA + SZ_1G &&
				  (fp & MMU_STACK_SIZE) != 0) ||
				 (fp >= (uint64_t)text_end && fp < MMU_IMAGE_VA + MMU_IMAGE_MAX));
}

static void backtrace(uint64_t fp)
{
	for (uint32_t i = 0; i < BACKTRACE_MAX && on_stack(fp); i++) {
		const uint64_t *record = (const uint64_t *)fp;

		if (record[1] < (uint64_t)image_start || record[1] >= (uint64_t)text_end) {
			break;
		}
		say_where(record[1] - 4);
		if (record[0] <= fp) {
			break;
		}
		fp = record[0];
	}
}

static void say_domains(void)
{
	const struct vcpu *v = current_vcpu();

	if (v != NULL) {
		say("CPU %u was running vCPU %u of domain %u, pc 0x%llx pstate 0x%llx", cpu_index(),
		    v->index, v->domain->id, (unsigned long long)v->regs.pc,
		    (unsigned long long)v->regs.pstate);
	}
	for (uint32_t id = domain_next_id(0); id != DOMAIN_ID_NONE; id = domain_next_id(id + 1)) {
		const struct domain *d = domain_by_id(id);

		for (uint32_t i = 0; d != NULL && i < domain_vcpu_count(d); i++) {
			say("  d%u.%u state %u on CPU %u pc 0x%llx", id, i, d->vcpus[i]->state,
			    d->vcpus[i]->pcpu, (unsigned long long)d->vcpus[i]->regs.pc);
		}
	}
}

/* The first CPU to come here reports; the others stop. */
static void begin(void)
{
	if (__atomic_exchange_n(&panicking, 1, __ATOMIC_SEQ_CST) != 0) {
		for (;;) {
			wfi();
		}
	}
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		if (percpus[i].online && i != cpu_index()) {
			gic_send_sgi(i, SGI_LOOK);
		}
	}
	/* Whoever broke may hold the locks of console and log itself. */
	console_force();
	say("\n*** Viaduct panic on CPU %u ***", cpu_index());
}

static _Noreturn void end(void)
{
	say_domains();
	say("*** The machine is stopped ***");
	psci_system_off();
}

void panic(const char *fmt, ...)
{
	char line[192];
	va_list ap;

	begin();
	va_start(ap, fmt);
	format_v(line, sizeof(line), fmt, ap);
	va_end(ap);
	say("%s", line);
	say("Backtrace:");
	backtrace((uint64_t)__builtin_frame_address(0));
	end();
}

void panic_stop_if_wanted(void)
{
	while (__atomic_load_n(&panicking, __ATOMIC_RELAXED) != 0) {
		wfi();
	}
}

static _Noreturn void die(const struct own_frame *f, uint64_t kind)
{
	static const char *const kinds[] = { "synchronous exception", "IRQ", "FIQ", "SError",
					     "stack overflow" };

	begin();
	say("%s at EL2: ESR 0x%llx FAR 0x%llx pstate 0x%llx",
	    kind < ARRAY_SIZE(kinds) ? kinds[kind] : "?",
	    (unsigned long long)read_sysreg(esr_el2), (unsigned long long)read_sysreg(far_el2),
	    (unsigned long long)f->pstate);
	for (uint32_t i = 0; i < 30; i += 3) {
		say("  x%-2u %016llx  x%-2u %016llx  x%-2u %016llx", i, (unsigned long long)f->x[i],
		    i + 1, (unsigned long long)f->x[i + 1], i + 2, (unsigned long long)f->x[i + 2]);
	}
	say("  x30 %016llx", (unsigned long long)f->x[30]);
	say("Backtrace:");
	say_where(f->pc);
	backtrace(f->x[29]);
	end();
}

void trap_own(struct own_frame *f, uint64_t kind)
{
	uint64_t fixup = 0;

	if (kind == OWN_SYNC || kind == OWN_SERROR) {
		fixup = guarded_fixup(f->pc, read_sysreg(esr_el2), kind == OWN_SERROR);
	}
	if (fixup == 0) {
		die(f, kind);
	}
	f->pc = fixup;
	f->pstate |= PSTATE_A;
}

void __stack_chk_fail(void)
{
	panic("stack smashed in the function that called this");
}
