/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the ITS driver share. Callers elsewhere use its.h. */
#ifndef IRQ_ITS_INTERNAL_H
#define IRQ_ITS_INTERNAL_H

#include "core/percpu.h"
#include "core/spinlock.h"
#include "irq/its_cmd.h"
#include "irq/its.h"
#include "lib/types.h"

#define ITS_QUEUE_SIZE SZ_64K
#define ITS_VPES_MAX   1024U
#define ITS_BUCKET_BITS 8

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
	struct its_device *buckets[1U << ITS_BUCKET_BITS]; /* by DeviceID */
	uint32_t vpe_max; /* vPEs there can be; 0: it delivers no virtual LPIs. Fixed at boot */
};

/* A virtual processing element of GICv4 (IHI0069 5.6): where a vCPU's virtual LPIs go. */
struct its_vpe {
	struct its *its;
	uint8_t *table;    /* pending bits; hardware's */
	uint64_t propbaser;
	uint64_t pendbaser;
	uint16_t id;
	bool impdef_void;  /* GICR_VPENDBASER.IDAI, as last read; its pCPU's */
	uint32_t cpu;      /* pCPU whose redistributor it is mapped to; its->lock */
};

struct its_device {
	struct its *its;
	device_id_t id;
	struct its_device *bucket_next;
	uint32_t events; /* power of two */
	void *itt;       /* as allocated; hardware's starts at the next 256-byte boundary */
	uint32_t *lpis;  /* INTID by event, 0: not mapped */
	uint32_t mapped_count;
	uint8_t *cpus;   /* pCPU by event, where mapped */
	bool *masked;    /* by event */
	struct its_vpe **vpes; /* by event: delivered directly, or NULL; NULL when none ever was */
	uint32_t masked_count;
	struct irq_meter *meter;
};

/* its_queue.c: room, write, wait until consumed. Caller holds its->lock. -EIO. */
int its_submit(struct its *its, const struct its_cmd *cmds, uint32_t count);

/* its_table.c */
int its_tables_init(struct its *its, bool vpes);
/* Memory behind a DeviceID exists. Caller holds its->lock. -ERANGE, -ENOMEM. */
int its_device_table_cover(struct its *its, device_id_t id);

/* its_direct.c. Caller holds its->lock. */
bool its_event_is_direct(const struct its_device *dev, uint32_t event);
int its_direct_install(struct its_device *dev, uint32_t event, struct its_vpe *vpe,
		       uint32_t vintid, uint32_t lpi);
int its_direct_remove(struct its_device *dev, uint32_t event, uint32_t lpi);
/* The doorbell's configuration was changed. */
int its_direct_doorbell(struct its_device *dev, uint32_t event);

/* its_vpe.c. An ITS with this GITS_TYPER is to have a vPE table. */
bool its_vpe_wanted(uint64_t typer);
/* It has one, perhaps. */
void its_vpe_start(struct its *its);
void its_vpe_init_cpu(void);

/* its_redist.c: the LPI tables redistributors read. */
int its_redist_init(uint32_t id_bits);
int its_redist_init_cpu(void);
/* The change reaches hardware with INV or INVALL only. */
void its_redist_configure(uint32_t lpi, bool enabled);
/* LPI_CONFIG_ENABLED and the like: one byte of a table at its place, seen by all redistributors. */
void its_redist_set_byte(uint8_t *byte, uint8_t value);
/* Attributes of tables, as this CPU's redistributor takes them. */
uint64_t its_redist_attributes(uint32_t cpu);

#endif
