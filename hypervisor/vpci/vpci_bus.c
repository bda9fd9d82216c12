/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual buses of a domain: trapped windows, and who answers in them. */
#include "core/heap.h"
#include "irq/its.h"
#include "irq/msi.h"
#include "lib/errno.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "vpci/bus.h"
#include "vpci/exec.h"
#include "vpci/function.h"
#include "vpci/ports.h"
#include "vpci/vpci_msix.h"
#include "vpci/vpci_shared.h"
#include "vpci/work.h"

#define ECAM_BUS_SIZE      (1ULL << 20)
#define ECAM_BUS(offset)   ((uint8_t)((offset) >> 20))
#define ECAM_DEVFN(offset) ((uint32_t)((offset) >> 12) & 0xff)
#define ECAM_REG(offset)   ((uint32_t)(offset)&0xfff)

static struct vpci_function *peek(const struct vpci_segment *seg, uint8_t bus, uint32_t devfn)
{
	struct vpci_function **table = __atomic_load_n(&seg->buses[bus], __ATOMIC_ACQUIRE);

	return table ? __atomic_load_n(&table[devfn], __ATOMIC_ACQUIRE) : NULL;
}

/* The bus lock is kept until the function's is taken: whoever withdraws it waits for us. */
static struct vpci_function *enter(struct vpci_segment *seg, uint8_t bus, uint32_t devfn)
{
	struct vpci *vpci = seg->domain->vpci;
	struct vpci_function *vf;

	spin_lock(&vpci->lock);
	vf = peek(seg, bus, devfn);
	if (vf) {
		spin_lock(&vf->function->lock);
	}
	spin_unlock(&vpci->lock);
	return vf;
}

/* By name: behind a root port that stands where the name says. */
static struct vpci_function *find(const struct vpci_segment *seg, struct vsbdf where)
{
	struct vpci_slot *slot = SBDF_BUS(where) == seg->bus_start
					 ? vpci_slot_at(seg, SBDF_DEV(where))
					 : NULL;

	return slot ? __atomic_load_n(&slot->row[SBDF_FN(where)], __ATOMIC_ACQUIRE)
		    : peek(seg, SBDF_BUS(where), SBDF_DEVFN(where));
}

/* Two words, the lower one first, for those that read or write eight bytes. */
static void access_words(struct vpci_function *vf, uint32_t reg, struct mmio_access *a)
{
	if (a->write) {
		vpci_exec_write(vf, reg, 4, (uint32_t)a->value);
		if (!vpci_work_busy(vf)) {
			vpci_exec_write(vf, reg + 4, 4, (uint32_t)(a->value >> 32));
		}
	} else {
		a->value = vpci_exec_read(vf, reg, 4);
		a->value |= (uint64_t)vpci_exec_read(vf, reg + 4, 4) << 32;
	}
}

static enum mmio_result access_function(struct vcpu *v, struct vpci_function *vf, uint32_t reg,
					struct mmio_access *a)
{
	if (!vpci_work_busy(vf)) {
		if (a->size == 8) {
			access_words(vf, reg, a);
		} else if (a->write) {
			vpci_exec_write(vf, reg, a->size, (uint32_t)a->value);
		} else {
			a->value = vpci_exec_read(vf, reg, a->size);
			return MMIO_DONE;
		}
	}
	/* A write took; it is made again, without effect, when its mappings are there. */
	if (vpci_work_busy(vf)) {
		job_park(vf->busy, v);
		return MMIO_RETRY;
	}
	return MMIO_DONE;
}

/* No lent function is there: what has no hardware, or nobody. Out of line: others do not pay. */
__attribute__((noinline)) static enum mmio_result port_answers(struct vpci_segment *seg,
							       uint32_t bus, uint32_t devfn,
							       uint32_t reg, struct mmio_access *a,
							       bool *nobody)
{
	enum mmio_result r = MMIO_DONE;
	bool found = bus == seg->bus_start && (vpci_ports_access(seg, devfn, reg, a) ||
					       vpci_shared_config(seg, devfn, reg, a, &r));

	if (!found) {
		vpci_nobody_answers(a);
	}
	if (nobody) {
		*nobody = !found;
	}
	return r;
}

enum mmio_result vpci_bus_config(struct vpci_segment *seg, struct vcpu *v, uint8_t bus,
				 uint32_t devfn, uint32_t reg, struct mmio_access *a,
				 bool *nobody)
{
	struct vpci_function *vf = enter(seg, bus, devfn);
	enum mmio_result r;

	if (!vf) {
		return port_answers(seg, bus, devfn, reg, a, nobody);
	}
	r = access_function(v, vf, reg, a);
	spin_unlock(&vf->function->lock);
	return r;
}

static enum mmio_result config_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	struct vpci_segment *seg = opaque;

	if (!IS_ALIGNED(a->offset, a->size)) {
		vpci_nobody_answers(a);
		return MMIO_DONE;
	}
	return vpci_bus_config(seg, v, (uint8_t)(ECAM_BUS(a->offset) + seg->bus_start),
			       ECAM_DEVFN(a->offset), ECAM_REG(a->offset), a, NULL);
}

static const struct mmio_ops config_ops = {
	.name = "pci-config",
	.kind = EXIT_MMIO_PCI,
	.access = config_access,
};

static struct vpci_segment **bucket_of(const struct vpci *vpci, uint32_t number)
{
	return &vpci->buckets[hash_bucket(number, VPCI_SEGMENT_BITS)];
}

static void enter_bucket(struct vpci *vpci, struct vpci_segment *seg)
{
	struct vpci_segment **bucket = bucket_of(vpci, seg->number);

	seg->bucket_next = *bucket;
	*bucket = seg;
}

/* One segment needs no index, and a guest has no other. */
static int add_to_list(struct vpci *vpci, struct vpci_segment *seg)
{
	if (vpci->segments && !vpci->buckets) {
		vpci->buckets = heap_alloc(sizeof(*vpci->buckets) << VPCI_SEGMENT_BITS);
		if (!vpci->buckets) {
			return -ENOMEM;
		}
		enter_bucket(vpci, vpci->segments);
	}
	if (vpci->buckets) {
		enter_bucket(vpci, seg);
	}
	seg->next = vpci->segments;
	vpci->segments = seg;
	return 0;
}

int vpci_bus_add_segment(struct domain *d, uint32_t number, uint32_t bus_start, ipaddr_t cfg,
			 uint64_t cfg_size, const struct vpci_aperture *apertures, uint32_t count,
			 struct vpci_segment **out)
{
	struct vpci_segment *seg = heap_alloc(sizeof(*seg));
	int r;

	if (!seg) {
		return -ENOMEM;
	}
	seg->domain = d;
	seg->number = number;
	seg->bus_start = bus_start;
	seg->aperture_count = MIN(count, VPCI_APERTURES_MAX);
	memcpy(seg->apertures, apertures, seg->aperture_count * sizeof(*apertures));
	r = add_to_list(d->vpci, seg);
	if (r) {
		heap_free(seg);
		return r;
	}
	/* From here on the domain may hold seg as an opaque: it stays until vpci_destroy(). */
	*out = seg;
	/* There is no bus 256, whatever the window's size. */
	cfg_size = MIN(cfg_size, (VPCI_BUSES - bus_start) * ECAM_BUS_SIZE);
	r = cfg_size == 0 ? 0 : mmio_add(&d->mmio, cfg, cfg_size, &config_ops, seg);
	for (uint32_t i = 0; r == 0 && i < seg->aperture_count; i++) {
		r = mmio_add(&d->mmio, seg->apertures[i].ipa, seg->apertures[i].size,
			     seg->apertures[i].kind == WINDOW_IO ? &vpci_io_ops : &vpci_window_ops,
			     seg);
	}
	return r;
}

int vpci_bus_use_its(struct domain *d, struct its *its, ipaddr_t doorbell)
{
	int r;

	if (!its || d->vpci->its) {
		return 0;
	}
	r = p2m_map_doorbell(&d->p2m, doorbell, its_doorbell(its));
	if (r == 0) {
		d->vpci->its = its;
	}
	return r;
}

int vpci_bus_use_msi(struct domain *d, struct msi_controller *msi, ipaddr_t doorbell,
		     uint32_t quota)
{
	int r = 0;

	if (!msi || d->vpci->msi) {
		return 0;
	}
	if (msi->doorbell.v != 0) {
		r = p2m_map_doorbell(&d->p2m, doorbell, msi->doorbell);
	}
	if (r == 0) {
		d->vpci->msi = msi;
		d->vpci->msi_doorbell = doorbell;
		d->vpci->msi_quota = quota;
	}
	return r;
}

static struct vpci_segment *segment_of(struct domain *d, uint32_t number)
{
	struct vpci_segment *seg = d->vpci ? d->vpci->segments : NULL;

	if (seg && d->vpci->buckets) {
		seg = *bucket_of(d->vpci, number);
	}
	while (seg && seg->number != number) {
		seg = seg->bucket_next;
	}
	return seg;
}

struct vpci_function *vpci_bus_peek(struct domain *d, struct vsbdf where)
{
	struct vpci_segment *seg = segment_of(d, SBDF_SEG(where));

	return seg ? find(seg, where) : NULL;
}

static bool has_ports(const struct pci_function *f)
{
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		if (vpci_io_bar_usable(&f->bars[i])) {
			return true;
		}
	}
	return false;
}

/*
 * Bus lock held; a function came to a guest's slot, or went. Software looks for functions 1 to 7
 * where function 0 has the multi-function bit (PCIe 6.0 7.5.1.1.9).
 */
static void mark_multifunction(struct vpci_function **table, uint32_t devfn)
{
	struct vpci_function **slot = &table[devfn & ~(VPCI_FUNCTIONS - 1)];
	uint32_t count = 0;

	for (uint32_t fn = 0; fn < VPCI_FUNCTIONS; fn++) {
		count += slot[fn] ? 1 : 0;
	}
	for (uint32_t fn = 0; fn < VPCI_FUNCTIONS; fn++) {
		if (slot[fn]) {
			spin_lock(&slot[fn]->function->lock);
			vpci_function_set_multifunction(slot[fn], count > 1);
			spin_unlock(&slot[fn]->function->lock);
		}
	}
}

/* Bus lock held. The page that vf's place is in, made when absent; NULL: out of memory. */
static struct vpci_function **page_of(struct vpci_function *vf)
{
	struct vpci_function ***page = &vf->segment->buses[SBDF_BUS(vf->where)];

	if (vf->slot) {
		return vf->slot->row;
	}
	if (!*page) {
		__atomic_store_n(page, heap_alloc(VPCI_DEVFNS * sizeof(**page)), __ATOMIC_RELEASE);
	}
	return *page;
}

static uint32_t devfn_of(const struct vpci_function *vf)
{
	return vf->slot ? SBDF_FN(vf->where) : SBDF_DEVFN(vf->where);
}

int vpci_bus_publish(struct vpci_function *vf)
{
	struct vpci *vpci = vf->domain->vpci;
	struct vpci_slot *port = vf->slot ? NULL : vpci_slot_at(vf->segment, SBDF_DEV(vf->where));
	struct vpci_function **page, **place;
	int r = 0;

	spin_lock(&vpci->lock);
	page = page_of(vf);
	if (!page) {
		r = -ENOMEM;
		goto out;
	}
	place = &page[devfn_of(vf)];
	if (*place) {
		r = -EBUSY;
		goto out;
	}
	if (port) {
		__atomic_store_n(&port->replaced, true, __ATOMIC_RELEASE);
	}
	__atomic_store_n(place, vf, __ATOMIC_RELEASE);
	if (vf->view == VPCI_VIEW_GUEST) {
		mark_multifunction(page, devfn_of(vf));
	}
	if (has_ports(vf->function) || vpci_msix_trapped(vf->function)) {
		vf->next_trapped = vf->segment->trapped;
		vf->segment->trapped = vf;
	}
out:
	spin_unlock(&vpci->lock);
	return r;
}

void vpci_bus_withdraw(struct vpci_function *vf)
{
	struct vpci_function **link = &vf->segment->trapped;
	struct vpci_function **page;

	spin_lock(&vf->domain->vpci->lock);
	while (*link && *link != vf) {
		link = &(*link)->next_trapped;
	}
	if (*link) {
		*link = vf->next_trapped;
	}
	page = page_of(vf);
	__atomic_store_n(&page[devfn_of(vf)], NULL, __ATOMIC_RELEASE);
	mark_multifunction(page, devfn_of(vf));
	if (vf->slot) {
		vpci_slot_left(vf->segment, vf->slot);
	}
	spin_unlock(&vf->domain->vpci->lock);
}

/*
 * Lock-free because the caller holds the vITS lock, which comes later than ours. The answer stays
 * valid: whoever takes a function away clears vf->itt or withdraws vf first, then lets the vITS
 * forget it (vits_device_update(), under that lock), and only then frees.
 */
struct its_device *vpci_host_device(struct domain *d, uint32_t vdevice)
{
	struct vpci_segment *seg = segment_of(d, vdevice >> 16);
	struct vpci_function *vf = seg ? peek(seg, (uint8_t)(vdevice >> 8), vdevice & 0xff) : NULL;

	return vf ? __atomic_load_n(&vf->itt, __ATOMIC_ACQUIRE) : NULL;
}
