/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's watchdog: trapped registers around the state machine, and a job that counts. */
#include "core/vwatchdog.h"

#include "arch/arm64/cpu.h"
#include "core/heap.h"
#include "core/vwatchdog_sbsa.h"
#include "irq/vgic.h"
#include "lib/errno.h"

#define FRAME_SIZE SZ_4K

/* How late a signal may be when the guest has just shortened its time. */
#define LOOK_MS 100U

/* Lock order: before the vGIC's. */
struct vwatchdog {
	struct spinlock lock;
	struct domain *domain;
	struct vwatchdog_sbsa state;
	uint32_t intid;
	bool level;    /* as the vGIC was told last */
	bool counting; /* the job is at work */
	struct job job;
};

/* The guest's own counter, which is what it compares with. All its vCPUs have one offset. */
static uint64_t guest_now(const struct vwatchdog *w)
{
	return ticks_now() - w->domain->vcpus[0]->sys.cntvoff;
}

/* Lock held: tell the vGIC when the wire moved. */
static void update_wire(struct vwatchdog *w)
{
	if (w->state.ws0 != w->level) {
		w->level = w->state.ws0;
		vgic_set_level(w->domain, NULL, w->intid, w->level);
	}
}

/* Rounded up, so that the next look is not one too early. */
static uint32_t ms_left(const struct vwatchdog *w, uint64_t now)
{
	uint64_t ms = ticks_per_second() / 1000;

	if (w->state.compare < now) {
		return 1;
	}
	return (uint32_t)MIN((w->state.compare - now) / ms + 1, LOOK_MS);
}

static enum job_status count(struct job *j)
{
	struct vwatchdog *w = container_of(j, struct vwatchdog, job);
	enum domain_state state = __atomic_load_n(&w->domain->state, __ATOMIC_RELAXED);
	uint64_t now = guest_now(w);
	bool go_on, over;

	spin_lock(&w->lock);
	if (state == DOMAIN_PAUSED) {
		vwatchdog_sbsa_hold(&w->state, now);
	} else {
		vwatchdog_sbsa_tick(&w->state, now);
	}
	update_wire(w);
	over = w->state.ws1;
	go_on = w->state.enabled && !over && state <= DOMAIN_PAUSED;
	j->wait_ms = ms_left(w, now);
	spin_unlock(&w->lock);
	if (over) {
		domain_shutdown(w->domain, SHUTDOWN_WATCHDOG);
	}
	return go_on ? JOB_WAIT : JOB_DONE;
}

/* The guest may have turned it on again since the last step. */
static void count_finish(struct job *j, bool cancelled)
{
	struct vwatchdog *w = container_of(j, struct vwatchdog, job);

	spin_lock(&w->lock);
	w->counting = !cancelled && w->state.enabled && !w->state.ws1 &&
		      __atomic_load_n(&w->domain->state, __ATOMIC_RELAXED) <= DOMAIN_PAUSED;
	if (w->counting) {
		job_start(j);
	}
	spin_unlock(&w->lock);
}

static const struct job_ops count_ops = {
	.name = "watchdog",
	.step = count,
	.finish = count_finish,
};

static enum mmio_result control_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	struct vwatchdog *w = opaque;
	uint32_t offset = (uint32_t)a->offset;

	if (a->size < 4) {
		return MMIO_ABORT;
	}
	spin_lock(&w->lock);
	if (a->write) {
		vwatchdog_sbsa_write(&w->state, offset, a->size, a->value, guest_now(w));
		if (w->state.enabled && !w->counting) {
			w->counting = true;
			job_start(&w->job);
		}
		update_wire(w);
	} else {
		a->value = vwatchdog_sbsa_read(&w->state, offset, a->size);
	}
	spin_unlock(&w->lock);
	return MMIO_DONE;
}

static enum mmio_result refresh_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	struct vwatchdog *w = opaque;
	uint32_t offset = (uint32_t)a->offset;

	if (a->size < 4) {
		return MMIO_ABORT;
	}
	if (!a->write) {
		a->value = vwatchdog_sbsa_refresh_read(offset, a->size);
		return MMIO_DONE;
	}
	spin_lock(&w->lock);
	vwatchdog_sbsa_refresh_write(&w->state, offset, guest_now(w));
	update_wire(w);
	spin_unlock(&w->lock);
	return MMIO_DONE;
}

static const struct mmio_ops control_ops = {
	.name = "watchdog",
	.kind = EXIT_MMIO_OTHER,
	.access = control_access,
};

static const struct mmio_ops refresh_ops = {
	.name = "watchdog refresh",
	.kind = EXIT_MMIO_OTHER,
	.access = refresh_access,
};

int vwatchdog_create(struct domain *d, ipaddr_t refresh, ipaddr_t control, uint32_t intid)
{
	struct vwatchdog *w = heap_alloc(sizeof(*w));
	int err;

	if (w == NULL) {
		return -ENOMEM;
	}
	w->domain = d;
	w->intid = intid;
	job_init(&w->job, &count_ops);
	err = mmio_add(&d->mmio, refresh, FRAME_SIZE, &refresh_ops, w);
	if (err == 0) {
		err = mmio_add(&d->mmio, control, FRAME_SIZE, &control_ops, w);
	}
	if (err != 0) {
		heap_free(w);
		return err;
	}
	d->watchdog = w;
	return 0;
}

bool vwatchdog_stop(struct domain *d)
{
	struct vwatchdog *w = d->watchdog;
	bool stopped;

	if (w == NULL) {
		return true;
	}
	spin_lock(&w->lock);
	stopped = !w->counting;
	if (!stopped) {
		job_cancel(&w->job);
	}
	spin_unlock(&w->lock);
	return stopped;
}

void vwatchdog_destroy(struct domain *d)
{
	heap_free(d->watchdog);
	d->watchdog = NULL;
}
