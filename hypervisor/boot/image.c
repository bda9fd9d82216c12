/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoder of the arm64 Image header. */
#include "boot/image.h"

#include "lib/errno.h"
#include "lib/string.h"

#define OFFSET_TEXT_OFFSET 8
#define OFFSET_IMAGE_SIZE  16
#define OFFSET_FLAGS       24
#define OFFSET_MAGIC       56

#define FLAG_BIG_ENDIAN    BIT(0)
/* Images from before Linux 3.17 leave image_size 0; their text_offset is not reliable either. */
#define OLD_TEXT_OFFSET 0x80000
#define OLD_BSS_ROOM    SZ_2M
#define IMAGE_SIZE_MAX  SZ_1G

static uint64_t le64(const uint8_t *p)
{
	uint64_t v = 0;

	for (uint32_t i = 8; i != 0; i--) {
		v = v << 8 | p[i - 1];
	}
	return v;
}

int image_decode(const uint8_t header[IMAGE_HEADER_SIZE], uint64_t file_size, struct image *out,
		 const char **why)
{
	*why = NULL;
	if (file_size < IMAGE_HEADER_SIZE || memcmp(header + OFFSET_MAGIC, "ARM\x64", 4) != 0) {
		*why = "is not an arm64 Image (no magic at byte 56; a compressed kernel must be "
		       "unpacked first)";
		return -EINVAL;
	}
	out->text_offset = le64(header + OFFSET_TEXT_OFFSET);
	out->size = le64(header + OFFSET_IMAGE_SIZE);
	if (out->size == 0) {
		out->text_offset = OLD_TEXT_OFFSET;
		out->size = file_size + OLD_BSS_ROOM;
	}
	if (le64(header + OFFSET_FLAGS) & FLAG_BIG_ENDIAN) {
		*why = "is big-endian";
		return -EINVAL;
	}
	if (out->text_offset >= SZ_2M || out->size > IMAGE_SIZE_MAX || file_size > IMAGE_SIZE_MAX) {
		*why = "has a header whose sizes make no sense";
		return -EINVAL;
	}
	out->size = MAX(out->size, file_size);
	return 0;
}
