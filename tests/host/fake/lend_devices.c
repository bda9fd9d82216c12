/* SPDX-License-Identifier: BSD-2-Clause */
#include "lend_devices.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <viaduct/guest_map.h>

#include "fake_log.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/registry.h"
#include "property.h"
#include "vpci/ports.h"

#define PLAIN PF

struct device devices[FUNCTIONS];
static struct pci_world world;
struct host_bridge *bridge = &world.bridge;
uint32_t sriov;
static uint8_t buses[WORLD_DOMAINS][GUEST_PORT_COUNT]; /* behind a guest's root ports */

static void random_bars(struct model_function *m)
{
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		enum bar_kind kind = (enum bar_kind)property_below(BAR_MEM64_HIGH);
		uint64_t size = 0x10ULL << property_below(14);

		if (kind == BAR_MEM64 && i == PCI_BARS - 1) {
			continue;
		}
		if (kind != BAR_NONE) {
			model_bar(m, i, kind, kind == BAR_MEM64 && property_below(2),
				  kind == BAR_IO ? 0x20 : size);
		}
		i += kind == BAR_MEM64;
	}
}

/* Its table in a BAR or not, over the edge of one or not. */
static void random_msix(struct model_function *m)
{
	model_msix(m, 1 + property_below(32), (uint8_t)property_below(PCI_BARS),
		   0x400 * property_below(16), (uint8_t)property_below(PCI_BARS),
		   0x400 * property_below(16));
}

static struct model_function *random_device(uint8_t port)
{
	struct model_function *m = model_endpoint(
		&world.pci,
		model_port(&world.pci, NULL, port, 0, PCI_EXP_TYPE_ROOT_PORT, false, true), 0, 0,
		0x10d38086U + ((uint32_t)port << 16), 0x020000);

	random_bars(m);
	if (property_below(2)) {
		random_msix(m);
	}
	if (property_below(4)) {
		model_pm(m);
		if (property_below(2)) {
			model_pm_resets(m);
		}
	}
	if (property_below(4)) {
		model_express(m, PCI_EXP_TYPE_ENDPOINT, property_below(4));
	}
	if (property_below(4) == 0) {
		model_af(m);
	}
	if (property_below(2)) {
		model_msi(m, 1U << property_below(6), property_below(2), property_below(2));
	}
	return m;
}

static void card_with_vfs(void)
{
	struct model_function *port = model_port(&world.pci, NULL, PF + 1, 0,
						 PCI_EXP_TYPE_ROOT_PORT, false, true);
	struct model_function *m = model_endpoint(&world.pci, port, 0, 0, 0x10c98086, 0x020000);

	model_ari_port(port, true);
	model_bar(m, 0, BAR_MEM32, false, 0x8000);
	if (property_below(2)) {
		model_pm(m);
	}
	model_express(m, PCI_EXP_TYPE_ENDPOINT, property_below(4));
	model_msix(m, 4, 0, 0x2000, 0, 0x3000);
	model_ari(m);
	sriov = model_sriov(m, VFS, 0x80, 2, 0x1000ULL << property_below(4));
	devices[PF].model = m;
	for (uint16_t i = 0; i < VFS; i++) {
		devices[VF0 + i].model = model_vf(m, i);
	}
}

/* As behind a bridge to conventional PCI. */
static void share_a_stream(struct pci_function *f, struct pci_function *with)
{
	f->stream = with->stream;
	f->device_id = with->device_id;
	f->requester = with->requester = 0x0500;
}

uint64_t lend_devices_behind_port(uint32_t domain, uint32_t port, uint32_t reg)
{
	return GUEST_PCI_ECAM_BASE + ((uint64_t)buses[domain][port] << 20) + reg;
}

void lend_devices_number_ports(uint32_t domain)
{
	for (uint32_t i = 0; i < 2 * GUEST_PORT_COUNT; i++) {
		/* None has a number that another one still has. */
		uint32_t bus = i < GUEST_PORT_COUNT ? 0 : buses[domain][i % GUEST_PORT_COUNT];

		world_store(domain, world_guest_cfg(GUEST_PORT_DEVICE + i % GUEST_PORT_COUNT, 0x18),
			    4, bus << 16 | bus << 8);
	}
}

void lend_devices_choose_buses(uint32_t domain)
{
	uint32_t first = 1 + property_below(200), step = 1 + property_below(10);

	for (uint32_t i = 0; i < GUEST_PORT_COUNT; i++) {
		buses[domain][i] = (uint8_t)(first + i * step);
	}
}

/* Its devices are on its bus; or it has begun, and they come behind ports. */
void lend_devices_begin_guest(uint32_t domain)
{
	lend_world.domains[domain].state = property_below(2) ? DOMAIN_RUNNING : DOMAIN_BUILDING;
	lend_devices_choose_buses(domain);
	lend_devices_number_ports(domain);
}

void lend_devices_begin(void)
{
	fake_log_clear();
	pci_world_init(&world, 0, 0, 255);
	memset(devices, 0, sizeof(devices));
	for (uint32_t i = 0; i < PLAIN; i++) {
		devices[i].model = random_device((uint8_t)(i + 1));
	}
	card_with_vfs();
	pci_bring_up(&world.bridge);
	world.desc.cfg = (struct range){ 0x4010000000ULL, SZ_1M * 256 };
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		devices[i].user = DOMAIN_ID_NONE;
		devices[i].f = i < VF0 ? world_function(0, (uint8_t)(i + 1), 0, 0) : NULL;
	}
	if (property_below(2)) {
		share_a_stream(devices[1].f, devices[0].f);
	}
	pci_groups_assign(pci_function_first());
	lend_world_init(&bridge, 1);
	lend_devices_begin_guest(WORLD_GUEST1);
	lend_devices_begin_guest(WORLD_GUEST2);
}

void lend_devices_end(void)
{
	lend_world_end();
	pci_world_free(&world);
}
