/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control interface: what libviaduct and EL2 say to each other. The control domain sees a
 * conventional PCI function, the control function, alone on a segment of its own, with three BARs:
 *
 *   BAR 0  CONTROL_PAGES request pages of 4 KiB, prefetchable memory. One page a client.
 *   BAR 1  registers, trapped. Writing n to CONTROL_REG_DOORBELL carries out the request in page n;
 *          its result is in the page when the store has completed.
 *   BAR 2  64-bit prefetchable: CONTROL_SLOTS slots of 2 MiB through which a client writes the
 *          memory of a domain it builds. A slot is open from APERTURE_MAP until APERTURE_UNMAP, the
 *          domain's start or end, or the next CLAIM of the client's page.
 *
 * BARs 0 and 2 are memory to the CPU: map them write-combining (resourceN_wc in sysfs), and order
 * them before the doorbell with a barrier. Long operations return at once; their progress shows in
 * the state of the function or domain concerned.
 *
 * The IDs are not allocated by the PCI-SIG; they are never seen on a physical bus.
 */
#ifndef VIADUCT_CONTROL_H
#define VIADUCT_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#define CONTROL_VENDOR_ID  0x5644U /* "VD" */
#define CONTROL_DEVICE_ID  0x4346U /* "CF" */
#define CONTROL_CLASS_CODE 0x088000U /* base system peripheral, other */

/* Changes whenever a structure or the meaning of a request does. */
#define CONTROL_ABI_VERSION 7U
#define CONTROL_MAGIC       0x64616956U /* "Viad" */

#define CONTROL_PAGE_SIZE 4096U
#define CONTROL_PAGES     64U
#define CONTROL_SLOT_SIZE 0x200000ULL
#define CONTROL_SLOTS     64U

#define CONTROL_BAR_PAGES     0
#define CONTROL_BAR_REGISTERS 1
#define CONTROL_BAR_APERTURE  2
#define CONTROL_PAGES_SIZE     (CONTROL_PAGES * CONTROL_PAGE_SIZE)
#define CONTROL_REGISTERS_SIZE 4096U
#define CONTROL_APERTURE_SIZE  (CONTROL_SLOTS * CONTROL_SLOT_SIZE)

/* BAR 1. 32-bit accesses; everything but the doorbell is read-only. */
#define CONTROL_REG_MAGIC    0x00U
#define CONTROL_REG_ABI      0x04U
#define CONTROL_REG_PAGES    0x08U
#define CONTROL_REG_SLOTS    0x0cU
#define CONTROL_REG_DOORBELL 0x80U

/* Results are 0 or a negative Linux errno. What each means for a request is with the request. */
enum control_op {
	CONTROL_NULL,
	CONTROL_CLAIM,
	CONTROL_INFO,
	CONTROL_DOMAIN_CREATE,
	CONTROL_DOMAIN_START,
	CONTROL_DOMAIN_PAUSE,
	CONTROL_DOMAIN_UNPAUSE,
	CONTROL_DOMAIN_DESTROY,
	CONTROL_DOMAIN_LIST,
	CONTROL_DOMAIN_STATS,
	CONTROL_CONSOLE_READ,
	CONTROL_CONSOLE_WRITE,
	CONTROL_LOG_READ,
	CONTROL_PCI_LIST,
	CONTROL_PCI_QUARANTINE,
	CONTROL_PCI_RETURN,
	CONTROL_PCI_ATTACH,
	CONTROL_PCI_DETACH,
	CONTROL_APERTURE_MAP,
	CONTROL_APERTURE_UNMAP,
	CONTROL_PCI_EXAMINE,
	CONTROL_PCI_ROM,
	CONTROL_DOMAIN_VCPUS,
	CONTROL_DOMAIN_POWER_KEY,
	CONTROL_DOMAIN_RENAME,
	CONTROL_VCPU_PIN,
	CONTROL_DOMAIN_SHARE,
	CONTROL_PCI_EJECT,
	CONTROL_SHARED_JOIN,
	CONTROL_SHARED_LIST,
	CONTROL_TRACE,
	CONTROL_TRACE_READ,
	CONTROL_OPS
};

/* Starts every request page; the request's body follows, and is replaced by the reply's. */
struct control_header {
	uint32_t op;     /* in */
	uint32_t size;   /* in: bytes of the request's body; out: bytes of the reply's */
	int32_t result;  /* out */
	uint32_t unused; /* 0 */
};

#define CONTROL_BODY_SIZE (CONTROL_PAGE_SIZE - sizeof(struct control_header))
/* No request's body is bigger: EL2 copies it to its stack. */
#define CONTROL_REQUEST_MAX 512U

#define CONTROL_NAME_SIZE    64U /* with the terminating 0 */
#define CONTROL_VERSION_SIZE 32U

/*
 * NULL: does nothing; no body either way.
 * CLAIM: the page has a new client; slots the last one left open are closed. No body either way.
 * INFO: no request body.
 */
#define CONTROL_FEATURE_ITS  (1U << 0)
#define CONTROL_FEATURE_SMMU (1U << 1) /* one that confines DMA */
#define CONTROL_FEATURE_DIRECT (1U << 2) /* GICv4: MSIs reach a running domain without EL2 */

struct control_info {
	char version[CONTROL_VERSION_SIZE];
	uint32_t abi;
	uint32_t cpu_count;
	uint32_t gic_version;
	uint32_t features; /* CONTROL_FEATURE_* */
	uint64_t tick_hz;
	uint64_t uptime_ns;
	uint64_t ram_bytes;        /* what the machine has */
	uint64_t domain_ram_bytes; /* of it, what domains and EL2's heap are made from */
	uint64_t free_bytes;       /* of that, free */
	uint64_t heap_bytes;       /* EL2's heap */
	uint64_t heap_used_bytes;
	uint64_t cpus_online; /* their numbers, by bit */
	uint32_t lpis_used;   /* interrupts of the ITS that lent functions have, each an event */
	uint32_t unused;
};

/*
 * DOMAIN_CREATE: control_domain_create -> control_domain_id. A paused domain with memory, no
 * devices, nothing in it. Sizes are rounded up to 2 MiB. -EEXIST name in use, -ENOMEM, -EINVAL bad
 * name, size, flag or vCPU count, -ENOSPC too many domains, -ERANGE no run of free RAM is as
 * CONTROL_CREATE_UNPROTECTED_DMA needs it.
 */
/*
 * Where no ITS knows who sends an MSI: give it a virtual MSI frame all the same. Its devices can
 * then raise any vector of the host's controller, others' too. Without effect behind an ITS.
 */
#define CONTROL_CREATE_UNSAFE_INTERRUPTS (1U << 0)
/*
 * It may be lent functions whose DMA no IOMMU confines: its RAM is in one piece at its physical
 * address, which ram_base of its control_domain says. No flash.
 */
#define CONTROL_CREATE_UNPROTECTED_DMA (1U << 1)
/* It has a watchdog; one that it does not serve ends it with CONTROL_WATCHDOG. */
#define CONTROL_CREATE_WATCHDOG (1U << 2)

struct control_domain_create {
	char name[CONTROL_NAME_SIZE];
	uint32_t vcpu_count;
	uint32_t flags; /* CONTROL_CREATE_* */
	uint64_t ram_bytes;
	uint64_t table_bytes; /* for page tables of its devices' BARs, up to 4 GiB; 0: 2 MiB */
	/*
	 * Read-only memory from address 0 on, for firmware; 0: none. Its last 2 MiB show again and
	 * again up to GUEST_FLASH_END.
	 */
	uint64_t flash_bytes;
};

/*
 * DOMAIN_PAUSE, DOMAIN_UNPAUSE, DOMAIN_DESTROY, DOMAIN_STATS: control_domain_id. -ENOENT no such
 * domain, -EPERM it is the control domain, -EINVAL wrong state. DESTROY returns at once; the domain
 * is gone when DOMAIN_LIST no longer has it.
 */
struct control_domain_id {
	uint32_t id;
	uint32_t unused;
};

/*
 * DOMAIN_START: closes the domain's slots; vCPU 0 runs from pc with x0 = arg, or will when the
 * domain is unpaused. -EAGAIN: its memory is still being cleaned. -EINVAL: not BUILDING, or no such
 * flag.
 */
#define CONTROL_START_PAUSED (1U << 0)

struct control_domain_start {
	uint32_t id;
	uint32_t flags; /* CONTROL_START_* */
	uint64_t pc;
	uint64_t arg;
};

/* DOMAIN_LIST: control_list from + most wanted -> control_list_reply, then count control_domain. */
struct control_list {
	uint32_t from; /* first domain id, or SBDF, of interest */
	uint32_t max;  /* entries, but there may be fewer: see next; 0: as many as there may be */
};

struct control_list_reply {
	uint32_t count;
	uint32_t next; /* where to go on; CONTROL_LIST_END: nowhere */
};

#define CONTROL_LIST_END 0xffffffffU

enum control_domain_state {
	CONTROL_DOMAIN_STATE_BUILDING,
	CONTROL_DOMAIN_STATE_RUNNING,
	CONTROL_DOMAIN_STATE_PAUSED,
	CONTROL_DOMAIN_STATE_SHUTDOWN,
	CONTROL_DOMAIN_STATE_DYING,
};

enum control_shutdown { CONTROL_POWEROFF, CONTROL_REBOOT, CONTROL_CRASH, CONTROL_WATCHDOG };

#define CONTROL_DOMAIN_IS_CONTROL  (1U << 0)
#define CONTROL_DOMAIN_UNPROTECTED_DMA (1U << 2) /* made with CONTROL_CREATE_UNPROTECTED_DMA */
/* It has the frame that CONTROL_CREATE_UNSAFE_INTERRUPTS asks for. */
#define CONTROL_DOMAIN_UNSAFE_INTERRUPTS (1U << 1)
#define CONTROL_DOMAIN_WATCHDOG (1U << 3) /* made with CONTROL_CREATE_WATCHDOG */

struct control_domain {
	char name[CONTROL_NAME_SIZE];
	uint32_t id;
	uint32_t state;    /* enum control_domain_state */
	uint32_t shutdown; /* enum control_shutdown, in state SHUTDOWN */
	uint32_t flags;    /* CONTROL_DOMAIN_* */
	uint32_t vcpu_count;
	uint32_t vcpus_running; /* on a CPU at this moment */
	uint64_t ram_base;      /* guest physical */
	uint64_t ram_bytes;
	uint64_t cpu_ns;
	uint64_t life_ns; /* since it was started, up to its end if that has come */
};

/* DOMAIN_STATS -> control_domain_stats. Exits by reason, since the domain was made. */
enum control_exit {
	CONTROL_EXIT_IRQ,
	CONTROL_EXIT_WFX,
	CONTROL_EXIT_HVC,
	CONTROL_EXIT_SMC,
	CONTROL_EXIT_SYSREG,
	CONTROL_EXIT_MMIO_GIC,
	CONTROL_EXIT_MMIO_ITS,
	CONTROL_EXIT_MMIO_PCI,
	CONTROL_EXIT_MMIO_UART,
	CONTROL_EXIT_MMIO_OTHER,
	CONTROL_EXIT_FAULT,
	CONTROL_EXIT_OTHER,
	CONTROL_EXIT_KINDS
};

struct control_domain_stats {
	uint64_t exits[16]; /* by enum control_exit */
	uint64_t interrupts; /* of lent hardware, delivered by EL2: not direct ones */
	uint64_t table_bytes;     /* its stage-2 tables */
	uint64_t table_bytes_max; /* as many as it may have */
};

/* DOMAIN_VCPUS: control_domain_id -> control_count, then count control_vcpu by index. -ENOENT. */
#define CONTROL_VCPUS_MAX 16U

enum control_vcpu_state {
	CONTROL_VCPU_OFF,     /* the domain has not turned it on */
	CONTROL_VCPU_READY,   /* waits for its turn */
	CONTROL_VCPU_RUNNING,
	CONTROL_VCPU_BLOCKED, /* waits for an interrupt */
	CONTROL_VCPU_PARKED,  /* waits for the hypervisor to finish what it asked for */
	CONTROL_VCPU_STOPPED, /* with its domain: paused, or shut down */
};

struct control_vcpu {
	uint32_t index;
	uint32_t state; /* enum control_vcpu_state */
	uint32_t cpu;     /* of the machine, at this moment */
	uint32_t allowed; /* those it may be on, by bit; CONTROL_ANY_CPU: all */
	uint64_t cpu_ns;
};

/*
 * DOMAIN_POWER_KEY: control_power_key -> control_power_key_state. -ENOENT, -EPERM the control
 * domain, -EINVAL no such action or meaning. A guest may be slow: keep the key down until it is
 * CONTROL_KEY_UNREAD no more. It stays as it is left, whoever left it.
 */
enum control_key_action { CONTROL_KEY_LOOK, CONTROL_KEY_PRESS, CONTROL_KEY_RELEASE };

struct control_power_key {
	uint32_t id;
	uint32_t action; /* enum control_key_action */
	/* Unless it only looks: what the domain's power off means, CONTROL_POWEROFF or _REBOOT. */
	uint32_t means;
	uint32_t unused;
};

#define CONTROL_KEY_DOWN   (1U << 0)
#define CONTROL_KEY_UNREAD (1U << 1) /* the guest has not looked since it was moved */

struct control_power_key_state {
	uint32_t flags; /* CONTROL_KEY_* */
	uint32_t unused;
};

/*
 * DOMAIN_RENAME: control_domain_rename, no reply. -ENOENT, -EPERM the control domain, -EEXIST name
 * in use, -EINVAL not a name. One of the boot configuration has its old name back when it restarts.
 */
struct control_domain_rename {
	uint32_t id;
	uint32_t unused;
	char name[CONTROL_NAME_SIZE];
};

/*
 * VCPU_PIN: control_vcpu_pin, no reply. The vCPU goes to one of these CPUs soon, if it is
 * elsewhere, and stays there. One that is alone on a CPU and may be nowhere else waits for
 * interrupts there without the hypervisor, which counts that as run. Any domain's, the control
 * domain's too. -ENOENT no such domain, -EINVAL no such vCPU, -ERANGE no CPU, or one that is not
 * online.
 */
#define CONTROL_CPUS_MAX 16U
#define CONTROL_ANY_CPU  0xffffffffU

struct control_vcpu_pin {
	uint32_t id;
	uint32_t vcpu;
	uint32_t allowed; /* CPUs by bit, or CONTROL_ANY_CPU */
	uint32_t unused;
};

/*
 * DOMAIN_SHARE: control_domain_share -> the same, as it is now. What flags name is set, for any
 * domain. The weight is that of each of its vCPUs, where they and others want the same CPU; the cap
 * holds for all of them together, in percent of one CPU, in every 30 ms. -ENOENT, -EINVAL no such
 * flag, -ERANGE.
 */
#define CONTROL_SHARE_WEIGHT   (1U << 0)
#define CONTROL_SHARE_CAP      (1U << 1)
#define CONTROL_WEIGHT_DEFAULT 256U
#define CONTROL_WEIGHT_MAX     65535U
#define CONTROL_CAP_MAX        1600U

struct control_domain_share {
	uint32_t id;
	uint32_t flags;  /* CONTROL_SHARE_*; 0 in the reply */
	uint32_t weight; /* 1..CONTROL_WEIGHT_MAX */
	uint32_t cap;    /* 0: none, ..CONTROL_CAP_MAX */
};

/*
 * CONSOLE_READ: control_text_read -> control_text_reply, then size bytes. LOG_READ: the same, id
 * ignored. Positions only grow; text older than what is kept is skipped.
 */
struct control_text_read {
	uint32_t id;
	uint32_t unused;
	uint64_t position;
};

struct control_text_reply {
	uint64_t position; /* of the next byte */
	uint32_t size;
	uint32_t unused;
};

/* CONSOLE_WRITE: control_console_write -> control_count, the characters taken. */
#define CONTROL_CONSOLE_WRITE_MAX 256U

struct control_console_write {
	uint32_t id;
	uint32_t size;
	char text[CONTROL_CONSOLE_WRITE_MAX];
};

struct control_count {
	uint32_t count;
	uint32_t unused;
};

/* PCI_LIST: control_list -> control_list_reply, then count control_function. SBDF order. */
enum control_function_state {
	CONTROL_FUNCTION_ABSENT,
	CONTROL_FUNCTION_OWNED,
	CONTROL_FUNCTION_RESETTING,
	CONTROL_FUNCTION_QUARANTINED,
	CONTROL_FUNCTION_LENT,
	CONTROL_FUNCTION_BROKEN,
};

#define CONTROL_FUNCTION_IS_BRIDGE (1U << 0)
#define CONTROL_FUNCTION_HAS_IOMMU (1U << 1)
#define CONTROL_FUNCTION_HAS_RESET (1U << 2)
/* Its IOMMU lost some of the faults it recorded: there were at least so many. */
#define CONTROL_FUNCTION_FAULTS_LOST (1U << 3)

#define CONTROL_FUNCTION_HAS_ROM (1U << 4) /* its user is shown a ROM from a file */
/* No IOMMU confines its DMA: only for domains with CONTROL_CREATE_UNPROTECTED_DMA. */
#define CONTROL_FUNCTION_NOT_ISOLATED (1U << 5)

/* Rules that do not hold for a function, asked for by name when it is lent. */
#define CONTROL_QUIRK_NO_RESET  (1U << 0) /* lend it again though it could not be reset */
#define CONTROL_QUIRK_ALLOW_GAP (1U << 1) /* config registers of unknown meaning are the guest's */

#define CONTROL_NO_DOMAIN 0xffffU
#define CONTROL_NO_SLOT   0xffffffffU

struct control_function {
	char name[CONTROL_NAME_SIZE];
	char broken_why[CONTROL_NAME_SIZE];
	uint32_t sbdf;  /* segment << 16 | bus << 8 | device << 3 | function, host numbering */
	uint32_t vsbdf; /* where its user sees it, in state LENT; else CONTROL_NO_SLOT */
	uint16_t vendor;
	uint16_t device;
	uint16_t subsystem_vendor;
	uint16_t subsystem;
	uint32_t class_code;
	uint32_t state; /* enum control_function_state */
	uint32_t user;  /* domain id or CONTROL_NO_DOMAIN */
	uint32_t owner; /* domain id of the bridge's owner */
	uint32_t group; /* isolation group */
	uint32_t flags; /* CONTROL_FUNCTION_* */
	uint32_t reset_methods; /* bit 1 FLR, 2 AF FLR, 3 power management, 4 secondary bus */
	uint32_t quirks; /* CONTROL_QUIRK_* it is, or was last, lent with */
	/* Since boot, whoever used it. */
	uint64_t faults; /* DMA accesses the IOMMU blocked, of all that share its StreamID */
	uint64_t resets;
	uint64_t interrupts;
	uint64_t storms; /* times it interrupted too often, and was silent for a while */
	uint64_t errors_corrected; /* PCI Express error messages that were seen */
	uint64_t errors_uncorrected;
	uint32_t pf;       /* of a virtual function: its physical function; else CONTROL_NO_SLOT */
	uint16_t vf_total; /* virtual functions it can have */
	uint16_t vf_count; /* and has just now */
	uint32_t parent;   /* the bridge it is behind; on a root bus CONTROL_NO_SLOT */
	uint8_t bus_first; /* of a bridge: the buses behind it */
	uint8_t bus_last;
	/* MSIs that its user gets without EL2: interrupts counts those while it slept */
	uint16_t direct;
};

/*
 * PCI_QUARANTINE: control_pci_name; name may be empty. -ENODEV unknown, -EPERM a bridge or the
 * hypervisor's own, -EBUSY lent or resetting, -ENOTEMPTY its virtual functions are enabled, -EEXIST
 * name in use. Done when the function's state is QUARANTINED or BROKEN; of one in quarantine it
 * changes the name, a broken one is reset again, -EIO when it cannot be. PCI_RETURN, PCI_DETACH:
 * the same body, its name ignored; -EINVAL wrong state, -EEXIST as for PCI_ATTACH.
 */
struct control_pci_name {
	uint32_t sbdf;
	uint32_t unused;
	char name[CONTROL_NAME_SIZE];
};

/*
 * PCI_EJECT: control_pci_name. The user is asked to let go of a function that is behind one of its
 * root ports; the function leaves state LENT, with others of its slot, when the user has turned the
 * slot off. One that is elsewhere, or not used by whoever answers for the slot, leaves at once.
 * -EINVAL not LENT.
 *
 * PCI_ATTACH: control_pci_attach -> control_count, whose count is the virtual SBDF. A function
 * joins those of its device that the domain has, under its own number: attach function 0 first.
 * Any other is function 0 of a device number of its own; of a domain that has started, behind one
 * of its root ports, whose device number the virtual SBDF then has. -ENODEV
 * unknown, -ENOENT no such domain, -EPERM a bridge, -EBADF broken, -EBUSY in use or the slot is
 * taken, -EACCES it is CONTROL_FUNCTION_NOT_ISOLATED and the domain not for that, -ERANGE its
 * bridge's dma-ranges do not reach all of the domain's memory, -EEXIST another
 * member of its isolation group is used elsewhere or broken, -ENOSPC a BAR has no address or all
 * slots are taken, -EOPNOTSUPP lent before and not reset since, without CONTROL_QUIRK_NO_RESET,
 * -ENOLINK a VF whose physical function is broken or being reset, -EINVAL not assignable, or no
 * such quirk.
 */
#define CONTROL_ATTACH_ROM (1U << 0) /* it shows the ROM that was loaded; -EINVAL: none was */

struct control_pci_attach {
	uint32_t domain;
	uint32_t sbdf;
	uint32_t vslot; /* 1..31; 0: with its device's other functions, else first free for it */
	uint32_t quirks; /* CONTROL_QUIRK_* */
	uint32_t flags;  /* CONTROL_ATTACH_* */
	uint32_t unused;
};

/*
 * PCI_ROM: control_pci_rom, no reply. Bytes of the expansion ROM that a function in quarantine
 * shows its next user, if that is attached with CONTROL_ATTACH_ROM: the ROM goes with that user, or
 * when another comes without. Offset 0 begins a new one; bytes never written read ff. -ENODEV
 * unknown, -EINVAL not in quarantine, a size that is no power of two or out of bounds, or another
 * size than at offset 0; -ENOMEM.
 */
#define CONTROL_ROM_MIN   0x1000U
#define CONTROL_ROM_MAX   0x100000U
#define CONTROL_ROM_CHUNK 480U

struct control_pci_rom {
	uint32_t sbdf;
	uint32_t size;   /* of the whole */
	uint32_t offset;
	uint32_t count;  /* bytes in data, 1..CONTROL_ROM_CHUNK */
	uint8_t data[CONTROL_ROM_CHUNK];
};

/*
 * PCI_EXAMINE: control_pci_examine -> control_pci_report: can it be lent, and what the answer
 * depends on. -ENODEV unknown. Being used by the owner of its bridge is no obstacle, PCI_QUARANTINE
 * ends that; all obstacles that hold are reported, not only the first.
 */
#define CONTROL_OBSTACLE_BRIDGE    (1U << 0)
#define CONTROL_OBSTACLE_BROKEN    (1U << 1)
#define CONTROL_OBSTACLE_LENT      (1U << 2)
#define CONTROL_OBSTACLE_RESETTING (1U << 3)
#define CONTROL_OBSTACLE_ADDRESS   (1U << 4) /* a BAR has none */
#define CONTROL_OBSTACLE_RESET     (1U << 5) /* lent before, and not reset since */
#define CONTROL_OBSTACLE_IOMMU     (1U << 6) /* none, or not usable; none for who is unprotected */
#define CONTROL_OBSTACLE_GROUP     (1U << 7) /* a member of it is broken, or used elsewhere */
#define CONTROL_OBSTACLE_VFS       (1U << 8) /* its virtual functions are enabled */
#define CONTROL_OBSTACLE_PF        (1U << 9) /* a VF's physical function is broken or being reset */
#define CONTROL_OBSTACLE_REACH     (1U << 10) /* its bridge's dma-ranges reach no guest's memory */

#define CONTROL_REPORT_IOMMU        (1U << 0) /* stream is valid */
#define CONTROL_REPORT_IOMMU_USABLE (1U << 1) /* else iommu_why says why not */
#define CONTROL_REPORT_ITS          (1U << 2) /* device_id is valid */
#define CONTROL_REPORT_LENT_BEFORE  (1U << 3) /* and not reset since */
#define CONTROL_REPORT_UNSAFE_MSI   (1U << 4) /* no ITS; MSIs with unsafe interrupts */
#define CONTROL_REACH_ALL           0xffffffffU

enum control_bar_kind {
	CONTROL_BAR_NONE, /* or the upper half of the one before */
	CONTROL_BAR_IO,
	CONTROL_BAR_MEM32,
	CONTROL_BAR_MEM64,
};

#define CONTROL_BAR_PREFETCHABLE (1U << 0)
#define CONTROL_BAR_OWN_PAGES    (1U << 1) /* memory that starts a page, which no other BAR is in */

struct control_bar {
	uint64_t address; /* on the PCI bus; 0: none */
	uint64_t size;
	uint32_t kind;  /* enum control_bar_kind */
	uint32_t flags; /* CONTROL_BAR_* */
};

struct control_pci_examine {
	uint32_t sbdf;
	uint32_t unused;
};

struct control_pci_report {
	char iommu_why[CONTROL_NAME_SIZE];
	uint32_t sbdf;
	uint32_t obstacles; /* CONTROL_OBSTACLE_*; 0: it can be lent */
	/* to this domain only, which uses its group; CONTROL_NO_DOMAIN: to any */
	uint32_t only;
	uint32_t flags;     /* CONTROL_REPORT_* */
	/* requester ID its DMA and MSIs carry: bus << 8 | device << 3 | function */
	uint32_t requester;
	uint32_t stream;    /* StreamID at the IOMMU */
	uint32_t device_id; /* DeviceID at the ITS */
	uint32_t msi_vectors;
	uint32_t msix_entries;
	/* MiB of a guest's memory, from its start, that its bridge's dma-ranges let it reach. */
	uint32_t reach;
	struct control_bar bars[6];
};

/*
 * APERTURE_MAP: control_aperture_map -> control_count, the slot. -EINVAL not BUILDING or range,
 * -ENOSPC no slot is free, -EAGAIN that memory is still being cleaned.
 */
struct control_aperture_map {
	uint32_t domain;
	uint32_t unused;
	/* From the start of the domain's RAM, which flash follows; whole CONTROL_SLOT_SIZE. */
	uint64_t offset;
};

/* APERTURE_UNMAP: control_count, the slot. -EINVAL not this client's. */

/*
 * SHARED_JOIN: control_shared_join -> control_count, whose count is the virtual SBDF. A domain that
 * was made and not started gets a function, ivshmem-plain or ivshmem-doorbell as QEMU has it, by
 * which it shares memory with all others that name the same region. The first one makes it, full of
 * zeroes; it is gone, and its memory free, when the last one is. -ENOENT no such domain, -EPERM the
 * control domain, -EINVAL started already, or the name, size or number of vectors is not accepted,
 * -EBUSY the domain has it, -EEXIST the region has another size or number of vectors, -EOPNOTSUPP
 * vectors, and the domain has no ITS, -ENOSPC no device number is free, -ENOMEM.
 */
#define CONTROL_SHARED_SIZE_MIN    0x1000ULL
#define CONTROL_SHARED_SIZE_MAX    0x40000000ULL
#define CONTROL_SHARED_VECTORS_MAX 32U
#define CONTROL_SHARED_MEMBERS_MAX 64U

struct control_shared_join {
	uint32_t domain;
	uint32_t vectors; /* by which each of them can be interrupted; 0: ivshmem-plain */
	uint64_t bytes;   /* a power of two */
	char name[CONTROL_NAME_SIZE];
};

/* SHARED_LIST: control_list from + most wanted -> control_list_reply, then count control_shared. */
struct control_shared {
	char name[CONTROL_NAME_SIZE];
	uint64_t bytes;
	uint32_t id; /* grows with each region made */
	uint32_t vectors;
	/* Domain ids by IVPosition; CONTROL_NO_DOMAIN: nobody. */
	uint16_t members[CONTROL_SHARED_MEMBERS_MAX];
};

/*
 * TRACE: control_trace, no reply. From START to STOP each CPU of the machine records why it left
 * its domains; or until nobody has read for CONTROL_TRACE_IDLE_MS. -EINVAL no such action; START:
 * -EBUSY it goes on already, -EAGAIN the last one is still ending, -ENOMEM. To STOP what does not
 * go on is no mistake.
 */
#define CONTROL_TRACE_IDLE_MS 5000U

enum control_trace_action { CONTROL_TRACE_STOP, CONTROL_TRACE_START };

struct control_trace {
	uint32_t action; /* enum control_trace_action */
	uint32_t unused;
};

/*
 * TRACE_READ: control_trace_read -> control_trace_reply, then count control_trace_record, oldest
 * first. A CPU keeps its last CONTROL_TRACE_KEPT or so; positions begin at 0 with each START.
 * -ENOENT nothing is recorded, -EINVAL no such CPU, or it is not online.
 */
#define CONTROL_TRACE_KEPT 8192U

struct control_trace_read {
	uint32_t cpu;
	uint32_t unused;
	uint64_t position;
};

struct control_trace_reply {
	uint64_t position; /* of the next record */
	uint64_t lost;     /* that were overwritten before these */
	uint32_t count;    /* 0: there are no more by now */
	uint32_t unused;
};

enum control_trace_kind {
	CONTROL_TRACE_EXIT,   /* a vCPU left for the hypervisor */
	CONTROL_TRACE_INJECT, /* an interrupt was put where its vCPU takes it */
	CONTROL_TRACE_KINDS
};

struct control_trace_record {
	uint64_t time;   /* in ticks: when it left, or was entered with the interrupt */
	uint32_t ticks;  /* EXIT: until a vCPU was entered on this CPU; ~0: longer */
	uint8_t kind;    /* enum control_trace_kind */
	uint8_t reason;  /* EXIT: enum control_exit */
	uint8_t vcpu;
	uint8_t next_vcpu;
	uint16_t domain;
	uint16_t next_domain; /* EXIT: whose vCPU was entered then */
	/* EXIT for an interrupt: the machine's number for it; INJECT: the domain's */
	uint32_t intid;
	uint64_t detail; /* EXIT: address (MMIO, FAULT), function (HVC, SMC), else syndrome, or 0 */
};

_Static_assert(sizeof(struct control_header) == 16, "ABI");
_Static_assert(sizeof(struct control_info) == 120, "ABI");
_Static_assert(sizeof(struct control_domain_create) == 96, "ABI");
_Static_assert(offsetof(struct control_domain_create, ram_bytes) == 72, "ABI");
_Static_assert(sizeof(struct control_domain_id) == 8, "ABI");
_Static_assert(sizeof(struct control_domain_start) == 24, "ABI");
_Static_assert(sizeof(struct control_list) == 8, "ABI");
_Static_assert(sizeof(struct control_list_reply) == 8, "ABI");
_Static_assert(sizeof(struct control_domain) == 120, "ABI");
_Static_assert(offsetof(struct control_domain, ram_base) == 88, "ABI");
_Static_assert(sizeof(struct control_domain_stats) == 152, "ABI");
_Static_assert(CONTROL_EXIT_KINDS <= 16, "ABI");
_Static_assert(sizeof(struct control_vcpu) == 24, "ABI");
_Static_assert(sizeof(struct control_power_key) == 16, "ABI");
_Static_assert(sizeof(struct control_power_key_state) == 8, "ABI");
_Static_assert(sizeof(struct control_domain_rename) == 72, "ABI");
_Static_assert(sizeof(struct control_vcpu_pin) == 16, "ABI");
_Static_assert(sizeof(struct control_domain_share) == 16, "ABI");
_Static_assert(sizeof(struct control_text_read) == 16, "ABI");
_Static_assert(sizeof(struct control_text_reply) == 16, "ABI");
_Static_assert(sizeof(struct control_console_write) == 264, "ABI");
_Static_assert(sizeof(struct control_count) == 8, "ABI");
_Static_assert(sizeof(struct control_function) == 240, "ABI");
_Static_assert(offsetof(struct control_function, faults) == 176, "ABI");
_Static_assert(sizeof(struct control_pci_name) == 72, "ABI");
_Static_assert(sizeof(struct control_pci_attach) == 24, "ABI");
_Static_assert(sizeof(struct control_pci_rom) == 496, "ABI");
_Static_assert(sizeof(struct control_aperture_map) == 16, "ABI");
_Static_assert(sizeof(struct control_bar) == 24, "ABI");
_Static_assert(sizeof(struct control_pci_examine) == 8, "ABI");
_Static_assert(sizeof(struct control_pci_report) == 248, "ABI");
_Static_assert(offsetof(struct control_pci_report, bars) == 104, "ABI");
_Static_assert(sizeof(struct control_shared_join) == 80, "ABI");
_Static_assert(sizeof(struct control_shared) == 208, "ABI");
_Static_assert(sizeof(struct control_trace) == 8, "ABI");
_Static_assert(sizeof(struct control_trace_read) == 16, "ABI");
_Static_assert(sizeof(struct control_trace_reply) == 24, "ABI");
_Static_assert(sizeof(struct control_trace_record) == 32, "ABI");
_Static_assert(offsetof(struct control_trace_record, intid) == 20, "ABI");

#endif
