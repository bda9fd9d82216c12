/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains: the control domain (id 0) and guests. */
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include "arch/arm64/p2m.h"
#include "core/exit.h"
#include "core/grace.h"
#include "core/job.h"
#include "core/mmio.h"
#include "core/percpu.h"
#include "core/sched_share.h"
#include "core/spinlock.h"
#include "core/vcpu.h"
#include "lib/list.h"
#include "lib/types.h"

#define DOMAIN_NAME_MAX 64 /* with the terminating 0 */
#define DOMAIN_ID_NONE  0xffffU
#define DOMAIN_ID_LAST  0x7fef /* ids count up to here, then from 1 again */
#define DOMAINS_MAX     64
#define DOMAIN_VCPUS_MAX 16

enum domain_state {
	DOMAIN_BUILDING, /* paused, memory may be written by the toolstack, never ran */
	DOMAIN_RUNNING,
	DOMAIN_PAUSED,
	DOMAIN_SHUTDOWN, /* all vCPUs stopped for good; reason says why */
	DOMAIN_DYING,    /* teardown job at work; no new references */
};

enum shutdown_reason { SHUTDOWN_POWEROFF, SHUTDOWN_REBOOT, SHUTDOWN_CRASH, SHUTDOWN_WATCHDOG };

struct vgic;
struct vits;
struct vmsi;
struct vpci;
struct vuart;
struct vgpio;
struct vwatchdog;
struct domain_boot;

struct domain {
	uint16_t id; /* 0: the control domain */
	char name[DOMAIN_NAME_MAX]; /* of a complete domain see domain_copy_name() */
	bool control;  /* may administer the machine */
	bool direct;   /* RAM at IPA = PA, in pieces */
	bool unprotected_dma; /* a guest, RAM in one run at IPA = PA; may have the untranslated */
	bool drives;   /* a driver domain: its PCI is host bridges it owns, nothing is lent to it */
	struct domain_boot *boot; /* what makes it again when it asks for a reboot; NULL: nothing */
	/* a guest whose devices reach an MSI doorbell that knows no sender */
	bool unsafe_interrupts;
	struct spinlock lock; /* state, name, ram list */
	bool visible; /* found by id and name */
	enum domain_state state; /* changed by domain_set_state() */
	enum shutdown_reason reason;
	uint64_t started, ended; /* ticks; 0: not yet */
	bool off_is_reboot; /* under the lock: when it powers off, that is a reboot */
	struct p2m p2m;
	struct mmio_map mmio;
	struct vcpu *vcpus[DOMAIN_VCPUS_MAX];
	uint32_t vcpu_count;   /* those that are there: see domain_vcpu_count() */
	uint32_t vcpus_wanted; /* so many will be */
	struct sched_share share;
	uint8_t last_vcpu[CPUS_MAX]; /* by pCPU: 1 + index of the vCPU loaded there last */
	ipaddr_t ram_base; /* guests: GUEST_RAM_BASE, or with unprotected_dma where its RAM is */
	uint64_t ram_size;
	uint64_t flash_size;
	/* 2 MiB blocks: RAM in IPA order, then flash; 512 in each page. NULL when direct */
	paddr_t **ram_blocks;
	uint32_t ram_block_count; /* as many as it has a right to */
	uint8_t part; /* that its job makes next */
	uint32_t flash_mapped;    /* bytes of flash's banks that show the next block */
	uint32_t ram_taken;       /* blocks [0, this) it has */
	uint32_t ram_populated;   /* blocks [0, this) are clean and mapped */
	uint64_t ram_cleaned;   /* bytes of the next one that are clean */
	struct vgic *vgic;
	struct vits *vits;
	struct vmsi *vmsi; /* where the machine has no ITS */
	struct vpci *vpci;
	struct vuart *uart;
	struct vgpio *gpio; /* guests: the power key */
	bool has_watchdog;
	struct vwatchdog *watchdog;
	uint64_t exits[EXIT_KINDS];   /* statistics, updated without lock by its vCPUs */
	uint64_t interrupts_injected; /* from lent hardware */
	uint64_t log_tokens;
	uint64_t log_last_ticks;
	uint64_t log_dropped;
	struct job populate;
	struct job teardown;
	uint8_t teardown_phase;
	struct grace grace;
};

/* Lock held. */
static inline void domain_set_state(struct domain *d, enum domain_state state)
{
	__atomic_store_n(&d->state, state, __ATOMIC_RELAXED);
}

/* For those that do not hold it. */
static inline bool domain_is_dying(const struct domain *d)
{
	return __atomic_load_n(&d->state, __ATOMIC_RELAXED) == DOMAIN_DYING;
}

/* While a guest is made its vCPUs come: for those who look at it meanwhile. */
static inline uint32_t domain_vcpu_count(const struct domain *d)
{
	return __atomic_load_n(&d->vcpu_count, __ATOMIC_ACQUIRE);
}

/* Complete domains by id; NULL when absent. Valid until the domain's teardown ends. */
struct domain *domain_by_id(uint32_t id);
/* Next id >= from in use, or DOMAIN_ID_NONE. */
uint32_t domain_next_id(uint32_t from);

struct domain_spec {
	char name[DOMAIN_NAME_MAX];
	uint32_t vcpu_count;
	bool drives;         /* a driver domain, see struct domain */
	uint64_t ram_size;   /* bytes, rounded up to 2 MiB */
	uint64_t flash_size; /* the same, from GUEST_FLASH0_BASE on; 0: none */
	/* bytes of page tables besides those of its RAM; 0: the usual amount */
	uint64_t table_size;
	bool unprotected_dma; /* no flash; RAM in one piece, at its physical address */
	uint64_t ram_at;      /* the latter, where it is to be just this; 0: any */
	/* Without an ITS: MSIs through a doorbell without check. unprotected_dma implies it. */
	bool unsafe_interrupts;
	bool has_watchdog;
};

/*
 * A guest with the memory map of include/viaduct/guest_map.h, state BUILDING, its RAM and flash
 * promised. A job makes vCPUs, GIC, ITS or MSI frame, UART and an empty PCI bus, then takes, cleans
 * and maps RAM (ram_populated); it ends when there is no memory for one of them.
 * -EEXIST name in use, -ENOMEM (nothing kept), -EINVAL bad spec, -ERANGE unprotected_dma and no run
 * of free blocks where the guest's map has nothing else, or not at ram_at.
 */
int domain_create(const struct domain_spec *spec, struct domain **out);
/* vCPU 0 starts at pc with x0 = arg, MMU off, EL1. -EAGAIN: RAM is not populated yet. */
int domain_start(struct domain *d, ipaddr_t pc, uint64_t arg);
/* The same, but nothing runs before domain_unpause(). */
int domain_start_paused(struct domain *d, ipaddr_t pc, uint64_t arg);
int domain_pause(struct domain *d);
int domain_unpause(struct domain *d);
/*
 * Ends every vCPU, takes lent functions back (quarantine), frees all memory, as a job. Returns at
 * once; the id and name are free again when domain_by_id() says NULL.
 */
int domain_destroy(struct domain *d);
/*
 * From the domain's own PSCI call or a fatal fault: stop all its vCPUs. Any context. Does not
 * return when the machine ends with the domain.
 */
void domain_shutdown(struct domain *d, enum shutdown_reason reason);

/*
 * From now on, what it means when the domain powers off: the power key, which cannot say so itself,
 * was pressed for a reboot.
 */
void domain_off_is_reboot(struct domain *d, bool reboot);

/* -EEXIST: the name is in use, or its own. The caller has checked it. */
int domain_rename(struct domain *d, const char *name);
/* Its name as it is at this moment. */
void domain_copy_name(const struct domain *d, char name[DOMAIN_NAME_MAX]);

/* Block i < ram_populated of its RAM and flash. */
paddr_t domain_ram_block(const struct domain *d, uint32_t i);

/* Boot: there is no control domain. */
void domain_without_control(void);
/*
 * Without a control domain nothing can be started any more: switch the machine off when no domain
 * is left that runs or is being built. Any context, no lock held.
 */
void domain_end_machine_if_last(void);

/* Statistics. */
uint64_t domain_cpu_ticks(struct domain *d);
/* Since it was started, up to its end if that has come. */
uint64_t domain_life_ticks(const struct domain *d);

#endif
