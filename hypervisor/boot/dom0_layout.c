/* SPDX-License-Identifier: BSD-2-Clause */
/* Placement of the kernel and the device tree (Linux booting protocol for arm64). */
#include "boot/dom0_layout.h"

#include "lib/errno.h"
#include "lib/string.h"

/* The ramdisk lies in one 1 GiB-aligned window of at most 32 GiB that holds the kernel too. */
#define RAMDISK_WINDOW (32 * SZ_1G)
#define ADDRESS_LIMIT  BIT(48)

/* What must not be touched: all that is not the domain's RAM, and what lies in it already. */
struct occupied {
	struct range storage[DOM0_RAM_RANGES + 8];
	struct rangeset set;
};

static int occupied_init(struct occupied *o, const struct rangeset *ram)
{
	int err;

	rangeset_init(&o->set, o->storage, ARRAY_SIZE(o->storage));
	err = rangeset_add(&o->set, 0, ADDRESS_LIMIT);
	for (uint32_t i = 0; err == 0 && i < ram->count; i++) {
		err = rangeset_remove(&o->set, ram->ranges[i].base, ram->ranges[i].size);
	}
	return err;
}

static bool in_place(const struct rangeset *ram, const struct range *kernel,
		     const struct range *ramdisk, const struct guest_image *image)
{
	bool aligned = IS_ALIGNED(kernel->base - image->text_offset, SZ_2M);
	bool clear = ramdisk->size == 0 || ramdisk->base >= kernel->base + image->memory_size ||
		     ramdisk->base + ramdisk->size <= kernel->base;

	return aligned && clear && rangeset_contains(ram, kernel->base, image->memory_size);
}

static int place_kernel(struct occupied *o, const struct range *kernel,
			const struct guest_image *image, struct dom0_layout *out)
{
	uint64_t base;
	int err;

	/* The source must survive until it is copied. */
	err = rangeset_add(&o->set, kernel->base, kernel->size);
	if (err == 0) {
		err = rangeset_find_gap(&o->set, image->text_offset + image->memory_size, SZ_2M, 0,
					ADDRESS_LIMIT, &base);
	}
	if (err == 0) {
		out->entry = base + image->text_offset;
		err = rangeset_remove(&o->set, kernel->base, kernel->size);
	}
	return err;
}

static bool ramdisk_in_window(const struct range *ramdisk, uint64_t entry, uint64_t size)
{
	uint64_t low = ALIGN_DOWN(MIN(entry, ramdisk->base), SZ_1G);
	uint64_t high = MAX(entry + size, ramdisk->base + ramdisk->size);

	return ramdisk->size == 0 || high - low <= RAMDISK_WINDOW;
}

int dom0_layout_plan(const struct rangeset *ram, const struct range *kernel,
		     const struct range *ramdisk, const struct guest_image *image,
		     struct dom0_layout *out, const char **why)
{
	static struct occupied o; /* boot only; large */
	int err;

	*why = "its memory is in too many pieces";
	err = occupied_init(&o, ram);
	if (err == 0 && ramdisk->size != 0) {
		err = rangeset_add(&o.set, ramdisk->base, ramdisk->size);
	}
	if (err != 0) {
		return -ENOSPC;
	}
	*why = "no free place for the kernel (give it more memory)";
	out->in_place = in_place(ram, kernel, ramdisk, image);
	out->entry = kernel->base;
	if (!out->in_place && place_kernel(&o, kernel, image, out) != 0) {
		return -ENOSPC;
	}
	*why = "no free place for its device tree (give it more memory)";
	if (rangeset_add(&o.set, out->entry, image->memory_size) != 0 ||
	    rangeset_find_gap(&o.set, DOM0_FDT_SIZE, SZ_2M, 0, ADDRESS_LIMIT, &out->fdt) != 0) {
		return -ENOSPC;
	}
	*why = "kernel and ramdisk are more than 32 GiB apart";
	if (!ramdisk_in_window(ramdisk, out->entry, image->memory_size)) {
		return -ENOSPC;
	}
	*why = NULL;
	return 0;
}
