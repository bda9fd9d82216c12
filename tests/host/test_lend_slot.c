/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions that come to a running guest, behind its root ports, and leave in agreement with it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_config.h"

#define PORT0 28U
#define PLACE 0x20000000U
#define DOORBELL 0x08090040U
#define PIC_ON    0x0100U
#define PIC_OFF   0x0300U
#define ENABLES   0x1021U
#define SLOT      0x78U /* Slot Control of these ports, as test_vpci_port.c sees in the list */
#define MSI       0x50U

static uint64_t cfg(uint32_t bus, uint32_t device, uint32_t reg)
{
	return GUEST_PCI_ECAM_BASE + (bus << 20 | device << 15 | reg);
}

static uint32_t rd(uint32_t bus, uint32_t device, uint32_t reg, uint8_t size)
{
	return (uint32_t)world_load(WORLD_GUEST1, cfg(bus, device, reg), size);
}

static void wr(uint32_t bus, uint32_t device, uint32_t reg, uint8_t size, uint32_t value)
{
	world_store(WORLD_GUEST1, cfg(bus, device, reg), size, value);
}

static void numbers(uint32_t port, uint32_t secondary)
{
	wr(0, PORT0 + port, 0x18, 4, secondary << 16 | secondary << 8);
}

/* As a guest's kernel sets its ports up: buses 1 to 4, messages, events. */
static int setup(void **state)
{
	lend_rig_setup(state);
	quarantine(nvme);
	quarantine(nic);
	GUEST1->state = DOMAIN_RUNNING;
	for (uint32_t i = 0; i < GUEST_PORT_COUNT; i++) {
		numbers(i, i + 1);
		wr(0, PORT0 + i, 0x04, 2, 6);
		wr(0, PORT0 + i, MSI + 4, 4, DOORBELL);
		wr(0, PORT0 + i, MSI + 12, 2, 40 + i);
		wr(0, PORT0 + i, MSI + 2, 2, 1);
		wr(0, PORT0 + i, SLOT, 2, ENABLES | PIC_OFF);
	}
	assert_int_equal(lend_world.messages, 0);
	return 0;
}

static void plug(struct pci_function *f, uint32_t vslot, uint32_t expected)
{
	struct vsbdf where;

	assert_int_equal(attach(GUEST1, f, vslot, &where), 0);
	assert_int_equal(where.v, vsbdf_make(0, 0, expected, 0).v);
}

/* Its kernel has seen the event of port, and uses what is there. */
static void use(uint32_t port)
{
	wr(0, PORT0 + port, SLOT + 2, 2, 0x11f);
	wr(0, PORT0 + port, SLOT, 2, ENABLES | PIC_ON);
}

static void comes_behind_a_port(void **state)
{
	plug(nvme, 0, PORT0);
	assert_int_equal(lend_world.messages, 1);
	assert_int_equal(lend_world.message_from, PORT0 << 3);
	assert_int_equal(lend_world.message, 40);
	assert_int_equal(rd(1, 0, 0, 4), rd(1, 0, 0, 2) | (uint32_t)nvme->device << 16);
	assert_int_equal(rd(1, 0, 0, 2), nvme->vendor);
	assert_int_equal(rd(0, PORT0, 0, 4), 0x52505644); /* the port answers where it did */
	assert_int_equal(rd(1, 1, 0, 4), 0xffffffff);
	assert_int_equal(rd(2, 0, 0, 4), 0xffffffff);
	/* An endpoint whose addresses are the guest's to choose. */
	assert_int_equal(rd(1, 0, 0x10, 4) & ~0xfU, 0);
	wr(1, 0, 0x10, 4, PLACE);
	wr(1, 0, 0x14, 4, 0);
	wr(1, 0, 0x04, 2, 6);
	assert_int_equal(world_translate(WORLD_GUEST1, PLACE), nvme->bars[0].cpu.v);
	assert_true(nvme->itt != NULL);
	assert_ptr_equal(vpci_host_device(GUEST1, 0x100), nvme->itt);
	assert_null(vpci_host_device(GUEST1, PORT0 << 3));
	/* The next one has the next slot, or the one it asks for. */
	plug(nic, 0x1f, 31);
	assert_int_equal(rd(4, 0, 0, 2), nic->vendor);
	assert_int_equal(lend_world.message_from, 31 << 3);
}

static void express_says_endpoint_with_a_link(void **state)
{
	uint32_t at;

	plug(nvme, 0, PORT0);
	for (at = rd(1, 0, 0x34, 1); at != 0 && rd(1, 0, at, 1) != 0x10; at = rd(1, 0, at + 1, 1)) {
	}
	assert_int_not_equal(at, 0);
	assert_int_equal(rd(1, 0, at + 2, 1) >> 4, 0);
	assert_int_equal(rd(1, 0, at + 0x0c, 4) >> 10 & 3, 0); /* no ASPM */
}

static void slots_run_out(void **state)
{
	struct vsbdf where;

	plug(nvme, 0, PORT0);
	assert_int_equal(attach(GUEST1, nic, PORT0, &where), -EBUSY);
	plug(nic, 5, 5); /* on the bus itself, where a rescan finds it */
	assert_int_equal(rd(0, 5, 0, 2), nic->vendor);
	assert_int_equal(lend_world.messages, 1);
}

static void makes_room_before_the_guest_starts(void **state)
{
	GUEST1->state = DOMAIN_BUILDING;
	plug(nvme, PORT0, PORT0);
	plug(nic, 0, 1);
	assert_int_equal(rd(0, PORT0, 0, 2), nvme->vendor);
	assert_int_equal(rd(1, 0, 0, 4), 0xffffffff);
	assert_int_equal(lend_world.messages, 0);
	GUEST1->state = DOMAIN_RUNNING;
	assert_int_equal(lend_detach(nic), 0);
	world_run_resets();
	plug(nic, 0, PORT0 + 1);
}

/* All the while it is the same function: only its number is another. */
static void follows_the_guests_numbers(void **state)
{
	plug(nvme, 0, PORT0);
	plug(nic, 0, PORT0 + 1);
	wr(1, 0, 0x10, 4, PLACE);
	numbers(0, 0);
	assert_int_equal(rd(1, 0, 0, 4), 0xffffffff);
	assert_null(vpci_host_device(GUEST1, 0x100));
	numbers(0, 2); /* as the other one's: it is first */
	world_run_jobs();
	assert_int_equal(rd(2, 0, 0, 2), nvme->vendor);
	assert_ptr_equal(vpci_host_device(GUEST1, 0x200), nvme->itt);
	numbers(1, 7);
	world_run_jobs();
	assert_int_equal(rd(7, 0, 0, 2), nic->vendor);
	assert_int_equal(rd(2, 0, 0x10, 4) & ~0xfU, PLACE);
	/* Two change places. */
	numbers(0, 7);
	numbers(1, 2);
	numbers(0, 7);
	assert_int_equal(rd(2, 0, 0, 2), nic->vendor);
	assert_int_equal(rd(7, 0, 0, 2), nvme->vendor);
	/* Nothing hangs on a number when it goes. */
	numbers(0, 0);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_jobs();
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
}

static void is_let_go(void **state)
{
	plug(nvme, 0, PORT0);
	use(0);
	assert_int_equal(lend_eject(nvme), 0);
	assert_int_equal(nvme->state, FUNCTION_LENT);
	assert_int_equal(lend_world.messages, 2);
	assert_int_equal(rd(0, PORT0, SLOT + 2, 2), 0x41); /* button, and something is there */
	wr(0, PORT0, SLOT + 2, 2, 1);
	wr(0, PORT0, SLOT, 2, ENABLES | PIC_OFF);
	assert_int_not_equal(nvme->state, FUNCTION_LENT);
	assert_int_equal(lend_world.messages, 3);
	assert_int_equal(rd(0, PORT0, SLOT + 2, 2), 0x108);
	assert_int_equal(rd(1, 0, 0, 4), 0xffffffff);
	world_run_jobs();
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(lend_eject(nvme), -EINVAL);
	/* The slot takes the next one. */
	plug(nic, 0, PORT0);
	assert_int_equal(rd(1, 0, 0, 2), nic->vendor);
}

static void is_torn_out(void **state)
{
	plug(nvme, 0, PORT0);
	use(0);
	wr(1, 0, 0x10, 4, PLACE);
	wr(1, 0, 0x14, 4, 0);
	wr(1, 0, 0x04, 2, 6);
	lend_world.routes = 40; /* more than are unmapped at once */
	assert_int_equal(lend_eject(nvme), 0);
	assert_int_equal(lend_detach(nvme), 0);
	assert_int_equal(rd(1, 0, 0, 4), 0xffffffff);
	assert_int_equal(world_translate(WORLD_GUEST1, PLACE), ~0ULL);
	assert_int_equal(rd(0, PORT0, SLOT + 2, 2) & 0x148, 0x108);
	/* Too late to let go. */
	wr(0, PORT0, SLOT, 2, ENABLES | PIC_OFF);
	world_run_jobs();
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
}

static void elsewhere_nobody_is_asked(void **state)
{
	plug(nvme, 3, 3);
	assert_int_equal(lend_eject(nvme), 0);
	assert_int_not_equal(nvme->state, FUNCTION_LENT);
	world_run_resets();
	/* And behind a port whose slot nobody turned on. */
	plug(nvme, 0, PORT0);
	assert_int_equal(lend_eject(nvme), 0);
	assert_int_not_equal(nvme->state, FUNCTION_LENT);
	world_run_resets();
}

static void messages_go_to_the_doorbell_or_nowhere(void **state)
{
	wr(0, PORT0, MSI + 4, 4, 0x40000000);
	plug(nvme, 0, PORT0);
	assert_int_equal(lend_world.messages, 0);
	assert_int_equal(rd(0, PORT0, SLOT + 2, 2), 0x148);
}

static void wide_and_odd_accesses(void **state)
{
	assert_int_equal(world_load(WORLD_GUEST1, cfg(0, PORT0, 0x18), 8), 0x10100ULL);
	world_store(WORLD_GUEST1, cfg(0, PORT0, 0x20), 8, 0x0011000100200010ULL);
	assert_int_equal(rd(0, PORT0, 0x20, 4), 0x00200010);
	assert_int_equal(rd(0, PORT0, 0x24, 4), 0x00110001);
	assert_int_equal(world_load(WORLD_GUEST1, cfg(0, PORT0, 0x1a), 4), 0xffffffff);
	assert_int_equal(rd(0, PORT0, 0xffc, 4), 0);
	/* Function 1 of a port is nobody. */
	assert_int_equal(world_load(WORLD_GUEST1, cfg(0, PORT0, 0x1000), 4), 0xffffffff);
}

/* The guest ends with a function behind a port, while it was asked for it. */
static void the_guest_ends(void **state)
{
	plug(nvme, 0, PORT0);
	use(0);
	assert_int_equal(lend_eject(nvme), 0);
	GUEST1->state = DOMAIN_DYING;
	reclaim_all(GUEST1);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, lend_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(comes_behind_a_port),
		TEST(express_says_endpoint_with_a_link),
		TEST(slots_run_out),
		TEST(makes_room_before_the_guest_starts),
		TEST(follows_the_guests_numbers),
		TEST(is_let_go),
		TEST(is_torn_out),
		TEST(elsewhere_nobody_is_asked),
		TEST(messages_go_to_the_doorbell_or_nowhere),
		TEST(wide_and_odd_accesses),
		TEST(the_guest_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
