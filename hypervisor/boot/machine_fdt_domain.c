/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains that start with the machine: "xen,domain" nodes of /chosen. A node that is wrong costs
 * its domain only; what is not understood is refused and not passed over, as it may be a
 * restriction.
 */
#include "boot/domain_bridges.h"
#include "boot/domain_pci.h"
#include "boot/machine_fdt.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#include <viaduct/guest_map.h>

#define DOMAIN_CPUS_MAX 16

/* vpl011: every domain has a PL011. */
static const char *const known_properties[] = {
	"#address-cells", "#size-cells", "compatible", "cpus",	"memory",
	"pci-bridges",	  "pci-devices", "phandle",    "unprotected-dma",
	"unsafe-interrupts",		 "vpl011",
	"watchdog",
};

static bool is_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_properties); i++) {
		if (strcmp(name, known_properties[i]) == 0) {
			return true;
		}
	}
	return false;
}

static int check_properties(struct fdt_reader *r, int node)
{
	int property;

	fdt_for_each_property_offset(property, r->fdt, node) {
		const char *name = "a property";

		if (fdt_getprop_by_offset(r->fdt, property, &name, NULL) == NULL ||
		    !is_known(name)) {
			return fdt_fail(r, node, name, "is not supported");
		}
	}
	return 0;
}

/* memory: one number of two cells, KiB. */
static int read_size(struct fdt_reader *r, int node, struct machine_domain *d)
{
	int length = 0;
	const fdt32_t *p = fdt_prop(r->fdt, node, "memory", &length);
	uint64_t kib;
	int err;

	if (p == NULL || length != 8) {
		return fdt_fail(r, node, "memory", "absent or not one number of two cells, in KiB");
	}
	kib = fdt_read_cells(p, 2);
	if (kib == 0 || kib > GUEST_RAM_MAX / 1024) {
		return fdt_fail(r, node, "memory", "is out of range");
	}
	d->ram_size = ALIGN_UP(kib * 1024, SZ_2M);
	err = fdt_read_u32(r, node, "cpus", 0, &d->vcpu_count);
	if (err == 0 && (d->vcpu_count == 0 || d->vcpu_count > DOMAIN_CPUS_MAX)) {
		err = fdt_fail(r, node, "cpus", "absent or not in 1..16");
	}
	return err;
}

static bool share_block(const struct range *a, const struct range *b)
{
	return ALIGN_DOWN(a->base, SZ_2M) < ALIGN_UP(b->base + b->size, SZ_2M) &&
	       ALIGN_DOWN(b->base, SZ_2M) < ALIGN_UP(a->base + a->size, SZ_2M);
}

/* The control domain's become its RAM; domains may share theirs, which only are copied. */
static int read_module(struct fdt_reader *r, int parent, int node, struct range *out)
{
	int err;

	if (out->size != 0) {
		return fdt_fail(r, node, NULL, "is the second module of its kind");
	}
	err = machine_fdt_module(r, parent, node, out);
	for (uint32_t i = 0; err == 0 && i < r->m->module_count; i++) {
		if (share_block(out, &r->m->modules[i].data)) {
			err = fdt_fail(r, node, "reg",
				       "is in the same 2 MiB as a module of the control domain");
		}
	}
	return err;
}

static int read_modules(struct fdt_reader *r, int parent, struct machine_domain *d)
{
	int node;
	int err = 0;

	fdt_for_each_child(node, r->fdt, parent) {
		if (fdt_compatible(r->fdt, node, "multiboot,kernel")) {
			err = read_module(r, parent, node, &d->kernel);
			if (err == 0) {
				err = machine_fdt_text(r, node, "bootargs", d->bootargs);
			}
		} else if (fdt_compatible(r->fdt, node, "multiboot,ramdisk")) {
			err = read_module(r, parent, node, &d->ramdisk);
		} else {
			err = fdt_fail(r, node, "compatible",
				       "is neither multiboot,kernel nor multiboot,ramdisk");
		}
		if (err != 0) {
			return err;
		}
	}
	return d->kernel.size != 0 ? 0 : fdt_fail(r, parent, NULL, "has no multiboot,kernel");
}

static int read_lent(struct fdt_reader *r, int node, struct machine_domain *d)
{
	int length = 0;
	const char *text = fdt_prop(r->fdt, node, "pci-devices", &length);
	const char *end;
	char why[128];

	if (text == NULL) {
		return 0;
	}
	if (length <= 0 || text[length - 1] != '\0') {
		return fdt_fail(r, node, "pci-devices", "is not text");
	}
	for (end = text + length; text < end; text += strlen(text) + 1) {
		if (d->lent_count == MACHINE_MAX_LENT) {
			return fdt_fail(r, node, "pci-devices", "names more than 16 functions");
		}
		if (!domain_pci_parse(text, &d->lent[d->lent_count])) {
			format(why, sizeof(why),
			       "\"%s\" is not [DDDD:]BB:DD.F[,vslot=N][,quirk=NAME]", text);
			return fdt_fail(r, node, "pci-devices", why);
		}
		d->lent_count++;
	}
	return 0;
}

/* What is about functions that others own. */
static const char *const lent_only[] = { "pci-devices", "unprotected-dma", "unsafe-interrupts" };

/* Before anything else can be wrong: what it names is never another domain's by mistake. */
static int read_owned(struct fdt_reader *r, int node, struct machine_domain *d)
{
	int length = 0;
	const char *text = fdt_prop(r->fdt, node, "pci-bridges", &length);
	const char *end;
	char why[128];

	if (text == NULL) {
		return 0;
	}
	if (length <= 0 || text[length - 1] != '\0') {
		return fdt_fail(r, node, "pci-bridges", "is not text");
	}
	for (end = text + length; text < end; text += strlen(text) + 1) {
		if (d->owned_count == MACHINE_MAX_OWNED) {
			return fdt_fail(r, node, "pci-bridges", "names more than 4 bridges");
		}
		if (!domain_bridges_parse(text, &d->owned[d->owned_count])) {
			format(why, sizeof(why), "\"%s\" is not [DDDD:]BB-BB", text);
			return fdt_fail(r, node, "pci-bridges", why);
		}
		d->owned_count++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(lent_only); i++) {
		if (fdt_prop(r->fdt, node, lent_only[i], &length) != NULL) {
			return fdt_fail(r, node, lent_only[i], "cannot be beside pci-bridges");
		}
	}
	return 0;
}

/* A property without value: one that has a value may be meant as a no. */
static int read_flag(struct fdt_reader *r, int node, const char *name, bool *out)
{
	int length = 0;

	*out = fdt_prop(r->fdt, node, name, &length) != NULL;
	return *out && length != 0 ? fdt_fail(r, node, name, "has a value") : 0;
}

static int read_flags(struct fdt_reader *r, int node, struct machine_domain *d)
{
	int err = read_flag(r, node, "unprotected-dma", &d->unprotected_dma);

	if (err == 0) {
		err = read_flag(r, node, "unsafe-interrupts", &d->unsafe_interrupts);
	}
	return err == 0 ? read_flag(r, node, "watchdog", &d->has_watchdog) : err;
}

/* Its node's name without unit address. */
static void read_name(struct fdt_reader *r, int node, struct machine_domain *d)
{
	char *at;

	str_copy(d->name, fdt_name(r->fdt, node), sizeof(d->name));
	at = strchr(d->name, '@');
	if (at != NULL) {
		*at = '\0';
	}
}

static int read_domain(struct fdt_reader *r, int node, struct machine_domain *d)
{
	int err = 0;

	read_name(r, node, d);
	if (fdt_path(r->fdt, node, d->path, sizeof(d->path)) != 0) {
		err = fdt_fail(r, node, NULL, "has a path that is too long");
	}
	if (err == 0) {
		err = read_owned(r, node, d);
	}
	if (err == 0) {
		err = check_properties(r, node);
	}
	if (err == 0) {
		err = read_size(r, node, d);
	}
	if (err == 0) {
		err = read_flags(r, node, d);
	}
	if (err == 0) {
		err = read_modules(r, node, d);
	}
	return err == 0 ? read_lent(r, node, d) : err;
}

int machine_fdt_domains(struct fdt_reader *r)
{
	int chosen = fdt_child_named(r->fdt, 0, "chosen");
	struct machine *m = r->m;
	int node;

	if (chosen < 0) {
		return 0;
	}
	fdt_for_each_child(node, r->fdt, chosen) {
		struct machine_domain *d = &m->domains[m->domain_count];

		if (!fdt_compatible(r->fdt, node, "xen,domain")) {
			continue;
		}
		if (m->domain_count == MACHINE_MAX_DOMAINS) {
			m->domains_left_out++;
			continue;
		}
		if (read_domain(r, node, d) != 0) {
			str_copy(d->flaw, r->why, sizeof(d->flaw));
		}
		m->domain_count++;
	}
	return 0;
}
