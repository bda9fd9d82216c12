/* SPDX-License-Identifier: BSD-2-Clause */
/* The header of an arm64 Image (Documentation/arch/arm64/booting.rst). */
#ifndef FAKE_IMAGE_HEADER_H
#define FAKE_IMAGE_HEADER_H

#include <stdint.h>
#include <string.h>

static inline void image_header_put64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++) {
		p[i] = (uint8_t)(v >> (8 * i));
	}
}

static inline void image_header(uint8_t h[64], uint64_t text_offset, uint64_t size, uint64_t flags)
{
	memset(h, 0, 64);
	image_header_put64(h + 8, text_offset);
	image_header_put64(h + 16, size);
	image_header_put64(h + 24, flags);
	memcpy(h + 56, "ARM\x64", 4);
}

#endif
