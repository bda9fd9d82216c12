/* SPDX-License-Identifier: BSD-2-Clause */
/* An MSI controller without requester check, of 16 vectors whose data begin with FAKE_DATA. */
#ifndef FAKE_FRAME_H
#define FAKE_FRAME_H

#include "irq/msi.h"

#define FAKE_FRAME    3U /* its phandle */
#define FAKE_DOORBELL 0x6020000ULL
#define FAKE_SETSPI   (FAKE_DOORBELL + 0x40)
#define FAKE_VECTORS  16U
#define FAKE_DATA     0x506U /* not what a domain takes it for, and the first of no run of four */

extern struct msi_controller fake_frame;
extern bool fake_frame_masked[FAKE_VECTORS];
extern uint32_t fake_frame_routed[FAKE_VECTORS]; /* to which CPU */

/* All masked. */
void fake_frame_init(void);

#endif
