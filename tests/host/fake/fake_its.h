/* SPDX-License-Identifier: BSD-2-Clause */
/* irq/its.h in memory: which events of which host device are mapped, and a way to fire them. */
#ifndef FAKE_ITS_H
#define FAKE_ITS_H

#include "irq/its.h"

#define FAKE_ITS_EVENTS 2048u

struct its_device {
	uint32_t events;
	bool lent; /* the code under test may touch it */
	uint32_t mapped;
	lpi_handler handler[FAKE_ITS_EVENTS];
	void *arg[FAKE_ITS_EVENTS];
	uint32_t cpu[FAKE_ITS_EVENTS];
	struct its_vpe *vpe[FAKE_ITS_EVENTS]; /* hardware delivers it there */
	uint32_t vintid[FAKE_ITS_EVENTS];
};

extern int fake_its_map_error; /* what its_event_map() answers instead of 0 */

/* The device writes its message; false: the host ITS drops it. */
bool fake_its_fire(struct its_device *dev, uint32_t event);

#endif
