/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobs, as core/job.c has them, and what takes its time: resets, VFs that come and go. */
#include "lend_books.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lib/errno.h"
#include "pci/pci_bar.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "vpci/vfs.h"

#define RESETS_MAX 512

static struct job *jobs[64];
static uint32_t job_count;


static struct {
	struct pci_function *f;
	void (*on_done)(struct pci_function *f, int error, void *arg);
	void *arg;
} resets[RESETS_MAX];

void job_init(struct job *j, const struct job_ops *ops)
{
	*j = (struct job){ .ops = ops };
}

void job_start(struct job *j)
{
	for (uint32_t i = 0; i < job_count; i++) {
		assert_ptr_not_equal(jobs[i], j);
	}
	j->cancel = false;
	jobs[job_count++] = j;
}

bool job_active(const struct job *j)
{
	for (uint32_t i = 0; i < job_count; i++) {
		if (jobs[i] == j) {
			return true;
		}
	}
	return false;
}

bool job_should_yield(void)
{
	return lend_world.interrupt_waits;
}

void job_cancel(struct job *j)
{
	j->cancel = true;
}

void job_park(struct job *j, struct vcpu *v)
{
	uint32_t i = 0;

	while (i < job_count && jobs[i] != j) {
		i++;
	}
	assert_true(i < job_count);
	assert_ptr_equal(v, &lend_world.vcpu);
	lend_world.parked++;
}

bool world_step_job(void)
{
	struct job *j = jobs[0];
	enum job_status status;
	bool cancel;

	if (job_count == 0) {
		return false;
	}
	cancel = j->cancel;
	status = cancel ? JOB_DONE : j->ops->step(j);
	if (status == JOB_WAIT) { /* others' turn */
		memmove(&jobs[0], &jobs[1], (job_count - 1) * sizeof(jobs[0]));
		jobs[job_count - 1] = j;
	}
	if (status != JOB_DONE) {
		return true;
	}
	memmove(&jobs[0], &jobs[1], --job_count * sizeof(jobs[0]));
	if (j->ops->finish != NULL) {
		j->ops->finish(j, cancel);
	}
	return true;
}

uint32_t world_run_jobs(void)
{
	uint32_t steps = 0;

	while (world_step_job()) {
		steps++;
	}
	return steps;
}

/* Resets. */

static void add_reset(struct pci_function *f,
		      void (*on_done)(struct pci_function *f, int error, void *arg), void *arg)
{
	uint32_t at = 0;

	while (resets[at].f && resets[at].f != f) {
		assert_true(++at < RESETS_MAX);
	}
	/* Only a reset of the last user's own may be under way. */
	assert_true(!resets[at].f || f->reset.users_own);
	resets[at].f = f;
	resets[at].on_done = on_done;
	resets[at].arg = arg;
	lend_world.resets++;
	f->reset.stage = PCI_RESET_SETTLE;
}

/* Whatever the method, it ends in D0 with the host's BARs. */
static void wake(struct pci_function *f)
{
	if (f->cap_pm && (pci_read(f, f->cap_pm + PCI_PM_CONTROL, 2) & PCI_PM_STATE) != PCI_PM_D0) {
		pci_write(f, f->cap_pm + PCI_PM_CONTROL, 2, PCI_PM_D0);
		pci_bars_write(f);
	}
}

static void end_reset(uint32_t i)
{
	struct pci_function *f = resets[i].f;

	resets[i].f = NULL;
	f->reset.stage = PCI_RESET_IDLE;
	if (!lend_world.fail[STEP_RESET]) {
		wake(f);
		f->fault_window = (struct pci_fault_window){ 0 };
	}
	f->lent_once = f->lent_once && lend_world.fail[STEP_RESET];
	resets[i].on_done(f, lend_world.fail[STEP_RESET] ? -ETIMEDOUT : 0, resets[i].arg);
}

static enum job_status wake_step(struct job *j)
{
	(void)j;
	return JOB_DONE;
}

static void wake_finish(struct job *j, bool cancelled)
{
	assert_false(cancelled);
	for (uint32_t i = 0; i < RESETS_MAX; i++) {
		if (resets[i].f && &resets[i].f->reset.job == j) {
			end_reset(i);
		}
	}
}

/* Somebody may wait for it. */
static const struct job_ops wake_ops = { .name = "wake", .step = wake_step, .finish = wake_finish };

void pci_reset_start_for_user(struct pci_function *f, bool wake,
			      void (*on_done)(struct pci_function *f, int error, void *arg))
{
	assert_true(spin_is_locked(&f->lock));
	/* RESETTING: another CPU has claimed it this moment, and will find the reset under way. */
	assert_true(f->state == FUNCTION_LENT || f->state == FUNCTION_OWNED ||
		    (f->state == FUNCTION_RESETTING && f->vpci));
	assert_false(lend_maps_reachable(f));
	assert_int_equal(f->reset.stage, PCI_RESET_IDLE);
	pci_quiesce(f);
	add_reset(f, on_done, NULL);
	f->reset.users_own = true;
	lend_world.wakes += wake;
	if (wake) {
		pci_write(f, f->cap_pm + PCI_PM_CONTROL, 2, PCI_PM_D0);
		job_init(&f->reset.job, &wake_ops);
		job_start(&f->reset.job);
	}
}

static bool in_use_by_stream(stream_id_t stream)
{
	struct pci_function *f = pci_function_first();

	while (f && (f->stream.v != stream.v || !f->vpci || f->header_type != 0)) {
		f = f->next;
	}
	return f != NULL;
}

int pci_reset_start(struct pci_function *f,
		    void (*on_done)(struct pci_function *f, int error, void *arg), void *arg)
{
	assert_true(spin_is_locked(&f->lock));
	assert_int_equal(f->state, FUNCTION_RESETTING);
	assert_int_equal(f->user, DOMAIN_ID_NONE);
	assert_null(f->itt);
	assert_null(f->vpci);
	assert_false(lend_maps_reachable(f));
	assert_true(world_dma(f) == ~0U || in_use_by_stream(f->stream));
	assert_false(spin_is_locked(&pci_registry_lock));
	if (lend_world.fail[STEP_RESET_START]) {
		return -EBUSY;
	}
	add_reset(f, on_done, arg);
	f->reset.users_own = false;
	return 0;
}

void world_run_resets(void)
{
	for (uint32_t i = 0; i < RESETS_MAX; i++) {
		if (resets[i].f) {
			end_reset(i);
		}
	}
}

/* VFs coming and going, in the world's time. */

static enum job_status vfs_step(struct job *j)
{
	enum job_status status =
		vpci_vfs_step(container_of(j, struct vpci_vfs, job), lend_world.now_ms);

	/* Whoever waits is asked again a millisecond later. */
	lend_world.now_ms += status == JOB_WAIT ? 1 : 0;
	return status;
}

static void vfs_finish(struct job *j, bool cancelled)
{
	assert_false(cancelled);
	vpci_vfs_finish(container_of(j, struct vpci_vfs, job));
}

static const struct job_ops vfs_ops = { .name = "vfs", .step = vfs_step, .finish = vfs_finish };

void vpci_vfs_start(struct vpci_vfs *v)
{
	job_init(&v->job, &vfs_ops);
	job_start(&v->job);
}
