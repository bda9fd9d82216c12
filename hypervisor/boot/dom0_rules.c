/* SPDX-License-Identifier: BSD-2-Clause */
/* The allow-list of node kinds for the control domain's device tree. */
#include "boot/dom0_rules.h"

#include "boot/fdt_read.h"
#include "lib/string.h"

static const char reason_unlisted[] = "no kind of node the control domain gets";
static const char reason_used[] = "used by the hypervisor";
static const char reason_dma[] = "can do DMA that nothing translates";

static const struct {
	const char *compatible;
	struct dom0_rule rule;
} by_compatible[] = {
	{ "fixed-clock", { DOM0_COPY, NULL } },
	{ "fixed-factor-clock", { DOM0_COPY, NULL } },
	{ "gpio-keys", { DOM0_COPY, NULL } },
	{ "arm,pl011", { DOM0_PASS, NULL } },
	{ "fsl,imx6q-uart", { DOM0_PASS, NULL } },
	{ "arm,pl031", { DOM0_PASS, NULL } },
	{ "arm,pl061", { DOM0_PASS, NULL } },
	{ "arm,armv8-timer", { DOM0_REPLACE, NULL } },
	{ "arm,psci-1.0", { DOM0_REPLACE, NULL } },
	{ "arm,psci-0.2", { DOM0_REPLACE, NULL } },
	{ "arm,psci", { DOM0_REPLACE, NULL } },
	{ "arm,smmu-v3", { DOM0_KEEP_AWAY, reason_used } },
	{ "qemu,fw-cfg-mmio", { DOM0_KEEP_AWAY, reason_dma } },
	{ "virtio,mmio", { DOM0_KEEP_AWAY, reason_dma } },
	{ "arm,armv8-pmuv3", { DOM0_KEEP_AWAY, "counters are not switched between domains" } },
	{ "simple-bus", { DOM0_BUS, NULL } },
};

/* What a host bridge needs that its owner drives, and nobody else does: see dom0_rule_of(). */
static const char *const bridge_parts[] = {
	"fsl,imx8mp-pcie-phy",
	"fsl,imx8mp-src",         /* its resets */
	"fsl,imx8mp-iomuxc-gpr",
};

/* Children of the root that the binding knows by name. */
static const struct {
	const char *name;
	struct dom0_rule rule;
} by_name[] = {
	{ "cpus", { DOM0_REPLACE, NULL } },
	{ "chosen", { DOM0_REPLACE, NULL } },
	{ "aliases", { DOM0_REPLACE, NULL } },
	{ "reserved-memory", { DOM0_KEEP_AWAY, "not part of the control domain's memory" } },
};

static bool overlaps(const struct range *a, const struct range *b)
{
	return a->base < b->base + b->size && b->base < a->base + a->size;
}

/* Is the range part of what the hypervisor keeps for itself or emulates? */
static bool hypervisor_range(const struct machine *m, const struct range *range)
{
	if (overlaps(range, &m->gic.dist) || overlaps(range, &m->gic.cpu_interface) ||
	    overlaps(range, &m->gic.virt_control) || overlaps(range, &m->gic.virt_interface)) {
		return true;
	}
	for (uint32_t i = 0; i < m->gic.redist_count; i++) {
		if (overlaps(range, &m->gic.redists[i])) {
			return true;
		}
	}
	for (uint32_t i = 0; i < m->gic.its_count; i++) {
		if (overlaps(range, &m->gic.its[i].regs)) {
			return true;
		}
	}
	for (uint32_t i = 0; i < m->gic.frame_count; i++) {
		if (overlaps(range, &m->gic.frames[i].regs)) {
			return true;
		}
	}
	for (uint32_t i = 0; i < m->smmu_count; i++) {
		if (overlaps(range, &m->smmus[i].regs)) {
			return true;
		}
	}
	for (uint32_t i = 0; i < m->bridge_count; i++) {
		const struct machine_bridge *b = &m->bridges[i];

		if (overlaps(range, &b->cfg) || overlaps(range, &b->regs) ||
		    overlaps(range, &b->atu)) {
			return true;
		}
	}
	for (uint32_t i = 0; i < m->ram_count; i++) {
		if (overlaps(range, &m->ram[i])) {
			return true;
		}
	}
	return overlaps(range, &m->uart.regs);
}

/* A device that is to be passed through: may all its registers be mapped? */
static struct dom0_rule check_registers(const struct machine *m, int node)
{
	static struct fdt_reader r; /* boot only */
	int count;

	r.fdt = m->fdt;
	count = fdt_reg_count(&r, node);
	for (int i = 0; i < count; i++) {
		struct range range;

		if (fdt_read_reg(&r, node, (uint32_t)i, &range) != 0) {
			count = -1;
			break;
		}
		range.size = ALIGN_UP(range.base + range.size, SZ_4K);
		range.base = ALIGN_DOWN(range.base, SZ_4K);
		range.size -= range.base;
		if (hypervisor_range(m, &range)) {
			return (struct dom0_rule){
				DOM0_KEEP_AWAY, "shares a page with the hypervisor's registers"
			};
		}
	}
	if (count <= 0) {
		return (struct dom0_rule){ DOM0_KEEP_AWAY, "its registers cannot be read" };
	}
	return (struct dom0_rule){ DOM0_PASS, NULL };
}

/* Nodes struct machine tells of: the console, the GIC, host bridges, memory. */
static bool machine_rule(const struct machine *m, int node, struct dom0_rule *rule)
{
	const char *type = fdt_read_text(m->fdt, node, "device_type");
	char path[MACHINE_PATH_MAX];

	/* The machine's own nodes have paths that are not too long. */
	if (fdt_path(m->fdt, node, path, sizeof(path)) != 0) {
		path[0] = '\0';
	}
	*rule = (struct dom0_rule){ DOM0_REPLACE, NULL };
	if (path[0] != '\0' && strcmp(path, m->uart.path) == 0) {
		rule->action = DOM0_CONSOLE;
		return true;
	}
	if (m->gic.phandle != 0 && fdt_phandle(m->fdt, node) == m->gic.phandle) {
		return true;
	}
	for (uint32_t i = 0; i < m->bridge_count; i++) {
		if (strcmp(path, m->bridges[i].path) == 0) {
			rule->action = m->bridges[i].owner_driven ? DOM0_BRIDGE : DOM0_REPLACE;
			return true;
		}
	}
	return type != NULL && strcmp(type, "memory") == 0;
}

static bool is_bridge_part(const struct machine *m, const char *compatible, int size)
{
	bool driven = false;

	for (uint32_t i = 0; i < m->bridge_count; i++) {
		driven = driven || m->bridges[i].owner_driven;
	}
	for (size_t i = 0; driven && i < ARRAY_SIZE(bridge_parts); i++) {
		if (fdt_stringlist_contains(compatible, size, bridge_parts[i])) {
			return true;
		}
	}
	return false;
}

struct dom0_rule dom0_rule_of(const struct machine *m, int node)
{
	const char *name = fdt_name(m->fdt, node);
	const char *compatible;
	struct dom0_rule rule;
	int size;

	if (name == NULL) {
		return (struct dom0_rule){ DOM0_KEEP_AWAY, reason_unlisted };
	}
	if (machine_rule(m, node, &rule)) {
		return rule;
	}
	for (size_t i = 0; fdt_parent(m->fdt, node) == 0 && i < ARRAY_SIZE(by_name); i++) {
		if (strcmp(name, by_name[i].name) == 0) {
			return by_name[i].rule;
		}
	}
	if (!fdt_enabled(m->fdt, node)) {
		return (struct dom0_rule){ DOM0_KEEP_AWAY, "disabled" };
	}
	/* Looked up once: every look-up walks the node's properties. */
	compatible = fdt_prop(m->fdt, node, "compatible", &size);
	for (size_t i = 0; compatible != NULL && i < ARRAY_SIZE(by_compatible); i++) {
		if (fdt_stringlist_contains(compatible, size, by_compatible[i].compatible)) {
			rule = by_compatible[i].rule;
			return rule.action == DOM0_PASS ? check_registers(m, node) : rule;
		}
	}
	if (compatible != NULL && is_bridge_part(m, compatible, size)) {
		return check_registers(m, node);
	}
	return (struct dom0_rule){ DOM0_KEEP_AWAY, reason_unlisted };
}

bool dom0_reaches(const struct machine *m, int node)
{
	for (node = fdt_parent(m->fdt, node); node > 0; node = fdt_parent(m->fdt, node)) {
		if (dom0_rule_of(m, node).action != DOM0_BUS) {
			return false;
		}
	}
	return true;
}

int dom0_next(const struct machine *m, int node)
{
	do {
		node = fdt_next(m->fdt, node);
	} while (node >= 0 && !dom0_reaches(m, node));
	return node;
}
