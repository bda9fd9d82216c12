/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing up the other CPUs. */
#include "core/smp.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"
#include "arch/arm64/mmu.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/sched.h"
#include "irq/irq.h"
#include "irq/its.h"
#include "irq/vgic.h"

#define MPIDR_AFFINITY 0xff00ffffffULL
#define ONLINE_WAIT_MS 1000

struct percpu percpus[CPUS_MAX];

extern char secondary_entry[];
_Noreturn void main_secondary(void);

void smp_init_cpu(void)
{
	el2_init_cpu();
	if (gic_init_cpu() != 0 || its_init_cpu() != 0) {
		panic("CPU %u has no working interrupt controller", cpu_index());
	}
	vgic_init_cpu();
	irq_enable(machine.timer_hyp_intid);
	irq_enable(machine.timer_virt_intid);
	irq_enable(machine.timer_phys_intid);
	__atomic_store_n(&this_cpu()->online, true, __ATOMIC_RELEASE);
}

void main_secondary(void)
{
	smp_init_cpu();
	sched_start();
}

static bool wait_online(const struct percpu *cpu)
{
	uint64_t end = ticks_now() + ticks_per_second() * ONLINE_WAIT_MS / 1000;

	while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE)) {
		if (ticks_now() > end) {
			return false;
		}
	}
	return true;
}

void smp_prepare(void)
{
	uint64_t self = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
	uint32_t next = 1;

	percpus[0].mpidr = self;
	percpus[0].stack_top = mmu_map_stack(0);
	for (uint32_t i = 0; i < machine.cpu_count; i++) {
		if (machine.cpus[i].mpidr == self) {
			continue;
		}
		if (next == CPUS_MAX) {
			log_warn("smp", "more CPUs than %u: the rest stay off", CPUS_MAX);
			break;
		}
		percpus[next].index = next;
		percpus[next].mpidr = machine.cpus[i].mpidr;
		percpus[next].stack_top = mmu_map_stack(next);
		next++;
	}
	cache_clean(percpus, sizeof(percpus));
}

void smp_start(void)
{
	uint32_t online = 1;

	for (uint32_t i = 1; i < CPUS_MAX && percpus[i].stack_top != 0; i++) {
		int64_t status = psci_cpu_on(percpus[i].mpidr, mmu_va_to_pa(secondary_entry),
					     (uint64_t)&percpus[i]);

		if (status != 0 || !wait_online(&percpus[i])) {
			log_warn("smp", "CPU %u (MPIDR 0x%llx) does not start: PSCI says %lld", i,
				 (unsigned long long)percpus[i].mpidr, (long long)status);
			continue;
		}
		online++;
	}
	log_info("smp", "%u of %u CPUs online", online, machine.cpu_count);
}
