/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtual CPU: registers, run state, its place in the scheduler. */
#ifndef CORE_VCPU_H
#define CORE_VCPU_H

#include "arch/arm64/vcpu_regs.h"
#include "lib/list.h"
#include "lib/types.h"

struct domain;
struct mmio_region;
struct vgic_cpu;

enum vcpu_state {
	VCPU_OFF,     /* PSCI off */
	VCPU_READY,   /* wants a pCPU */
	VCPU_RUNNING, /* on a pCPU */
	VCPU_BLOCKED, /* WFI: waits for an interrupt or its timer */
	VCPU_PARKED,  /* waits for a job */
	VCPU_STOPPED, /* domain paused or shut down */
};

#define VCPU_STAYS 0xffffffffU

struct vcpu {
	struct vcpu_regs regs; /* asm: keep first */
	struct vcpu_sysregs sys;
	struct vcpu_fp fp __attribute__((aligned(16)));
	struct domain *domain;
	uint32_t index;
	/* pCPU it is placed on: changes under the place lock and the queues' locks */
	uint32_t pcpu;
	enum vcpu_state state; /* sched lock of pcpu */
	bool stop_wanted;
	bool online; /* PSCI on */
	bool woken;  /* ready since the last choice: has not waited for its turn yet */
	struct list run_node;
	struct list place_node;
	struct list park_node;
	struct job *parked_on;
	uint32_t allowed; /* pCPUs it may be placed on, by bit; place lock */
	uint32_t move_to; /* pCPU it is to go to, or VCPU_STAYS; place lock */
	uint64_t vruntime;  /* ticks run, as the scheduler compares them */
	uint64_t vruntime_rest;
	uint64_t cpu_ticks; /* ticks run in all */
	uint64_t run_since;
	uint64_t wait_ticks; /* ticks it was ready in vain, but for */
	uint64_t ready_since;
	uint64_t demand_mark; /* cpu_ticks and wait_ticks when its demand was last looked at */
	uint64_t wake_at;   /* own timer's deadline while blocked and not loaded; ~0: none */
	struct vgic_cpu *vgic;
	const struct mmio_region *mmio_last; /* where the last trapped access went */
	uint32_t fault_streak; /* accesses to nothing without progress between them */
	uint64_t fault_pc;     /* where the last one was: what ELR_EL1 was set to */
};

#endif
