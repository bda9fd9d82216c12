/* SPDX-License-Identifier: BSD-2-Clause */
/* LPIs that hardware delivers (GICv4): what the virtual ITS and GIC make of a guest's commands. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/domain.h"
#include "fake_heap.h"
#include "fake_its.h"
#include "fake_log.h"
#include "fake_vpe.h"
#include "irq/vgic.h"
#include "irq/vgic_state.h"
#include "irq/vits.h"
#include "irq/vits_state.h"
#include "vgic_world.h"

#define LPI     8192u
#define QUEUE   0x10000u
#define DEVICE  8u
#define VIRTUAL 9u /* nothing behind it */

static struct its_device lent;
static struct its_device *behind;
static uint64_t write_at;

static struct its_device *host_device(struct domain *d, uint32_t vdevice)
{
	return vdevice == DEVICE ? behind : NULL;
}

static const struct vits_ops ops = { .host_device = host_device };

static void command(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	const uint64_t words[4] = { a, b, c, d };

	memcpy(world.ram + (WORLD_CMDQ - WORLD_RAM) + write_at, words, sizeof(words));
	write_at = (write_at + sizeof(words)) % QUEUE;
	world_write(0, WORLD_ITS + 0x88, 8, write_at);
	assert_int_equal(world_read(0, WORLD_ITS + 0x90, 8), write_at);
}

static void mapc(uint32_t collection, uint32_t target, bool valid)
{
	command(9, 0, (uint64_t)target << 16 | collection | (valid ? 1ull << 63 : 0), 0);
}

static void mapti(uint32_t device, uint32_t event, uint32_t lpi, uint32_t collection)
{
	command((uint64_t)device << 32 | 0xa, (uint64_t)lpi << 32 | event, collection, 0);
}

static void event_cmd(uint8_t opcode, uint32_t event, uint32_t collection)
{
	command((uint64_t)DEVICE << 32 | opcode, event, collection, 0);
}

#define INT(event)              event_cmd(0x3, event, 0)
#define CLEAR(event)            event_cmd(0x4, event, 0)
#define INV(event)              event_cmd(0xc, event, 0)
#define DISCARD(event)          event_cmd(0xf, event, 0)
#define MOVI(event, collection) event_cmd(0x1, event, collection)

static void configure(uint32_t lpi, uint8_t config)
{
	world.ram[WORLD_PROP - WORLD_RAM + lpi - LPI] = config;
}

/* Two vCPUs with a collection each, a lent device with events 0 to 31, a virtual one. */
static void start(bool direct)
{
	world_init(2, true);
	memset(&lent, 0, sizeof(lent));
	lent.events = 32;
	lent.lent = true;
	behind = &lent;
	write_at = 0;
	fake_its_map_error = 0;
	fake_vpe_possible = direct;
	fake_log_clear();
	assert_int_equal(vits_create(&world.domain, ipa(WORLD_ITS), &ops), 0);
	world_start_its(2, QUEUE);
	mapc(0, 0, true);
	mapc(1, 1, true);
	command((uint64_t)DEVICE << 32 | 8, 4, 1ull << 63, 0);
	command((uint64_t)VIRTUAL << 32 | 8, 4, 1ull << 63, 0);
}

static int teardown(void **state)
{
	vits_destroy(&world.domain);
	assert_int_equal(lent.mapped, 0);
	world_free();
	assert_int_equal(fake_vpe_count(), 0);
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

/* vCPU n takes exactly this LPI, from hardware and from no list register, or 0: nothing. */
static void expect_direct(uint32_t n, uint32_t lpi)
{
	world_enter(n);
	assert_int_equal(fake_vpe_take(n), lpi != 0 ? lpi : FAKE_SPURIOUS);
	assert_int_equal(fake_vpe_take(n), FAKE_SPURIOUS);
	assert_int_equal(world_drain(n, NULL, 0), 0);
}

static void expect_injected(uint32_t n, uint32_t lpi)
{
	uint32_t taken[2];

	world_enter(n);
	assert_int_equal(fake_vpe_take(n), FAKE_SPURIOUS);
	assert_int_equal(world_drain(n, taken, 2), 1);
	assert_int_equal(taken[0], lpi);
}

static void fire(uint32_t event)
{
	assert_true(fake_its_fire(&lent, event));
}

static void follow(void)
{
	while (!vits_device_update(&world.domain, DEVICE, 4)) {
	}
}

static void test_no_software_in_it(void **state)
{
	start(true);
	mapti(DEVICE, 3, LPI + 5, 0);
	world_enter(0);
	world.kicked = 0;
	fire(3);
	assert_int_equal(world.kicked, 0);
	assert_int_equal(world.domain.interrupts_injected, 0);
	assert_int_equal(world.domain.vcpus[0]->vgic->ready_map, 0);
	assert_false(vgic_pending(world_on(0)));
	expect_direct(0, LPI + 5);
	/* Only vCPUs that have such an interrupt need a vPE. */
	assert_int_equal(fake_vpe_count(), 1);
}

static void test_without_the_hardware(void **state)
{
	start(false);
	mapti(DEVICE, 3, LPI + 5, 0);
	fire(3);
	expect_injected(0, LPI + 5);
	assert_int_equal(world.domain.interrupts_injected, 1);
	assert_int_equal(fake_vpe_count(), 0);
}

/* A vCPU that does not run is woken by what comes then, and by what came before. */
static void test_blocked(void **state)
{
	start(true);
	mapti(DEVICE, 3, LPI, 0);
	world_enter(0);
	assert_false(vgic_block(world_on(0)));
	world.kicked = 0;
	fire(3);
	assert_int_equal(world.kicked, 1);
	vgic_resume(world_on(0));
	/* Nothing else about it changed: its list registers need no look. */
	assert_false(world_on(0)->vgic->dirty);
	expect_direct(0, LPI);
	fire(3);
	assert_true(vgic_block(world_on(0)));
	vgic_resume(world_on(0));
	expect_direct(0, LPI);
	assert_false(vgic_block(world_on(0)));
	/* What the guest's mask keeps from it wakes nobody: it would block again at once. */
	vgic_resume(world_on(0));
	world_enter(0);
	fire(3);
	fake_interfaces[0].vmcr &= ~GENMASK(31, 24);
	assert_false(vgic_block(world_on(0)));
}

static void test_preempted(void **state)
{
	start(true);
	mapti(DEVICE, 3, LPI, 0);
	world_enter(0);
	world_on(0);
	world_save(0);
	world.kicked = 0;
	fire(3);
	assert_int_equal(world.kicked, 1);
	/* It goes on elsewhere. */
	world.domain.vcpus[0]->pcpu = 3;
	world_load(0);
	world_enter(0);
	assert_int_equal(world.domain.vcpus[0]->vgic->vpe->cpu, 3);
	assert_int_equal(fake_vpe_take(3), LPI);
}

static void test_configuration(void **state)
{
	start(true);
	configure(LPI, 0xa0);
	mapti(DEVICE, 0, LPI, 0);
	mapti(DEVICE, 1, LPI + 1, 0);
	world_enter(0);
	fire(0);
	expect_direct(0, 0);
	/* Nothing changes before the guest says so. */
	configure(LPI, 0xa1);
	expect_direct(0, 0);
	INV(0);
	expect_direct(0, LPI);
	/* The better priority first. */
	configure(LPI + 1, 0x21);
	command(0x0d, 0, 0, 0); /* INVALL */
	fire(0);
	fire(1);
	world_enter(0);
	assert_int_equal(fake_vpe_take(0), LPI + 1);
	expect_direct(0, LPI);
	/* Hardware has a copy, and reads nothing that the guest can write. */
	assert_true(world.domain.vgic->properties < world.ram ||
		    world.domain.vgic->properties >= world.ram + WORLD_RAM_SIZE);
}

static void test_turned_off(void **state)
{
	start(true);
	mapti(DEVICE, 0, LPI, 0);
	world_enter(0);
	world_write(1, world_gicr(0), 4, 0); /* EnableLPIs, by another vCPU */
	world_enter(0);
	fire(0);
	assert_int_equal(fake_vpe_take(0), FAKE_SPURIOUS);
	world_write(1, world_gicr(0), 4, 1);
	expect_direct(0, LPI);
	world_write(0, WORLD_GICD, 4, 0); /* EnableGrp1 */
	fire(0);
	world_enter(0);
	assert_int_equal(fake_vpe_take(0), FAKE_SPURIOUS);
	world_write(0, WORLD_GICD, 4, 2);
	expect_direct(0, LPI);
}

static void test_moves(void **state)
{
	start(true);
	mapti(DEVICE, 0, LPI, 0);
	mapti(DEVICE, 1, LPI + 1, 0);
	world_enter(0);
	fire(0);
	MOVI(0, 1);
	expect_direct(0, 0);
	expect_direct(1, LPI);
	fire(1);
	expect_direct(0, LPI + 1);
	/* MAPC is about what is in the collection ... */
	mapc(0, 1, true);
	fire(0);
	fire(1);
	world_enter(1);
	assert_int_equal(fake_vpe_take(1), LPI);
	expect_direct(1, LPI + 1);
	/* ... MOVALL about all there is. */
	command(0x0e, 0, 1ull << 16, 0);
	fire(0);
	expect_direct(1, 0);
	expect_direct(0, LPI);
	assert_int_equal(world.domain.vits->bad_commands, 0);
}

static void test_commands_about_it(void **state)
{
	start(true);
	mapti(DEVICE, 0, LPI, 0);
	world_enter(0);
	INT(0);
	expect_direct(0, LPI);
	fire(0);
	CLEAR(0);
	expect_direct(0, 0);
	fire(0);
	DISCARD(0);
	expect_direct(0, 0);
	assert_false(fake_its_fire(&lent, 0));
	mapti(DEVICE, 0, LPI, 0);
	expect_direct(0, 0);
	/* Another LPI for the same event. */
	mapti(DEVICE, 0, LPI + 9, 0);
	fire(0);
	expect_direct(0, LPI + 9);
	/* Messages of what is in software are as ever. */
	mapti(VIRTUAL, 0, LPI + 7, 0);
	assert_int_equal(vits_msi(&world.domain, VIRTUAL, 0), 0);
	expect_injected(0, LPI + 7);
}

/* Never by hardware and by software at once. */
static void test_two_events_of_one_lpi(void **state)
{
	start(true);
	mapti(DEVICE, 0, LPI, 0);
	world_enter(0);
	fire(0);
	mapti(VIRTUAL, 0, LPI, 1);
	/* What was pending is not lost, and goes where the last mapping says. */
	expect_injected(1, LPI);
	fire(0);
	expect_injected(1, LPI);
	assert_int_equal(vits_msi(&world.domain, VIRTUAL, 0), 0);
	expect_injected(1, LPI);
	/* An event that is mapped anew while it has the LPI alone is hardware's again. */
	command((uint64_t)VIRTUAL << 32 | 0xf, 0, 0, 0);
	DISCARD(0);
	mapti(DEVICE, 0, LPI, 0);
	fire(0);
	expect_direct(0, LPI);
}

static void test_collection_without_target(void **state)
{
	start(true);
	mapti(DEVICE, 0, LPI, 0);
	world_enter(0);
	mapc(0, 0, false);
	expect_direct(0, 0);
	fire(0);
	mapc(0, 1, true);
	expect_injected(1, LPI);
}

static void test_no_room(void **state)
{
	start(true);
	fake_vpe_room = 1;
	mapti(DEVICE, 0, LPI, 0);
	mapti(DEVICE, 1, LPI + 1, 1);
	fire(0);
	expect_direct(0, LPI);
	fire(1);
	expect_injected(1, LPI + 1);
	assert_int_equal(fake_log_lines, 1);
	/* What moves there comes there all the same. */
	MOVI(0, 1);
	assert_int_equal(world_drain(1, NULL, 0), 1);
	fire(0);
	expect_injected(1, LPI);
	command(0x0e, 0, 1ull << 16, 0); /* MOVALL */
	fire(1);
	expect_injected(0, LPI + 1);
	/* Said once. */
	assert_int_equal(fake_log_lines, 1);
}

static void test_host_refuses(void **state)
{
	start(true);
	fake_its_map_error = -28;
	mapti(DEVICE, 0, LPI, 0);
	assert_false(fake_its_fire(&lent, 0));
	fake_its_map_error = 0;
	mapti(VIRTUAL, 0, LPI, 0);
	assert_int_equal(vits_msi(&world.domain, VIRTUAL, 0), 0);
	expect_injected(0, LPI);
}

/* The function is taken away, and another comes; messages by software meanwhile. */
static void test_gone_and_here(void **state)
{
	start(true);
	mapti(DEVICE, 0, LPI, 0);
	world_enter(0);
	behind = NULL;
	follow();
	assert_int_equal(lent.mapped, 0);
	INT(0);
	behind = &lent;
	follow();
	expect_direct(0, LPI);
	fire(0);
	expect_direct(0, LPI);
}

static void test_list_register_left(void **state)
{
	start(true);
	behind = NULL;
	mapti(DEVICE, 0, LPI, 0);
	INT(0);
	world_enter(0); /* in a list register, not taken */
	assert_int_equal(fake_lr_holding(0, LPI), 1);
	behind = &lent;
	follow();
	world_enter(0);
	assert_int_equal(fake_lr_holding(0, LPI), 0);
	expect_direct(0, LPI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_no_software_in_it, teardown),
		cmocka_unit_test_teardown(test_without_the_hardware, teardown),
		cmocka_unit_test_teardown(test_blocked, teardown),
		cmocka_unit_test_teardown(test_preempted, teardown),
		cmocka_unit_test_teardown(test_configuration, teardown),
		cmocka_unit_test_teardown(test_turned_off, teardown),
		cmocka_unit_test_teardown(test_moves, teardown),
		cmocka_unit_test_teardown(test_commands_about_it, teardown),
		cmocka_unit_test_teardown(test_two_events_of_one_lpi, teardown),
		cmocka_unit_test_teardown(test_collection_without_target, teardown),
		cmocka_unit_test_teardown(test_no_room, teardown),
		cmocka_unit_test_teardown(test_host_refuses, teardown),
		cmocka_unit_test_teardown(test_gone_and_here, teardown),
		cmocka_unit_test_teardown(test_list_register_left, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
