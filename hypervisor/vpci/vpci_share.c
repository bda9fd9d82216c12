/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's functions of shared memory: they come while it is built and stay until its end. */
#include <viaduct/guest_map.h>

#include "core/heap.h"
#include "core/log.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/registry.h"
#include "vpci/lend.h"
#include "vpci/vpci.h"
#include "vpci/vpci_shared.h"

/* Below the root ports, from the highest on: lent functions count up from 1. */
#define FIRST_DEVICE (GUEST_PORT_DEVICE - 1U)

/* Registry lock held, so that no function is lent there meanwhile. 0: all are taken. */
static uint32_t free_device(struct vpci_segment *seg)
{
	uint32_t device = FIRST_DEVICE;

	while (device > 0 && !lend_slot_is_empty(seg, device)) {
		device--;
	}
	return device;
}

static int begin(struct vpci_segment *seg, const struct shared_spec *spec, struct vpci_shared **out)
{
	struct vpci_shared *f = heap_alloc(sizeof(*f));
	int r = -ENOMEM;

	if (!f) {
		return -ENOMEM;
	}
	f->segment = seg;
	r = shared_join(spec, f, &f->region, &f->position);
	if (r) {
		goto fail;
	}
	/* Peers know of it already. */
	spin_lock(&seg->domain->vpci->lock);
	r = ivshmem_build(&f->state, spec->size, spec->vectors, f->position);
	spin_unlock(&seg->domain->vpci->lock);
	if (r) {
		goto leave;
	}
	spin_lock(&pci_registry_lock);
	f->device = free_device(seg);
	if (f->device != 0) {
		f->next = seg->shared;
		__atomic_store_n(&seg->shared, f, __ATOMIC_RELEASE);
	}
	spin_unlock(&pci_registry_lock);
	if (f->device != 0) {
		*out = f;
		return 0;
	}
	r = -ENOSPC;
leave:
	if (shared_leave(f->region, f->position)) {
		while (!shared_free_slice(f->region)) {
		}
	}
	ivshmem_free(&f->state);
fail:
	heap_free(f);
	return r;
}

static bool spec_ok(const struct shared_spec *spec)
{
	return spec->size >= IVSHMEM_SIZE_MIN && spec->size <= IVSHMEM_SIZE_MAX &&
	       (spec->size & (spec->size - 1)) == 0 &&
	       spec->vectors <= IVSHMEM_VECTORS_MAX;
}

int vpci_share(struct domain *d, const struct shared_spec *spec, struct vsbdf *out)
{
	struct vpci_segment *seg;
	struct vpci_shared *f;
	int r;

	if (!spec_ok(spec) || d->drives || d->control || d->state != DOMAIN_BUILDING) {
		return -EINVAL;
	}
	/* The bus is the last thing that is made: before it, the ITS may still come. */
	r = lend_bus_state(d);
	if (r) {
		return r;
	}
	if (spec->vectors != 0 && !d->vits) {
		return -EOPNOTSUPP;
	}
	seg = d->vpci->segments;
	f = vpci_shared_first(seg);
	while (f && strcmp(f->region->spec.name, spec->name) != 0) {
		f = f->next;
	}
	if (f && f->there) {
		return -EBUSY;
	}
	if (!f) {
		r = begin(seg, spec, &f);
	}
	if (r == 0 && !shared_clean_slice(f->region)) {
		r = -EAGAIN;
	}
	if (r == 0) {
		__atomic_store_n(&f->there, true, __ATOMIC_RELEASE);
		*out = vpci_shared_where(f);
		log_info("shared", "%s: d%u %s has it as " SBDF_FMT ", number %u", spec->name,
			 d->id, d->name, SBDF_ARG(*out), f->position);
	}
	return r;
}

bool vpci_share_leave(struct vpci_segment *seg)
{
	struct vpci_shared *f = seg->shared;

	if (!f) {
		return true;
	}
	if (!f->left) {
		/* Before its RAM may be free; until then a peer may ring. */
		spin_lock(&seg->domain->vpci->lock);
		vpci_shared_unmap(f);
		spin_unlock(&seg->domain->vpci->lock);
		f->left = true;
		if (!shared_leave(f->region, f->position)) {
			f->region = NULL;
		}
	} else if (!f->region || shared_free_slice(f->region)) {
		seg->shared = f->next;
		ivshmem_free(&f->state);
		heap_free(f);
	}
	return false;
}

bool vpci_share_end(struct domain *d)
{
	return !d->vpci || !d->vpci->segments || vpci_share_leave(d->vpci->segments);
}
