/* SPDX-License-Identifier: BSD-2-Clause */
/* The host bridges of a domain of the device tree: which, where it sees them, its owning them. */
#include "boot/domain_boot.h"
#include "boot/domain_bridges.h"
#include "core/domain.h"
#include "core/log.h"
#include "lib/errno.h"
#include "pci/host_bridge.h"
#include "pci/registry.h"
#include "vpci/vpci.h"

static bool names(const struct machine_domain *d, const struct machine_bridge *bridge)
{
	for (uint32_t i = 0; i < d->owned_count; i++) {
		const struct machine_owned *o = &d->owned[i];

		if (o->segment == bridge->segment && o->bus_start == bridge->bus_start &&
		    o->bus_end == bridge->bus_end) {
			return true;
		}
	}
	return false;
}

const struct machine_domain *domain_boot_owner(const struct machine_bridge *bridge)
{
	for (uint32_t i = 0; i < machine.domain_count; i++) {
		if (names(&machine.domains[i], bridge)) {
			return &machine.domains[i];
		}
	}
	return NULL;
}

static int refuse_bridge(const struct machine_domain *spec, const struct machine_owned *o, int err,
			 const char *why)
{
	log_error("boot", "%s: pci-bridges: %04x:%02x-%02x: %s: domain %s is not started",
		  spec->path, o->segment, o->bus_start, o->bus_end, why, spec->name);
	return err;
}

/* The same as one before it? */
static bool is_named_twice(const struct machine_domain *spec, uint32_t index)
{
	for (uint32_t i = 0; i < index; i++) {
		if (spec->owned[i].segment == spec->owned[index].segment &&
		    spec->owned[i].bus_start == spec->owned[index].bus_start) {
			return true;
		}
	}
	return false;
}

/* A bridge of exactly these buses. */
static struct host_bridge *bridge_of(const struct machine_owned *o)
{
	struct host_bridge *b = host_bridge_of(sbdf_make(o->segment, o->bus_start, 0, 0));

	return b != NULL && b->desc->bus_start == o->bus_start && b->desc->bus_end == o->bus_end
		       ? b
		       : NULL;
}

int domain_boot_place_bridges(struct domain_boot *b)
{
	const struct machine_domain *spec = b->spec;
	const struct machine_bridge *bridges[MACHINE_MAX_OWNED];

	for (uint32_t i = 0; i < spec->owned_count; i++) {
		const struct machine_owned *o = &spec->owned[i];
		const struct host_bridge *host = bridge_of(o);

		if (host == NULL) {
			return refuse_bridge(spec, o, -ENODEV,
					     "no host bridge has just these buses");
		}
		if (is_named_twice(spec, i)) {
			return refuse_bridge(spec, o, -EEXIST, "is named twice");
		}
		if (domain_boot_owner(host->desc) != spec) {
			return refuse_bridge(spec, o, -EBUSY, "another domain has it");
		}
		/* Its registers, clocks and resets are at host addresses. */
		if (host->owner_driven) {
			return refuse_bridge(spec, o, -EINVAL,
					     "viaduct,owner-driven is for the control domain's");
		}
		bridges[i] = host->desc;
	}
	if (domain_bridges_place(bridges, spec->owned_count, b->bridges) != 0) {
		return domain_boot_refuse(
			spec, -ENOSPC,
			"pci-bridges: their windows are larger than its address space");
	}
	return 0;
}

static const char *own_error(int err)
{
	switch (err) {
	case -EACCES:
		return "not all below it is behind an IOMMU";
	case -ERANGE:
		return "its dma-ranges do not reach all of the domain's memory";
	default:
		return "cannot be given to it";
	}
}

static int own(const struct guest_fdt_bridge *view, struct host_bridge *host, struct domain *d)
{
	/* Its device tree has no dma-ranges: all has to be in reach. */
	if (pci_state_reach(host, d->ram_base.v) < d->ram_size) {
		return -ERANGE;
	}
	if (host->owner != d->id) {
		host->ecam = (struct range){ view->ecam, view->ecam_size };
		for (uint32_t w = 0; w < view->window_count; w++) {
			host->windows[w] = view->windows[w].cpu;
		}
	}
	return vpci_create_owner(d, host);
}

/* In the order of the list. */
int domain_boot_own_bridges(struct domain_boot *b, struct domain *d)
{
	const struct machine_owned *o = &b->spec->owned[b->owned];
	int err;

	if (b->owned == b->spec->owned_count) {
		return 0;
	}
	err = own(&b->bridges[b->owned], bridge_of(o), d);
	if (err == 0) {
		b->owned++;
	} else if (err != -EAGAIN) {
		return refuse_bridge(b->spec, o, err, own_error(err));
	}
	return -EAGAIN;
}

bool domain_boot_bridges_settled(const struct domain_boot *b)
{
	for (uint32_t i = 0; i < b->spec->owned_count; i++) {
		if (!lend_owner_settled(bridge_of(&b->spec->owned[i]))) {
			return false;
		}
	}
	return true;
}
