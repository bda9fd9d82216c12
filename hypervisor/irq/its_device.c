/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices and events on an ITS: ITTs, LPIs, and the commands that tie them together. */
#include "irq/its_internal.h"

#include "arch/arm64/cpu.h"
#include "core/heap.h"
#include "core/machine.h"
#include "irq/its_lpi.h"
#include "irq/its_plan.h"
#include "lib/errno.h"
#include "lib/hash.h"

#define ITT_ALIGN 256U
#define NO_LPI    0U

static paddr_t itt_pa(const struct its_device *dev)
{
	return heap_pa(dev->itt);
}

static void device_free(struct its_device *dev)
{
	heap_free(dev->lpis);
	heap_free(dev->cpus);
	heap_free(dev->masked);
	heap_free(dev->vpes);
	heap_free(dev->itt);
	heap_free(dev);
}

static struct its_device *device_new(struct its *its, device_id_t id, uint32_t event_count)
{
	struct its_device *dev = heap_alloc(sizeof(*dev));
	uint64_t itt_size;

	if (dev == NULL) {
		return NULL;
	}
	dev->its = its;
	dev->id = id;
	dev->events = its_plan_events(its->event_bits, event_count);
	/* heap_alloc() aligns to the size, as the ITS wants it, and it has cache lines alone. */
	itt_size = ALIGN_UP((uint64_t)dev->events * its->itt_entry, ITT_ALIGN);
	dev->lpis = heap_alloc(dev->events * sizeof(dev->lpis[0]));
	dev->cpus = heap_alloc(dev->events * sizeof(dev->cpus[0]));
	dev->masked = heap_alloc(dev->events * sizeof(dev->masked[0]));
	dev->itt = heap_alloc(itt_size);
	if (dev->lpis == NULL || dev->cpus == NULL || dev->masked == NULL || dev->itt == NULL) {
		device_free(dev);
		return NULL;
	}
	/* From here on only the ITS touches it: no zero of ours may be written over an entry. */
	cache_clean_invalidate(dev->itt, itt_size);
	return dev;
}

/* The link that leads to the device, or would. Caller holds its->lock. */
static struct its_device **link_to(struct its *its, device_id_t id)
{
	struct its_device **link = &its->buckets[hash_bucket(id.v, ITS_BUCKET_BITS)];

	while (*link != NULL && (*link)->id.v != id.v) {
		link = &(*link)->bucket_next;
	}
	return link;
}

/* Caller holds its->lock. */
static int device_install(struct its *its, struct its_device *dev)
{
	struct its_cmd cmd;
	int ret;

	if (*link_to(its, dev->id) != NULL) {
		return -EBUSY;
	}
	ret = its_device_table_cover(its, dev->id);
	if (ret != 0) {
		return ret;
	}
	cmd = its_cmd_mapd(dev->id, itt_pa(dev), (uint32_t)__builtin_ctz(dev->events));
	ret = its_submit(its, &cmd, 1);
	if (ret == 0) {
		*link_to(its, dev->id) = dev;
	}
	return ret;
}

int its_device_map(struct its *its, device_id_t id, uint32_t event_count, struct irq_meter *meter,
		   struct its_device **out)
{
	struct its_device *dev;
	int ret;

	if (its->dead) {
		return -EIO;
	}
	dev = device_new(its, id, event_count);
	if (dev == NULL) {
		return -ENOMEM;
	}
	dev->meter = meter;
	spin_lock(&its->lock);
	ret = device_install(its, dev);
	spin_unlock(&its->lock);
	if (ret == 0) {
		*out = dev;
	} else if (ret != -EIO) { /* after a time-out the ITS may still read the ITT: keep it */
		device_free(dev);
	}
	return ret;
}

void its_device_unmap(struct its_device *dev)
{
	struct its *its = dev->its;
	struct its_cmd cmd = its_cmd_unmapd(dev->id);
	int ret;

	/* The caller's alone by now: no lock to look. */
	for (uint32_t event = 0; dev->mapped_count != 0 && event < dev->events; event++) {
		if (dev->lpis[event] != NO_LPI) {
			its_event_unmap(dev, event);
		}
	}
	spin_lock(&its->lock);
	ret = its_submit(its, &cmd, 1);
	*link_to(its, dev->id) = dev->bucket_next;
	spin_unlock(&its->lock);
	if (ret == 0) {
		device_free(dev);
	}
}

uint32_t its_device_events(const struct its_device *dev)
{
	return dev->events;
}

/* Caller holds its->lock. On -EIO the LPI is lost: hardware may have taken it. */
static int event_install(struct its_device *dev, uint32_t event, uint32_t cpu, uint32_t lpi)
{
	const struct its_cmd cmds[] = {
		its_cmd_mapti(dev->id, event, lpi, cpu),
		its_cmd_inv(dev->id, event),
		its_cmd_sync(dev->its->targets[cpu]),
	};

	its_redist_configure(lpi, true);
	return its_submit(dev->its, cmds, ARRAY_SIZE(cmds));
}

/* vpe NULL: an LPI, to cpu; else the virtual one vintid. */
static int event_map(struct its_device *dev, uint32_t event, uint32_t cpu, struct its_vpe *vpe,
		     uint32_t vintid, lpi_handler handler, void *arg)
{
	struct its *its = dev->its;
	uint32_t lpi = NO_LPI;
	int ret;

	if (event >= dev->events) {
		return -ERANGE;
	}
	if (cpu >= machine.cpu_count || handler == NULL) {
		return -EINVAL;
	}
	spin_lock(&its->lock);
	cpu = vpe != NULL ? vpe->cpu : cpu;
	if (its->dead) {
		ret = -EIO;
	} else if (dev->lpis[event] != NO_LPI) {
		ret = -EEXIST;
	} else if ((its->collections & 1U << cpu) == 0) {
		ret = -EINVAL;
	} else {
		ret = lpi_alloc(handler, arg, event, dev->meter, &lpi);
	}
	if (ret == 0) {
		ret = vpe != NULL ? its_direct_install(dev, event, vpe, vintid, lpi)
				  : event_install(dev, event, cpu, lpi);
	}
	if (ret == 0) {
		dev->lpis[event] = lpi;
		dev->mapped_count++;
		dev->cpus[event] = (uint8_t)cpu;
	}
	spin_unlock(&its->lock);
	if (ret != 0 && lpi != NO_LPI) {
		lpi_silence(lpi);
	}
	/* With -EIO hardware may have taken it. */
	if (ret == -ENOMEM && lpi != NO_LPI) {
		lpi_free(lpi);
	}
	return ret;
}

int its_event_map(struct its_device *dev, uint32_t event, uint32_t cpu, lpi_handler handler,
		  void *arg)
{
	return event_map(dev, event, cpu, NULL, 0, handler, arg);
}

int its_event_map_direct(struct its_device *dev, uint32_t event, struct its_vpe *vpe,
			 uint32_t vintid, lpi_handler handler, void *arg)
{
	return event_map(dev, event, 0, vpe, vintid, handler, arg);
}

/* Caller holds its->lock. What hardware does not take is nothing that could be repaired here. */
static void event_set_masked(struct its_device *dev, uint32_t event, bool masked)
{
	const struct its_cmd cmds[] = {
		its_cmd_inv(dev->id, event),
		its_cmd_sync(dev->its->targets[dev->cpus[event]]),
	};

	dev->masked[event] = masked;
	dev->masked_count += masked ? 1 : -1U;
	its_redist_configure(dev->lpis[event], !masked);
	if (its_event_is_direct(dev, event)) {
		(void)its_direct_doorbell(dev, event);
		return;
	}
	(void)its_submit(dev->its, cmds, ARRAY_SIZE(cmds));
}

void its_event_mask(struct its_device *dev, uint32_t event)
{
	spin_lock(&dev->its->lock);
	if (dev->lpis[event] != NO_LPI && !dev->masked[event]) {
		event_set_masked(dev, event, true);
	}
	spin_unlock(&dev->its->lock);
}

bool its_device_unmask(struct its_device *dev, uint32_t max)
{
	bool more;

	spin_lock(&dev->its->lock);
	for (uint32_t event = 0; event < dev->events && dev->masked_count != 0 && max != 0;
	     event++) {
		if (dev->masked[event]) {
			event_set_masked(dev, event, false);
			max--;
		}
	}
	more = dev->masked_count != 0;
	spin_unlock(&dev->its->lock);
	return more;
}

/* Caller holds its->lock. On return no signal of this LPI is pending or will come. */
static int event_remove(struct its_device *dev, uint32_t event, uint32_t lpi)
{
	const struct its_cmd cmds[] = {
		its_cmd_inv(dev->id, event),
		its_cmd_discard(dev->id, event),
		its_cmd_sync(dev->its->targets[dev->cpus[event]]),
	};

	its_redist_configure(lpi, false);
	return its_submit(dev->its, cmds, ARRAY_SIZE(cmds));
}

void its_event_unmap(struct its_device *dev, uint32_t event)
{
	struct its *its = dev->its;
	uint32_t lpi = NO_LPI;
	int ret = 0;

	if (event >= dev->events) {
		return;
	}
	spin_lock(&its->lock);
	lpi = dev->lpis[event];
	if (lpi != NO_LPI) {
		dev->lpis[event] = NO_LPI;
		dev->mapped_count--;
		dev->masked_count -= dev->masked[event];
		dev->masked[event] = false;
		ret = its_event_is_direct(dev, event) ? its_direct_remove(dev, event, lpi)
						      : event_remove(dev, event, lpi);
	}
	spin_unlock(&its->lock);
	if (lpi == NO_LPI) {
		return;
	}
	/* Outside its->lock: the handler may hold locks that come before it. */
	lpi_silence(lpi);
	if (ret == 0) {
		lpi_free(lpi);
	}
}
