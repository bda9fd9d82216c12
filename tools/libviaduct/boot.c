/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest boots: files checked and mapped first, written into the domain later. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <viaduct/guest_map.h>

#include "client.h"
#include "common/guest_fdt.h"
#include "common/guest_image.h"
#include "overlay.h"

#define FDT_SIZE 0x10000U

struct file {
	const uint8_t *data;
	uint64_t size;
};

struct viaduct_boot {
	struct file image; /* kernel or firmware */
	struct file ramdisk;
	struct file overlay; /* of the device tree; empty: none */
	/* As in struct guest_image_layout: offsets of a domain's memory. Firmware is behind RAM. */
	uint64_t image_at;
	uint64_t ramdisk_at;
	uint64_t fdt_at;
	uint64_t flash_bytes; /* 0: a kernel */
	struct guest_fdt tree; /* what fdt was made from */
	uint8_t fdt[FDT_SIZE];
};

static int say(char *why, size_t size, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int say(char *why, size_t size, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, size, fmt, ap);
	va_end(ap);
	return err;
}

static int map_file(const char *path, struct file *f, char *why, size_t why_size)
{
	struct stat st;
	void *map;
	int err = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return say(why, why_size, -errno, "%s: %s", path, strerror(errno));
	}
	if (fstat(fd, &st) != 0) {
		err = say(why, why_size, -errno, "%s: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		err = say(why, why_size, -EINVAL, "%s: not a regular file", path);
	} else if (st.st_size == 0) {
		err = say(why, why_size, -EINVAL, "%s: the file is empty", path);
	}
	if (err == 0) {
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map == MAP_FAILED) {
			err = say(why, why_size, -errno, "%s: %s", path, strerror(errno));
		} else {
			f->data = map;
			f->size = (uint64_t)st.st_size;
		}
	}
	close(fd);
	return err;
}

static uint64_t block_up(uint64_t size)
{
	return (size + CONTROL_SLOT_SIZE - 1) & ~(CONTROL_SLOT_SIZE - 1);
}

static void unmap_file(struct file *f)
{
	if (f->data != NULL) {
		munmap((void *)(uintptr_t)f->data, (size_t)f->size);
	}
}

/* Of a file, what says what it is. */
static size_t head_size(const struct file *f)
{
	return f->size < GUEST_IMAGE_HEADER ? (size_t)f->size : GUEST_IMAGE_HEADER;
}

static int place_kernel(const struct viaduct_boot_spec *spec, struct viaduct_boot *b, char *why,
			size_t why_size)
{
	const struct file *f = &b->image;
	struct guest_image_layout layout;
	struct guest_image image;
	const char *flaw;
	int err = guest_image_parse(f->data, head_size(f), f->size, &image, &flaw);

	if (err != 0) {
		return say(why, why_size, err, "%s: %s", spec->kernel, flaw);
	}
	err = guest_image_place(&image, b->ramdisk.size, FDT_SIZE, spec->ram_bytes, &layout);
	if (err != 0) {
		return say(why, why_size, err,
			   "kernel and ramdisk need %llu MiB, the domain has %llu",
			   (unsigned long long)((layout.end >> 20) + 1),
			   (unsigned long long)(spec->ram_bytes >> 20));
	}
	b->image_at = layout.kernel;
	b->ramdisk_at = layout.ramdisk;
	b->fdt_at = layout.fdt;
	return 0;
}

/* As on QEMU's virt board: the device tree is where RAM starts. */
static int place_firmware(const struct viaduct_boot_spec *spec, struct viaduct_boot *b, char *why,
			  size_t why_size)
{
	const struct file *f = &b->image;
	const char *flaw;
	int err = guest_image_check_firmware(f->data, head_size(f), f->size, &flaw);

	if (err != 0) {
		return say(why, why_size, err, "%s: %s", spec->firmware, flaw);
	}
	b->image_at = block_up(spec->ram_bytes);
	b->fdt_at = 0;
	/* The empty block is what the rest of the flash shows. */
	b->flash_bytes = block_up(f->size) + CONTROL_SLOT_SIZE;
	return 0;
}

static int open_kernel(const struct viaduct_boot_spec *spec, struct viaduct_boot *b, char *why,
		       size_t why_size)
{
	int err = map_file(spec->kernel, &b->image, why, why_size);

	if (err == 0 && spec->ramdisk != NULL) {
		err = map_file(spec->ramdisk, &b->ramdisk, why, why_size);
	}
	return err == 0 ? place_kernel(spec, b, why, why_size) : err;
}

static int open_firmware(const struct viaduct_boot_spec *spec, struct viaduct_boot *b, char *why,
			 size_t why_size)
{
	int err = map_file(spec->firmware, &b->image, why, why_size);

	return err == 0 ? place_firmware(spec, b, why, why_size) : err;
}

static void base_tree(struct viaduct_boot *b, uint64_t ram_base)
{
	b->tree.ram_base = ram_base;
	b->tree.ramdisk_start = ram_base + b->ramdisk_at;
	b->tree.ramdisk_end = b->tree.ramdisk_start + b->ramdisk.size;
}

/* The tree, with what the administrator adds to it. */
static int write_fdt(struct viaduct_boot *b, const char **flaw)
{
	if (guest_fdt_make(&b->tree, b->fdt, sizeof(b->fdt)) != 0) {
		*flaw = "the kernel command line is too long";
		return -E2BIG;
	}
	return b->overlay.data != NULL ?
		       overlay_apply(b->fdt, sizeof(b->fdt), b->overlay.data, flaw) : 0;
}

static int open_overlay(const struct viaduct_boot_spec *spec, struct viaduct_boot *b, char *why,
			size_t why_size)
{
	int err = map_file(spec->device_tree, &b->overlay, why, why_size);
	const char *flaw;

	if (err == 0 && overlay_check(b->overlay.data, b->overlay.size, &flaw) != 0) {
		err = say(why, why_size, -EINVAL, "%s: %s", spec->device_tree, flaw);
	}
	return err;
}

static int make_fdt(const struct viaduct_boot_spec *spec, struct viaduct_boot *b, char *why,
		    size_t why_size)
{
	struct guest_fdt *g = &b->tree;
	const char *flaw;
	int err;

	*g = (struct guest_fdt){
		.vcpu_count = spec->vcpu_count,
		.ram_bytes = spec->ram_bytes,
		.bootargs = spec->firmware == NULL ? spec->extra : NULL,
	};
	base_tree(b, GUEST_RAM_BASE);

	/* Early in the control domain's life there may be no good randomness yet: then, less. */
	if (getrandom(g->rng_seed, sizeof(g->rng_seed), GRND_NONBLOCK) < 0 ||
	    getrandom(&g->kaslr_seed, sizeof(g->kaslr_seed), GRND_NONBLOCK) < 0) {
		memset(g->rng_seed, 0, sizeof(g->rng_seed));
		g->kaslr_seed = 0;
	}
	err = write_fdt(b, &flaw);
	if (err == -E2BIG) {
		return say(why, why_size, err, "%s", flaw);
	}
	return err != 0 ? say(why, why_size, err, "%s: %s", spec->device_tree, flaw) : 0;
}

int viaduct_boot_open(const struct viaduct_boot_spec *spec, struct viaduct_boot **out, char *why,
		      size_t why_size)
{
	struct viaduct_boot *b = calloc(1, sizeof(*b));
	int err;

	if (b == NULL) {
		return say(why, why_size, -ENOMEM, "out of memory");
	}
	err = spec->firmware != NULL ? open_firmware(spec, b, why, why_size)
				     : open_kernel(spec, b, why, why_size);
	if (err == 0 && spec->device_tree != NULL) {
		err = open_overlay(spec, b, why, why_size);
	}
	if (err == 0) {
		err = make_fdt(spec, b, why, why_size);
	}
	if (err != 0) {
		viaduct_boot_close(b);
		return err;
	}
	*out = b;
	return 0;
}

void viaduct_boot_close(struct viaduct_boot *b)
{
	if (b == NULL) {
		return;
	}
	unmap_file(&b->image);
	unmap_file(&b->ramdisk);
	unmap_file(&b->overlay);
	free(b);
}

uint64_t viaduct_boot_flash_bytes(const struct viaduct_boot *b)
{
	return b->flash_bytes;
}

struct load {
	struct viaduct *v;
	uint32_t id;
	viaduct_progress *progress;
	void *progress_arg;
	uint64_t done, total;
};

static int load_part(struct load *l, const uint8_t *data, uint64_t size, uint64_t offset)
{
	int err = 0;

	while (size != 0 && err == 0) {
		size_t part = (size_t)(CONTROL_SLOT_SIZE - offset % CONTROL_SLOT_SIZE);

		part = part < size ? part : (size_t)size;
		if (l->progress != NULL && l->progress(l->progress_arg, l->done, l->total) != 0) {
			return client_fail(l->v, -ECANCELED, "interrupted");
		}
		err = viaduct_memory_write(l->v, l->id, offset, data, part);
		data += part;
		offset += part;
		size -= part;
		l->done += part;
	}
	return err;
}

/* The tree again, for machine and domain as they are; it is hardly larger than it was. */
static int adapt_fdt(struct viaduct *v, struct viaduct_boot *b, uint32_t id)
{
	struct control_domain d;
	struct control_info info;
	const char *flaw;
	int err = viaduct_info(v, &info);

	if (err == 0) {
		err = viaduct_domain_get(v, id, &d);
	}
	if (err != 0) {
		return err;
	}
	b->tree.gic_version = info.gic_version;
	base_tree(b, d.ram_base);
	b->tree.msi_frame = (d.flags & CONTROL_DOMAIN_UNSAFE_INTERRUPTS) != 0;
	b->tree.watchdog = (d.flags & CONTROL_DOMAIN_WATCHDOG) != 0;
	err = write_fdt(b, &flaw);
	return err == 0 ? 0 : client_fail(v, err, "device tree: %s", flaw);
}

int viaduct_boot_load(struct viaduct *v, struct viaduct_boot *b, uint32_t id,
		      viaduct_progress *progress, void *progress_arg, uint64_t *pc, uint64_t *arg)
{
	struct load l = {
		.v = v,
		.id = id,
		.progress = progress,
		.progress_arg = progress_arg,
		.total = b->image.size + b->ramdisk.size + FDT_SIZE,
	};
	int err = adapt_fdt(v, b, id);

	if (err == 0) {
		err = load_part(&l, b->image.data, b->image.size, b->image_at);
	}
	if (err == 0) {
		err = load_part(&l, b->ramdisk.data, b->ramdisk.size, b->ramdisk_at);
	}
	if (err == 0) {
		err = load_part(&l, b->fdt, FDT_SIZE, b->fdt_at);
	}
	if (err == 0 && progress != NULL && progress(progress_arg, l.total, l.total) != 0) {
		err = client_fail(v, -ECANCELED, "interrupted");
	}
	*pc = b->flash_bytes != 0 ? GUEST_FLASH0_BASE : b->tree.ram_base + b->image_at;
	*arg = b->tree.ram_base + b->fdt_at;
	return err;
}
