/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The executor of plans. Unmapping is short whatever the size; mapping goes in slices of stage-2
 * entries. The first is made within the trap: 512 entries hold any one BAR up to 1 GiB, since BARs
 * are aligned to their size on both sides. What is longer, or would keep an interrupt waiting,
 * becomes the function's job, and the vCPU parks on it.
 */
#include "core/heap.h"
#include "core/log.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "pci/registry.h"
#include "vpci/exec.h"
#include "vpci/lend.h"
#include "vpci/vfs.h"
#include "vpci/vpci_msi.h"
#include "vpci/vpci_msix.h"

/* A slice, and how much of it is done before it looks whether an interrupt waits. */
#define SLICE_ENTRIES 512U
#define CHUNK_ENTRIES 32U

#define EXT_CAP_FIRST   0x100U

static void unmap(struct vpci_function *vf, struct vpci_mapping *m)
{
	if (m->mapped) {
		p2m_unmap(&vf->domain->p2m, m->ipa, m->size);
		m->mapped = false;
	}
}

/* A place the domain chose and cannot have: the BAR stays undecoded, as behind a real bridge. */
static void refuse(struct vpci_function *vf, uint32_t bar, uint64_t bus, const char *why)
{
	log_domain(vf->domain, LOG_WARN, "vpci", SBDF_FMT ": BAR %u at 0x%llx not mapped: %s",
		   SBDF_ARG(vf->where), bar, (unsigned long long)bus, why);
}

static const struct pci_bar *bar_of(const struct vpci_function *vf, uint32_t i)
{
	return i == VPCI_ROM ? &vf->function->lent_rom : &vf->function->bars[i];
}

/* Does the domain want it mapped while memory decode is on? *bus: where. */
static bool wanted(const struct vpci_function *vf, uint32_t i, uint64_t *bus)
{
	if (!vpci_bar_usable(bar_of(vf, i))) {
		return false;
	}
	if (i == VPCI_ROM) {
		return vpci_shadow_rom(&vf->shadow, bus);
	}
	*bus = vf->view == VPCI_VIEW_VF
		       ? vf->pf_bars[i]
		       : vpci_shadow_bar(&vf->shadow, i, vf->function->bars[i].kind);
	return true;
}

static int map_begin(struct vpci_function *vf, uint32_t i, uint64_t bus)
{
	const struct pci_bar *bar = bar_of(vf, i);
	struct vpci_mapping *m = &vf->maps[i];
	uint64_t size = vpci_bar_size(bar);

	if (vpci_place_resolve(vf->segment->apertures, vf->segment->aperture_count, bus, size,
			       &m->ipa)) {
		refuse(vf, i, bus, "outside the domain's PCI windows");
		return -ERANGE;
	}
	m->size = size;
	m->done = 0;
	m->mapped = true;
	return 0;
}

static enum p2m_type map_type(const struct pci_bar *bar, uint32_t i)
{
	if (i == VPCI_ROM) {
		return P2M_ROM;
	}
	/* Prefetchable 64-bit BARs are memory-like: write gathering is allowed (PCIe 6.0 7.5.1.2.1). */
	return bar->kind == BAR_MEM64 && bar->prefetchable ? P2M_MMIO_NC : P2M_MMIO;
}

/* Up to the pages that are trapped, and from their end on. */
static int map_pieces(struct vpci_function *vf, uint32_t i)
{
	const struct pci_bar *bar = bar_of(vf, i);
	struct vpci_mapping *m = &vf->maps[i];
	uint64_t hole, end, first, done;
	int r;

	vpci_msix_hole(vf, i, &hole, &end);
	if (m->done >= hole && m->done < end) {
		m->done = MIN(end, m->size);
	}
	first = m->done < hole ? 0 : end;
	if (m->done >= m->size) {
		return 0;
	}
	done = m->done - first;
	r = p2m_map_slice(&vf->domain->p2m, ipa(m->ipa.v + first), pa_add(bar->cpu, first),
			  (m->done < hole ? hole : m->size) - first, map_type(bar, i),
			  CHUNK_ENTRIES, &done);
	m->done = first + done;
	/* The first piece's end is not the BAR's. */
	return r == 0 && m->done < m->size ? -EAGAIN : r;
}

/* 0: this BAR is done. -EAGAIN: another chunk. */
static int map_chunk(struct vpci_function *vf, uint32_t i)
{
	struct vpci_mapping *m = &vf->maps[i];
	uint64_t bus;
	int r;

	if (vf->shadow.asleep || !wanted(vf, i, &bus) || (!m->mapped && map_begin(vf, i, bus))) {
		return 0;
	}
	r = map_pieces(vf, i);
	if (r == 0 || r == -EAGAIN) {
		return r;
	}
	refuse(vf, i, m->ipa.v, r == -EEXIST ? "something is mapped there" : "no memory for tables");
	m->mapped = m->done != 0;
	m->size = m->done;
	unmap(vf, m);
	return 0;
}

/*
 * Host BARs never move while a function has a user; should the device have lost them (a reset of
 * its own making), put them back before it decodes again.
 */
static void restore_bars(struct pci_function *f)
{
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &f->bars[i];
		uint32_t at = VPCI_REG_BAR0 + 4 * i;

		if (vpci_io_bar_usable(bar) && (pci_read(f, at, 4) & ~3U) != (uint32_t)bar->address) {
			pci_write(f, at, 4, (uint32_t)bar->address);
		}
		if (!vpci_bar_usable(bar)) {
			continue;
		}
		if ((pci_read(f, at, 4) & ~15U) != (uint32_t)bar->address) {
			pci_write(f, at, 4, (uint32_t)bar->address);
		}
		if (bar->kind == BAR_MEM64 &&
		    pci_read(f, at + 4, 4) != (uint32_t)(bar->address >> 32)) {
			pci_write(f, at + 4, 4, (uint32_t)(bar->address >> 32));
		}
	}
}

/* Stage 2 is as COMMAND says; now the device (last on the way in and on the way out). */
static void set_decode(struct pci_function *f, uint32_t bit, bool on)
{
	uint32_t command = pci_read(f, VPCI_REG_COMMAND, 2);

	/* A VF has no BARs and no decode of its own (PCIe 6.0 9.3.4.1); writing it does nothing. */
	if (on && !f->pf && !(command & (VPCI_COMMAND_MEM | VPCI_COMMAND_IO))) {
		restore_bars(f);
	}
	command = on ? command | bit : command & ~bit;
	pci_write(f, VPCI_REG_COMMAND, 2, command & 0xffff);
}

/* A driver that made the function reset itself restores its COMMAND, for it all there is to it. */
static void set_up_again(struct vpci_function *vf)
{
	uint32_t command = vpci_shadow_command(&vf->shadow);

	log_domain(vf->domain, LOG_INFO, "vpci", SBDF_FMT ": has reset itself, set up again",
		   SBDF_ARG(vf->where));
	restore_bars(vf->function);
	if (command & VPCI_COMMAND_MEM) {
		set_decode(vf->function, VPCI_COMMAND_MEM, true);
	}
	if (command & VPCI_COMMAND_IO) {
		set_decode(vf->function, VPCI_COMMAND_IO, true);
	}
	vpci_intx_update(vf);
}

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

void vpci_exec_reset_over(struct vpci_function *vf)
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

void vpci_exec_set_multifunction(struct vpci_function *vf, bool on)
{
	vpci_shadow_set_multifunction(vf->away ? &vf->aside : &vf->shadow, on);
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
	uint32_t chunks = SLICE_ENTRIES / CHUNK_ENTRIES;

	while (vf->work_bar < VPCI_MAPS) {
		if (!is_mapping(work)) {
			unmap(vf, &vf->maps[vf->work_bar]);
		} else if (map_chunk(vf, vf->work_bar) != 0) {
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
		set_decode(vf->function, VPCI_COMMAND_MEM, work == VPCI_MAP);
	}
	if (work == VPCI_RESET || work == VPCI_WAKE) {
		reset_begin(vf, work == VPCI_WAKE);
	}
	return false;
}

static enum job_status exec_step(struct job *j)
{
	struct vpci_function *vf = container_of(j, struct vpci_function, job);
	bool more;

	spin_lock(&vf->function->lock);
	more = !vf->gone && vf->work != VPCI_NOTHING && work_slice(vf);
	spin_unlock(&vf->function->lock);
	return more ? JOB_MORE : JOB_DONE;
}

static void vf_free(struct vpci_function *vf)
{
	vpci_shadow_free(&vf->shadow);
	vpci_shadow_free(&vf->aside);
	heap_free(vf->vfs);
	heap_free(vf);
}

static void exec_finish(struct job *j, bool cancelled)
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
		vf_free(vf);
	}
}

static const struct job_ops exec_job = {
	.name = "vpci-map",
	.step = exec_step,
	.finish = exec_finish,
};

static void work_start(struct vpci_function *vf, enum vpci_effect work)
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

void vpci_exec_decode(struct vpci_function *vf, bool on)
{
	work_start(vf, on ? VPCI_MAP : VPCI_UNMAP);
}

/* What a plan asks for beyond config writes. */
static void take_effect(struct vpci_function *vf, const struct vpci_plan *plan)
{
	if (plan->effect == VPCI_VFS) {
		vpci_vfs_request(vf);
	} else if (plan->effect == VPCI_LATER) {
		vf->busy = &vf->vfs->job;
	} else if (plan->effect != VPCI_NOTHING) {
		work_start(vf, plan->effect);
	}
	if (plan->refused) {
		log_domain(vf->domain, LOG_WARN, "vpci", SBDF_FMT ": %s: dropped",
			   SBDF_ARG(vf->where), plan->refused);
	}
}

static uint32_t read_hw(struct vpci_function *vf, uint32_t offset, uint32_t size)
{
	uint32_t hw = pci_read(vf->function, offset, size);

	return vpci_shadow_read(&vf->shadow, offset, size, hw);
}

uint32_t vpci_exec_read(struct vpci_function *vf, uint32_t offset, uint32_t size)
{
	uint32_t value;

	if (vpci_shadow_read_own(&vf->shadow, offset, size, &value)) {
		return value;
	}
	return read_hw(vf, offset, size);
}

/* Out of line: the usual write shall not pay for its stack frame. */
__attribute__((noinline)) static void write_planned(struct vpci_function *vf, uint32_t offset,
						    uint32_t size, uint32_t value)
{
	struct vpci_plan plan;
	bool was_asleep;
	uint32_t hw = 0;

	if (vpci_shadow_write_reads_hw(&vf->shadow, offset, size)) {
		hw = pci_read(vf->function, offset, size);
	}
	was_asleep = vf->shadow.asleep;
	plan = vpci_shadow_write(&vf->shadow, offset, size, value, hw);
	if (plan.effect == VPCI_SLEEP) {
		work_start(vf, VPCI_SLEEP); /* unmapping is done when it returns */
	}
	if (plan.hw_write) {
		pci_write(vf->function, offset, size, plan.hw_value);
	}
	if (plan.lost && !vf->function->pf) {
		set_up_again(vf);
	}
	if (plan.msi_changed) {
		vpci_msi_written(vf);
	}
	if (plan.intx_changed) {
		vpci_intx_update(vf);
	}
	if (plan.io_changed) {
		set_decode(vf->function, VPCI_COMMAND_IO, plan.io_decode);
	}
	if ((plan.effect != VPCI_NOTHING && plan.effect != VPCI_SLEEP) || plan.refused) {
		take_effect(vf, &plan);
	} else if (vf->pf_decode && was_asleep && !vf->shadow.asleep) {
		work_start(vf, VPCI_RISE);
	}
}

void vpci_exec_write(struct vpci_function *vf, uint32_t offset, uint32_t size, uint32_t value)
{
	if (!vpci_shadow_write_own(&vf->shadow, offset, size, value)) {
		write_planned(vf, offset, size, value);
	}
}

bool vpci_exec_port(struct vpci_function *vf, uint64_t port, uint32_t size, bool write,
		    uint32_t *value)
{
	struct pci_function *f = vf->function;

	if (vf->shadow.asleep || !(vpci_shadow_command(&vf->shadow) & VPCI_COMMAND_IO)) {
		return false;
	}
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &f->bars[i];
		uint64_t base = vpci_shadow_bar(&vf->shadow, i, BAR_IO);

		if (!vpci_io_bar_usable(bar) || port < base ||
		    !range_ok(port - base, size, bar->size)) {
			continue;
		}
		port += bar->address - base;
		if (!(write ? host_bridge_io_write(f->bridge, port, size, *value)
			    : host_bridge_io_read(f->bridge, port, size, value))) {
			pci_access_failed(f->sbdf);
		}
		return true;
	}
	return false;
}

void vpci_exec_unmap_all(struct vpci_function *vf)
{
	vf->work = VPCI_NOTHING;
	for (uint32_t i = 0; i < VPCI_MAPS; i++) {
		unmap(vf, &vf->maps[i]);
	}
	if (vf->job_queued) {
		job_cancel(&vf->job);
	}
}

/* PCIe 6.0 7.6.3. It ends where it loops. */
static void read_ext_caps(struct pci_function *f, struct vpci_image *image)
{
	uint64_t seen[BITMAP_WORDS(VPCI_CFG_SIZE / 4)] = { 0 };
	uint32_t at = EXT_CAP_FIRST;

	while (at >= EXT_CAP_FIRST && !bitmap_test(seen, at / 4)) {
		uint32_t header = pci_read(f, at, 4);

		if (header == 0 || header == 0xffffffff) {
			break;
		}
		if (image->ext_count == VPCI_EXT_CAPS_MAX) {
			image->ext_more = true;
			break;
		}
		bitmap_set(seen, at / 4);
		image->ext[image->ext_count++] = (struct vpci_ext_cap){
			.id = (uint16_t)header,
			.offset = (uint16_t)at,
			.version = header >> 16 & 0xf,
		};
		at = header >> 20 & 0xffc;
	}
}

void vpci_exec_image(struct pci_function *f, struct vpci_image *image)
{
	for (uint32_t i = 0; i < VPCI_BLOCK_REGS; i++) {
		image->regs[i] = pci_read(f, 4 * i, 4);
	}
	if (f->pf) {
		/* Its own read all ones (PCIe 6.0 9.3.4.1.1). */
		image->regs[0] = f->vendor | (uint32_t)f->device << 16;
	}
	image->ext_count = 0;
	/* Conventional functions have 256 bytes, and some bridges repeat them above. */
	image->ext_more = !f->cap_express;
	if (f->cap_express) {
		read_ext_caps(f, image);
	}
}

struct vpci_function *vpci_exec_alloc(struct domain *d, struct vpci_segment *seg,
				      struct pci_function *f, struct vsbdf where)
{
	struct vpci_function *vf = heap_alloc(sizeof(*vf));

	if (vf) {
		vf->function = f;
		vf->domain = d;
		vf->segment = seg;
		vf->where = where;
		job_init(&vf->job, &exec_job);
	}
	return vf;
}

void vpci_exec_free(struct vpci_function *vf)
{
	bool queued;

	spin_lock(&vf->function->lock);
	vf->gone = true;
	queued = vf->job_queued || vf->routes_queued;
	spin_unlock(&vf->function->lock);
	if (!queued) {
		vf_free(vf);
	}
}
