/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains of the device tree, started without anybody's request. What can be refused is refused
 * before the first guest runs; so are device trees made, as libfdt may use registers that EL2 does
 * not keep for guests. The rest is a job for each: wait until its functions are reset and its RAM
 * is clean, lend, copy, start. The modules stay as they are.
 */
#include "boot/boot.h"
#include "boot/domain_boot.h"
#include "common/guest_fdt.h"
#include "core/console_input.h"
#include "core/domain.h"
#include "core/domain_build.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/host_bridge.h"
#include "pci/registry.h"
#include "vpci/vpci.h"

#include <libfdt.h>

#define FDT_ORDER 4 /* heap pages while it is made */
#define FDT_SIZE  (SZ_4K << FDT_ORDER)

bool boot_without_control(const struct machine *m)
{
	for (uint32_t i = 0; i < m->module_count; i++) {
		if (m->modules[i].kind == MODULE_KERNEL) {
			return false;
		}
	}
	return m->domain_count != 0;
}

static int place(struct domain_boot *b)
{
	const struct machine_domain *spec = b->spec;
	uint8_t header[GUEST_IMAGE_HEADER];
	size_t size = (size_t)MIN(spec->kernel.size, sizeof(header));
	struct guest_image image;
	const char *why;
	int err;

	domain_boot_read(spec->kernel.base, header, size);
	err = guest_image_parse(header, size, spec->kernel.size, &image, &why);
	if (err != 0) {
		log_error("boot", "%s: its kernel at 0x%llx %s: domain %s is not started",
			  spec->path, (unsigned long long)spec->kernel.base, why, spec->name);
		return err;
	}
	err = guest_image_place(&image, spec->ramdisk.size, FDT_SIZE, spec->ram_size, &b->layout);
	if (err != 0) {
		log_error("boot", "%s: memory: kernel and ramdisk need %llu MiB, it is %llu: "
			  "domain %s is not started", spec->path,
			  (unsigned long long)(b->layout.end / SZ_1M + 1),
			  (unsigned long long)(spec->ram_size / SZ_1M), spec->name);
	}
	return err;
}

static int make_fdt(struct domain_boot *b, const struct domain *d)
{
	const struct machine_domain *spec = b->spec;
	uint64_t ramdisk = d->ram_base.v + b->layout.ramdisk;
	struct guest_fdt g = {
		.gic_version = machine.gic.version,
		.msi_frame = d->unsafe_interrupts,
		.watchdog = d->has_watchdog,
		.vcpu_count = spec->vcpu_count,
		.ram_base = d->ram_base.v,
		.ram_bytes = spec->ram_size,
		.bootargs = spec->bootargs[0] != '\0' ? spec->bootargs : NULL,
		.ramdisk_start = ramdisk,
		.ramdisk_end = ramdisk + spec->ramdisk.size,
		.bridges = b->bridges,
		.bridge_count = spec->owned_count,
	};
	void *buf = heap_pages(FDT_ORDER);
	int err = -ENOMEM;

	domain_boot_seed(&g);
	if (buf != NULL && guest_fdt_make(&g, buf, FDT_SIZE) == 0) {
		b->fdt_size = fdt_totalsize(buf);
		b->fdt = heap_alloc(b->fdt_size);
	}
	if (b->fdt != NULL) {
		memcpy(b->fdt, buf, b->fdt_size);
		domain_boot_find_seeds(b);
		err = 0;
	}
	if (buf != NULL) {
		heap_pages_free(buf, FDT_ORDER);
	}
	return err == 0 ? 0 : domain_boot_refuse(spec, err, "no memory for its device tree");
}

static const char *create_error(int err)
{
	switch (err) {
	case -EEXIST:
		return "a domain of this name exists";
	case -ENOSPC:
		return "there are too many domains";
	case -ENOMEM:
		return "memory: there is not so much";
	case -ERANGE:
		return "unprotected-dma: not so much memory is free in one piece, or where it was";
	default:
		return "it cannot be made";
	}
}

/*
 * Once: d's device tree, and the functions of its list out of everybody's hands. When it begins
 * anew both is done.
 */
static int prepare_parts(struct domain_boot *b, const struct domain *d)
{
	const struct machine_domain *spec = b->spec;
	int err = make_fdt(b, d);

	for (uint32_t i = 0; err == 0 && i < spec->lent_count; i++) {
		uint32_t sbdf = spec->lent[i].sbdf;
		struct pci_function *f = pci_function_find((struct sbdf){ sbdf });

		err = f == NULL ? -ENODEV : 0;
		/* Not left to lending, so that its owner keeps what will never be lent. */
		if (err == 0 && !spec->unprotected_dma && !pci_state_translated(f)) {
			err = -EACCES;
		} else if (err == 0 && pci_state_reach(f->bridge, d->ram_base.v) < d->ram_size) {
			err = -ERANGE;
		}
		err = err == 0 ? lend_quarantine(f, "") : err;
		if (err != 0) {
			(void)domain_boot_refuse_function(
				spec, sbdf, err, f == NULL ? "is not there" : pci_state_why(err));
		}
	}
	b->ram_base = spec->unprotected_dma ? d->ram_base.v : 0;
	return err;
}

static int create(struct domain_boot *b, struct domain *none)
{
	const struct machine_domain *spec = b->spec;
	struct domain_spec wanted = { .vcpu_count = spec->vcpu_count,
				      .drives = spec->owned_count != 0,
				      .ram_size = spec->ram_size,
				      .unprotected_dma = spec->unprotected_dma,
				      .unsafe_interrupts = spec->unsafe_interrupts,
				      .has_watchdog = spec->has_watchdog,
				      .ram_at = b->ram_base };
	struct domain *d;
	int err;

	str_copy(wanted.name, spec->name, sizeof(wanted.name));
	err = domain_create(&wanted, &d);
	if (err != 0) {
		return domain_boot_refuse(spec, err, create_error(err));
	}
	d->boot = b;
	b->id = d->id;
	b->owned = 0;
	return 0;
}

/* Of those that own bridges, which see them by it. */
static int make_devices(struct domain_boot *b, struct domain *d)
{
	int err = b->spec->owned_count != 0 ? domain_make_devices(d) : 0;

	return err == 0 || err == -EAGAIN ? err : domain_boot_refuse(b->spec, err,
								    create_error(err));
}

/* At boot with what takes its time, there and then; again it is short. */
static int fill_in(struct domain_boot *b, struct domain *d)
{
	if (b->fdt == NULL) {
		return prepare_parts(b, d);
	}
	domain_boot_reseed(b);
	return 0;
}

static int start_job(struct domain_boot *b, struct domain *d)
{
	domain_boot_job_start(b);
	return 0;
}

/* Each is as short as interrupts may wait. -EAGAIN: there is more of it. */
static int (*const parts[])(struct domain_boot *b, struct domain *d) = {
	create, make_devices, domain_boot_own_bridges, fill_in, start_job,
};

int domain_boot_make(struct domain_boot *b)
{
	struct domain *d = b->part != 0 ? domain_by_id(b->id) : NULL;
	bool ended = b->part != 0 && (d == NULL || domain_is_dying(d));
	int err = ended ? -ENODEV : parts[b->part](b, d);

	if (err == 0 && ++b->part < ARRAY_SIZE(parts)) {
		err = -EAGAIN;
	}
	if (err != -EAGAIN) {
		b->part = 0;
	}
	if (err != 0 && err != -EAGAIN && d != NULL) {
		(void)domain_destroy(d); /* -EBUSY: somebody does already */
	}
	return err;
}

static int prepare(const struct machine_domain *spec)
{
	struct domain_boot *b;
	int err;

	if (spec->flaw[0] != '\0') {
		log_error("boot", "%s: domain %s is not started", spec->flaw, spec->name);
		return -EINVAL;
	}
	b = heap_alloc(sizeof(*b));
	if (b == NULL) {
		return domain_boot_refuse(spec, -ENOMEM, "no memory");
	}
	b->spec = spec;
	err = place(b);
	if (err == 0) {
		err = domain_boot_place_bridges(b);
	}
	if (err == 0) {
		do {
			err = domain_boot_make(b);
		} while (err == -EAGAIN);
	}
	if (err != 0) {
		heap_free(b->fdt);
		heap_free(b);
	}
	return err;
}

void domain_boot_all(void)
{
	uint32_t count = 0;

	if (boot_without_control(&machine)) {
		domain_without_control();
		for (uint32_t i = 0; i < host_bridge_count; i++) {
			host_bridge_map_io(&host_bridges[i]);
		}
	}
	for (uint32_t i = 0; i < machine.domain_count; i++) {
		count += prepare(&machine.domains[i]) == 0 ? 1 : 0;
	}
	if (machine.domains_left_out != 0) {
		log_error("boot", "/chosen: %u domains are not started: %u is the most",
			  machine.domains_left_out, MACHINE_MAX_DOMAINS);
	}
	if (boot_without_control(&machine)) {
		if (count == 0) {
			panic("no control domain, and no domain of the device tree can be started");
		}
		console_input_first();
	}
}
