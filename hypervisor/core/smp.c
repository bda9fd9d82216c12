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

_Static_assert(MACHINE_MAX_CPUS <= CPUS_MAX, "every CPU of the machine has a struct percpu");

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

/* CPU numbers are places in machine.cpus; this CPU is number 0, wherever it stands in the tree. */
static void boot_cpu_first(void)
{
	uint64_t self = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;

	for (uint32_t i = 0; i < machine.cpu_count; i++) {
		if (machine.cpus[i].mpidr == self) {
			machine.cpus[i].mpidr = machine.cpus[0].mpidr;
			machine.cpus[0].mpidr = self;
			return;
		}
	}
	panic("the device tree does not name this CPU, MPIDR 0x%llx", (unsigned long long)self);
}

void smp_prepare(void)
{
	boot_cpu_first();
	for (uint32_t i = 0; i < machine.cpu_count; i++) {
		percpus[i].index = i;
		percpus[i].mpidr = machine.cpus[i].mpidr;
		percpus[i].stack_top = mmu_map_stack(i);
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
