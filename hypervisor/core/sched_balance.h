/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which vCPUs should change places so that each pCPU has the same to do: fairness among the vCPUs
 * of a pCPU is then fairness among all. Pure.
 */
#ifndef CORE_SCHED_BALANCE_H
#define CORE_SCHED_BALANCE_H

#include "core/percpu.h"
#include "lib/types.h"

/* Looked at on each pCPU. */
#define BALANCE_VCPUS 16U

struct vcpu;

struct balance_vcpu {
	uint64_t demand;  /* its weight, times the part of the time in which it ran or wanted to */
	uint32_t allowed; /* pCPUs it may be on, by bit; none: it stays */
	struct vcpu *vcpu;
};

struct balance_cpu {
	bool usable;     /* vCPUs may come and go */
	uint64_t demand; /* of all its vCPUs */
	uint32_t count;
	struct balance_vcpu vcpus[BALANCE_VCPUS];
};

/* v leaves the pCPU that has most to do for another, and back comes from there in exchange. */
struct balance_plan {
	struct vcpu *v;    /* NULL: all may stay where they are */
	struct vcpu *back; /* NULL: none */
	uint32_t from, to;
};

/*
 * The one change that helps most. A difference between two pCPUs of less than an eighth is not
 * worth one, and one that makes it less by a thirty-second or less is none. While demands stay as
 * they are, carrying out plans comes to an end.
 */
struct balance_plan balance_choose(const struct balance_cpu *cpus, uint32_t cpu_count);

#endif
