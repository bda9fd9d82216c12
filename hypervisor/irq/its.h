/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical ITS and LPIs (IHI0069 ch. 5, 12). The hypervisor owns every ITT and every LPI. Host
 * commands come only from the functions below, so a guest cannot load the queue by itself.
 */
#ifndef IRQ_ITS_H
#define IRQ_ITS_H

#include "lib/types.h"

struct irq_meter;
struct its;
struct its_device;
struct its_vpe;

/* What an LPI does when it fires, called from irq_dispatch(), no lock held. */
typedef void (*lpi_handler)(void *arg, uint32_t event);

/*
 * Every ITS of machine.gic, and the LPI configuration table. Logs what it found; an ITS that does
 * not answer is left out, logged. 0 also when there is none. -ENOMEM.
 */
int its_init(void);
/* Each CPU, after gic_init_cpu(). */
int its_init_cpu(void);
/* An ITS was found and answers. */
bool its_present(void);
struct its *its_by_phandle(uint32_t phandle);
/* Page (4 KiB) that holds GITS_TRANSLATER, to be mapped for devices. */
paddr_t its_doorbell(const struct its *its);

/*
 * MAPD with an ITT of its own for event_count events (rounded up to a power of two, at most 2048
 * and the host's limit). meter counts its interrupts, and its direct events, and outlives it.
 * -EBUSY: mapped already. -ENOMEM, -ERANGE (DeviceID), -EIO (time-out).
 */
int its_device_map(struct its *its, device_id_t id, uint32_t event_count, struct irq_meter *meter,
		   struct its_device **out);
/*
 * Unmap all events, then the device; frees it. Pending LPIs are discarded. Locks: as for
 * its_event_unmap().
 */
void its_device_unmap(struct its_device *dev);
uint32_t its_device_events(const struct its_device *dev);

/*
 * MAPTI(event -> a fresh host LPI, collection of pCPU cpu), enabled. Fires handler(arg, event).
 * -EEXIST, -ENOSPC (LPIs), -ENOMEM, -ERANGE (event), -EINVAL (cpu not up), -EIO.
 */
int its_event_map(struct its_device *dev, uint32_t event, uint32_t cpu, lpi_handler handler,
		  void *arg);
/*
 * DISCARD; on return the handler is not running and will not run again. No-op when not mapped.
 * Waits for a handler at work on another CPU: hold no lock that the handler takes.
 */
void its_event_unmap(struct its_device *dev, uint32_t event);

/* A GICv4's ITS: its_event_map_direct() is possible. */
bool its_device_direct(const struct its_device *dev);
/*
 * As its_event_map(), but the event becomes virtual LPI vintid of vpe without the hypervisor. The
 * handler is called, now and then, when one came while vpe was not resident. An event that comes
 * while this goes on may be lost.
 */
int its_event_map_direct(struct its_device *dev, uint32_t event, struct its_vpe *vpe,
			 uint32_t vintid, lpi_handler handler, void *arg);
/* Of such an event, no-op on others: its virtual LPI, if pending too, goes to another vPE ... */
void its_event_move(struct its_device *dev, uint32_t event, struct its_vpe *vpe);
/* ... its properties have changed; it comes; it is not pending any more. */
void its_event_inv(struct its_device *dev, uint32_t event);
void its_event_int(struct its_device *dev, uint32_t event);
void its_event_clear(struct its_device *dev, uint32_t event);

/*
 * For a storm, from the event's handler: it does not fire until its_device_unmask(); a signal that
 * comes meanwhile is kept. Of a direct event that is the doorbell. The latter lets max events
 * through, true: there are more.
 */
void its_event_mask(struct its_device *dev, uint32_t event);
bool its_device_unmask(struct its_device *dev, uint32_t max);

/* LPIs in use. */
uint32_t its_lpi_count(void);

/* From irq_dispatch() for INTID >= 8192. */
void its_lpi_dispatch(uint32_t intid);

#endif
