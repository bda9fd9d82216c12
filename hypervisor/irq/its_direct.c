/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events that the ITS delivers to a vPE (GICv4). Each keeps a host LPI, which is its doorbell; that
 * one's handler and configuration are as of any other event.
 */
#include "core/heap.h"
#include "irq/irq_meter.h"
#include "irq/its_internal.h"
#include "irq/its_vpe.h"
#include "lib/errno.h"

bool its_event_is_direct(const struct its_device *dev, uint32_t event)
{
	return dev->vpes != NULL && dev->vpes[event] != NULL;
}

bool its_device_direct(const struct its_device *dev)
{
	return dev->its->vpe_max != 0;
}

/*
 * First as an ordinary LPI, since only then INV makes the vPE's redistributor look at the
 * doorbell's configuration.
 */
int its_direct_install(struct its_device *dev, uint32_t event, struct its_vpe *vpe,
		       uint32_t vintid, uint32_t lpi)
{
	struct its *its = dev->its;
	const struct its_cmd cmds[] = {
		its_cmd_mapti(dev->id, event, lpi, vpe->cpu),
		its_cmd_inv(dev->id, event),
		its_cmd_sync(its->targets[vpe->cpu]),
		its_cmd_discard(dev->id, event),
		its_cmd_vmapti(dev->id, event, vpe->id, vintid, lpi),
		its_cmd_inv(dev->id, event),
		its_cmd_vsync(vpe->id),
	};
	int ret;

	if (dev->vpes == NULL) {
		dev->vpes = heap_alloc(dev->events * sizeof(dev->vpes[0]));
	}
	if (dev->vpes == NULL) {
		return -ENOMEM;
	}
	its_redist_configure(lpi, true);
	ret = its_submit(its, cmds, ARRAY_SIZE(cmds));
	if (ret == 0) {
		dev->vpes[event] = vpe;
		__atomic_fetch_add(&dev->meter->direct, 1, __ATOMIC_RELAXED);
	}
	return ret;
}

/* The other way round: a doorbell that is pending goes with the ordinary LPI. */
int its_direct_remove(struct its_device *dev, uint32_t event, uint32_t lpi)
{
	struct its *its = dev->its;
	struct its_vpe *vpe = dev->vpes[event];
	const struct its_cmd cmds[] = {
		its_cmd_discard(dev->id, event),
		its_cmd_vsync(vpe->id),
		its_cmd_mapti(dev->id, event, lpi, vpe->cpu),
		its_cmd_inv(dev->id, event),
		its_cmd_discard(dev->id, event),
		its_cmd_sync(its->targets[vpe->cpu]),
	};

	its_redist_configure(lpi, false);
	dev->vpes[event] = NULL;
	__atomic_fetch_sub(&dev->meter->direct, 1, __ATOMIC_RELAXED);
	return its_submit(its, cmds, ARRAY_SIZE(cmds));
}

int its_direct_doorbell(struct its_device *dev, uint32_t event)
{
	uint32_t cpu = dev->vpes[event]->cpu;
	const struct its_cmd cmds[] = {
		its_cmd_invall(cpu),
		its_cmd_sync(dev->its->targets[cpu]),
	};

	return its_submit(dev->its, cmds, ARRAY_SIZE(cmds));
}

/* What fails puts the ITS out of service, and nothing comes any more. */
static void direct_command(struct its_device *dev, uint32_t event, struct its_cmd cmd)
{
	spin_lock(&dev->its->lock);
	if (its_event_is_direct(dev, event)) {
		const struct its_cmd cmds[] = { cmd, its_cmd_vsync(dev->vpes[event]->id) };

		(void)its_submit(dev->its, cmds, ARRAY_SIZE(cmds));
	}
	spin_unlock(&dev->its->lock);
}

void its_event_inv(struct its_device *dev, uint32_t event)
{
	direct_command(dev, event, its_cmd_inv(dev->id, event));
}

void its_event_int(struct its_device *dev, uint32_t event)
{
	direct_command(dev, event, its_cmd_int(dev->id, event));
}

void its_event_clear(struct its_device *dev, uint32_t event)
{
	direct_command(dev, event, its_cmd_clear(dev->id, event));
}

void its_event_move(struct its_device *dev, uint32_t event, struct its_vpe *vpe)
{
	spin_lock(&dev->its->lock);
	if (its_event_is_direct(dev, event) && dev->vpes[event] != vpe) {
		const struct its_cmd cmds[] = {
			its_cmd_vmovi(dev->id, event, vpe->id),
			its_cmd_vsync(dev->vpes[event]->id),
			its_cmd_vsync(vpe->id),
		};

		(void)its_submit(dev->its, cmds, ARRAY_SIZE(cmds));
		dev->vpes[event] = vpe;
	}
	spin_unlock(&dev->its->lock);
}
