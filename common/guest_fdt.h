/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device tree of a guest: the board of <viaduct/guest_map.h>. Pure but for libfdt; the same for
 * guests that libviaduct starts and for those the hypervisor starts itself.
 */
#ifndef COMMON_GUEST_FDT_H
#define COMMON_GUEST_FDT_H

#include <stddef.h>
#include <stdint.h>

#define GUEST_FDT_SEED_SIZE 32

struct guest_fdt {
	uint32_t gic_version; /* 2, else 3 */
	uint32_t vcpu_count;  /* 1..16 */
	uint64_t ram_base;    /* 0: GUEST_RAM_BASE */
	uint64_t ram_bytes;
	const char *bootargs;    /* NULL: none */
	uint64_t ramdisk_start;  /* guest physical; start == end: no ramdisk */
	uint64_t ramdisk_end;
	uint8_t rng_seed[GUEST_FDT_SEED_SIZE];
	uint64_t kaslr_seed; /* 0: no randomness, so no seeds */
};

/* Write the tree into buf. 0 or a negative libfdt error (-FDT_ERR_NOSPACE: buf is too small). */
int guest_fdt_make(const struct guest_fdt *g, void *buf, size_t size);

#endif
