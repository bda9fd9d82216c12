/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of a domain's start at boot share: preparation, and the job. */
#ifndef BOOT_DOMAIN_BOOT_H
#define BOOT_DOMAIN_BOOT_H

#include "common/guest_fdt.h"
#include "common/guest_image.h"
#include "core/job.h"
#include "core/machine.h"

enum boot_phase {
	BOOT_RESETS, /* until all its functions are in quarantine */
	BOOT_RAM,    /* until its RAM is clean and mapped */
	BOOT_LEND,
	BOOT_KERNEL,
	BOOT_RAMDISK,
	BOOT_START,
};

enum restart_phase {
	RESTART_END,    /* as an administrator would end it */
	RESTART_GONE,   /* until it is, and its name is free */
	RESTART_RESETS, /* until what it used can be its again */
	RESTART_MAKE,
};

struct domain;

/* Kept: device tree and layout are what a restart needs besides the modules. */
struct domain_boot {
	const struct machine_domain *spec;
	struct guest_image_layout layout;
	struct guest_fdt_bridge bridges[MACHINE_MAX_OWNED]; /* as many as spec->owned */
	/* with unprotected_dma: where fdt says its RAM is; else, or at first: 0 */
	uint64_t ram_base;
	void *fdt;
	uint32_t fdt_size;
	void *rng_seed; /* these two are in fdt; NULL: no seeds */
	void *kaslr_seed;
	uint32_t id; /* 0: not made yet */
	uint32_t part;  /* of making it, from 0 on */
	uint32_t owned; /* of spec->owned, those it has */
	struct job job;
	enum boot_phase phase;
	uint32_t lent;   /* of spec->lent, those it has */
	uint64_t copied; /* bytes of the current module */
	struct job restart; /* domain_boot_restart.c */
	enum restart_phase restart_phase;
	_Alignas(uint64_t) uint8_t page[SZ_4K]; /* copied by words */
};

/*
 * A part of making the domain, all but its RAM's contents; -EAGAIN: there is more. 0: the job does
 * the rest. Refused, with the reason in the log, or -ENODEV, somebody destroyed it meanwhile:
 * nothing of it stays.
 */
int domain_boot_make(struct domain_boot *b);

/* d, with id b->id, was made and its functions are on their way into quarantine. */
void domain_boot_job_start(struct domain_boot *b);

/* Seeds for a device tree that is to be made: none where the CPU gives no randomness. */
void domain_boot_seed(struct guest_fdt *g);
/* In b->fdt, for the next. Boot only. */
void domain_boot_find_seeds(struct domain_boot *b);
/* Others in their places, or none when there is no randomness now. */
void domain_boot_reseed(struct domain_boot *b);

/* What lies in RAM at from; nobody writes there. */
void domain_boot_read(uint64_t from, void *to, size_t size);

/* The domain of the device tree that owns a host bridge, even if it is not started; NULL: none. */
const struct machine_domain *domain_boot_owner(const struct machine_bridge *bridge);

/* b->bridges from what the device tree says. Refused, with the reason in the log, as below. */
int domain_boot_place_bridges(struct domain_boot *b);
/* A part of d, just made, owning them; -EAGAIN: there is more. */
int domain_boot_own_bridges(struct domain_boot *b, struct domain *d);

/* None of what they used when the last owner ended is being reset any more. */
bool domain_boot_bridges_settled(const struct domain_boot *b);

/* Say why a domain is not started, and return err. */
int domain_boot_refuse(const struct machine_domain *spec, int err, const char *why);
int domain_boot_refuse_function(const struct machine_domain *spec, uint32_t sbdf, int err,
				const char *why);

#endif
