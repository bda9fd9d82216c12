/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kernel or firmware file is, and where its parts go in a guest's RAM. Pure; for libviaduct
 * and the hypervisor.
 */
#ifndef COMMON_GUEST_IMAGE_H
#define COMMON_GUEST_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* Linux Documentation/arch/arm64/booting.rst: the 64-byte header of an Image. */
#define GUEST_IMAGE_HEADER 64U

struct guest_image {
	uint64_t text_offset; /* from a 2 MiB boundary */
	uint64_t memory_size; /* from there on, uninitialised data included */
};

/*
 * data: the file's first bytes (available of them, of file_size in all). 0, or -ENOEXEC with *why a
 * sentence fragment: "is not ...".
 */
int guest_image_parse(const uint8_t *data, size_t available, uint64_t file_size,
		      struct guest_image *out, const char **why);

/* Is the file that begins with data firmware for the flash? -ENOEXEC, *why as above. */
int guest_image_check_firmware(const uint8_t *data, size_t available, uint64_t file_size,
			       const char **why);

/* Offsets from the start of RAM. */
struct guest_image_layout {
	uint64_t kernel;
	uint64_t ramdisk;
	uint64_t fdt;
	uint64_t end; /* RAM needed */
};

/* -ENOSPC: more than ram_bytes; out->end says how much. */
int guest_image_place(const struct guest_image *image, uint64_t ramdisk_size, uint64_t fdt_size,
		      uint64_t ram_bytes, struct guest_image_layout *out);

#endif
