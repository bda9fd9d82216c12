/* SPDX-License-Identifier: BSD-2-Clause */
#include "lend_world.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <viaduct/guest_map.h>

#include "fake_intx.h"
#include "fake_ram.h"
#include "fake_trap.h"
#include "irq/its.h"
#include "irq/vits.h"
#include "irq/vmsi.h"
#include "lib/errno.h"
#include "pci/pci_bar.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "vpci/vfs.h"

#define PAGES_MAX   16384
#define STREAMS_MAX 0x40000
#define ITTS_MAX    512
#define RESETS_MAX  512

struct lend_world lend_world;
bool lend_world_unsafe;
struct lend_world_frame lend_world_frame;

struct page {
	uint64_t ipa;
	uint64_t pa;
	enum p2m_type type;
};

static struct {
	struct page pages[PAGES_MAX];
	uint32_t count;
} stage2[WORLD_DOMAINS];

struct its_device {
	bool used;
	bool here; /* the vITS was told */
	uint32_t id;
	uint32_t events;
};

static struct its_device itts[ITTS_MAX];
static uint8_t streams[STREAMS_MAX]; /* domain + 1; 0: aborts */
static bool silent[STREAMS_MAX]; /* blocked accesses are not recorded */
/* Nobody confirmed that it aborts: the end of its domain hears that again, and keeps the memory. */
static bool stuck[STREAMS_MAX];
static struct job *jobs[64];
static uint32_t job_count;

static struct {
	struct pci_function *f;
	void (*on_done)(struct pci_function *f, int error, void *arg);
	void *arg;
} resets[RESETS_MAX];

static uint32_t domain_of(const struct p2m *p)
{
	for (uint32_t i = 0; i < WORLD_DOMAINS; i++) {
		if (p == &lend_world.domains[i].p2m) {
			return i;
		}
	}
	fail_msg("stage 2 of no domain");
	return 0;
}

/* Stage 2. */

static struct page *find_page(uint32_t domain, uint64_t ipa)
{
	for (uint32_t i = 0; i < stage2[domain].count; i++) {
		if (stage2[domain].pages[i].ipa == ipa) {
			return &stage2[domain].pages[i];
		}
	}
	return NULL;
}

/* What a domain may have mapped by its BARs, and nothing else. */
static void check_place(uint32_t domain, uint64_t ipa)
{
	if (domain != WORLD_CONTROL && !lend_world.domains[domain].drives) {
		assert_true((ipa >= GUEST_PCI_MEM32_BASE &&
			     ipa < GUEST_PCI_MEM32_BASE + GUEST_PCI_MEM32_SIZE) ||
			    (ipa >= GUEST_PCI_MEM64_BASE &&
			     ipa < GUEST_PCI_MEM64_BASE + GUEST_PCI_MEM64_SIZE));
	}
}

int p2m_map_slice(struct p2m *p, ipaddr_t ipa, paddr_t to, uint64_t size, enum p2m_type type,
		  uint32_t max_entries, uint64_t *done)
{
	uint32_t d = domain_of(p);

	assert_true(type == P2M_MMIO || type == P2M_MMIO_NC || type == P2M_ROM ||
		    type == P2M_RAM_SHARED);
	assert_true(IS_ALIGNED(ipa.v | to.v | size, SZ_4K));
	for (; *done < size && max_entries > 0; *done += SZ_4K, max_entries--) {
		if (find_page(d, ipa.v + *done)) {
			return -EEXIST;
		}
		if (lend_world.page_limit && stage2[d].count >= lend_world.page_limit) {
			return -ENOMEM;
		}
		check_place(d, ipa.v + *done);
		assert_true(stage2[d].count < PAGES_MAX);
		stage2[d].pages[stage2[d].count++] = (struct page){ ipa.v + *done, to.v + *done,
								   type };
	}
	return *done < size ? -EAGAIN : 0;
}

int p2m_map(struct p2m *p, ipaddr_t ipa, paddr_t to, uint64_t size, enum p2m_type type)
{
	uint64_t done = 0;
	int r;

	assert_int_equal(type, P2M_RAM_SHARED);
	assert_true(fake_ram_is_clean(to.v));
	r = p2m_map_slice(p, ipa, to, size, type, ~0U, &done);
	if (r) {
		p2m_unmap(p, ipa, done);
	}
	return r;
}

void p2m_unmap(struct p2m *p, ipaddr_t ipa, uint64_t size)
{
	uint32_t d = domain_of(p);

	for (uint64_t done = 0; done < size; done += SZ_4K) {
		struct page *page = find_page(d, ipa.v + done);

		if (page) {
			*page = stage2[d].pages[--stage2[d].count];
		}
	}
}

void cache_clean(const void *va, uint64_t size)
{
	(void)va;
	lend_world.cleaned += size;
}

int p2m_map_doorbell(struct p2m *p, ipaddr_t ipa, paddr_t to)
{
	(void)p;
	(void)ipa;
	(void)to;
	return 0;
}

uint32_t world_pages(uint32_t domain)
{
	return stage2[domain].count;
}

enum p2m_type world_page_type(uint32_t domain, uint64_t ipa)
{
	const struct page *page = find_page(domain, ALIGN_DOWN(ipa, SZ_4K));

	return page ? page->type : P2M_INVALID;
}

uint64_t world_translate(uint32_t domain, uint64_t ipa)
{
	const struct page *page = find_page(domain, ALIGN_DOWN(ipa, SZ_4K));

	return page ? page->pa + (ipa & (SZ_4K - 1)) : ~0ULL;
}

/* Is any page of f's BARs mapped for anyone? */
static bool reachable(const struct pci_function *f)
{
	for (uint32_t d = 0; d < WORLD_DOMAINS; d++) {
		for (uint32_t i = 0; i < stage2[d].count; i++) {
			for (uint32_t b = 0; b < PCI_BARS; b++) {
				uint64_t at = f->bars[b].cpu.v;

				if (vpci_bar_usable(&f->bars[b]) && stage2[d].pages[i].pa >= at &&
				    stage2[d].pages[i].pa - at < vpci_bar_size(&f->bars[b])) {
					return true;
				}
			}
		}
	}
	return false;
}

/* One that is gone says nothing at all. */
static bool is_quiet(struct pci_function *f)
{
	uint32_t command = pci_read(f, PCI_COMMAND, 2);

	return command == 0xffff || !(command & PCI_COMMAND_MASTER);
}

/* All functions that speak with this StreamID are quiet. */
static void check_quiet(stream_id_t stream)
{
	uint32_t count = 0;

	for (struct pci_function *f = pci_function_first(); f; f = f->next) {
		if (f->stream.v == stream.v && f->header_type == 0) {
			assert_true(is_quiet(f));
			count++;
		}
	}
	assert_true(count > 0);
}

static void check_unreachable(stream_id_t stream)
{
	for (struct pci_function *f = pci_function_first(); f; f = f->next) {
		assert_false(f->stream.v == stream.v && reachable(f));
	}
}

/* IOMMU. */

int iommu_attach(struct iommu *iommu, stream_id_t stream, struct p2m *p2m)
{
	assert_ptr_equal(iommu, &world_iommu);
	assert_int_equal(streams[stream.v], 0);
	/* A function must be quiet when memory opens to it. */
	check_quiet(stream);
	if (lend_world.fail[STEP_ATTACH]) {
		return -EIO;
	}
	streams[stream.v] = (uint8_t)(domain_of(p2m) + 1);
	lend_world.streams_open++;
	return 0;
}

int iommu_abort(struct iommu *iommu, stream_id_t stream)
{
	assert_ptr_equal(iommu, &world_iommu);
	check_unreachable(stream);
	check_quiet(stream);
	stuck[stream.v] = lend_world.fail[STEP_ABORT];
	if (stuck[stream.v]) {
		return -EIO;
	}
	lend_world.streams_open -= streams[stream.v] != 0;
	streams[stream.v] = 0;
	silent[stream.v] = false;
	return 0;
}

int iommu_silence(struct iommu *iommu, stream_id_t stream)
{
	assert_ptr_equal(iommu, &world_iommu);
	lend_world.streams_open -= streams[stream.v] != 0;
	streams[stream.v] = 0;
	silent[stream.v] = true;
	return 0;
}

bool world_silent(const struct pci_function *f)
{
	return silent[f->stream.v];
}

uint32_t world_dma(const struct pci_function *f)
{
	return streams[f->stream.v] ? streams[f->stream.v] - 1U : ~0U;
}

/* ITS and vITS. */

paddr_t its_doorbell(const struct its *its)
{
	(void)its;
	return pa(0x8090000);
}

/* Do several functions have this DeviceID? */
static bool has_alias(device_id_t id)
{
	uint32_t count = 0;

	for (struct pci_function *f = pci_function_first(); f; f = f->next) {
		count += f->header_type == 0 && f->device_id.v == id.v;
	}
	return count > 1;
}

int its_device_map(struct its *its, device_id_t id, uint32_t event_count, struct irq_meter *meter,
		   struct its_device **out)
{
	uint32_t at = 0;

	(void)its;
	assert_in_range(event_count, 1, 2048);
	if (lend_world.fail[STEP_ITS_MAP]) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < ITTS_MAX; i++) {
		if (itts[i].used && itts[i].id == id.v) {
			assert_true(has_alias(id));
			return -EBUSY;
		}
	}
	while (itts[at].used) {
		assert_true(++at < ITTS_MAX);
	}
	itts[at] = (struct its_device){ .used = true, .id = id.v, .events = event_count };
	lend_world.itts++;
	*out = &itts[at];
	return 0;
}

void its_event_mask(struct its_device *dev, uint32_t event)
{
	assert_true(dev->used && event < dev->events);
	lend_world.masked++;
}

bool its_device_unmask(struct its_device *dev, uint32_t max)
{
	assert_true(dev->used);
	lend_world.masked -= MIN(lend_world.masked, max);
	return lend_world.masked != 0;
}

void its_device_unmap(struct its_device *dev)
{
	assert_true(dev->used);
	assert_false(dev->here); /* the vITS must have let go of it */
	dev->used = false;
	lend_world.itts--;
}

bool vits_device_update(struct domain *d, uint32_t vdevice, uint32_t max)
{
	struct its_device *dev = vpci_host_device(d, vdevice);

	if (dev) {
		lend_world.routes = dev->here ? lend_world.routes : lend_world.mapped_before;
		lend_world.mapped_before -= MIN(lend_world.mapped_before, max);
		dev->here = true;
		return lend_world.mapped_before == 0;
	}
	assert_int_not_equal(max, 0);
	if (lend_world.routes > max) {
		lend_world.routes -= max;
		return false;
	}
	lend_world.routes = 0;
	for (struct pci_function *f = pci_function_first(); f; f = f->next) {
		if (f->itt && f->vpci && f->vpci->domain == d &&
		    vpci_device_id(f->vpci->where) == vdevice) {
			/* Nothing may be signalled by a device that still can. */
			assert_true(is_quiet(f));
			f->itt->here = false;
		}
	}
	return true;
}

/* Of functions behind root ports, whichever requester they are just now. */
bool vits_devices_update(struct domain *d, uint32_t max)
{
	for (struct pci_function *f = pci_function_first(); f; f = f->next) {
		struct vpci_function *vf = f->vpci;

		if (!f->itt || !vf || vf->domain != d || !vf->slot) {
			continue;
		}
		if (vf->itt) {
			f->itt->here = true;
		} else if (lend_world.routes > max) {
			lend_world.routes -= max;
			return false;
		} else {
			assert_true(is_quiet(f));
			lend_world.routes = 0;
			f->itt->here = false;
		}
	}
	return true;
}

int vits_msi(struct domain *d, uint32_t vdevice, uint32_t event)
{
	lend_world.messages++;
	lend_world.message_to = d->id;
	lend_world.message_from = vdevice;
	lend_world.message = event;
	return 0;
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
	assert_false(reachable(f));
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
	assert_false(reachable(f));
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

/* I/O space. */

void host_bridge_map_io(struct host_bridge *b)
{
	(void)b;
}

bool host_bridge_io_read(struct host_bridge *b, uint64_t port, uint32_t size, uint32_t *value)
{
	(void)b;
	assert_true(port + size <= sizeof(lend_world.ports));
	*value = lend_world.ports_abort ? (uint32_t)GENMASK(8 * size - 1, 0) : 0;
	if (!lend_world.ports_abort) {
		memcpy(value, &lend_world.ports[port], size);
	}
	return !lend_world.ports_abort;
}

bool host_bridge_io_write(struct host_bridge *b, uint64_t port, uint32_t size, uint32_t value)
{
	(void)b;
	assert_true(port + size <= sizeof(lend_world.ports));
	if (!lend_world.ports_abort) {
		memcpy(&lend_world.ports[port], &value, size);
	}
	return !lend_world.ports_abort;
}

/* Jobs, as core/job.c has them. */

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

/* Domains and their accesses. */

struct domain *domain_by_id(uint32_t id)
{
	return id < WORLD_DOMAINS ? &lend_world.domains[id] : NULL;
}

enum mmio_result world_access(uint32_t domain, struct mmio_access *a, uint64_t ipa)
{
	a->ipa.v = ipa;
	return fake_access(&lend_world.domains[domain], &lend_world.vcpu, a);
}

static uint64_t access_retried(uint32_t domain, struct mmio_access a, uint64_t ipa)
{
	/* It waits for a job, or does a part of what there is to do each time. */
	for (uint32_t i = 0; world_access(domain, &a, ipa) == MMIO_RETRY; i++) {
		assert_true(world_run_jobs() > 0 || i < 16);
	}
	return a.value;
}

uint64_t world_load(uint32_t domain, uint64_t ipa, uint8_t size)
{
	return access_retried(domain, (struct mmio_access){ .size = size }, ipa);
}

void world_store(uint32_t domain, uint64_t ipa, uint8_t size, uint64_t value)
{
	access_retried(domain, (struct mmio_access){ .size = size, .write = true, .value = value },
		       ipa);
}

uint64_t world_guest_cfg(uint32_t slot, uint32_t reg)
{
	return GUEST_PCI_ECAM_BASE + slot * 0x8000ULL + reg;
}

uint64_t world_owner_cfg(const struct host_bridge *b, struct sbdf s, uint32_t reg)
{
	return b->desc->cfg.base +
	       ((uint64_t)(SBDF_BUS(s) - b->desc->bus_start) << 20 | (uint32_t)SBDF_DEVFN(s) << 12 | reg);
}

void lend_world_init(struct host_bridge *const *bridges, uint32_t count)
{
	memset(&lend_world, 0, sizeof(lend_world));
	for (uint32_t i = 0; i < WORLD_DOMAINS; i++) {
		lend_world.domains[i].id = (uint16_t)i;
		lend_world.domains[i].control = i == WORLD_CONTROL;
		lend_world.domains[i].direct = i == WORLD_CONTROL;
		lend_world.domains[i].state = i == WORLD_CONTROL ? DOMAIN_RUNNING : DOMAIN_BUILDING;
	}
	if (lend_world_frame.count != 0) {
		assert_int_equal(vmsi_create(&lend_world.domains[WORLD_CONTROL],
					     ipa(lend_world_frame.base), lend_world_frame.first,
					     lend_world_frame.count), 0);
	}
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(vpci_create_owner(&lend_world.domains[WORLD_CONTROL], bridges[i]), 0);
	}
	host_bridges[0].its = count ? bridges[0]->its : NULL;
	host_bridges[0].msi = count ? bridges[0]->msi : NULL;
	host_bridge_count = 1;
	for (uint32_t i = WORLD_GUEST1; i < WORLD_DOMAINS; i++) {
		lend_world.domains[i].unsafe_interrupts = lend_world_unsafe;
		assert_int_equal(vpci_create_guest(&lend_world.domains[i]), 0);
	}
}

/* A device may ignore Bus Master and send until it is reset: its writes must find no domain's RAM. */
static void check_memory_can_go(const struct domain *d)
{
	const uint8_t *end = streams + STREAMS_MAX;

	/* Thousands of interleavings come here: not a call for each stream. */
	for (const uint8_t *s = memchr(streams, d->id + 1, STREAMS_MAX); s;
	     s = memchr(s + 1, d->id + 1, (size_t)(end - s - 1))) {
		assert_true(stuck[s - streams]);
	}
}

void reclaim_all(struct domain *d)
{
	enum job_status status;

	while ((status = lend_reclaim(d)) != JOB_DONE) {
		if (status == JOB_WAIT) {
			world_step_job();
		}
	}
	check_memory_can_go(d);
}

void lend_world_end(void)
{
	memset(lend_world.fail, 0, sizeof(lend_world.fail));
	for (uint32_t i = WORLD_DOMAINS; i-- > 0;) {
		lend_world.domains[i].state = DOMAIN_DYING;
		reclaim_all(&lend_world.domains[i]);
		world_run_jobs();
		world_run_resets();
		assert_int_equal(world_pages(i), 0);
		vpci_destroy(&lend_world.domains[i]);
		mmio_clear(&lend_world.domains[i].mmio);
	}
	assert_int_equal(lend_world.itts, 0);
	fake_intx_end();
	memset(streams, 0, sizeof(streams));
	memset(silent, 0, sizeof(silent));
	memset(stuck, 0, sizeof(stuck));
	memset(itts, 0, sizeof(itts));
}
