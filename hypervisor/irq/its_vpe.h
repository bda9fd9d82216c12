/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vPEs of a GICv4.0 (IHI0069 5.6): one stands for a vCPU to which the ITS delivers virtual LPIs
 * without EL2. Its tables are the hypervisor's own; hardware never reads what a guest can write.
 */
#ifndef IRQ_ITS_VPE_H
#define IRQ_ITS_VPE_H

#include "lib/types.h"

struct its_vpe;

/* The machine has one ITS, and it and all redistributors do so. After its_init(). */
bool its_vpe_possible(void);

/*
 * properties: one byte for each LPI from 8192 to 2^id_bits - 1 as in IHI0069 5.1.1, 4 KiB aligned
 * heap memory that outlives the vPE. It is mapped to pCPU cpu. -ENOSPC, -ENOMEM, -EINVAL (cpu not
 * up), -EIO.
 */
int its_vpe_create(const uint8_t *properties, uint32_t id_bits, uint32_t cpu,
		   struct its_vpe **out);
/* It is resident nowhere, and no event goes there. False: hardware may still read properties. */
bool its_vpe_destroy(struct its_vpe *vpe);

/*
 * Resident in this pCPU: what is pending goes to its virtual CPU interface from now on, and no
 * doorbell rings. The vPE moves here if it is mapped elsewhere. One at a time in each pCPU, and on
 * one only.
 */
void its_vpe_enter(struct its_vpe *vpe);
/* Not any more. True: something is pending. What comes from now on rings its doorbell. */
bool its_vpe_leave(struct its_vpe *vpe);

/* Change one byte of properties; hardware reads it at its_event_inv() or its_vpe_invalidate(). */
void its_vpe_property(uint8_t *property, uint8_t value);
/* All properties changed. */
void its_vpe_invalidate(struct its_vpe *vpe);

#endif
