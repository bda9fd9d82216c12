/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the boot device tree says of the machine, in plain numbers. Filled once by
 * boot/machine_fdt.c before anything else runs, constant afterwards. Bounds are checked while
 * filling.
 */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

#include "lib/rangeset.h"
#include "lib/types.h"

#define MACHINE_MAX_CPUS     16
#define MACHINE_MAX_RAM      16
#define MACHINE_MAX_RESERVED 32
#define MACHINE_MAX_SMMUS    4
#define MACHINE_MAX_ITS      4
#define MACHINE_MAX_REDISTS  4
#define MACHINE_MAX_FRAMES   4
#define MACHINE_MAX_BRIDGES  64
#define MACHINE_MAX_BRIDGE_IRQS 4
#define MACHINE_MAX_RANGES   8
#define MACHINE_MAX_IDMAPS   256 /* of all bridges; firmware may write one for each requester */
#define MACHINE_MAX_MODULES  8
#define MACHINE_TEXT_MAX     1024
#define MACHINE_PATH_MAX     96
#define MACHINE_NAME_MAX     32
#define MACHINE_FLAW_MAX     256
#define MACHINE_MAX_DOMAINS  8
#define MACHINE_MAX_LENT     16
#define MACHINE_MAX_OWNED    4

struct machine_cpu {
	uint64_t mpidr; /* affinity fields only */
};

struct machine_uart {
	const char *compatible; /* points into the boot device tree; NULL: none found */
	struct range regs;
	uint32_t intid;
	char path[MACHINE_PATH_MAX];
};

struct machine_its {
	struct range regs;
	uint32_t phandle;
};

/* A GICv2m frame. */
struct machine_frame {
	struct range regs;
	uint32_t phandle;
	uint32_t first; /* INTID, and how many: as the tree says; count 0: as the frame says */
	uint32_t count;
};

struct machine_gic {
	uint32_t version; /* 2 or 3; 0: none this build knows, see compatible */
	const char *compatible;
	struct range dist;
	struct range cpu_interface;  /* GICv2: GICC */
	struct range virt_control;   /* GICv2: GICH */
	struct range virt_interface; /* GICv2: GICV */
	struct range redists[MACHINE_MAX_REDISTS];
	uint32_t redist_count;
	uint64_t redist_stride; /* 0: architected */
	struct machine_its its[MACHINE_MAX_ITS];
	uint32_t its_count;
	struct machine_frame frames[MACHINE_MAX_FRAMES];
	uint32_t frame_count;
	uint32_t maintenance_intid;
	uint32_t phandle;
};

/* An IOMMU that host bridges are behind. */
struct machine_smmu {
	const char *compatible;
	struct range regs;
	uint32_t phandle;
	uint32_t root; /* phandle of the one it is a part of, which comes before it; 0: of none */
	uint32_t eventq_intid; /* 0: none described */
	uint32_t gerror_intid;
	bool coherent;
};

/* An entry of iommu-map, msi-map: RIDs [rid_base, +count) -> ids [out_base, +count) of phandle. */
struct machine_id_map {
	uint32_t rid_base;
	uint32_t phandle;
	uint32_t out_base;
	uint32_t count;
};

enum machine_window_kind { WINDOW_IO, WINDOW_MEM32, WINDOW_MEM64 };

/* One entry of a bridge's ranges. */
struct machine_window {
	enum machine_window_kind kind;
	bool prefetchable;
	uint64_t pci; /* bus address */
	uint64_t cpu; /* host physical address */
	uint64_t size;
};

struct machine_bridge {
	const char *compatible;
	char path[MACHINE_PATH_MAX];
	uint32_t phandle; /* 0: none */
	uint32_t intids[MACHINE_MAX_BRIDGE_IRQS]; /* its own interrupts, in order; 0: none */
	uint32_t msi_intid; /* the one that interrupt-names calls "msi"; 0: none */
	uint16_t segment; /* linux,pci-domain, or counted when no bridge has it */
	uint8_t bus_start;
	uint8_t bus_end;
	struct range cfg;  /* config window, or the controller's only registers */
	struct range regs; /* DesignWare: reg "dbi"; size 0: none */
	struct range atu;  /* ... and reg "atu" */
	struct machine_window windows[MACHINE_MAX_RANGES];
	uint32_t window_count;
	/* dma-ranges: what bus masters reach, cpu as the bridge's own bus has it; 0: not said. */
	struct machine_window dma[MACHINE_MAX_RANGES];
	uint32_t dma_count;
	struct machine_id_map *iommu_map; /* in machine.id_maps */
	uint32_t iommu_map_count;
	uint32_t iommu_map_mask;
	struct machine_id_map *msi_map;
	uint32_t msi_map_count;
	uint32_t msi_map_mask;
	/* INTx: host SPI INTIDs from interrupt-map, by (device & 3, pin - 1); 0: none. */
	uint32_t intx[4][4];
	bool intx_edge;
	bool dma_coherent;
	bool owner_driven; /* its owner's driver brings the link up: "viaduct,owner-driven" */
};

enum module_kind { MODULE_KERNEL, MODULE_RAMDISK, MODULE_DEVICE_TREE, MODULE_OTHER };

struct machine_module {
	enum module_kind kind;
	struct range data;
	char bootargs[MACHINE_TEXT_MAX];
};

/* A PCI function that a domain gets at boot, host numbering. */
struct machine_lent {
	uint32_t sbdf;
	uint32_t vslot;  /* 0: none asked for */
	uint32_t quirks; /* PCI_QUIRK_* */
};

/* A host bridge that a domain owns, by what it answers for. */
struct machine_owned {
	uint16_t segment;
	uint8_t bus_start;
	uint8_t bus_end;
};

/* A domain that the hypervisor starts itself ("xen,domain"). */
struct machine_domain {
	char name[MACHINE_NAME_MAX];
	char path[MACHINE_PATH_MAX];
	char flaw[MACHINE_FLAW_MAX]; /* not empty: it cannot be started, the rest may be missing */
	uint64_t ram_size;
	uint32_t vcpu_count;
	struct range kernel;
	struct range ramdisk; /* size 0: none */
	char bootargs[MACHINE_TEXT_MAX];
	struct machine_lent lent[MACHINE_MAX_LENT];
	uint32_t lent_count;
	bool unprotected_dma; /* these two: see domain_spec */
	bool unsafe_interrupts;
	bool has_watchdog;
	struct machine_owned owned[MACHINE_MAX_OWNED]; /* also when it is flawed */
	uint32_t owned_count;
};

struct machine {
	const void *fdt; /* EL2 mapping of the boot device tree, kept */
	paddr_t fdt_pa;
	uint64_t fdt_size;
	struct machine_cpu cpus[MACHINE_MAX_CPUS];
	uint32_t cpu_count;
	bool psci_smc; /* PSCI by SMC; EL2 can use nothing else */
	struct range ram[MACHINE_MAX_RAM];
	uint32_t ram_count;
	/* reserved-memory nodes and the memreserve block */
	struct range reserved[MACHINE_MAX_RESERVED];
	uint32_t reserved_count;
	struct machine_uart uart; /* console: stdout-path, else the first known UART */
	struct machine_gic gic;
	struct machine_smmu smmus[MACHINE_MAX_SMMUS];
	uint32_t smmu_count;
	struct range product; /* register that tells SoC and cut (renesas,prr); size 0: none */
	struct machine_bridge bridges[MACHINE_MAX_BRIDGES];
	uint32_t bridge_count;
	struct machine_id_map id_maps[MACHINE_MAX_IDMAPS];
	uint32_t id_map_count;
	struct machine_module modules[MACHINE_MAX_MODULES];
	uint32_t module_count;
	struct machine_domain domains[MACHINE_MAX_DOMAINS];
	uint32_t domain_count;
	uint32_t domains_left_out; /* there was no room for so many more */
	uint32_t timer_virt_intid; /* EL1 virtual timer PPI, INTID */
	uint32_t timer_phys_intid; /* EL1 physical */
	uint32_t timer_hyp_intid;  /* EL2 physical */
	char cmdline[MACHINE_TEXT_MAX]; /* the hypervisor's own */
};

extern struct machine machine;

#endif
