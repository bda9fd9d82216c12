/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's functions of shared memory at work. Memory is mapped from the write that turns decode
 * on, a slice each time its vCPU executes it: interrupts come in between. It is ordinary cached
 * memory, so what a guest makes of it is up to its own tables.
 */
#include "vpci/vpci_shared.h"

#include <viaduct/guest_map.h>

#include "core/log.h"
#include "core/ram.h"
#include "irq/vits.h"
#include "lib/errno.h"
#include "vpci/place.h"
#include "vpci/shared.h"

/* Blocks mapped at once. */
#define SLICE_BLOCKS 8U

bool vpci_shared_at(const struct vpci_segment *seg, uint32_t device)
{
	struct vpci_shared *f = vpci_shared_first(seg);

	while (f && f->device != device) {
		f = f->next;
	}
	return f != NULL;
}

/* Lock of f's bus held. A message that is not for the ITS, or not mapped, is lost. */
static void send(struct vpci_shared *f, uint32_t messages)
{
	for (uint32_t i = 0; messages != 0; i++, messages >>= 1) {
		uint64_t address;
		uint32_t data;

		if (!(messages & 1)) {
			continue;
		}
		ivshmem_message(&f->state, i, &address, &data);
		if (address == GUEST_ITS_BASE + VITS_TRANSLATER) {
			(void)vits_msi(f->segment->domain, vpci_device_id(vpci_shared_where(f)),
				       data);
		}
	}
}

void vpci_shared_unmap(struct vpci_shared *f)
{
	if (f->mapped && f->done != 0) {
		p2m_unmap(&f->segment->domain->p2m, f->ipa, f->done);
	}
	f->mapped = false;
}

/* Bus lock held. An access to it is made again, and maps the next slice. */
static bool is_unfinished(const struct vpci_shared *f)
{
	return f->mapped && f->done < f->state.size;
}

static void refuse(const struct vpci_shared *f, int r)
{
	uint64_t bus, size;

	(void)ivshmem_decodes(&f->state, IVSHMEM_MEMORY, &bus, &size);
	log_domain(f->segment->domain, LOG_WARN, "vpci",
		   SBDF_FMT ": shared memory at 0x%llx not mapped: %s",
		   SBDF_ARG(vpci_shared_where(f)), (unsigned long long)bus,
		   r == -ERANGE	  ? "outside the domain's PCI windows"
		   : r == -EEXIST ? "something is mapped there"
				  : "no memory for tables");
}

static void map_slice(struct vpci_shared *f)
{
	struct p2m *p2m = &f->segment->domain->p2m;
	uint64_t piece = MIN(f->state.size, RAM_BLOCK_SIZE);
	int r = 0;

	for (uint32_t i = 0; i < SLICE_BLOCKS && r == 0 && is_unfinished(f); i++) {
		r = p2m_map(p2m, ipa_add(f->ipa, f->done),
			    f->region->blocks[f->done / RAM_BLOCK_SIZE], piece, P2M_RAM_SHARED);
		f->done += r == 0 ? piece : 0;
	}
	if (r) {
		vpci_shared_unmap(f);
		refuse(f, r);
	}
}

static void map(struct vpci_shared *f)
{
	const struct vpci_segment *seg = f->segment;
	uint64_t bus, size;

	if (!ivshmem_decodes(&f->state, IVSHMEM_MEMORY, &bus, &size) || f->mapped) {
		return;
	}
	if (vpci_place_resolve(seg->apertures, seg->aperture_count, bus, size, &f->ipa)) {
		refuse(f, -ERANGE);
		return;
	}
	f->mapped = true;
	f->done = 0;
	map_slice(f);
}

/* Bus lock held. */
static void carry_out(struct vpci_shared *f, const struct ivshmem_plan *plan)
{
	if (plan->effect == VPCI_UNMAP) {
		vpci_shared_unmap(f);
	} else if (plan->effect == VPCI_MAP) {
		map(f);
	}
	send(f, plan->messages);
}

/* One word, or a part of one; bar IVSHMEM_BARS: of config space. */
static struct ivshmem_plan access_word(struct vpci_shared *f, enum ivshmem_bar bar, uint32_t offset,
				       uint32_t size, bool write, uint32_t *value)
{
	struct ivshmem_plan plan = { .effect = VPCI_NOTHING };

	if (write) {
		plan = bar == IVSHMEM_BARS
			       ? ivshmem_config_write(&f->state, offset, size, *value)
			       : ivshmem_bar_write(&f->state, bar, offset, size, *value);
		carry_out(f, &plan);
	} else {
		*value = bar == IVSHMEM_BARS ? ivshmem_config_read(&f->state, offset, size)
					     : ivshmem_bar_read(&f->state, bar, offset, size);
	}
	return plan;
}

/* Bus lock held. Eight bytes are two words, the lower one first; only one of them is a doorbell. */
static struct ivshmem_plan access_words(struct vpci_shared *f, enum ivshmem_bar bar,
					uint32_t offset, struct mmio_access *a)
{
	uint32_t low = (uint32_t)a->value, high = (uint32_t)(a->value >> 32);
	struct ivshmem_plan plan =
		access_word(f, bar, offset, MIN(a->size, 4U), a->write, &low);

	if (a->size == 8) {
		struct ivshmem_plan second =
			access_word(f, bar, offset + 4, 4, a->write, &high);

		plan = plan.rings ? plan : second;
	}
	if (!a->write) {
		a->value = a->size == 8 ? (uint64_t)high << 32 | low : low;
	}
	return plan;
}

/*
 * Bus lock held. A write that begins to map takes, and is made again, without effect, when all is
 * there: nothing but COMMAND does.
 */
static struct ivshmem_plan access(struct vpci_shared *f, enum ivshmem_bar bar, uint32_t offset,
				  struct mmio_access *a, enum mmio_result *result)
{
	struct ivshmem_plan plan = { .rings = false };

	if (is_unfinished(f)) {
		map_slice(f);
	}
	if (!is_unfinished(f)) {
		plan = access_words(f, bar, offset, a);
	}
	*result = is_unfinished(f) ? MMIO_RETRY : MMIO_DONE;
	return plan;
}

bool vpci_shared_config(struct vpci_segment *seg, uint32_t devfn, uint32_t reg,
			struct mmio_access *a, enum mmio_result *result)
{
	struct vpci_shared *f = devfn % VPCI_FUNCTIONS == 0 ? vpci_shared_first(seg) : NULL;

	while (f && f->device != devfn / VPCI_FUNCTIONS) {
		f = f->next;
	}
	if (!f || !__atomic_load_n(&f->there, __ATOMIC_ACQUIRE)) {
		return false;
	}
	spin_lock(&seg->domain->vpci->lock);
	(void)access(f, IVSHMEM_BARS, reg, a, result);
	spin_unlock(&seg->domain->vpci->lock);
	return true;
}

/* Bus lock held: whose BAR 0 or 1 is at this address? */
static struct vpci_shared *decode(const struct vpci_segment *seg, ipaddr_t at,
				  enum ivshmem_bar *bar, uint32_t *offset)
{
	for (struct vpci_shared *f = seg->shared; f; f = f->next) {
		for (*bar = IVSHMEM_REGISTERS; *bar != IVSHMEM_MEMORY; (*bar)++) {
			uint64_t bus, size;
			ipaddr_t base;

			if (ivshmem_decodes(&f->state, *bar, &bus, &size) &&
			    vpci_place_resolve(seg->apertures, seg->aperture_count, bus, size,
					       &base) == 0 &&
			    at.v - base.v < size) {
				*offset = (uint32_t)(at.v - base.v);
				return f;
			}
		}
	}
	return NULL;
}

/* The sender holds no lock: both may ring each other at once. Who is not there does not hear it. */
static void ring(struct shared_region *r, uint32_t position, uint32_t vector)
{
	struct vpci_shared *peer;
	struct ivshmem_plan plan;

	if (position >= ARRAY_SIZE(r->members)) {
		return;
	}
	spin_lock(&r->lock);
	peer = r->members[position];
	if (peer) {
		spin_lock(&peer->segment->domain->vpci->lock);
		plan = ivshmem_ring(&peer->state, vector);
		send(peer, plan.messages);
		spin_unlock(&peer->segment->domain->vpci->lock);
	}
	spin_unlock(&r->lock);
}

bool vpci_shared_window(struct vpci_segment *seg, struct mmio_access *a, enum mmio_result *result)
{
	struct ivshmem_plan plan = { .rings = false };
	struct vpci_shared *f;
	enum ivshmem_bar bar;
	uint32_t offset;

	if (!vpci_shared_first(seg) || !IS_ALIGNED(a->ipa.v, a->size)) {
		return false;
	}
	spin_lock(&seg->domain->vpci->lock);
	f = decode(seg, a->ipa, &bar, &offset);
	if (f) {
		plan = access(f, bar, offset, a, result);
	}
	spin_unlock(&seg->domain->vpci->lock);
	if (plan.rings) {
		ring(f->region, plan.peer, plan.vector);
	}
	return f != NULL;
}

void vpci_shared_collect(const struct vpci_segment *seg, struct rangeset *used)
{
	spin_lock(&seg->domain->vpci->lock);
	for (struct vpci_shared *f = seg->shared; f; f = f->next) {
		for (enum ivshmem_bar bar = IVSHMEM_REGISTERS; bar != IVSHMEM_BARS; bar++) {
			uint64_t bus, size;

			(void)ivshmem_decodes(&f->state, bar, &bus, &size);
			if (bus != 0) {
				/* Nonsense is refused by the set and in nobody's way. */
				(void)rangeset_add(used, bus, size);
			}
		}
	}
	spin_unlock(&seg->domain->vpci->lock);
}
