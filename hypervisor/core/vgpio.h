/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's power key: line 3 of a virtual PL061 (Arm DDI0190), as on QEMU's virt board. Whoever
 * presses it keeps it down until the guest has read the line, however slow it is, and releases it.
 */
#ifndef CORE_VGPIO_H
#define CORE_VGPIO_H

#include "core/domain.h"

int vgpio_create(struct domain *d, ipaddr_t base, uint32_t intid);
void vgpio_destroy(struct domain *d);

struct vgpio_key {
	bool down;
	bool unread; /* and the guest has not looked since it moved */
};

/* d is alive. */
struct vgpio_key vgpio_key(struct domain *d);
void vgpio_key_move(struct domain *d, bool down);

#endif
