/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device tree of a guest: the board of <viaduct/guest_map.h>. Pure but for libfdt; the same for
 * guests that libviaduct starts and for those the hypervisor starts itself.
 */
#ifndef COMMON_GUEST_FDT_H
#define COMMON_GUEST_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_FDT_SEED_SIZE 32

#define GUEST_FDT_WINDOWS_MAX 8

enum guest_fdt_space { GUEST_FDT_IO, GUEST_FDT_MEM32, GUEST_FDT_MEM64 };

/* A host bridge that the domain owns. Segment, buses and bus addresses are the host's. */
struct guest_fdt_bridge {
	uint16_t segment;
	uint8_t bus_start;
	bool dma_coherent;
	uint64_t ecam; /* guest physical; 1 MiB for each bus from bus_start */
	uint64_t ecam_size;
	struct guest_fdt_window {
		enum guest_fdt_space space;
		bool prefetchable;
		uint64_t pci; /* bus address */
		uint64_t cpu; /* guest physical */
		uint64_t size;
	} windows[GUEST_FDT_WINDOWS_MAX];
	uint32_t window_count;
};

struct guest_fdt {
	uint32_t gic_version; /* 2, else 3 */
	bool msi_frame;       /* a GICv2m frame, and no ITS */
	bool watchdog;
	uint32_t vcpu_count;  /* 1..16 */
	uint64_t ram_base;    /* 0: GUEST_RAM_BASE */
	uint64_t ram_bytes;
	const char *bootargs;    /* NULL: none */
	uint64_t ramdisk_start;  /* guest physical; start == end: no ramdisk */
	uint64_t ramdisk_end;
	uint8_t rng_seed[GUEST_FDT_SEED_SIZE];
	uint64_t kaslr_seed; /* 0: no randomness, so no seeds */
	const struct guest_fdt_bridge *bridges; /* instead of an empty bus; count 0: that */
	uint32_t bridge_count;
};

/* Write the tree into buf. 0 or a negative libfdt error (-FDT_ERR_NOSPACE: buf is too small). */
int guest_fdt_make(const struct guest_fdt *g, void *buf, size_t size);

#endif
