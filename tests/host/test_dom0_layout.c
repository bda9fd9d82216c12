/* SPDX-License-Identifier: BSD-2-Clause */
/* Where kernel and device tree go in the control domain's memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "boot/dom0_layout.h"
#include "lib/errno.h"

#define MIB 0x100000ULL

static struct range storage[8];

static struct rangeset memory(uint64_t base, uint64_t size)
{
	struct rangeset s;

	rangeset_init(&s, storage, 8);
	assert_int_equal(rangeset_add(&s, base, size), 0);
	return s;
}

static bool apart(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a_size == 0 || b_size == 0 || a + a_size <= b || b + b_size <= a;
}

/* What the boot protocol asks of any placement. */
static void check(const struct rangeset *ram, const struct range *kernel,
		  const struct range *ramdisk, const struct guest_image *image,
		  const struct dom0_layout *l)
{
	assert_int_equal((l->entry - image->text_offset) % (2 * MIB), 0);
	assert_true(rangeset_contains(ram, l->entry, image->memory_size));
	assert_true(rangeset_contains(ram, l->fdt, DOM0_FDT_SIZE));
	assert_int_equal(l->fdt % 8, 0);
	assert_int_equal(l->fdt / (2 * MIB), (l->fdt + DOM0_FDT_SIZE - 1) / (2 * MIB));
	assert_true(apart(l->fdt, DOM0_FDT_SIZE, l->entry, image->memory_size));
	assert_true(apart(l->fdt, DOM0_FDT_SIZE, ramdisk->base, ramdisk->size));
	assert_true(apart(l->entry, image->memory_size, ramdisk->base, ramdisk->size));
	if (l->in_place) {
		assert_int_equal(l->entry, kernel->base);
	} else {
		assert_true(apart(l->entry, image->memory_size, kernel->base, kernel->size));
	}
}

static const struct {
	struct range ram, kernel, ramdisk;
	struct guest_image image;
	bool in_place;
} plans[] = {
	/* The usual case. */
	{ { 0x40000000, 1024 * MIB }, { 0x48000000, 32 * MIB }, { 0x50000000, 60 * MIB },
	  { 0, 40 * MIB }, true },
	{ { 0x40000000, 1024 * MIB }, { 0x48000000, 32 * MIB }, { 0, 0 }, { 0, 40 * MIB }, true },
	/* The ramdisk lies where the kernel's BSS would. */
	{ { 0x40000000, 1024 * MIB }, { 0x48000000, 32 * MIB }, { 0x4a000000, 60 * MIB },
	  { 0, 40 * MIB }, false },
	/* Not aligned. */
	{ { 0x40000000, 1024 * MIB }, { 0x48001000, 32 * MIB }, { 0x50000000, 60 * MIB },
	  { 0, 40 * MIB }, false },
	/* An old kernel, with its text offset and without. */
	{ { 0x40000000, 1024 * MIB }, { 0x48080000, 8 * MIB }, { 0x50000000, 60 * MIB },
	  { 0x80000, 10 * MIB }, true },
	{ { 0x40000000, 1024 * MIB }, { 0x48000000, 8 * MIB }, { 0x50000000, 60 * MIB },
	  { 0x80000, 10 * MIB }, false },
	/* At the end of memory: no room for the BSS. */
	{ { 0x40000000, 256 * MIB }, { 0x4e000000, 32 * MIB }, { 0x48000000, 60 * MIB },
	  { 0, 40 * MIB }, false },
	/* At the very start. */
	{ { 0x40000000, 256 * MIB }, { 0x40000000, 32 * MIB }, { 0x48000000, 60 * MIB },
	  { 0, 40 * MIB }, true },
};

static void test_plans(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
		struct rangeset ram = memory(plans[i].ram.base, plans[i].ram.size);
		struct dom0_layout l;
		const char *why;

		assert_int_equal(dom0_layout_plan(&ram, &plans[i].kernel, &plans[i].ramdisk,
						  &plans[i].image, &l, &why), 0);
		assert_int_equal(l.in_place, plans[i].in_place);
		check(&ram, &plans[i].kernel, &plans[i].ramdisk, &plans[i].image, &l);
	}
}

static void test_memory_with_a_hole(void **state)
{
	struct rangeset ram = memory(0x40000000, 512 * MIB);
	struct range kernel = { 0x40000000, 32 * MIB };
	struct range ramdisk = { 0x58000000, 16 * MIB };
	struct guest_image image = { 0, 40 * MIB };
	struct dom0_layout l;
	const char *why;

	(void)state;
	/* The hypervisor's own memory, in the middle of the kernel's BSS. */
	assert_int_equal(rangeset_remove(&ram, 0x42200000, 4 * MIB), 0);
	assert_int_equal(dom0_layout_plan(&ram, &kernel, &ramdisk, &image, &l, &why), 0);
	assert_false(l.in_place);
	check(&ram, &kernel, &ramdisk, &image, &l);
}

static void test_what_does_not_fit(void **state)
{
	struct rangeset ram = memory(0x40000000, 64 * MIB);
	struct range kernel = { 0x40001000, 32 * MIB };
	struct range ramdisk = { 0x43000000, 4 * MIB };
	struct guest_image image = { 0, 40 * MIB };
	struct dom0_layout l;
	const char *why = NULL;

	(void)state;
	assert_int_equal(dom0_layout_plan(&ram, &kernel, &ramdisk, &image, &l, &why), -ENOSPC);
	assert_non_null(strstr(why, "kernel"));

	/* Kernel and ramdisk fill all there is. */
	ram = memory(0x40000000, 44 * MIB);
	kernel = (struct range){ 0x40000000, 32 * MIB };
	ramdisk = (struct range){ 0x42800000, 4 * MIB };
	assert_int_equal(dom0_layout_plan(&ram, &kernel, &ramdisk, &image, &l, &why), -ENOSPC);
	assert_non_null(strstr(why, "device tree"));

	/* Too far apart for one 32 GiB window. */
	ram = memory(0x40000000, 0x1000000000);
	ramdisk = (struct range){ 0x900000000, 4 * MIB };
	assert_int_equal(dom0_layout_plan(&ram, &kernel, &ramdisk, &image, &l, &why), -ENOSPC);
	assert_non_null(strstr(why, "32 GiB"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_memory_with_a_hole),
		cmocka_unit_test(test_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
