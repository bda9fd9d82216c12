/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * irq/its_vpe.h in memory: what is pending for each vPE, where it is resident, and what its
 * redistributor was last told of its properties. fake_its.c delivers to them.
 */
#ifndef FAKE_VPE_H
#define FAKE_VPE_H

#include "irq/its_vpe.h"

#define FAKE_VPES     8u
#define FAKE_VPE_LPIS 8192u
#define FAKE_NOWHERE  0xffu

struct its_vpe {
	bool used;
	uint8_t resident; /* pCPU, or FAKE_NOWHERE */
	uint32_t cpu;     /* it is mapped to */
	const uint8_t *properties;
	uint8_t cached[FAKE_VPE_LPIS]; /* of them, what hardware has read */
	bool pending[FAKE_VPE_LPIS];
};

extern struct its_vpe fake_vpes[FAKE_VPES];
extern bool fake_vpe_possible; /* false at fake_vpe_reset() */
extern uint32_t fake_vpe_room; /* vPEs that can be made yet */

void fake_vpe_reset(void);
uint32_t fake_vpe_count(void);
/* Hardware reads one property anew. */
void fake_vpe_inv(struct its_vpe *vpe, uint32_t intid);
/* The virtual LPI becomes pending. False: vpe is not resident, a doorbell rings. */
bool fake_vpe_pend(struct its_vpe *vpe, uint32_t intid);
/* The guest in pCPU cpu acknowledges the best that hardware delivers there, or 1023. */
uint32_t fake_vpe_take(uint32_t cpu);

#endif
