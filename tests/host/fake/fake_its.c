/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_its.h"

#include "fake_vpe.h"

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
		if (dev->vpe[event] != NULL) {
			dev->vpe[event]->pending[dev->vintid[event] - 8192] = false;
			dev->vpe[event] = NULL;
		}
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
	if (dev->vpe[event] == NULL || !fake_vpe_pend(dev->vpe[event], dev->vintid[event])) {
		dev->handler[event](dev->arg[event], event);
	}
	return true;
}

bool its_device_direct(const struct its_device *dev)
{
	return fake_vpe_possible;
}

int its_event_map_direct(struct its_device *dev, uint32_t event, struct its_vpe *vpe,
			 uint32_t vintid, lpi_handler handler, void *arg)
{
	int ret;

	ASSERT(vpe->used);
	for (uint32_t i = 0; i < dev->events; i++) {
		ASSERT(dev->vpe[i] == NULL || dev->vintid[i] != vintid);
	}
	ret = its_event_map(dev, event, vpe->cpu, handler, arg);
	if (ret == 0) {
		dev->vpe[event] = vpe;
		dev->vintid[event] = vintid;
		fake_vpe_inv(vpe, vintid);
	}
	return ret;
}

void its_event_move(struct its_device *dev, uint32_t event, struct its_vpe *vpe)
{
	bool *pending = &dev->vpe[event]->pending[dev->vintid[event] - 8192];
	bool was = *pending;

	ASSERT(dev->lent && vpe->used);
	*pending = false;
	dev->vpe[event] = vpe;
	fake_vpe_inv(vpe, dev->vintid[event]);
	if (was) {
		fake_its_fire(dev, event);
	}
}

void its_event_inv(struct its_device *dev, uint32_t event)
{
	ASSERT(dev->lent);
	fake_vpe_inv(dev->vpe[event], dev->vintid[event]);
}

void its_event_int(struct its_device *dev, uint32_t event)
{
	ASSERT(dev->lent && dev->vpe[event] != NULL);
	fake_its_fire(dev, event);
}

void its_event_clear(struct its_device *dev, uint32_t event)
{
	ASSERT(dev->lent);
	dev->vpe[event]->pending[dev->vintid[event] - 8192] = false;
}
