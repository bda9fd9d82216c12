/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual ITS's state, for vits*.c only. Its tables live here, never in the memory the guest
 * gave by GITS_BASERn; they grow with what the guest maps, up to the limits below. The lock comes
 * before the p2m's (commands are read from guest RAM under it) and before the vGIC's.
 */
#ifndef IRQ_VITS_STATE_H
#define IRQ_VITS_STATE_H

#include "core/domain.h"
#include "core/spinlock.h"
#include "irq/its.h"
#include "irq/vits.h"
#include "irq/vits_cmd.h"
#include "lib/list.h"
#include "lib/types.h"

#define VITS_BLOCK_EVENTS     32U
/* A guest's share: 64 devices, 256 KiB for their events (8192 when dense). */
#define VITS_DEVICES_MAX      64U
#define VITS_BLOCKS_MAX       256U
/* The control domain has every function of the machine that is not lent. */
#define VITS_CONTROL_DEVICES_MAX 1024U
#define VITS_CONTROL_BLOCKS_MAX  2048U
#define VITS_BLOCKS_OF_DEVICE (VITS_EVENTS_MAX / VITS_BLOCK_EVENTS)
#define VITS_COMMANDS_A_TRAP  10U
#define VITS_BUCKET_BITS      6
#define VITS_CBASER_VALID     BIT(63)

struct vgic_irq;

struct vits_event {
	struct vgic_irq *irq; /* NULL: not mapped. The host LPI's handler reads it unlocked */
	struct vits_device *device;
	uint16_t number;
	uint16_t collection;
	bool host;            /* mapped in the host ITS too */
	bool direct;          /* ... so that hardware delivers it */
};

struct vits_block {
	struct vits_event events[VITS_BLOCK_EVENTS];
};

struct vits_device {
	struct list node;
	struct vits_device *bucket_next;
	struct domain *domain;
	uint32_t id;
	uint32_t event_count;
	struct its_device *host; /* NULL: virtual only */
	uint32_t host_count;     /* events mapped there */
	uint32_t host_next;      /* where vits_host_follow() goes on */
	struct vits_block *blocks[VITS_BLOCKS_OF_DEVICE];
};

struct vits {
	struct spinlock lock;
	struct domain *domain;
	const struct vits_ops *ops;
	bool enabled;
	uint64_t cbaser, cwriter, creadr;
	uint64_t baser[2];
	uint32_t device_count;
	uint32_t device_max;
	uint32_t block_count;
	uint32_t block_max;
	struct list devices;
	struct vits_device *buckets[1U << VITS_BUCKET_BITS]; /* the same by id */
	uint8_t collections[VITS_COLLECTIONS]; /* vCPU, or VGIC_NO_TARGET */
	/* How far the command at creadr is, if it takes several traps; 0 between commands. */
	uint32_t walk_device;
	uint32_t walk_next;
	uint64_t bad_commands; /* skipped: malformed, naming nothing, or over a limit */
};

/* vits_exec.c; lock held. */
struct vits_device *vits_device_find(struct vits *t, uint32_t id);
/* The event if its block exists; mapped only if its irq is set. */
struct vits_event *vits_event_find(struct vits_device *dev, uint32_t event);
/* At most max of its events unmapped, the last ones first. True: dev is gone. */
bool vits_device_shrink(struct vits *t, struct vits_device *dev, uint32_t max);
/*
 * Carries c out. *cost is raised for an expensive one. -EAGAIN: a part is done, execute it again in
 * another trap. Any other negative errno says why it was skipped.
 */
int vits_execute(struct vits *t, const struct vits_cmd *c, uint32_t *cost);

/* vits_host.c; lock held. */
/* What belongs behind dev. While that is not dev->host, nothing new is mapped there. */
struct its_device *vits_host_wanted(const struct vits *t, const struct vits_device *dev);
/* dev's events in the ITT that belongs behind it now, and in no other: see vits_device_update(). */
bool vits_host_follow(struct vits *t, struct vits_device *dev, uint32_t max);
/* The first half of that: in no other. */
bool vits_host_leave(struct vits *t, struct vits_device *dev, uint32_t max);
/* e, which has its LPI, in the host ITS if its device is there; delivered directly if possible. */
void vits_event_map(struct vits *t, struct vits_event *e);
void vits_event_unmap(struct vits_event *e);
/* Hardware delivered e, and shall not any more. */
void vits_event_undirect(struct vits *t, struct vits_event *e);
/* e's LPI goes to vCPU target, or VGIC_NO_TARGET. */
void vits_event_retarget(struct vits *t, struct vits_event *e, uint32_t target);

/* vits_queue.c; lock held. Commands up to GITS_CWRITER, a bounded number; true: some are left. */
bool vits_queue_run(struct vits *t);
uint64_t vits_queue_size(const struct vits *t);
/* The next command begins at its beginning. */
void vits_walk_reset(struct vits *t);

/* vits_mmio.c */
extern const struct mmio_ops vits_mmio_ops;

#endif
