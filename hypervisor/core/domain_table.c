/* SPDX-License-Identifier: BSD-2-Clause */
/* Which domains there are, and their numbers, which say where in the table they are. */
#include "core/domain_parts.h"
#include "lib/errno.h"
#include "lib/string.h"

static struct domain *domains[DOMAINS_MAX];
static uint16_t next_id = 1; /* of a guest */
static struct spinlock table_lock;

/* Table lock held. One that is still being put together is nobody's business. */
static bool in_sight(uint32_t slot)
{
	return domains[slot] != NULL && __atomic_load_n(&domains[slot]->visible, __ATOMIC_ACQUIRE);
}

static uint32_t slot_of(uint32_t id)
{
	return id % DOMAINS_MAX;
}

struct domain *domain_by_id(uint32_t id)
{
	uint32_t slot = slot_of(id);
	struct domain *found = NULL;

	spin_lock(&table_lock);
	if (in_sight(slot) && domains[slot]->id == id) {
		found = domains[slot];
	}
	spin_unlock(&table_lock);
	return found;
}

uint32_t domain_next_id(uint32_t from)
{
	uint32_t best = DOMAIN_ID_NONE;

	spin_lock(&table_lock);
	/* Mostly it is near: of ids in a row each has a slot of its own. */
	for (uint32_t id = from; id < from + DOMAINS_MAX && best == DOMAIN_ID_NONE; id++) {
		if (in_sight(slot_of(id)) && domains[slot_of(id)]->id == id) {
			best = id;
		}
	}
	if (best != DOMAIN_ID_NONE) {
		goto out;
	}
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		if (in_sight(i) && domains[i]->id >= from && domains[i]->id < best) {
			best = domains[i]->id;
		}
	}
out:
	spin_unlock(&table_lock);
	return best;
}

/*
 * Table lock held. The next id whose slot is free; ids begin again some day. DOMAIN_ID_NONE: there
 * is none. Twice around the table meets each slot, also where ids begin again.
 */
static uint16_t take_id(bool control)
{
	for (uint32_t i = 0; i < 2 * DOMAINS_MAX; i++) {
		uint16_t id = control ? 0 : next_id;

		if (!control) {
			next_id = (uint16_t)(id == DOMAIN_ID_LAST ? 1 : id + 1);
		}
		if (domains[slot_of(id)] == NULL) {
			return id;
		}
	}
	return DOMAIN_ID_NONE;
}

/* Table lock held. */
static bool name_used(const char *name)
{
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		if (domains[i] != NULL && strcmp(domains[i]->name, name) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Log lines read the name without the lock. One that is written just now mixes both names, but it
 * ends: the last byte is never anything but 0.
 */
int domain_rename(struct domain *d, const char *name)
{
	int ret = -EEXIST;

	spin_lock(&table_lock);
	if (!name_used(name)) {
		for (size_t i = 0, end = strnlen(name, DOMAIN_NAME_MAX - 1); i < DOMAIN_NAME_MAX;
		     i++) {
			__atomic_store_n(&d->name[i], i < end ? name[i] : '\0', __ATOMIC_RELAXED);
		}
		ret = 0;
	}
	spin_unlock(&table_lock);
	return ret;
}

void domain_copy_name(const struct domain *d, char name[DOMAIN_NAME_MAX])
{
	spin_lock(&table_lock);
	memcpy(name, d->name, DOMAIN_NAME_MAX);
	spin_unlock(&table_lock);
}

int domain_table_add(struct domain *d, uint16_t *vmid)
{
	int ret = -EEXIST;

	spin_lock(&table_lock);
	if (!name_used(d->name)) {
		d->id = take_id(d->control);
		ret = d->id == DOMAIN_ID_NONE ? -ENOSPC : 0;
	}
	if (ret == 0) {
		*vmid = (uint16_t)(slot_of(d->id) + 1);
		domains[slot_of(d->id)] = d;
	}
	spin_unlock(&table_lock);
	return ret;
}

void domain_table_remove(struct domain *d)
{
	spin_lock(&table_lock);
	if (domains[slot_of(d->id)] == d) {
		domains[slot_of(d->id)] = NULL;
	}
	spin_unlock(&table_lock);
}
