/* SPDX-License-Identifier: BSD-2-Clause */
/* The command queue of an ITS (IHI0069 5.3): one producer at a time, completion polled. */
#include "irq/its_internal.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/log.h"
#include "irq/its_regs.h"
#include "lib/errno.h"

/* Commands touch a handful of table entries; hardware that needs longer than this is stuck. */
#define TIMEOUT_PER_SECOND 10

static void put(struct its *its, const struct its_cmd *cmd)
{
	uint64_t *slot = (uint64_t *)(void *)(its->queue + its->queue_head);

	for (uint32_t i = 0; i < ARRAY_SIZE(cmd->dw); i++) {
		slot[i] = cmd->dw[i];
	}
	if (its->queue_flush) {
		cache_clean(slot, sizeof(*cmd));
	}
	its->queue_head = (its->queue_head + sizeof(*cmd)) % ITS_QUEUE_SIZE;
}

/* Only commands of ours are in the queue, so one that hardware cannot do is no one else's fault. */
static void give_up(struct its *its, uint64_t creadr)
{
	const uint8_t *at = its->queue + (creadr & GITS_QUEUE_OFFSET) % ITS_QUEUE_SIZE;
	const uint64_t *cmd = (const uint64_t *)(const void *)at;

	its->dead = true;
	log_error("its", "0x%llx: %s at command %llx %llx %llx; out of service",
		  (unsigned long long)its->base.v,
		  (creadr & GITS_CREADR_STALLED) != 0 ? "stalled" : "timed out",
		  (unsigned long long)cmd[0], (unsigned long long)cmd[1],
		  (unsigned long long)cmd[2]);
}

static int wait_consumed(struct its *its)
{
	uint64_t end = ticks_now() + ticks_per_second() / TIMEOUT_PER_SECOND;

	for (;;) {
		uint64_t creadr = mmio_read64(its->regs + GITS_CREADR);

		if ((creadr & GITS_QUEUE_OFFSET) == its->queue_head) {
			return 0;
		}
		if ((creadr & GITS_CREADR_STALLED) != 0 || ticks_now() > end) {
			give_up(its, creadr);
			return -EIO;
		}
	}
}

/* The queue is empty between two calls, so a batch always fits. */
int its_submit(struct its *its, const struct its_cmd *cmds, uint32_t count)
{
	if (its->dead) {
		return -EIO;
	}
	for (uint32_t i = 0; i < count; i++) {
		put(its, &cmds[i]);
	}
	/* Commands, and tables they name, are in memory before the pointer moves. */
	dsb(sy);
	mmio_write64(its->regs + GITS_CWRITER, its->queue_head);
	return wait_consumed(its);
}
