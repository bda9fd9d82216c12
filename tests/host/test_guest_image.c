/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's kernel: Image headers, and where it, its ramdisk and its device tree go. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "common/guest_image.h"

#define MIB (1024ULL * 1024)

static void put64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++) {
		p[i] = (uint8_t)(v >> (8 * i));
	}
}

static void make_header(uint8_t h[64], uint64_t text_offset, uint64_t size, uint64_t flags)
{
	memset(h, 0, 64);
	put64(h + 8, text_offset);
	put64(h + 16, size);
	put64(h + 24, flags);
	memcpy(h + 56, "ARM\x64", 4);
}

static void test_image(void **state)
{
	struct guest_image image;
	const char *why;
	uint8_t h[64];

	make_header(h, 0, 40 * MIB, 0xa);
	assert_int_equal(guest_image_parse(h, 64, 30 * MIB, &image, &why), 0);
	assert_int_equal(image.text_offset, 0);
	assert_int_equal(image.memory_size, 40 * MIB);

	/* An old kernel: no size, fixed offset. */
	make_header(h, 0, 0, 0);
	assert_int_equal(guest_image_parse(h, 64, 7 * MIB, &image, &why), 0);
	assert_int_equal(image.text_offset, 0x80000);
	assert_int_equal(image.memory_size, 9 * MIB); /* its BSS, too */

	/* A file longer than it says is loaded whole. */
	make_header(h, 0x80000, MIB, 0);
	assert_int_equal(guest_image_parse(h, 64, 2 * MIB, &image, &why), 0);
	assert_int_equal(image.memory_size, 2 * MIB);
}

static void test_not_an_image(void **state)
{
	struct guest_image image;
	const char *why;
	uint8_t h[64];

	make_header(h, 0, MIB, 0);
	assert_int_equal(guest_image_parse(h, 63, 63, &image, &why), -ENOEXEC);
	h[56] = 'X';
	assert_int_equal(guest_image_parse(h, 64, MIB, &image, &why), -ENOEXEC);
	assert_non_null(strstr(why, "not an arm64"));
	make_header(h, 0, MIB, 1);
	assert_int_equal(guest_image_parse(h, 64, MIB, &image, &why), -ENOEXEC);
	assert_non_null(strstr(why, "big-endian"));
	make_header(h, 2 * MIB, MIB, 0);
	assert_int_equal(guest_image_parse(h, 64, MIB, &image, &why), -ENOEXEC);
	make_header(h, ~0ULL, MIB, 0);
	assert_int_equal(guest_image_parse(h, 64, MIB, &image, &why), -ENOEXEC);
	make_header(h, 0, ~0ULL, 0);
	assert_int_equal(guest_image_parse(h, 64, MIB, &image, &why), -ENOEXEC);
	make_header(h, 0, MIB, 0);
	h[0] = 0x1f;
	h[1] = 0x8b;
	assert_int_equal(guest_image_parse(h, 64, MIB, &image, &why), -ENOEXEC);
	assert_non_null(strstr(why, "compressed"));
	assert_int_equal(guest_image_parse(h, 0, 0, &image, &why), -ENOEXEC);
}

static void test_place(void **state)
{
	const struct guest_image image = { .text_offset = 0x80000, .memory_size = 33 * MIB + 5 };
	struct guest_image_layout l;

	assert_int_equal(guest_image_place(&image, 9 * MIB + 1, 0x10000, 128 * MIB, &l), 0);
	assert_int_equal(l.kernel, 0x80000);
	assert_true(l.ramdisk >= l.kernel + image.memory_size);
	assert_true(l.fdt >= l.ramdisk + 9 * MIB + 1);
	assert_int_equal(l.ramdisk % 4096, 0);
	assert_int_equal(l.fdt % (2 * MIB), 0);
	assert_int_equal(l.end, l.fdt + 0x10000);

	/* Exactly enough, and one byte less. */
	assert_int_equal(guest_image_place(&image, 9 * MIB + 1, 0x10000, l.end, &l), 0);
	assert_int_equal(guest_image_place(&image, 9 * MIB + 1, 0x10000, l.end - 1, &l), -ENOSPC);
	assert_int_equal(guest_image_place(&image, ~0ULL, 0x10000, 128 * MIB, &l), -ENOSPC);
	assert_int_equal(guest_image_place(&image, ~0ULL - 0x10000, 0x10000, ~0ULL, &l), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_not_an_image),
		cmocka_unit_test(test_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
