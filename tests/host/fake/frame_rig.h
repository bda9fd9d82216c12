/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lend_rig.h's machine where MSIs go through fake_frame.h instead of an ITS. The owner has a
 * virtual frame at the same address as the host's, and guests have theirs when lend_world_unsafe
 * says so.
 */
#ifndef FAKE_FRAME_RIG_H
#define FAKE_FRAME_RIG_H

#include <viaduct/guest_map.h>

#include "fake_frame.h"
#include "lend_rig.h"

#define FIRST     80U /* virtual SPIs of the owner's frame... */
#define FRAME     32U /* ...and how many */
#define SHARE     4U  /* vectors a guest may own */
#define GUEST_SPI (GUEST_V2M_BASE + 0x40)
#define OWNER     (&lend_world.domains[WORLD_CONTROL])

/* Of the next owner's frame; 0: it has none. FRAME again at the end. */
extern uint32_t frame_rig_spis;

/* add puts functions into `world`. Which is which, the caller finds out (world_function()). */
void frame_rig_start(void (*add)(void));
/* Nobody is left: nothing is owned. */
void frame_rig_end(void);
/* cmocka's. */
int frame_rig_teardown(void **state);

#endif
