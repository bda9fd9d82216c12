/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that guests share: named regions. One is made by its first member, and its RAM, which is
 * nobody's else and no domain's to pay for, is free again when the last has left; what is in it
 * stays while members come and go. Not in reach of devices.
 */
#ifndef VPCI_SHARED_H
#define VPCI_SHARED_H

#include "core/domain.h"

#define SHARED_NAME_MAX 64 /* with the terminating 0 */

struct vpci_shared;

/* What all members say alike. */
struct shared_spec {
	char name[SHARED_NAME_MAX];
	uint64_t size;    /* bytes, a power of two, see ivshmem.h */
	uint32_t vectors; /* by which each member can be interrupted; 0: by none */
};

struct shared_region {
	struct shared_spec spec;
	uint32_t id; /* 1 and up; no two regions ever have the same */
	paddr_t *blocks; /* block_count of them, of 2 MiB */
	uint32_t block_count;

	struct shared_region *next; /* shared.c's lock: this, and how many members there are */
	uint32_t member_count;

	/* Whoever cleans: one at a time. */
	uint32_t blocks_taken;
	uint32_t blocks_clean;
	uint64_t cleaned; /* bytes of the next one */

	struct spinlock lock; /* comes before any member's bus lock */
	struct vpci_shared *members[DOMAINS_MAX]; /* by IVPosition */
};

/*
 * The region of that name, made if there is none. *position: the member's place in it, the lowest
 * that is free; it stays the member's until shared_leave(). -EEXIST: it has another size or number
 * of vectors; -ENOMEM, also when its RAM is not free; -ENOSPC: it has as many members as there can
 * be domains.
 */
int shared_join(const struct shared_spec *spec, struct vpci_shared *member,
		struct shared_region **out, uint32_t *position);
/*
 * On return nobody reaches the member. True: it was the last, so the name is free, and the caller
 * calls shared_free_slice(), its RAM mapped for nobody any more, until r is gone.
 */
bool shared_leave(struct shared_region *r, uint32_t position);
/* Some of its RAM is free. True: all is, and r is gone. */
bool shared_free_slice(struct shared_region *r);
/* 128 KiB of its RAM cleaned, or less. True: all is clean, and may be mapped. A member's caller. */
bool shared_clean_slice(struct shared_region *r);
static inline bool shared_is_clean(const struct shared_region *r)
{
	return __atomic_load_n(&r->blocks_clean, __ATOMIC_ACQUIRE) == r->block_count;
}

/* For a list: the region with the least id from from on, as it is now. False: there is none. */
struct shared_look {
	struct shared_spec spec;
	uint32_t id;
	uint32_t next; /* the next one's; 0: it is the last */
	uint16_t members[DOMAINS_MAX]; /* domain ids by IVPosition, or DOMAIN_ID_NONE */
};
bool shared_look(uint32_t from, struct shared_look *out);

#endif
