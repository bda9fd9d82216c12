/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a config write leads to that may take long: mappings come and go, a reset begins. The first
 * slice is made within the trap: 512 entries hold any one BAR up to 1 GiB, since BARs are aligned
 * to their size on both sides. What is longer, or would keep an interrupt waiting, becomes the
 * function's job, and the vCPU parks on it.
 */
#include "pci/registry.h"
#include "vpci/decode.h"
#include "vpci/function.h"
#include "vpci/lend.h"
#include "vpci/map.h"
#include "vpci/vfs.h"
#include "vpci/vpci_msi.h"
#include "vpci/vpci_msix.h"
#include "vpci/work.h"

#define SLICE_CHUNKS (512U / VPCI_MAP_CHUNK)

/*
 * BARs are out of stage 2. Until the reset is over config space reads all ones and drops writes,
 * which is what drivers' own wait loops expect. Out of D3hot the way is short, and a driver that
 * has waited for as long expects all to be there: the writer waits for the end.
 */
static void reset_begin(struct vpci_function *vf, bool wake)
{
	vf->aside = vf->shadow;
	vf->shadow = (struct vpci_shadow){ .fallback = { .value = ~0U, .virt = ~0U } };
	vf->away = true;
	vf->busy = wake ? &vf->function->reset.job : NULL;
	if (!vf->vfs || !vpci_vfs_leave_for_reset(vf)) {
		pci_reset_start_for_user(vf->function, wake, lend_user_reset_done);
	}
}

void vpci_work_reset_over(struct vpci_function *vf)
{
	if (!vf->away) {
		return;
	}
	vf->shadow = vf->aside;
	vf->aside = (struct vpci_shadow){ .blocks = { NULL } };
	vpci_shadow_initial(&vf->shadow);
	vpci_msi_reset(vf);
	vf->away = false;
	if (vf->busy == &vf->function->reset.job) {
		vf->busy = NULL;
	}
}

static bool is_mapping(enum vpci_effect work)
{
	return work == VPCI_MAP || work == VPCI_MAP_ROM || work == VPCI_RISE;
}

/* The device's own decoder has no part in it. */
static bool is_rom_only(enum vpci_effect work)
{
	return work == VPCI_MAP_ROM || work == VPCI_UNMAP_ROM;
}

/* All BARs unmapped, or a slice of mapping them. True: there is more. */
static bool work_slice(struct vpci_function *vf)
{
	enum vpci_effect work = vf->work;
	uint32_t chunks = SLICE_CHUNKS;

	while (vf->work_bar < VPCI_MAPS) {
		if (!is_mapping(work)) {
			vpci_map_remove(vf, vf->work_bar);
		} else if (vpci_map_chunk(vf, vf->work_bar) != 0) {
			if (--chunks == 0 || job_should_yield()) {
				return true;
			}
			continue;
		}
		vf->work_bar++;
	}
	vf->work = VPCI_NOTHING;
	/* Config space is not to be touched in the 10 ms after a change of power (PCIe 6.0 5.9). */
	if (work != VPCI_SLEEP && work != VPCI_RISE && !is_rom_only(work)) {
		vpci_decode_set(vf->function, VPCI_COMMAND_MEM, work == VPCI_MAP);
		vpci_msix_follow(vf);
	}
	if (work == VPCI_RESET || work == VPCI_WAKE) {
		reset_begin(vf, work == VPCI_WAKE);
	}
	return false;
}

static enum job_status work_step(struct job *j)
{
	struct vpci_function *vf = container_of(j, struct vpci_function, job);
	bool more;

	spin_lock(&vf->function->lock);
	more = !vf->gone && vf->work != VPCI_NOTHING && work_slice(vf);
	spin_unlock(&vf->function->lock);
	return more ? JOB_MORE : JOB_DONE;
}

static void work_finish(struct job *j, bool cancelled)
{
	struct vpci_function *vf = container_of(j, struct vpci_function, job);
	struct pci_function *f = vf->function;
	bool gone;

	(void)cancelled;
	spin_lock(&f->lock);
	vf->job_queued = false;
	if (vf->busy == j) {
		vf->busy = NULL;
	}
	gone = vf->gone && !vf->routes_queued;
	spin_unlock(&f->lock);
	if (gone) {
		vpci_function_release(vf);
	}
}

static const struct job_ops work_job = {
	.name = "vpci-map",
	.step = work_step,
	.finish = work_finish,
};

void vpci_work_init(struct vpci_function *vf)
{
	job_init(&vf->job, &work_job);
}

void vpci_work_start(struct vpci_function *vf, enum vpci_effect work)
{
	vf->work = work;
	vf->work_bar = is_rom_only(work) ? VPCI_ROM : 0;
	if (!work_slice(vf)) {
		return;
	}
	vf->job_queued = true;
	vf->busy = &vf->job;
	job_start(&vf->job);
}

void vpci_work_decode(struct vpci_function *vf, bool on)
{
	vpci_work_start(vf, on ? VPCI_MAP : VPCI_UNMAP);
}

uint32_t vpci_work_entries(const struct vpci_function *vf)
{
	uint32_t entries = 0;

	for (uint32_t i = 0; i < VPCI_MAPS; i++) {
		entries += vpci_map_entries(&vf->maps[i]);
	}
	return entries;
}

void vpci_work_unmap_all(struct vpci_function *vf)
{
	vf->work = VPCI_NOTHING;
	for (uint32_t i = 0; i < VPCI_MAPS; i++) {
		vpci_map_remove(vf, i);
	}
	if (vf->job_queued) {
		job_cancel(&vf->job);
	}
}
