/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One PCI function in the hypervisor's books. Host truth is read once while the function is quiet
 * and never re-read from hardware a guest can influence.
 */
#ifndef PCI_FUNCTION_H
#define PCI_FUNCTION_H

#include "core/spinlock.h"
#include "irq/irq_meter.h"
#include "lib/list.h"
#include "lib/types.h"
#include "pci/pci_contain.h"
#include "pci/pci_fault.h"
#include "pci/pci_reset.h"
#include "pci/pci_storm.h"

#define PCI_BARS 6
#define PCI_NAME_MAX 64

/* Quirks: what an administrator asks for by name when a function is lent; in list and log. */
#define PCI_QUIRK_NO_RESET  (1U << 0) /* lent again though it could not be reset: "no-reset" */
#define PCI_QUIRK_ALLOW_GAP (1U << 1) /* guests reach registers of unknown meaning: "allow-gap" */
#define PCI_QUIRKS          (PCI_QUIRK_NO_RESET | PCI_QUIRK_ALLOW_GAP)

struct host_bridge;
struct intx_member;
struct iommu;
struct its;
struct its_device;
struct lend_prepared;
struct pci_slots_port;
struct vpci_function;
struct vpci_vectors;

/*
 * ABSENT -> OWNED -> RESETTING -> QUARANTINED -> LENT -> RESETTING -> QUARANTINED | BROKEN.
 */
enum function_state {
	FUNCTION_ABSENT,
	FUNCTION_OWNED,       /* used by its bridge's owner domain */
	FUNCTION_RESETTING,
	FUNCTION_QUARANTINED, /* assignable, nobody's */
	FUNCTION_LENT,
	FUNCTION_BROKEN,
};

enum bar_kind {
	BAR_NONE,
	BAR_IO,
	BAR_MEM32,
	BAR_MEM64,
	BAR_MEM64_HIGH, /* upper half of the one before */
};

struct pci_bar {
	enum bar_kind kind;
	bool prefetchable;
	uint64_t size;    /* bytes, power of two */
	uint64_t address; /* PCI bus address Viaduct placed it at; 0: not placed */
	paddr_t cpu;      /* the same in host physical addresses (memory BARs) */
};

/* Reset methods, best first (PCIe 6.0 6.6.2, PCI AF ECN, PM 1.2, 6.6.1). */
enum reset_method {
	RESET_NONE,
	RESET_FLR,
	RESET_AF_FLR,
	RESET_PM,
	RESET_BUS,
};
#define RESET_BIT(m) (1U << (m))

struct pci_msix {
	uint16_t cap; /* offset; 0: none */
	uint16_t entries;
	uint8_t table_bar;
	uint8_t pba_bar;
	uint32_t table_offset;
	uint32_t pba_offset;
};

struct pci_msi {
	uint16_t cap;
	uint8_t vectors; /* 1..32 capable */
	bool is_64bit;
	bool maskable;
};

enum pci_vfs_state {
	PCI_VFS_OFF,
	PCI_VFS_COMING, /* enabled, not all of them ready yet */
	PCI_VFS_ON,
	PCI_VFS_GOING, /* being taken from their users; none is lent any more */
};

/* SR-IOV of a physical function (PCIe 6.0 9.3.3). */
struct pci_sriov {
	uint16_t total;  /* TotalVFs; 0: no usable capability */
	uint16_t first;  /* First VF Offset, in requester IDs, of NumVFs as last written */
	uint16_t stride;
	uint16_t device; /* VF Device ID */
	uint32_t pages;  /* Supported Page Sizes; VF BARs are laid out for the least, 4 KiB */
	bool ari;        /* ARI Capable Hierarchy is set */
	/* size: of one VF; the space placed at address is for total VFs, each of 64 KiB or more */
	struct pci_bar bars[PCI_BARS];

	/*
	 * Written under the physical function's lock, atomically, since the registry's holders read
	 * them too; PCI_VFS_OFF is left under both.
	 */
	enum pci_vfs_state state; /* pci_vfs_set_state() */
	uint16_t count; /* VFs enabled, unless PCI_VFS_OFF */
	uint16_t lent;  /* of them, to domains other than the bridge's owner */
};

/* A secondary bus reset of a port: its link goes and comes. */
enum pci_bus_reset {
	PCI_BUS_RESET_NONE,
	PCI_BUS_RESET_ON,
	PCI_BUS_RESET_OVER, /* and its slot was not looked at since */
};

/* By what a function is found (pci_index.h). */
enum pci_index_kind {
	PCI_BY_SBDF,
	PCI_BY_STREAM,    /* StreamID, whatever the IOMMU */
	PCI_BY_DEVICE_ID, /* whatever the ITS */
	PCI_INDEXES
};

struct pci_function {
	struct sbdf sbdf;
	struct host_bridge *bridge;
	struct pci_function *parent; /* the bridge function above; NULL on a root bus */
	struct pci_function *pf;     /* of a VF: its physical function; else NULL */
	struct pci_function *next;   /* registry order: ascending SBDF, a bridge's in a row */
	struct pci_function *children; /* those whose parent it is, in no order: follow ->sibling */
	struct pci_function *sibling;
	struct pci_function *index_next[PCI_INDEXES];
	bool indexed; /* by stream and DeviceID */

	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint32_t class_code; /* 24 bits */
	uint8_t revision;
	uint8_t header_type; /* layout only: 0 or 1 */
	bool multifunction;
	uint8_t interrupt_pin; /* 0: none */
	uint8_t depth;         /* bridges above */

	/* Bridges (header type 1), as Viaduct programmed them. */
	uint8_t bus_primary, bus_secondary, bus_subordinate;
	uint32_t window_mem_base, window_mem_limit;   /* inclusive limit; base > limit: closed */
	uint64_t window_pref_base, window_pref_limit;
	uint32_t window_io_base, window_io_limit;
	bool window_io;     /* implements an I/O window */
	bool window_pref;   /* implements a prefetchable window... */
	bool window_pref64; /* ...with 64-bit addresses */
	bool hotplug;       /* PCIe 6.0 7.5.3.9: its slot is hot-plug capable */
	struct pci_slots_port *slot; /* it is watched; NULL: is not */
	enum pci_bus_reset bus_reset; /* atomic */
	bool ari_forwarding; /* 6.13: below it a device number is part of the function number */

	/* Capability offsets, 0: absent. */
	uint16_t cap_pm, cap_express, cap_af, cap_vpd;
	uint16_t cap_acs, cap_sriov, cap_ari, cap_aer, cap_dsn, cap_dpc;
	uint8_t express_type; /* PCIe 6.0 7.5.3.2 device/port type */
	bool flr;             /* 7.5.3.3 function-level reset capability */
	bool af_flr;          /* the same in Advanced Features */
	bool pm_reset;        /* D3hot to D0 resets it: No_Soft_Reset is clear (7.5.2.2) */
	struct pci_msi msi;
	struct pci_msix msix;
	struct pci_bar bars[PCI_BARS];
	uint32_t rom_size; /* expansion ROM: noted, never placed */
	bool placed;       /* every BAR has an address; false: decode must stay off */
	int32_t node;      /* its number while its bridge's functions are placed */
	struct pci_sriov sriov;
	bool reports_errors;  /* to the root port above, which EL2 looks at */
	bool error_root;      /* it is such a port */
	uint16_t acs_enabled; /* ACS control bits that took (PCIe 6.0 7.7.11.3) */
	bool isolated;        /* ACS does all it must here: peer-to-peer traffic goes upstream */

	uint32_t reset_methods; /* RESET_BIT() */
	uint32_t group;         /* isolation group number... */
	struct pci_function *group_next; /* ...and the next member, in a ring; NULL: it is alone */
	/* an upstream port: below one of its downstream ports all is one group */
	bool siblings_open;

	uint16_t requester;   /* requester ID its DMA carries: its own or an aliasing bridge's */
	struct iommu *iommu; /* NULL: no translation behind iommu-map */
	stream_id_t stream;
	struct its *its;
	device_id_t device_id;
	struct msi_controller *msi_controller; /* instead of an ITS; NULL: none */
	volatile uint8_t *msix_pages; /* EL2's view of the pages that hold its table; NULL: none */
	/* While it has, or awaits, a user behind an ITS. Goes under the function's lock. */
	struct its_device *itt;
	/* Without one, if its MSIs are trapped. A storm's end reads it, function's lock held. */
	struct vpci_vectors *vectors;

	/* Registry lock. */
	enum function_state state; /* changed by pci_function_set_state() */
	uint16_t user; /* domain id, or DOMAIN_ID_NONE */
	struct list user_node; /* in that domain's vpci.functions */
	struct vsbdf user_view; /* where the user sees it, while LENT */
	char name[PCI_NAME_MAX];
	/* Expansion ROM its user is shown: memory of the hypervisor's at cpu. BAR_NONE: none. */
	struct pci_bar lent_rom;
	struct lend_prepared *prepared; /* for its next user, while it is nobody's; or NULL */
	bool lent_once; /* since its last reset, or since boot */
	bool gone; /* pci_function_gone(): the device is out of its slot, or not in use yet */
	bool owner_ended; /* it is nobody's since the owner of its bridge, which used it, ended */
	bool cut_off; /* or about to be, since it was last used: its stream is another's to shut */
	uint32_t quirks; /* PCI_QUIRK_* it is, or was last, lent with; 0 when its owner has it */
	const char *broken_why;

	struct spinlock lock; /* vPCI state below and config writes on behalf of the user */
	struct vpci_function *vpci;
	struct intx_member *intx; /* while it is on a wire; vpci/intx_wire.h: change_lock */

	struct pci_reset reset; /* at work while pci_reset_active() */
	struct pci_contain contain;
	struct spinlock fault_lock; /* the two below; innermost */
	struct pci_fault_window fault_window;
	uint64_t fault_count; /* since boot */
	uint64_t errors_corrected, errors_uncorrected; /* messages; written by one job */
	uint64_t reset_count;
	struct irq_meter meter;
	struct pci_storm storm;
};

/* pf's lock held. */
static inline void pci_vfs_set_state(struct pci_function *pf, enum pci_vfs_state state)
{
	__atomic_store_n(&pf->sriov.state, state, __ATOMIC_RELAXED);
}

static inline enum pci_vfs_state pci_vfs_state(const struct pci_function *pf)
{
	return __atomic_load_n(&pf->sriov.state, __ATOMIC_RELAXED);
}

/* Registry lock held. */
static inline void pci_function_set_state(struct pci_function *f, enum function_state state)
{
	__atomic_store_n(&f->state, state, __ATOMIC_RELAXED);
}

/* For those that do not hold it. */
static inline enum function_state pci_function_state(const struct pci_function *f)
{
	return __atomic_load_n(&f->state, __ATOMIC_RELAXED);
}

/* Registry lock held. */
static inline void pci_function_set_gone(struct pci_function *f, bool gone)
{
	__atomic_store_n(&f->gone, gone, __ATOMIC_RELAXED);
}

/*
 * Nothing answers any more, so that nobody waits for it: what is left is to take it from its user.
 * Its entry then stays ABSENT, for whatever comes into the slot next.
 */
static inline bool pci_function_gone(const struct pci_function *f)
{
	return __atomic_load_n(&f->gone, __ATOMIC_RELAXED);
}

#endif
