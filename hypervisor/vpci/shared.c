/* SPDX-License-Identifier: BSD-2-Clause */
/* Regions by name: who is in one, and its RAM. */
#include "vpci/shared.h"

#include "core/heap.h"
#include "core/log.h"
#include "core/ram.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "vpci/vpci_shared.h"

/* Blocks freed at once. */
#define FREE_A_SLICE 32U

static struct spinlock regions_lock;
static struct shared_region *regions; /* the newest first: ids descend */
static uint32_t last_id;

/* Lock held. */
static struct shared_region *find(const char *name)
{
	struct shared_region *r = regions;

	while (r && strcmp(r->spec.name, name) != 0) {
		r = r->next;
	}
	return r;
}

/* Lock held. NULL: no memory. */
static struct shared_region *make(const struct shared_spec *spec)
{
	struct shared_region *r = heap_alloc(sizeof(*r));

	if (!r) {
		return NULL;
	}
	r->spec = *spec;
	r->block_count = (uint32_t)(ALIGN_UP(spec->size, RAM_BLOCK_SIZE) / RAM_BLOCK_SIZE);
	r->blocks = heap_alloc(r->block_count * sizeof(r->blocks[0]));
	if (!r->blocks || ram_promise(r->block_count)) {
		heap_free(r->blocks);
		heap_free(r);
		return NULL;
	}
	r->id = ++last_id;
	r->next = regions;
	regions = r;
	log_info("shared", "%s: %llu KiB, %u vectors", spec->name,
		 (unsigned long long)spec->size / 1024, spec->vectors);
	return r;
}

/* Lock held; it has no member. Blocks it has not are nobody's from now on. */
static void forget(struct shared_region *r)
{
	struct shared_region **link = &regions;

	while (*link != r) {
		link = &(*link)->next;
	}
	*link = r->next;
	ram_promise_end(r->block_count - r->blocks_taken);
	log_info("shared", "%s is gone", r->spec.name);
}

static int take_place(struct shared_region *r, struct vpci_shared *member, uint32_t *position)
{
	uint32_t i = 0;

	spin_lock(&r->lock);
	while (i < DOMAINS_MAX && r->members[i]) {
		i++;
	}
	if (i < DOMAINS_MAX) {
		r->members[i] = member;
	}
	spin_unlock(&r->lock);
	*position = i;
	return i < DOMAINS_MAX ? 0 : -ENOSPC;
}

int shared_join(const struct shared_spec *spec, struct vpci_shared *member,
		struct shared_region **out, uint32_t *position)
{
	struct shared_region *r;
	int err = 0;

	spin_lock(&regions_lock);
	r = find(spec->name);
	if (!r) {
		r = make(spec);
	}
	if (!r) {
		err = -ENOMEM;
	} else if (r->spec.size != spec->size || r->spec.vectors != spec->vectors) {
		err = -EEXIST;
	} else {
		err = take_place(r, member, position);
	}
	if (err == 0) {
		r->member_count++;
		*out = r;
	}
	spin_unlock(&regions_lock);
	return err;
}

bool shared_leave(struct shared_region *r, uint32_t position)
{
	bool last;

	spin_lock(&regions_lock);
	spin_lock(&r->lock);
	r->members[position] = NULL;
	spin_unlock(&r->lock);
	last = --r->member_count == 0;
	if (last) {
		forget(r);
	}
	spin_unlock(&regions_lock);
	return last;
}

bool shared_free_slice(struct shared_region *r)
{
	for (uint32_t i = 0; i < FREE_A_SLICE && r->blocks_taken != 0; i++) {
		ram_block_free(r->blocks[--r->blocks_taken]);
	}
	if (r->blocks_taken != 0) {
		return false;
	}
	heap_free(r->blocks);
	heap_free(r);
	return true;
}

bool shared_clean_slice(struct shared_region *r)
{
	bool dirty;

	if (shared_is_clean(r)) {
		return true;
	}
	if (r->blocks_taken == r->blocks_clean) {
		ram_block_alloc(&r->blocks[r->blocks_taken++], &dirty);
		r->cleaned = dirty ? 0 : RAM_BLOCK_SIZE;
	} else {
		r->cleaned = ram_block_clean(r->blocks[r->blocks_clean], r->cleaned);
	}
	if (r->cleaned == RAM_BLOCK_SIZE) {
		__atomic_store_n(&r->blocks_clean, r->blocks_clean + 1, __ATOMIC_RELEASE);
	}
	return shared_is_clean(r);
}

/* Region lock held. */
static void look_at(struct shared_region *r, struct shared_look *out)
{
	out->spec = r->spec;
	out->id = r->id;
	spin_lock(&r->lock);
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		out->members[i] = r->members[i] ? r->members[i]->segment->domain->id
						: DOMAIN_ID_NONE;
	}
	spin_unlock(&r->lock);
}

bool shared_look(uint32_t from, struct shared_look *out)
{
	struct shared_region *found = NULL;

	spin_lock(&regions_lock);
	out->next = 0;
	for (struct shared_region *r = regions; r && r->id >= from; r = r->next) {
		out->next = found ? found->id : 0;
		found = r;
	}
	if (found) {
		look_at(found, out);
	}
	spin_unlock(&regions_lock);
	return found != NULL;
}
