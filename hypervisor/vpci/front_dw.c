/* SPDX-License-Identifier: BSD-2-Clause */
/* The front end of a DesignWare controller: what it lets through to the controller. */
#include "core/log.h"
#include "pci/bridges/bridges.h"
#include "pci/bridges/designware.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "vpci/bus.h"
#include "vpci/front_dw.h"

/* Status, Secondary Status: all a port that is not enumerated yet is known to have of that kind. */
#define STATUS_ERRORS 0xf9000000U

static bool fits(const struct host_bridge *b)
{
	return b->owner_driven && b->ops == &designware_ops;
}

static uint32_t regions(const struct host_bridge *b, struct range out[VPCI_FRONT_REGIONS])
{
	out[FRONT_DW_DBI] = b->desc->regs;
	out[FRONT_DW_CONFIG] = b->desc->cfg;
	out[FRONT_DW_ATU] = b->desc->atu;
	return b->desc->atu.size != 0 ? 3 : 2;
}

/*
 * The first cycle below the port: the owner has the link up, and is about to look for functions.
 * The vCPU waits while they are found. Without a link there are none.
 */
static enum mmio_result enter(struct vpci_front *front, struct vcpu *v,
			      const struct vpci_front_plan *p)
{
	(void)p;
	if (host_bridge_is_up(front->bridge) || !dw_link_up(front->bridge)) {
		return MMIO_DONE;
	}
	return vpci_front_start(front, v);
}

static uint32_t port_access(struct host_bridge *b, const struct vpci_front_plan *p)
{
	struct sbdf port = sbdf_make(b->desc->segment, b->desc->bus_start, 0, 0);
	uint32_t dword = p->offset & ~3U;

	if (!p->write) {
		return host_bridge_read(b, port, p->offset, p->size);
	}
	host_bridge_write(b, port, p->offset, p->size, p->value,
			  dword == PCI_COMMAND || dword == PCI_IO_BASE ? STATUS_ERRORS : 0);
	return 0;
}

static void complain(const struct vpci_front *front, uint32_t region)
{
	bool in = (region & DW_VIEWPORT_INBOUND) != 0;

	log_domain(front->segment->domain, LOG_WARN, "pci",
		   "%s: %s translation %u does not say what the bridge does: no effect",
		   front->bridge->desc->path, in ? "inbound" : "outbound",
		   region & (FRONT_DW_REGIONS - 1));
}

static uint32_t hardware(struct vpci_front *front, const struct vpci_front_plan *p)
{
	struct host_bridge *b = front->bridge;
	struct front_dw *d = front->regs;
	enum front_dw_rule rule = front_dw_rule_at(p->offset);

	if (rule == FRONT_DW_PORT) {
		return port_access(b, p);
	}
	if (rule == FRONT_DW_SHADOW && p->write) {
		complain(front, p->value);
		return 0;
	}
	if (rule == FRONT_DW_SHADOW) {
		front_dw_learn(d, dw_register_read(b, DW_VIEWPORT, 4));
		return d->variant == FRONT_DW_UNROLLED ? ~0U : d->viewport;
	}
	if (!p->write) {
		return dw_register_read(b, p->offset, p->size);
	}
	if (rule == FRONT_DW_LINK && pci_any_lent(b)) {
		log_domain(front->segment->domain, LOG_WARN, "pci",
			   "%s: write to register 0x%x dropped: a function below is lent",
			   b->desc->path, p->offset);
		return 0;
	}
	dw_register_write(b, p->offset, p->size, p->value);
	return 0;
}

const struct vpci_front_ops front_dw_ops = {
	.name = "DesignWare",
	.fits = fits,
	.regions = regions,
	.regs_size = sizeof(struct front_dw),
	.init = front_dw_init,
	.plan = front_dw_plan,
	.enter = enter,
	.hardware = hardware,
};
