/* SPDX-License-Identifier: BSD-2-Clause */
/* arm64 Image headers, firmware, and the placement of kernel, ramdisk and device tree. */
#include "common/guest_image.h"

#include <errno.h>
#include <string.h>

#include <viaduct/guest_map.h>

#define SZ_2M  0x200000ULL
#define SZ_64K 0x10000ULL
/* No file is bigger, so sums of three do not wrap. */
#define SIZE_LIMIT      (1ULL << 48)

#define FLAG_BIG_ENDIAN 1U

static uint64_t get64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--) {
		v = v << 8 | p[i];
	}
	return v;
}

int guest_image_parse(const uint8_t *data, size_t available, uint64_t file_size,
		      struct guest_image *out, const char **why)
{
	static const uint8_t gzip[2] = { 0x1f, 0x8b };
	uint64_t size;

	*why = "is not an arm64 Linux Image";
	if (available >= sizeof(gzip) && memcmp(data, gzip, sizeof(gzip)) == 0) {
		*why = "is compressed: unpack it with gunzip first";
		return -ENOEXEC;
	}
	if (available >= 8 && memcmp(data + 4, "zimg", 4) == 0) {
		*why = "is a compressed EFI image: unpack it first";
		return -ENOEXEC;
	}
	if (available < GUEST_IMAGE_HEADER || memcmp(data + 56, "ARM\x64", 4) != 0) {
		return -ENOEXEC;
	}
	if ((get64(data + 24) & FLAG_BIG_ENDIAN) != 0) {
		*why = "is a big-endian kernel";
		return -ENOEXEC;
	}
	out->text_offset = get64(data + 8);
	size = get64(data + 16);
	if (size == 0) {
		/* Before Linux 3.17: the offset is always this, the size of its BSS unknown. */
		out->text_offset = 0x80000;
		size = file_size + SZ_2M;
	}
	if (out->text_offset >= SZ_2M || out->text_offset % 4096 != 0 || size >= SIZE_LIMIT ||
	    file_size >= SIZE_LIMIT) {
		*why = "has a damaged Image header";
		return -ENOEXEC;
	}
	out->memory_size = size > file_size ? size : file_size;
	return 0;
}

int guest_image_check_firmware(const uint8_t *data, size_t available, uint64_t file_size,
			       const char **why)
{
	if (available >= 4 && memcmp(data, "\177ELF", 4) == 0) {
		*why = "is an ELF file: firmware must be a flat binary";
		return -ENOEXEC;
	}
	if (file_size > GUEST_FLASH0_SIZE) {
		*why = "is larger than the flash, 64 MiB";
		return -ENOEXEC;
	}
	return 0;
}

static uint64_t align_up(uint64_t v, uint64_t alignment)
{
	return (v + alignment - 1) & ~(alignment - 1);
}

int guest_image_place(const struct guest_image *image, uint64_t ramdisk_size, uint64_t fdt_size,
		      uint64_t ram_bytes, struct guest_image_layout *out)
{
	if (ramdisk_size >= SIZE_LIMIT || fdt_size > SZ_2M) {
		return -ENOSPC;
	}
	out->kernel = image->text_offset;
	out->ramdisk = align_up(out->kernel + image->memory_size, SZ_64K);
	/* A device tree may not cross a 2 MiB boundary: the kernel maps it with one such block. */
	out->fdt = align_up(out->ramdisk + ramdisk_size, SZ_2M);
	out->end = out->fdt + fdt_size;
	return out->end <= ram_bytes ? 0 : -ENOSPC;
}
