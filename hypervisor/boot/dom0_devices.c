/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices of the host's tree that the control domain gets as they are, and those it does not get.
 */
#include "boot/dom0_build.h"

#include "boot/dom0_rules.h"
#include "boot/fdt_read.h"
#include "core/log.h"
#include "core/panic.h"
#include "irq/vgic.h"
#include "lib/string.h"

static struct fdt_reader reader; /* boot only */

static void route(struct domain *d, uint32_t intid, bool edge, const char *what)
{
	int err = vgic_route_spi(d, intid, intid, edge);

	if (err != 0) {
		log_warn("boot", "%s: interrupt %u is not routed: error %d", what, intid, err);
	}
}

static void pass_device(struct domain *d, int node, const char *path)
{
	int count = fdt_reg_count(&reader, node);
	struct range regs;

	for (uint32_t i = 0; (int)i < count; i++) {
		uint64_t base, size;
		int err = fdt_read_reg(&reader, node, i, &regs);

		if (err != 0) {
			continue;
		}
		base = ALIGN_DOWN(regs.base, SZ_4K);
		size = ALIGN_UP(regs.base + regs.size, SZ_4K) - base;
		err = p2m_map(&d->p2m, ipa(base), pa(base), size, P2M_MMIO);
		if (err != 0) {
			panic("control domain: %s cannot be mapped: error %d", path, err);
		}
	}
	for (uint32_t i = 0;; i++) {
		uint32_t intid;
		bool edge;

		if (fdt_read_interrupt(&reader, node, i, &intid, &edge) != 0 || intid == 0) {
			break;
		}
		if (intid >= 32) {
			route(d, intid, edge, path);
		}
	}
	log_info("boot", "dt: %s passed to the control domain", path);
}

void dom0_pass_interrupts(struct domain *d, const struct machine_bridge *b)
{
	for (uint32_t i = 0; i < MACHINE_MAX_BRIDGE_IRQS; i++) {
		if (b->intids[i] >= 32) {
			route(d, b->intids[i], false, b->path);
		}
	}
	log_info("boot", "dt: %s passed to the control domain, its registers trapped", b->path);
}

void dom0_pass_devices(struct domain *d)
{
	reader.fdt = machine.fdt;
	reader.m = &machine;
	for (int node = dom0_next(&machine, 0); node >= 0; node = dom0_next(&machine, node)) {
		struct dom0_rule rule = dom0_rule_of(&machine, node);
		char path[MACHINE_PATH_MAX];

		if (fdt_path(machine.fdt, node, path, sizeof(path)) != 0) {
			str_copy(path, fdt_name(machine.fdt, node), sizeof(path));
		}
		if (rule.action == DOM0_PASS) {
			pass_device(d, node, path);
		} else if (rule.action == DOM0_KEEP_AWAY) {
			log_info("boot", "dt: %s kept from the control domain: %s", path,
				 rule.reason);
		}
	}
}
