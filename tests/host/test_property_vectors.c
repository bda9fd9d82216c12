/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSI and MSI-X without an ITS under random histories: three domains, two of them with a quota,
 * write what they like into tables and capabilities of functions that come and go. Whatever the
 * devices are left with, each vector is one message's, and rings at its user where the user said.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fake_heap.h"
#include "fake_log.h"
#include "fake_msix.h"
#include "frame_rig.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "property.h"

#define TABLE      0x2000U /* of the disk, in BAR 0 */
#define ENTRIES    65U
#define MSI_LOW    4U
#define MSI_HIGH   8U
#define MSI_DATA   12U
#define MSI_IN_USE 0x70U

static struct model_function *disk, *card;
/* No message was ever refused: all that their users want are there. */
static bool enough;

static void add_both(void)
{
	add_nvme(&world, 1, 0x4000);
	disk = world.pci.functions[world.pci.count - 1];
	add_nic(&world, 2);
	card = world.pci.functions[world.pci.count - 1];
}

/* What a reset leaves of messages (PCIe 6.0 7.7.1, 7.7.2): the world's leaves registers alone. */
static void reset_messages(struct model_function *m, const struct pci_function *f)
{
	if (f == nvme) {
		for (uint32_t i = 0; i < ENTRIES; i++) {
			fake_msix_bar[TABLE + 16 * i + 12] = 1;
		}
		model_set16(m, f->msix.cap + 2U, ENTRIES - 1, 0xc000);
	} else {
		model_set16(m, f->msi.cap + 2U,
			    (uint16_t)(model_get(m, f->msi.cap + 2U, 2) & ~0x71U), 0x71);
	}
}

static void begin(void)
{
	lend_world_unsafe = true;
	frame_rig_start(add_both);
	nvme = world_function(0, 1, 0, 0);
	nic = world_function(0, 2, 0, 0);
	enough = true;
	reset_messages(disk, nvme);
}

static bool used(const struct pci_function *f)
{
	return f->state == FUNCTION_OWNED || f->state == FUNCTION_LENT;
}

static uint64_t config_of(const struct pci_function *f, uint32_t reg)
{
	return f->user == WORLD_CONTROL ? world_owner_cfg(&world.bridge, f->sbdf, reg)
					: world_guest_cfg(SBDF_DEV(f->user_view), reg);
}

static uint32_t config(const struct pci_function *f, uint32_t reg, uint8_t size)
{
	return (uint32_t)world_load(f->user, config_of(f, reg), size);
}

static uint64_t doorbell_of(uint32_t domain)
{
	return domain == WORLD_CONTROL ? FAKE_SETSPI : GUEST_SPI;
}

/* The virtual SPI that a message means; 0: none. */
static uint32_t meaning(uint32_t domain, uint64_t address, uint32_t data)
{
	uint32_t first = domain == WORLD_CONTROL ? FIRST : GUEST_V2M_INTID;
	uint32_t count = domain == WORLD_CONTROL ? FRAME : SHARE;

	return address == doorbell_of(domain) && data >= first && data < first + count ? data : 0;
}

/* All ones are read of one under reset. */
static bool there(const struct pci_function *f)
{
	return used(f) && config(f, PCI_COMMAND, 2) != 0xffff;
}

/* What must hold after every step. */

static bool seen[FAKE_VECTORS];

/* A device would send this: it is nobody else's, and rings as its user says. */
static void check_message(const struct pci_function *f, uint64_t address, uint32_t data,
			  uint32_t intid)
{
	uint32_t vector = data - FAKE_DATA, before = fake_msix_pulses;

	assert_int_equal(address, doorbell_of(f->user));
	assert_true(vector < FAKE_VECTORS);
	assert_false(seen[vector]);
	seen[vector] = true;
	assert_int_equal(fake_frame_masked[vector], intid == 0);
	msi_fired(&fake_frame, vector);
	assert_int_equal(fake_msix_pulses - before, intid != 0);
	if (intid != 0) {
		assert_ptr_equal(fake_msix_pulsed_in, &lend_world.domains[f->user]);
		assert_int_equal(fake_msix_pulsed, intid);
	}
}

static uint64_t table_of(const struct pci_function *f)
{
	uint64_t bar = (config(f, PCI_BAR0, 4) & ~15U) | (uint64_t)config(f, PCI_BAR0 + 4, 4) << 32;

	return bar + TABLE +
	       (f->user == WORLD_CONTROL && bar < 0x100000000ULL ? WORLD_CPU_OFFSET : 0);
}

/* Its BAR is where its user put it, and nothing else is there. */
static bool mapped(const struct pci_function *f)
{
	return there(f) && (config(f, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY) &&
	       world_translate(f->user, table_of(f) - TABLE) == f->bars[0].cpu.v;
}

static void check_entry(const struct pci_function *f, uint32_t i)
{
	uint64_t at = table_of(f) + 16 * i;
	uint64_t address = world_load(f->user, at, 8);
	uint32_t data = (uint32_t)world_load(f->user, at + 8, 4);
	bool masked = world_load(f->user, at + 12, 4) & 1;
	uint32_t intid = masked ? 0 : meaning(f->user, address, data);
	uint32_t hw = TABLE + 16 * i;

	if (!(fake_msix_word(hw + 12) & 1)) {
		assert_int_not_equal(intid, 0);
		check_message(f, (uint64_t)fake_msix_word(hw + 4) << 32 | fake_msix_word(hw),
			      fake_msix_word(hw + 8), intid);
	} else if (enough) {
		assert_int_equal(intid, 0);
	}
}

/* Hidden where memory ran out: then it is not on either. */
static bool has(const struct pci_function *f, const struct model_function *m, uint32_t cap,
		uint32_t id, uint32_t enable)
{
	if (config(f, cap, 1) == id) {
		return true;
	}
	assert_int_equal(model_get(m, cap + 2, 2) & enable, 0);
	return false;
}

static void check_disk(void)
{
	if (!mapped(nvme) || !has(nvme, disk, nvme->msix.cap, PCI_CAP_MSIX, PCI_MSIX_ENABLE)) {
		return;
	}
	assert_true(world_translate(nvme->user, table_of(nvme)) == ~0ULL);
	if (!(model_get(disk, nvme->msix.cap + 2U, 2) & PCI_MSIX_ENABLE)) {
		return;
	}
	for (uint32_t i = 0; i < ENTRIES; i++) {
		check_entry(nvme, i);
	}
}

static void check_card(void)
{
	uint32_t cap = nic->msi.cap, control = model_get(card, cap + 2, 2);
	uint32_t count = 1U << ((control & MSI_IN_USE) >> 4), data, wanted;
	uint64_t address;

	if (!there(nic) || !has(nic, card, cap, PCI_CAP_MSI, PCI_MSI_ENABLE)) {
		return;
	}
	wanted = config(nic, cap + 2, 2);
	if (!(control & PCI_MSI_ENABLE)) {
		assert_true(!enough || !(wanted & PCI_MSI_ENABLE));
		return;
	}
	assert_true(wanted & PCI_MSI_ENABLE);
	address = config(nic, cap + MSI_LOW, 4) | (uint64_t)config(nic, cap + MSI_HIGH, 4) << 32;
	data = config(nic, cap + MSI_DATA, 2) & ~(count - 1);
	assert_int_equal(model_get(card, cap + MSI_DATA, 2) & (count - 1), 0);
	for (uint32_t i = 0; i < count; i++) {
		check_message(nic,
			      model_get(card, cap + MSI_LOW, 4) |
				      (uint64_t)model_get(card, cap + MSI_HIGH, 4) << 32,
			      model_get(card, cap + MSI_DATA, 2) | i,
			      meaning(nic->user, address, data | i));
	}
}

/* Nobody has more than a share, nor any without a function; all others are masked and silent. */
static void check_vectors(void)
{
	uint32_t sum = 0, before = fake_msix_pulses;

	for (uint32_t i = 0; i < WORLD_DOMAINS; i++) {
		uint32_t owned = lend_world.domains[i].vpci->msi_used;

		assert_true(i == WORLD_CONTROL || owned <= SHARE);
		assert_true(owned == 0 || (used(nvme) && nvme->user == i) ||
			    (used(nic) && nic->user == i));
		sum += owned;
	}
	assert_int_equal(fake_frame.used, sum);
	if (sum == 0) {
		for (uint32_t i = 0; i < FAKE_VECTORS; i++) {
			assert_true(fake_frame_masked[i]);
			msi_fired(&fake_frame, i);
		}
		assert_int_equal(fake_msix_pulses, before);
	}
}

/* The steps. */

static void random_transition(struct pci_function *f)
{
	struct vsbdf where;

	switch (property_below(6)) {
	case 0:
		property_say("quarantine: %d", lend_quarantine(f, "x"));
		break;
	case 1:
		property_say("return: %d", lend_return_to_owner(f));
		break;
	case 2: case 3:
		property_say("attach: %d", attach(&lend_world.domains[1 + property_below(2)], f,
						  1 + (f == nic), &where));
		break;
	case 4:
		property_say("detach: %d", lend_detach(f));
		break;
	default:
		world_run_resets();
		break;
	}
}

/* Mostly its own doorbell and its own interrupts, few enough of them that they meet. */
static uint64_t random_address(uint32_t domain)
{
	static const uint64_t others[] = {
		0, FAKE_SETSPI, GUEST_SPI, FAKE_DOORBELL, FAKE_SETSPI | 1ULL << 32, 0x40000000,
	};

	return property_below(4) ? doorbell_of(domain) : others[property_below(ARRAY_SIZE(others))];
}

static uint32_t random_data(uint32_t domain)
{
	uint32_t first = domain == WORLD_CONTROL ? FIRST : GUEST_V2M_INTID;

	return property_below(8) ? first + property_below(SHARE) : property_random() % 1024;
}

static void random_entry(void)
{
	/* Few entries most of the time: shares are seldom used up. */
	uint32_t i = property_below(8) ? property_below(2) : property_below(ENTRIES + 2);
	uint64_t at;

	if (!mapped(nvme)) {
		return;
	}
	at = table_of(nvme) + 16 * i;
	property_say("entry %u", i);
	switch (property_below(4)) {
	case 0:
		world_store(nvme->user, at, 8, random_address(nvme->user));
		break;
	case 1:
		world_store(nvme->user, at + 8, 4, random_data(nvme->user));
		break;
	case 2:
		world_store(nvme->user, at + 12, 4, property_below(4) == 0);
		break;
	default:
		/* As drivers do it. */
		world_store(nvme->user, at, 8, random_address(nvme->user));
		world_store(nvme->user, at + 8, 8, random_data(nvme->user));
		break;
	}
}

static void write_config(const struct pci_function *f, uint32_t reg, uint8_t size, uint32_t value)
{
	property_say("config 0x%x = 0x%x", reg, value);
	world_store(f->user, config_of(f, reg), size, value);
}

static void random_config(const struct pci_function *f)
{
	uint32_t msix = f->msix.cap, msi = f->msi.cap;

	if (!used(f)) {
		return;
	}
	switch (property_below(8)) {
	case 0:
		write_config(f, PCI_COMMAND, 2, property_below(4) ? 6 : property_random() & 0x407);
		break;
	case 1:
		if (property_below(8) == 0) {
			write_config(f, f->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
		}
		break;
	case 2:
		write_config(f, PCI_BAR0, 4, GUEST_PCI_MEM32_BASE + 0x4000 * property_below(4));
		break;
	case 3: case 4:
		write_config(f, msix ? msix + 2U : msi + 2U, 2,
			     msix ? (property_below(4) ? 0x8000 : property_random() & 0xc000)
				  : (property_below(4) != 0) | property_below(4) << 4);
		break;
	case 5:
		write_config(f, msix ? PCI_COMMAND : msi + MSI_LOW, 4,
			     msix ? 6 : (uint32_t)random_address(f->user));
		break;
	case 6:
		write_config(f, msix ? PCI_COMMAND : msi + MSI_HIGH, 4,
			     msix ? 6 : property_below(8) == 0);
		break;
	default:
		write_config(f, msix ? PCI_COMMAND : msi + MSI_DATA, 2,
			     msix ? 6 : random_data(f->user) & 0xffff);
		break;
	}
}

static void step(void)
{
	uint32_t what = property_below(32);
	struct pci_function *f = property_below(2) ? nvme : nic;

	fake_heap_fail_in = property_below(32) == 0 ? 1 + property_below(4) : 0;
	if (what == 0) {
		random_transition(f);
	} else if (what < 16) {
		random_entry();
	} else if (what < 31) {
		random_config(f);
	} else {
		world_run_resets();
	}
	fake_heap_fail_in = 0;
	world_run_jobs();
	if (!there(nvme)) {
		reset_messages(disk, nvme);
	}
	if (!there(nic)) {
		reset_messages(card, nic);
	}
	enough = enough && !fake_log_has("stays masked");
	memset(seen, 0, sizeof(seen));
	check_disk();
	check_card();
	check_vectors();
}

static void each_vector_is_one_messages(void **state)
{
	static const struct property p = {
		.name = "vectors", .cases = 200, .steps = 600,
		.begin = begin, .step = step, .end = frame_rig_end,
	};

	(void)state;
	property_check(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vector_is_one_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
