/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What domains are made of, counted: RAM blocks, tables, devices and vCPUs stand in for the real
 * ones and can be made to fail. Jobs are real; two CPUs, of which this is the first.
 */
#ifndef FAKE_DOMAIN_WORLD_H
#define FAKE_DOMAIN_WORLD_H

#include <setjmp.h>

#include "core/domain.h"

#define BLOCKS 64U

struct domain_world {
	uint32_t promised;
	bool used[BLOCKS];
	bool dirty[BLOCKS];
	uint32_t taken_in_step; /* blocks */
	uint32_t cleaned;
	uint32_t mapped;
	bool in_place; /* RAM must be mapped where it is */
	uint8_t flash[64]; /* what shows in each 2 MiB of it: 1 + block */
	uint32_t map_fails_after;
	int32_t tables;      /* p2m alive */
	int32_t built;       /* devices of guests */
	int32_t placed;      /* vCPUs in the scheduler */
	uint32_t restarts;
	bool restart_answer;
	bool restart_pending;
	int check_answer;
	int gic_answer;
	int build_answer;
	int pci_answer;
	int unbuild_answer;
	uint32_t unbuild_slices;
	int machine_end; /* 1 off, 2 reset */
};

extern struct domain_world domain_world;
/* Where the machine's end goes, which does not return. */
extern jmp_buf the_end;

/* cmocka's: nothing is there, everything works. */
int domain_world_setup(void **state);

/* The domain of that name that can be seen. NULL: there is none. */
struct domain *named(const char *name);
/* vCPUs that were told to stop have. */
void stop_now(struct domain *d);
/* All jobs of CPU 0, while CPU 1 keeps taking interrupts. */
void run_jobs(void);
void assert_nothing_left(void);

/* With two vCPUs; created() has its jobs run, end() destroys it and lets it go. */
int create(const char *name, uint64_t mib, struct domain **d);
struct domain *created(const char *name, uint64_t mib);
void end(struct domain *d);

#endif
