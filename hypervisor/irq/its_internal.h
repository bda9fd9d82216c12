/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the ITS driver share. Callers elsewhere use its.h. */
#ifndef IRQ_ITS_INTERNAL_H
#define IRQ_ITS_INTERNAL_H

#include "core/percpu.h"
#include "core/spinlock.h"
#include "irq/its_cmd.h"
#include "irq/its.h"
#include "lib/list.h"
#include "lib/types.h"

#define ITS_QUEUE_SIZE SZ_64K

/* The device table (5.2): flat, or a first level whose second-level pages come on demand. */
struct its_device_table {
	uint8_t *base;
	uint64_t page_size;
	uint32_t per_page; /* DeviceIDs */
	uint64_t limit;    /* DeviceIDs below this fit */
	bool indirect;
	bool flush; /* hardware does not snoop it */
};

struct its {
	volatile uint8_t *regs;
	paddr_t base;
	uint32_t phandle;
	uint32_t event_bits;
	uint32_t device_bits;
	uint32_t itt_entry;
	bool target_is_address;
	struct spinlock lock; /* everything below */
	struct its_device_table devices;
	uint8_t *queue;
	uint64_t queue_head; /* byte offset of the next command */
	bool queue_flush;
	bool dead; /* the queue stalled or timed out: -EIO from now on */
	struct its_target targets[CPUS_MAX];
	uint32_t collections; /* bit per CPU: mapped */
	struct list device_list;
};

struct its_device {
	struct its *its;
	device_id_t id;
	struct list node;
	uint32_t events; /* power of two */
	void *itt;       /* as allocated; hardware's starts at the next 256-byte boundary */
	uint32_t *lpis;  /* INTID by event, 0: not mapped */
	uint32_t mapped_count;
	uint8_t *cpus;   /* pCPU by event, where mapped */
	bool *masked;    /* by event */
	uint32_t masked_count;
	struct irq_meter *meter;
};

/* its_queue.c: room, write, wait until consumed. Caller holds its->lock. -EIO. */
int its_submit(struct its *its, const struct its_cmd *cmds, uint32_t count);

/* its_table.c */
int its_tables_init(struct its *its);
/* Memory behind a DeviceID exists. Caller holds its->lock. -ERANGE, -ENOMEM. */
int its_device_table_cover(struct its *its, device_id_t id);

/* its_redist.c: the LPI tables redistributors read. */
int its_redist_init(uint32_t id_bits);
int its_redist_init_cpu(void);
/* The change reaches hardware with INV or INVALL only. */
void its_redist_configure(uint32_t lpi, bool enabled);

#endif
