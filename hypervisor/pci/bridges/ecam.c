/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host bridge whose config space is a flat memory window: 4 KiB a function, 1 MiB a bus (PCIe 6.0
 * 7.2.2). The window begins with the first bus of bus-range.
 */
#include "arch/arm64/guarded.h"
#include "arch/arm64/mmio.h"
#include "core/heap.h"
#include "core/log.h"
#include "lib/errno.h"
#include "pci/bridges/bridges.h"
#include "pci/pci_contain.h"

#define ECAM_BUS_SHIFT      20
#define ECAM_FUNCTION_SHIFT 12

struct ecam {
	volatile uint8_t *window;
	uint32_t buses; /* that the window really holds */
};

static int ecam_init(struct host_bridge *b, const struct machine_bridge *desc)
{
	uint32_t buses = (uint32_t)desc->bus_end - desc->bus_start + 1;
	uint64_t held = desc->cfg.size >> ECAM_BUS_SHIFT;
	struct ecam *e;

	if (held == 0) {
		log_error("pci", "%s: config window of 0x%llx bytes holds no bus", desc->path,
			  (unsigned long long)desc->cfg.size);
		return -EINVAL;
	}
	if (held < buses) {
		log_warn("pci", "%s: config window holds %u of %u buses", desc->path,
			 (uint32_t)held, buses);
		buses = (uint32_t)held;
	}
	e = heap_alloc(sizeof(*e));
	if (e == NULL) {
		return -ENOMEM;
	}
	e->window = mmio_map_device(desc->cfg.base, (uint64_t)buses << ECAM_BUS_SHIFT);
	e->buses = buses;
	b->priv = e;
	return 0;
}

/* NULL: outside the window. */
static volatile uint8_t *ecam_address(const struct host_bridge *b, struct sbdf where,
				      uint32_t offset)
{
	const struct ecam *e = b->priv;
	uint32_t bus = SBDF_BUS(where);

	if (bus < b->desc->bus_start || bus - b->desc->bus_start >= e->buses) {
		return NULL;
	}
	bus -= b->desc->bus_start;
	return e->window + ((uint64_t)bus << ECAM_BUS_SHIFT) +
	       ((uint64_t)SBDF_DEVFN(where) << ECAM_FUNCTION_SHIFT) + offset;
}

static uint32_t ecam_read(struct host_bridge *b, struct sbdf where, uint32_t offset, uint32_t size)
{
	const volatile uint8_t *p = ecam_address(b, where, offset);
	uint32_t value = 0xffffffffU;

	if (p != NULL && !guarded_read(p, size, &value)) {
		pci_access_failed(where);
	}
	return value;
}

static void ecam_write(struct host_bridge *b, struct sbdf where, uint32_t offset, uint32_t size,
		       uint32_t value)
{
	volatile uint8_t *p = ecam_address(b, where, offset);

	if (p != NULL && !guarded_write(p, size, value)) {
		pci_access_failed(where);
	}
}

static const char *const ecam_compatibles[] = { "pci-host-ecam-generic", NULL };

const struct host_bridge_ops ecam_ops = {
	.name = "ECAM",
	.compatibles = ecam_compatibles,
	.init = ecam_init,
	.cfg_read = ecam_read,
	.cfg_write = ecam_write,
};
