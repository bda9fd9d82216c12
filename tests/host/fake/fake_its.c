/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_its.h"

#include "core/panic.h"
#include "lib/errno.h"

int fake_its_map_error;

uint32_t its_device_events(const struct its_device *dev)
{
	ASSERT(dev->lent);
	return dev->events;
}

int its_event_map(struct its_device *dev, uint32_t event, uint32_t cpu, lpi_handler handler,
		  void *arg)
{
	ASSERT(dev->lent);
	if (fake_its_map_error != 0) {
		return fake_its_map_error;
	}
	if (event >= dev->events) {
		return -ERANGE;
	}
	if (dev->handler[event] != NULL) {
		return -EEXIST;
	}
	dev->handler[event] = handler;
	dev->arg[event] = arg;
	dev->cpu[event] = cpu;
	dev->mapped++;
	return 0;
}

void its_event_unmap(struct its_device *dev, uint32_t event)
{
	ASSERT(dev->lent);
	ASSERT(event < dev->events);
	if (dev->handler[event] != NULL) {
		dev->handler[event] = NULL;
		dev->arg[event] = NULL;
		dev->mapped--;
	}
}

bool fake_its_fire(struct its_device *dev, uint32_t event)
{
	if (event >= dev->events || dev->handler[event] == NULL) {
		return false;
	}
	dev->handler[event](dev->arg[event], event);
	return true;
}
