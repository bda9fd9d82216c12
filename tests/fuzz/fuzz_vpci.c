/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer: a random capability image, then a stream of config accesses to it, in each view. The
 * device is hostile (its lists loop, overlap and lie) and so is the domain. What is checked holds
 * for every image: no guest write reaches header bits that are the hypervisor's, reads fit their
 * size, an identity and a bridge write nothing, a wide read is its narrow ones. The same stream
 * goes to a virtual root port, whose slot something comes to and goes from meanwhile, and to a
 * function of shared memory, whose doorbell is rung.
 */
#include <stdlib.h>
#include <string.h>

#include "vpci/ivshmem.h"
#include "vpci/port.h"
#include "vpci/sriov.h"
#include "vpci_rig.h"

#define HEADER 16 /* bytes of input that choose view and geometry */
#define IMAGE  256
#define RECORD 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vpci_rig rig;
static struct vpci_port port;
static struct ivshmem shared;

static void check(bool good)
{
	if (!good) {
		abort();
	}
}

/* More of it, from bytes of the image that are no registers. */
enum { FLAGS = 0xc4, CAP_AF, CAP_EXPRESS, SRIOV_AT, SRIOV_TOTAL, SRIOV_PAGES, SRIOV_BARS,
       ROM = SRIOV_BARS + PCI_BARS };
enum { IS_VIRTIO = 1, HAS_SRIOV = 2, HAS_ROM = 4, IS_VF = 8, HAS_INTX = 16, EXT_MORE = 32 };
#define SRIOV_SIZE 0x40U
#define SRIOV_NUM  0x10U

static void sriov(const uint8_t *more)
{
	struct pci_sriov *s = &rig.f.sriov;
	uint32_t n = rig.image.ext_count++;

	rig.f.cap_sriov = (uint16_t)MIN(0x100U + more[SRIOV_AT] * 15U / 4 * 4,
					VPCI_CFG_SIZE - SRIOV_SIZE);
	/* Anywhere in the list: others may lie over it. */
	rig.image.ext[n] = rig.image.ext[0];
	rig.image.ext[0] = (struct vpci_ext_cap){ 0x0010, rig.f.cap_sriov, 1 };
	s->total = more[SRIOV_TOTAL];
	s->pages = 1U | (uint32_t)more[SRIOV_PAGES] << 1;
	s->ari = more[SRIOV_PAGES] & 1;
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		uint8_t b = more[SRIOV_BARS + i];
		enum bar_kind kind = b & 1 ? BAR_MEM32 : b & 2 ? BAR_MEM64 : BAR_NONE;

		if (kind == BAR_NONE || (kind == BAR_MEM64 && i == PCI_BARS - 1)) {
			continue;
		}
		s->bars[i] = (struct pci_bar){ kind, b & 4, 0x1000ULL << (b >> 4), 0x80000000,
					       pa(0x80000000) };
		i += kind == BAR_MEM64;
	}
}

static void more_geometry(const uint8_t *more)
{
	rig.f.cap_af = more[CAP_AF] & 0xfc;
	rig.f.cap_express = more[CAP_EXPRESS] & 0xfc;
	rig.build.intx = more[FLAGS] & HAS_INTX;
	rig.image.ext_more = more[FLAGS] & EXT_MORE;
	if (more[FLAGS] & IS_VIRTIO) {
		rig.f.vendor = 0x1af4;
		rig.f.device = 0x1041;
	}
	if (more[FLAGS] & HAS_SRIOV && !(more[FLAGS] & IS_VF)) {
		sriov(more);
	}
	if (more[FLAGS] & HAS_ROM) {
		rig.f.lent_rom = (struct pci_bar){ BAR_MEM32, false, 0x1000ULL << more[ROM] % 13,
						   0x90000000, pa(0x90000000) };
	}
}

/* What pci/ would have found: capability offsets are somewhere in the list, sizes are sane. */
static void geometry(const uint8_t *data)
{
	static const uint64_t sizes[] = { 0x10, 0x1000, 0x4000, 0x100000, 0x40000000, 0x100000000 };

	rig.f.msi = (struct pci_msi){ .cap = data[1] & 0xfc, .vectors = 1 + data[2] % 32,
				      .is_64bit = data[2] & 0x40, .maskable = data[2] & 0x80 };
	rig.f.msix.cap = data[3] & 0xfc;
	rig.f.cap_pm = data[14] & 0xfc;
	rig.f.cap_vpd = data[15] & 0xfc;
	rig.f.header_type = data[0] % 4 == VPCI_VIEW_BRIDGE;
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		enum bar_kind kind = (enum bar_kind)(data[4 + i] % 4);
		uint64_t length = sizes[data[4 + i] / 4 % ARRAY_SIZE(sizes)];

		if (kind == BAR_MEM64 && i == PCI_BARS - 1) {
			kind = BAR_NONE;
		}
		if (kind != BAR_NONE) {
			rig_bar(&rig, i, kind, data[4 + i] & 0x80, length, 0x8000000000ULL,
				0x8100000000ULL);
			i += kind == BAR_MEM64;
		}
	}
	rig.image.ext_count = data[10] % 4;
	for (uint32_t i = 0; i < rig.image.ext_count; i++) {
		rig.image.ext[i] =
			(struct vpci_ext_cap){ data[11 + i] & 0x3f,
					       (uint16_t)(0x100 + data[12 + i] * 15 / 4 * 4) };
	}
}

/* Header bits no domain's config write may change, by dword; all of them for other views. */
static uint32_t header_fixed(enum vpci_view view, uint32_t offset)
{
	if (offset == 0x04) {
		return view == VPCI_VIEW_OWNER ? ~0xf9000414U : ~0xf9000004U;
	}
	if (offset == 0x0c) {
		return view == VPCI_VIEW_OWNER ? 0xffff0000U : ~0U;
	}
	return ~0U;
}

static void check_header(enum vpci_view view)
{
	for (uint32_t o = 0; o < 0x40; o++) {
		uint32_t fixed = header_fixed(view, o & ~3U) >> (8 * (o & 3));

		check(!(rig.hw_changed[o] & fixed));
	}
}

static void access_one(const uint8_t *data)
{
	uint32_t access = 1U << data[0] % 3;
	uint32_t offset = (data[1] | (uint32_t)data[2] << 8) & 0xfff & ~(access - 1);
	uint32_t value = data[3] | (uint32_t)data[4] << 8 | (uint32_t)data[5] << 16 |
			 (uint32_t)data[6] << 24;

	if (data[0] & 0x80) {
		rig_write(&rig, offset, access, value);
	} else {
		uint32_t whole = rig_read(&rig, offset & ~3U, 4);
		uint32_t part = rig_read(&rig, offset, access);

		check(access == 4 || part < 1U << (8 * access));
		check(((whole >> (8 * (offset & 3))) ^ part) << (32 - 8 * access) == 0);
	}
}

/* What a guest writes changes neither who the port is nor what is in its slot. */
static void check_port(void)
{
	const struct vpci_port *const all[2] = { &port, &port };
	uint32_t bus[2];

	check(vpci_port_read(&port, 0, 4) == 0x52505644 && vpci_port_read(&port, 0x0e, 1) == 1);
	check(vpci_port_read(&port, 0x34, 1) == 0x40 && vpci_port_read(&port, 0x3d, 1) == 0);
	check((vpci_port_read(&port, 0x7a, 2) >> 6 & 1) == port.filled);
	check((vpci_port_read(&port, 0x72, 2) >> 13 & 1) == port.filled);
	vpci_ports_decode(all, 2, bus);
	check(bus[0] == 0 || bus[0] == vpci_port_read(&port, 0x19, 1));
	check(bus[1] == 0); /* the first one has it */
}

static void access_port(const uint8_t *data)
{
	uint32_t access = 1U << data[0] % 3;
	uint32_t offset = (data[1] | (uint32_t)data[2] << 8) & 0xfff & ~(access - 1);
	uint32_t value = data[3] | (uint32_t)data[4] << 8 | (uint32_t)data[5] << 16 |
			 (uint32_t)data[6] << 24;
	uint32_t before = vpci_port_read(&port, 0x18, 4);
	struct vpci_port_plan plan = vpci_port_write(&port, offset, access, value);

	check(plan.buses == (before != vpci_port_read(&port, 0x18, 4)));
	check(!plan.let_go || (port.filled && port.asked));
	switch (data[0] >> 4 & 7) {
	case 1:
		plan = vpci_port_fill(&port, value);
		break;
	case 2:
		plan = vpci_port_empty(&port);
		check(!plan.let_go);
		break;
	case 3:
		plan = vpci_port_ask(&port);
		break;
	default:
		break;
	}
	check_port();
}

/* Messages are of vectors it has, decode says what COMMAND does, and it stays who it is. */
static void access_shared(const uint8_t *data)
{
	uint32_t access = 1U << data[0] % 3;
	uint32_t offset = (data[1] | (uint32_t)data[2] << 8) & 0xfff & ~(access - 1);
	uint32_t value = data[3] | (uint32_t)data[4] << 8 | (uint32_t)data[5] << 16 |
			 (uint32_t)data[6] << 24;
	enum ivshmem_bar bar = data[0] & 0x40 ? IVSHMEM_MSIX : IVSHMEM_REGISTERS;
	uint32_t all = (uint32_t)((1ULL << shared.vectors) - 1);
	struct ivshmem_plan plan;
	uint64_t address, size;

	if (data[0] & 0x80) {
		plan = ivshmem_config_write(&shared, offset, access, value);
		check(plan.effect == VPCI_NOTHING ||
		      (plan.effect == VPCI_MAP) ==
			      ivshmem_decodes(&shared, IVSHMEM_MEMORY, &address, &size));
	} else if (data[0] & 0x20) {
		plan = ivshmem_ring(&shared, value & 0xffff);
	} else {
		plan = ivshmem_bar_write(&shared, bar, offset, access, value);
	}
	check(((plan.messages | shared.pending) & ~all) == 0);
	check((plan.messages & shared.pending) == 0);
	check(access == 4 || ivshmem_bar_read(&shared, bar, offset, access) < 1U << (8 * access));
	check(ivshmem_config_read(&shared, 0, 4) == 0x11101af4);
	(void)ivshmem_decodes(&shared, IVSHMEM_MEMORY, &address, &size);
	check(size == shared.size && address % size == 0);
}

/* Of the capability only NumVFs is written, and what the registers say can be carried out. */
static void check_sriov(void)
{
	struct vpci_sriov_regs regs = vpci_sriov_regs(&rig.s);
	uint32_t cap = rig.f.cap_sriov;

	for (uint32_t o = 0; o < SRIOV_SIZE; o++) {
		check(o / 2 == SRIOV_NUM / 2 || !rig.hw_changed[cap + o]);
	}
	check(regs.count <= rig.f.sriov.total);
	check((regs.page >> 12 & ~(uint64_t)rig.f.sriov.pages) == 0);
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &rig.f.sriov.bars[i];

		check(regs.bars[i] == 0 || bar->size != 0);
		check(bar->size == 0 || regs.bars[i] % MAX(bar->size, regs.page) == 0);
	}
}

/* Of a list that goes on nothing is the owner's but the SR-IOV capability of the registry. */
static void check_ext(void)
{
	for (uint32_t o = 0x100; rig.image.ext_more && o < VPCI_CFG_SIZE; o++) {
		check(!rig.hw_changed[o] || (rig.f.sriov.total != 0 &&
					     o / 2 == (rig.f.cap_sriov + SRIOV_NUM) / 2));
	}
}

static void check_rom(void)
{
	uint64_t address;

	if (vpci_shadow_rom(&rig.s, &address)) {
		check(rig.f.lent_rom.size != 0 && address % rig.f.lent_rom.size == 0);
	}
}

/* A structure of virtio's, and no window into the BARs (Virtio 1.2 4.1.4.9). */
static bool is_virtio_part(uint32_t at)
{
	uint32_t length = rig_read(&rig, at + 2, 1), type = rig_read(&rig, at + 3, 1);

	/* A hidden capability that lies over this one has closed all of it but the list's own. */
	if (length == 0 && type == 0) {
		return true;
	}
	return rig.f.vendor == 0x1af4 && length >= 16 && length <= 24 &&
	       ((type >= 1 && type <= 4) || type == 8);
}

/* The list a domain walks ends, and a guest's holds only what has a policy. */
static void check_list(enum vpci_view view)
{
	uint32_t at = rig_read(&rig, 0x34, 1);

	for (uint32_t steps = 0; at != 0; steps++) {
		uint32_t id = rig_read(&rig, at, 1);

		check(steps < 48 && at >= 0x40 && at % 4 == 0);
		check(view != VPCI_VIEW_GUEST || id == 0x01 || id == 0x03 || id == 0x05 ||
		      id == 0x10 || id == 0x11 || id == 0x13 || (id == 0x09 && is_virtio_part(at)));
		at = rig_read(&rig, at + 1, 1);
	}
	if (view == VPCI_VIEW_GUEST) {
		(void)rig_seen_ext_cap(&rig, 0xffff); /* to the end of the list, if it has one */
		check(rig_seen_ext_cap(&rig, 0x10) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum vpci_view view;

	if (size < HEADER + IMAGE) {
		return 0;
	}
	view = (enum vpci_view)(data[0] % 4);
	rig_init(&rig);
	memset(&port, 0, sizeof(port));
	check(vpci_port_build(&port, 0) == 0);
	memset(&shared, 0, sizeof(shared));
	check(ivshmem_build(&shared, IVSHMEM_SIZE_MIN << data[1] % 19, data[2] % 33, data[3]) == 0);
	memcpy(rig.hw + 0x40, data + HEADER, 0xc0);
	rig_set(&rig, 0x06, 2, 0x0010);
	rig.hw[0x34] = data[HEADER + 0xc0];
	geometry(data);
	more_geometry(data + HEADER);
	if (view == VPCI_VIEW_OWNER && data[HEADER + FLAGS] & IS_VF) {
		view = VPCI_VIEW_VF;
	}
	rig.build.msi_trapped = (data[0] & 0x60) == 0x20;
	rig.build.msix_trapped = rig.build.msi_trapped;
	check(rig_build(&rig, view, data[0] & 0x40) == 0);
	for (data += HEADER + IMAGE, size -= HEADER + IMAGE; size >= RECORD;
	     data += RECORD, size -= RECORD) {
		access_one(data);
		access_port(data);
		access_shared(data);
	}
	check_list(view);
	if (view == VPCI_VIEW_IDENTITY) {
		check(rig.hw_writes == 0);
	} else if (view != VPCI_VIEW_BRIDGE) {
		check_header(view);
	}
	if (view == VPCI_VIEW_OWNER && rig.f.sriov.total != 0) {
		check_sriov();
	}
	check_ext();
	check_rom();
	check(rig.resets == 0 || rig.f.cap_express || rig.f.cap_af);
	check(view != VPCI_VIEW_VF || rig.maps + rig.unmaps + rig.io_changes == 0);
	rig_free(&rig);
	vpci_shadow_free(&port.shadow);
	ivshmem_free(&shared);
	return 0;
}
