/* SPDX-License-Identifier: BSD-2-Clause */
/* A domain with a virtual GIC, vCPU n on pCPU n % FAKE_CPUS, and some guest RAM. */
#ifndef FAKE_VGIC_WORLD_H
#define FAKE_VGIC_WORLD_H

#include "core/domain.h"
#include "core/mmio.h"
#include "fake_vgic_hw.h"
#include "irq/irq.h"
#include "lib/types.h"

#define WORLD_GICD 0x08000000ull
#define WORLD_GICC 0x08010000ull
#define WORLD_ITS  0x08080000ull
#define WORLD_GICR 0x080a0000ull
#define WORLD_SPIS 64u
#define WORLD_RAM  0x40000000ull
#define WORLD_RAM_SIZE 0x40000u
#define WORLD_PROP 0x40000000ull /* LPI configuration table */
#define WORLD_CMDQ 0x40010000ull

struct world {
	struct domain domain;
	uint8_t *ram;
	uint64_t interface_at; /* where a GICv2's CPU interface is mapped */
	uint32_t kicked; /* vCPUs kicked and not entered since */
};

extern struct world world;

/* Frees the one before. */
void world_init(uint32_t vcpus, bool has_its);
void world_init_v2(uint32_t vcpus);
void world_free(void);

/* Run EL2 code as the pCPU of vCPU n. */
struct vcpu *world_on(uint32_t n);
void world_load(uint32_t n);
void world_save(uint32_t n);
/* What the exit path does: maintenance interrupt if asserted, then entry. */
void world_enter(uint32_t n);

/* Trapped accesses of vCPU n, executed again when they are to be, others running meanwhile. */
uint64_t world_read(uint32_t n, uint64_t address, uint32_t size);
void world_write(uint32_t n, uint64_t address, uint32_t size, uint64_t value);
uint64_t world_gicr(uint32_t n); /* base of vCPU n's frames */

/* A physical SPI fires on this pCPU: activated, its handler called. */
enum irq_result fake_host_fire(uint32_t intid);

/* Group enable and everything a guest does once. */
void world_enable(void);
/*
 * Its driver's start of a virtual ITS that was created at WORLD_ITS: LPIs of the first vCPUs on,
 * with the table at WORLD_PROP, all enabled with priority 0xa0; a queue of so many bytes at
 * WORLD_CMDQ.
 */
void world_start_its(uint32_t vcpus, uint32_t queue_size);
void world_irq_enable(uint32_t n, uint32_t intid, bool on);
void world_irq_priority(uint32_t n, uint32_t intid, uint8_t priority);
/* Let vCPU n handle all it can see; returns how many, intids to taken[] (at most max). */
uint32_t world_drain(uint32_t n, uint32_t *taken, uint32_t max);

#endif
