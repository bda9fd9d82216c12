/* SPDX-License-Identifier: BSD-2-Clause */
/* The test image's front ends: every ECAM bridge with a root port looks like an R-Car Gen3. */
#include "core/log.h"
#include "lib/string.h"
#include "pci/registry.h"
#include "rcar_front.h"

const struct pci_function *rcar_front_port(const struct host_bridge *b)
{
	const struct pci_function *port = NULL;

	for (const struct pci_function *f = pci_function_first(); f != NULL; f = f->next) {
		if (f->bridge == b && f->header_type == 1 &&
		    SBDF_BUS(f->sbdf) == b->desc->bus_start &&
		    (port == NULL || SBDF_DEVFN(f->sbdf) < SBDF_DEVFN(port->sbdf))) {
			port = f;
		}
	}
	return port;
}

static bool rcar_front_fits(const struct host_bridge *b)
{
	return strcmp(b->desc->compatible, "pci-host-ecam-generic") == 0 &&
	       rcar_front_port(b) != NULL;
}

/* Where the config window is, which nobody sees. */
static uint32_t rcar_front_regions(const struct host_bridge *b,
				   struct range out[VPCI_FRONT_REGIONS])
{
	out[0] = (struct range){ b->desc->cfg.base, RCAR_FRONT_SIZE };
	return 1;
}

static void rcar_front_init(void *regs, const struct host_bridge *b)
{
	const struct pci_function *port = rcar_front_port(b);
	struct rcar_front *r = regs;

	r->root_bus = SBDF_BUS(port->sbdf);
	r->port = SBDF_DEVFN(port->sbdf);
	r->numbers = port->bus_primary | (uint32_t)port->bus_secondary << 8 |
		     (uint32_t)port->bus_subordinate << 16;
	log_warn("pci", "%s: R-Car Gen3 front end for tests, root port " SBDF_FMT, b->desc->path,
		 SBDF_ARG(port->sbdf));
}

const struct vpci_front_ops rcar_front_ops = {
	.name = "R-Car Gen3 front end",
	.fits = rcar_front_fits,
	.regions = rcar_front_regions,
	.regs_size = sizeof(struct rcar_front),
	.init = rcar_front_init,
	.plan = rcar_front_plan,
	.answer = rcar_front_answer,
};

const struct vpci_front_ops *const vpci_front_table[] = {
	&rcar_front_ops,
	NULL,
};
