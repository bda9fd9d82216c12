/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of GICv3's virtual CPU interfaces (IHI0069 ch. 6, 12.4) and of the physical active state
 * that list registers with HW = 1 end, for a few pCPUs. The guest's side is driven by the test.
 */
#ifndef FAKE_VGIC_HW_H
#define FAKE_VGIC_HW_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_CPUS 4
#define FAKE_SPURIOUS 1023u
#define FAKE_SENDER_SHIFT 10 /* of an SGI of a GICv2, in what is acknowledged */

extern uint32_t fake_cpu;      /* the pCPU that "runs" EL2 code now */
extern uint32_t fake_lr_count; /* list registers of each */
extern bool fake_gicv2;        /* list registers must fit a GICv2's, SGIs have senders */
extern bool fake_unwired;      /* vgic_hw_unwired() */
extern uint32_t fake_pended;   /* last SPI set pending by software */
extern uint64_t fake_vmcr_running; /* what guests set their VMCR to when they come up */

struct fake_interface {
	uint64_t lr[16];
	uint64_t hcr;
	uint64_t vmcr;
	uint8_t running[64]; /* priorities of active interrupts, innermost last */
	uint32_t running_count;
	uint32_t lr_accesses;
};

extern struct fake_interface fake_interfaces[FAKE_CPUS];

/* Physical interrupts: active state, PPIs by pCPU. */
bool fake_host_active(uint32_t cpu, uint32_t intid);
void fake_host_activate(uint32_t cpu, uint32_t intid);

void fake_vgic_reset(void);
/* The guest on cpu reads ICC_IAR1_EL1; FAKE_SPURIOUS: nothing to take. */
uint32_t fake_guest_ack(uint32_t cpu);
/* ICC_EOIR1_EL1 with EOImode = 0, of what was acknowledged. */
void fake_guest_eoi(uint32_t cpu, uint32_t acknowledged);
/* Is the maintenance interrupt of cpu asserted? */
bool fake_maintenance(uint32_t cpu);
/* List registers of cpu that hold intid. */
uint32_t fake_lr_holding(uint32_t cpu, uint32_t intid);

#endif
