/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine in which functions are lent: pci/ over model hierarchies (pci_world.h), and in place of
 * stage 2, IOMMU, ITS, vITS, jobs and resets, books that notice when something is done out of
 * order. Every such notice is an assertion failure of the running test.
 */
#ifndef FAKE_LEND_WORLD_H
#define FAKE_LEND_WORLD_H

#include "core/domain.h"
#include "pci_world.h"
#include "vpci/bus.h"

enum { WORLD_CONTROL = 0, WORLD_GUEST1 = 1, WORLD_GUEST2 = 2, WORLD_DOMAINS = 3 };

/* Steps that can be made to fail. */
enum world_step { STEP_ITS_MAP, STEP_ATTACH, STEP_ABORT, STEP_RESET_START, STEP_RESET, STEPS };

struct lend_world {
	struct domain domains[WORLD_DOMAINS];
	bool fail[STEPS];
	uint32_t streams_open; /* streams not aborting, now */
	uint32_t itts;         /* host DeviceIDs mapped, now */
	uint32_t masked;       /* events of theirs, now */
	uint32_t page_limit;   /* 4 KiB pages stage 2 of one domain may hold; 0: no limit */
	uint32_t resets;
	uint32_t wakes;        /* of them, only from D3hot to D0 */
	uint32_t routes;        /* events mapped of the function that goes next */
	uint32_t mapped_before; /* and by the guest, before a function is behind its device */
	uint64_t now_ms;
	struct vcpu vcpu;
	uint32_t parked;       /* times it was */
	uint32_t messages;     /* of virtual devices; the last one's DeviceID and EventID */
	uint32_t message_to; /* domain */
	uint32_t message_from;
	uint32_t message;
	bool interrupt_waits;  /* jobs should end their slices */
	uint64_t cleaned;      /* bytes, out of the caches */
	uint8_t ports[0x10000]; /* I/O space of every host bridge */
	bool ports_abort;
};

extern struct lend_world lend_world;
/* Guests are made with unsafe interrupts. */
extern bool lend_world_unsafe;

/* The control domain's virtual MSI frame, there before its bridges are; count 0: none. */
struct lend_world_frame {
	uint64_t base;
	uint32_t first;
	uint32_t count;
};
extern struct lend_world_frame lend_world_frame;

/* Empty domains; each bridge (count of them, pci_bring_up() done) goes to the control domain. */
void lend_world_init(struct host_bridge *const *bridges, uint32_t count);
/* Everything is given back: fails the test when something is left over. */
void lend_world_end(void);

/* All functions of a dying domain, jobs running in between. */
void reclaim_all(struct domain *d);

/* What vpci.h has in parts, all of it. */
int world_create_guest(struct domain *d);
int world_create_owner(struct domain *d, struct host_bridge *b);
int lend_attach(struct domain *d, struct pci_function *f, const struct lend_options *options,
		struct vsbdf *out);
int lend_return_to_owner(struct pci_function *f);

/* End resets that are under way, and run queued jobs to their end. */
void world_run_resets(void);
uint32_t world_run_jobs(void); /* steps made */
/* One step of the oldest job; false when there is none. */
bool world_step_job(void);

/* A trapped access of the domain's vCPU at an IPA; retried (jobs run in between) until done. */
uint64_t world_load(uint32_t domain, uint64_t ipa, uint8_t size);
void world_store(uint32_t domain, uint64_t ipa, uint8_t size, uint64_t value);
/* Without retrying. */
enum mmio_result world_access(uint32_t domain, struct mmio_access *a, uint64_t ipa);

/* Pages in a domain's stage 2, and where one of them leads (~0: nowhere). */
uint32_t world_pages(uint32_t domain);
uint64_t world_translate(uint32_t domain, uint64_t ipa);
/* P2M_INVALID: nothing there. Which attributes a type has is test_p2m.c's to say. */
enum p2m_type world_page_type(uint32_t domain, uint64_t ipa);

/* A function of a guest in its config window, and of the owner. */
uint64_t world_guest_cfg(uint32_t slot, uint32_t reg);
uint64_t world_owner_cfg(const struct host_bridge *b, struct sbdf s, uint32_t reg);

/* Whose memory a function's DMA reaches: a domain, or ~0. */
uint32_t world_dma(const struct pci_function *f);
/* Its DMA aborts and is not recorded. */
bool world_silent(const struct pci_function *f);

#endif
