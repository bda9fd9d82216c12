/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_irq.h"

#include <assert.h>
#include <string.h>

#include "core/job.h"
#include "irq/irq.h"
#include "lib/errno.h"

#define LINES 256

static struct {
	irq_handler handler;
	void *arg;
	irq_sharer sharer;
	void *sharer_arg;
	bool enabled;
	bool pending;
} irqs[LINES];
static struct job *queued;

void fake_irq_reset(void)
{
	memset(irqs, 0, sizeof(irqs));
	queued = NULL;
}

int irq_request(uint32_t intid, bool edge, irq_handler handler, void *arg)
{
	assert(intid < LINES);
	if (irqs[intid].handler != NULL) {
		return -EBUSY;
	}
	irqs[intid].handler = handler;
	irqs[intid].arg = arg;
	return 0;
}

void irq_release(uint32_t intid)
{
	assert(irqs[intid].handler != NULL);
	memset(&irqs[intid], 0, sizeof(irqs[intid]));
}

int irq_share(uint32_t intid, irq_sharer sharer, void *arg)
{
	assert(intid < LINES);
	if (irqs[intid].handler != NULL || irqs[intid].sharer != NULL) {
		return -EBUSY;
	}
	irqs[intid].sharer = sharer;
	irqs[intid].sharer_arg = arg;
	irqs[intid].enabled = true;
	return 0;
}

void irq_unshare(uint32_t intid)
{
	assert(irqs[intid].sharer != NULL);
	memset(&irqs[intid], 0, sizeof(irqs[intid]));
}

void irq_enable(uint32_t intid)
{
	assert(irqs[intid].handler != NULL);
	irqs[intid].enabled = true;
}

void irq_set_pending(uint32_t intid)
{
	assert(irqs[intid].handler != NULL);
	irqs[intid].pending = true;
}

void fake_irq_raise(uint32_t intid)
{
	irqs[intid].pending = true;
}

uint32_t fake_irq_take(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < LINES; i++) {
		if (irqs[i].pending && irqs[i].enabled) {
			irqs[i].pending = false;
			count++;
			if (irqs[i].sharer != NULL && irqs[i].sharer(i, irqs[i].sharer_arg)) {
				continue;
			}
			assert(irqs[i].handler != NULL);
			assert(irqs[i].handler(i, irqs[i].arg) == IRQ_HANDLED);
		}
	}
	return count;
}

void job_init(struct job *j, const struct job_ops *ops)
{
	memset(j, 0, sizeof(*j));
	j->ops = ops;
}

void job_start(struct job *j)
{
	assert(queued == NULL);
	queued = j;
}

bool job_active(const struct job *j)
{
	return queued == j;
}

uint32_t fake_job_run(void)
{
	struct job *j = queued;
	uint32_t steps = 0;
	enum job_status status;

	if (j == NULL) {
		return 0;
	}
	do {
		steps++;
		status = j->ops->step(j);
	} while (status == JOB_MORE);
	if (status == JOB_WAIT) {
		return steps;
	}
	queued = NULL;
	j->ops->finish(j, false);
	return steps;
}
