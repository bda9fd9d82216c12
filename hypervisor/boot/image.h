/* SPDX-License-Identifier: BSD-2-Clause */
/* The arm64 Image header (Linux Documentation/arch/arm64/booting.rst). Pure. */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include "lib/types.h"

#define IMAGE_HEADER_SIZE 64

struct image {
	uint64_t text_offset; /* from a 2 MiB aligned base */
	uint64_t size;        /* memory it needs from its start, BSS included; >= file size */
};

/* -EINVAL with *why: no magic, big-endian, or sizes that make no sense. */
int image_decode(const uint8_t header[IMAGE_HEADER_SIZE], uint64_t file_size, struct image *out,
		 const char **why);

#endif
