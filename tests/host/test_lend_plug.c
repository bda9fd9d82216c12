/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that come into hardware slots and are torn out of them, whoever has them then. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "fake_heap.h"
#include "fake_log.h"
#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_slots.h"
#include "pci/registry.h"

/* By the specification's numbers (PCIe 6.0 7.5.3.8, 10, 11). */
#define LINK_STATUS  0x12U
#define LINK_ACTIVE  0x2000U
#define CONTROL      0x18U
#define POWER_OFF    0x0400U
#define STATUS       0x1aU
#define BUTTON       0x0001U
#define CHANGED      0x0008U
#define COMPLETED    0x0010U
#define PRESENT      0x0040U
#define LINK_CHANGED 0x0100U

#define PLACE 0x20000000U

static struct model_function *port1, *port2, *disk, *card;
static struct pci_function *hot; /* the disk's entry, once it was there */
static uint64_t now;

static struct model_function *slot_port(uint8_t device)
{
	struct model_function *f = model_port(&world.pci, NULL, device, 0, PCI_EXP_TYPE_ROOT_PORT,
					      true, true);

	model_set32(f, f->express + 0x14U, 0x00000053, 0); /* button, power, indicator, hot-plug */
	model_set16(f, f->express + CONTROL, 0, 0x1fff);
	model_set16(f, f->express + STATUS, 0, 0);
	f->clear[f->express + STATUS] = 0x1f;
	f->clear[f->express + STATUS + 1] = 0x01;
	return f;
}

static uint32_t reg16(const struct model_function *f, uint32_t at)
{
	return model_get(f, f->express + at, 2);
}

static void change(struct model_function *f, uint32_t at, uint32_t clear, uint32_t set)
{
	uint32_t value = (reg16(f, at) & ~clear) | set;

	f->config[f->express + at] = (uint8_t)value;
	f->config[f->express + at + 1] = (uint8_t)(value >> 8);
}

/* Time passes: slots are looked at, and whatever is to be done is done. */
static void wait(uint32_t ms)
{
	for (uint64_t end = now + ms; now < end; now += 10) {
		uint32_t wait_ms, steps = 0;

		while (pci_slots_step(now, &wait_ms)) {
			assert_true(++steps < 100);
		}
		world_run_jobs();
		/* The port has done what it was told. */
		change(port1, STATUS, 0, COMPLETED);
		change(port2, STATUS, 0, COMPLETED);
	}
}

/* As if fresh from the box. */
static void insert(struct model_function *f)
{
	memcpy(f->config, f->initial, sizeof(f->config));
	f->gone = false;
}

static void plug(struct model_function *port, struct model_function *f)
{
	insert(f);
	change(port, LINK_STATUS, 0, LINK_ACTIVE);
	change(port, STATUS, 0, PRESENT | CHANGED | LINK_CHANGED);
}

static void tear(struct model_function *port, struct model_function *f)
{
	f->gone = true;
	change(port, LINK_STATUS, LINK_ACTIVE, 0);
	change(port, STATUS, PRESENT, CHANGED | LINK_CHANGED);
}

/* Port 1 with nothing in its slot, the card behind port 2. */
static void build(uint32_t owners)
{
	start_over();
	port1 = slot_port(1);
	disk = model_endpoint(&world.pci, port1, 0, 0, 0x00101b36, 0x010802);
	model_bar(disk, 0, BAR_MEM64, false, 0x4000);
	model_pm(disk);
	model_express(disk, PCI_EXP_TYPE_ENDPOINT, true);
	model_msix(disk, 65, 0, 0x2000, 0, 0x3000);
	disk->gone = true;
	change(port1, LINK_STATUS, LINK_ACTIVE, 0);
	port2 = slot_port(2);
	card = model_endpoint(&world.pci, port2, 0, 0, 0x10d38086, 0x020000);
	model_bar(card, 0, BAR_MEM32, false, 0x20000);
	model_express(card, PCI_EXP_TYPE_ENDPOINT, true);
	model_msi(card, 4, true, false);
	change(port2, STATUS, 0, PRESENT);
	bring_up(&world, 0x4010000000ULL);
	pci_groups_assign(pci_function_first());
	nic = world_function(0, 3, 0, 0); /* number 2 is spare */
	lend_world_init((struct host_bridge *[]){ &world.bridge }, owners);
	pci_slots_start(&world.bridge, now);
	fake_log_clear();
}

static int setup(void **state)
{
	lend_rig_setup(state);
	now = 1000;
	build(1);
	return 0;
}

static void come(void)
{
	plug(port1, disk);
	wait(1000);
	hot = world_function(0, 1, 0, 0);
}

static void assert_gone(void)
{
	assert_null(pci_function_find(sbdf_make(0, 1, 0, 0)));
	assert_int_equal(hot->state, FUNCTION_ABSENT);
	assert_int_equal(hot->user, DOMAIN_ID_NONE);
	assert_null(hot->itt);
	assert_int_equal(world_dma(hot), ~0U);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(owner_read(hot, 0, 4), 0xffffffff);
	assert_int_equal(reg16(port1, CONTROL) & POWER_OFF, POWER_OFF);
	/* Nobody else has noticed. */
	assert_int_equal(nic->state, FUNCTION_OWNED);
	assert_int_equal(world_dma(nic), WORLD_CONTROL);
	assert_int_equal(owner_read(nic, 0, 4), 0x10d38086);
	assert_int_equal(lend_world.itts, 1);
}

static void nothing_happens_at_rest(void **state)
{
	(void)state;
	wait(30000);
	assert_null(pci_function_find(sbdf_make(0, 1, 0, 0)));
	assert_int_equal(nic->state, FUNCTION_OWNED);
	assert_int_equal(reg16(port1, CONTROL), POWER_OFF | 0x03c0);
	assert_int_equal(reg16(port2, CONTROL), 0x01c0); /* indicator on, no interrupt */
}

static void comes_to_the_owner(void **state)
{
	(void)state;
	assert_int_equal(world_load(WORLD_CONTROL, world_owner_cfg(&world.bridge,
								   sbdf_make(0, 1, 0, 0), 0), 4),
			 0xffffffff);
	come();
	assert_int_equal(reg16(port1, CONTROL), 0x01c0);
	assert_int_equal(hot->state, FUNCTION_OWNED);
	assert_int_equal(hot->user, WORLD_CONTROL);
	assert_int_equal(hot->device, 0x0010);
	assert_true(hot->reset_methods & RESET_BIT(RESET_FLR));
	assert_int_equal(hot->stream.v, 0x100);
	assert_int_not_equal(hot->group, nic->group);
	assert_int_equal(world_dma(hot), WORLD_CONTROL);
	assert_int_equal(lend_world.itts, 2);
	/* Inside what the port forwards, and mapped when its owner wants it. */
	assert_in_range(hot->bars[0].address, hot->parent->window_mem_base,
			hot->parent->window_mem_limit - 0x3fff);
	assert_int_equal(owner_read(hot, 0, 4), 0x00101b36);
	assert_int_equal(owner_read(hot, 0x10, 4) & ~0xfU, hot->bars[0].address);
	owner_write(hot, PCI_COMMAND, 2, 6);
	assert_int_equal(world_pages(WORLD_CONTROL), 4);
	assert_int_equal(world_translate(WORLD_CONTROL, WORLD_CPU_OFFSET + hot->bars[0].address),
			 hot->bars[0].cpu.v);
}

static struct pci_function *entry(struct sbdf where)
{
	struct pci_function *f = pci_function_first();

	while (f != NULL && f->sbdf.v != where.v) {
		f = f->next;
	}
	return f;
}

/* So many of the steps of coming, or all. True: that was all. */
static bool come_so_far(uint32_t parts)
{
	plug(port1, disk);
	for (uint32_t looks = 0; parts != 0 && hot->state != FUNCTION_OWNED; looks++) {
		uint32_t wait_ms;

		assert_true(looks < 1000);
		if (pci_slots_step(now, &wait_ms)) {
			parts--;
		} else {
			now += 10;
		}
		change(port1, STATUS, 0, COMPLETED);
	}
	return hot->state == FUNCTION_OWNED;
}

/* Torn out after any part of coming: nothing of it stays, and the next one comes as ever. */
static void torn_out_while_it_comes(void **state)
{
	uint32_t parts = 0;
	bool all = false;
	int64_t heap;

	(void)state;
	come();
	tear(port1, disk);
	wait(3000);
	hot = entry(sbdf_make(0, 1, 0, 0));
	heap = fake_heap_live;
	while (!all) {
		all = come_so_far(++parts);
		tear(port1, disk);
		wait(3000);
		assert_gone();
		assert_int_equal(fake_heap_live, heap);
	}
	assert_true(parts > 9);
	plug(port1, disk);
	wait(5000);
	assert_int_equal(hot->state, FUNCTION_OWNED);
	assert_int_equal(world_dma(hot), WORLD_CONTROL);
}

/* Its owner ends half way: it is nobody's, and nothing is kept for the owner. */
static void owner_ends_while_it_comes(void **state)
{
	struct domain *owner = &lend_world.domains[WORLD_CONTROL];
	uint32_t parts = 0;

	(void)state;
	come();
	for (bool all = false; !all;) {
		tear(port1, disk);
		wait(3000);
		all = come_so_far(++parts);
		owner->state = all ? DOMAIN_RUNNING : DOMAIN_DYING;
		wait(3000);
		assert_int_equal(hot->state, FUNCTION_OWNED);
		assert_int_equal(hot->vpci != NULL, all);
		assert_null(hot->prepared);
		assert_int_equal(world_dma(hot), all ? WORLD_CONTROL : ~0U);
		assert_int_equal(lend_world.itts, all ? 2 : 1);
		owner->state = DOMAIN_RUNNING;
	}
	assert_true(parts > 9);
}

static void is_lent_like_any_other(void **state)
{
	(void)state;
	come();
	quarantine(hot);
	assert_int_equal(lend_to(GUEST1, hot, 3), 3);
	assert_int_equal(guest_read(3, 0, 4), 0x00101b36);
	assert_int_equal(world_dma(hot), WORLD_GUEST1);
	assert_int_equal(lend_detach(hot), 0);
	world_run_resets();
	assert_int_equal(lend_return_to_owner(hot), 0);
	assert_int_equal(owner_read(hot, 0, 4), 0x00101b36);
}

static void torn_from_its_owner(void **state)
{
	(void)state;
	come();
	owner_write(hot, PCI_COMMAND, 2, 6);
	assert_int_equal(world_pages(WORLD_CONTROL), 4);
	tear(port1, disk);
	wait(110);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	assert_gone();
	assert_true(fake_log_has("torn out"));
}

/* On its own bus: what it reads is all ones, and nothing worse. */
static void torn_from_a_guest(void **state)
{
	(void)state;
	come();
	quarantine(hot);
	lend_to(GUEST1, hot, 3);
	guest_write(3, 0x10, 4, PLACE);
	guest_write(3, 0x14, 4, 0);
	guest_write(3, PCI_COMMAND, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	tear(port1, disk);
	/* Before anyone has looked: hardware's answer. */
	assert_int_equal(guest_read(3, PCI_COMMAND, 2) & PCI_COMMAND_MASTER, PCI_COMMAND_MASTER);
	wait(110);
	assert_gone();
	assert_int_equal(guest_read(3, 0, 4), 0xffffffff);
	guest_write(3, PCI_COMMAND, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(lend_world.resets, 1); /* that into quarantine; none was tried since */
}

#define GUEST_PORT  28U
#define GUEST_SLOT  0x78U
#define GUEST_MSI   0x50U

static uint32_t port_read(uint32_t reg, uint8_t size)
{
	return (uint32_t)world_load(WORLD_GUEST1, world_guest_cfg(GUEST_PORT, reg), size);
}

static void port_write(uint32_t reg, uint8_t size, uint32_t value)
{
	world_store(WORLD_GUEST1, world_guest_cfg(GUEST_PORT, reg), size, value);
}

/* The disk is behind the guest's first port, in use. */
static void lend_behind_a_port(void)
{
	struct vsbdf where;

	come();
	quarantine(hot);
	GUEST1->state = DOMAIN_RUNNING;
	port_write(0x18, 4, 0x010100);
	port_write(0x04, 2, 6);
	port_write(GUEST_MSI + 4, 4, GUEST_ITS_BASE + 0x10040);
	port_write(GUEST_MSI + 2, 2, 1);
	port_write(GUEST_SLOT, 2, 0x1321);
	assert_int_equal(attach(GUEST1, hot, 0, &where), 0);
	port_write(GUEST_SLOT + 2, 2, 0x11f);
	port_write(GUEST_SLOT, 2, 0x1121);
	assert_int_equal(port_read(GUEST_SLOT + 2, 2) & (PRESENT | CHANGED), PRESENT);
}

static void torn_from_a_guests_slot(void **state)
{
	uint32_t before;

	(void)state;
	lend_behind_a_port();
	before = lend_world.messages;
	tear(port1, disk);
	wait(110);
	assert_gone();
	assert_int_equal(lend_world.messages, before + 1);
	assert_int_equal(port_read(GUEST_SLOT + 2, 2) & (PRESENT | CHANGED | LINK_CHANGED),
			 CHANGED | LINK_CHANGED);
}

/* The button out there is the one in the guest; it lets go, and only then there is no power. */
static void button_asks_the_guest(void **state)
{
	(void)state;
	lend_behind_a_port();
	change(port1, STATUS, 0, BUTTON);
	wait(200);
	assert_int_equal(reg16(port1, CONTROL), 0x02c0); /* blinks */
	assert_int_equal(port_read(GUEST_SLOT + 2, 2) & BUTTON, 0);
	wait(5000);
	assert_int_equal(port_read(GUEST_SLOT + 2, 2) & BUTTON, BUTTON);
	assert_int_equal(hot->state, FUNCTION_LENT);
	port_write(GUEST_SLOT, 2, 0x1321);
	assert_int_equal(hot->state, FUNCTION_RESETTING);
	wait(100);
	assert_int_equal(reg16(port1, CONTROL) & POWER_OFF, 0);
	world_run_resets();
	wait(200);
	assert_gone();
	/* The card in its seat is left alone, until the button is pressed again. */
	wait(10000);
	assert_null(pci_function_find(sbdf_make(0, 1, 0, 0)));
	insert(disk);
	change(port1, STATUS, 0, BUTTON);
	wait(1000);
	assert_int_equal(hot->state, FUNCTION_OWNED);
}

static void who_does_not_let_go_loses_it(void **state)
{
	(void)state;
	lend_behind_a_port();
	change(port1, STATUS, 0, BUTTON);
	wait(19000);
	assert_int_equal(hot->state, FUNCTION_LENT);
	wait(2000);
	assert_gone();
}

static void torn_out_of_quarantine_and_broken(void **state)
{
	(void)state;
	come();
	quarantine(hot);
	assert_string_equal(hot->name, "disk");
	tear(port1, disk);
	wait(110);
	assert_gone();
	assert_null(pci_function_by_name("disk"));
	come();
	quarantine(hot);
	lend_to(GUEST1, hot, 3);
	lend_world.fail[STEP_RESET] = true;
	assert_int_equal(lend_detach(hot), 0);
	world_run_resets();
	assert_int_equal(hot->state, FUNCTION_BROKEN);
	lend_world.fail[STEP_RESET] = false;
	tear(port1, disk);
	wait(110);
	assert_gone();
	assert_null(hot->broken_why);
	come();
	assert_int_equal(hot->state, FUNCTION_OWNED);
}

/* One that contained it silenced its stream: the next one's DMA is heard. */
static void silence_ends_with_it(void **state)
{
	(void)state;
	come();
	pci_contain(hot, PCI_CONTAIN_DMA);
	world_run_jobs();
	assert_true(world_silent(hot));
	tear(port1, disk);
	wait(110);
	assert_gone();
	come();
	assert_false(world_silent(hot));
	assert_int_equal(world_dma(hot), WORLD_CONTROL);
}

/* Reset on the way into quarantine; its end comes when nothing answers any more. */
static void torn_out_under_reset(void **state)
{
	(void)state;
	come();
	assert_int_equal(lend_quarantine(hot, ""), 0);
	tear(port1, disk);
	wait(500);
	assert_int_equal(hot->state, FUNCTION_RESETTING);
	assert_true(pci_function_gone(hot));
	lend_world.fail[STEP_RESET] = true;
	world_run_resets();
	lend_world.fail[STEP_RESET] = false;
	wait(110);
	assert_gone();
}

/* The same for one that its user asked for; and it is another's claim that comes first. */
static void torn_out_under_its_users_reset(void **state)
{
	(void)state;
	come();
	quarantine(hot);
	lend_to(GUEST1, hot, 3);
	reset_by_guest(3, hot);
	tear(port1, disk);
	wait(500);
	assert_int_equal(hot->state, FUNCTION_BROKEN);
	assert_int_equal(guest_read(3, 0, 4), 0xffffffff);
	world_run_resets();
	wait(110);
	assert_gone();
}

/* While routes of its interrupts, which are many, are on their way out. */
static void torn_out_while_leaving(void **state)
{
	(void)state;
	come();
	quarantine(hot);
	lend_to(GUEST1, hot, 3);
	lend_world.routes = 500;
	assert_int_equal(lend_detach(hot), 0);
	assert_int_equal(hot->state, FUNCTION_RESETTING);
	tear(port1, disk);
	wait(110);
	world_run_resets();
	wait(110);
	assert_gone();
}

/* Another device in the same seat. */
static void another_one(void **state)
{
	struct model_function *other;

	(void)state;
	come();
	quarantine(hot);
	lend_to(GUEST1, hot, 3);
	tear(port1, disk);
	wait(110);
	disk->devfn = 0xff; /* in a drawer */
	other = model_endpoint(&world.pci, port1, 0, 0, 0x11223344, 0x020000);
	model_bar(other, 2, BAR_MEM32, false, 0x1000);
	model_endpoint(&world.pci, port1, 0, 1, 0x55663344, 0x020000);
	plug(port1, other);
	wait(1000);
	assert_int_equal(hot->state, FUNCTION_OWNED);
	assert_int_equal(hot->device, 0x1122);
	assert_int_equal(hot->bars[0].kind, BAR_NONE);
	assert_int_equal(hot->bars[2].size, 0x1000);
	assert_int_equal(hot->cap_express, 0);
	assert_int_equal(hot->msix.cap, 0);
	assert_false(hot->lent_once);
	assert_int_equal(world_function(0, 1, 0, 1)->device, 0x5566);
	assert_int_equal(world_function(0, 1, 0, 1)->group, hot->group); /* one device */
	other->gone = true;
	tear(port1, other);
	wait(110);
	assert_gone();
	assert_null(pci_function_find(sbdf_make(0, 1, 0, 1)));
}

/* An entry, and a page of each bus it has been on, are all that stays. */
static void nothing_leaks(void **state)
{
	int64_t live = 0;

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		come();
		if (i % 3 != 0) {
			quarantine(hot);
			lend_to(i % 3 == 1 ? GUEST1 : GUEST2, hot, 3);
		}
		wait(3000);
		tear(port1, disk);
		wait(200);
		assert_gone();
		live = i < 3 ? fake_heap_live : live;
		assert_int_equal(fake_heap_live, live);
	}
	assert_int_equal(lend_world.streams_open, 1);
}

static void one_that_never_answers(void **state)
{
	(void)state;
	plug(port1, disk);
	disk->gone = true;
	wait(3000);
	assert_null(pci_function_find(sbdf_make(0, 1, 0, 0)));
	assert_int_equal(reg16(port1, CONTROL) & POWER_OFF, POWER_OFF);
	assert_true(fake_log_has("it does not answer"));
	wait(10000);
	disk->gone = false; /* too late */
	wait(10000);
	assert_null(pci_function_find(sbdf_make(0, 1, 0, 0)));
}

/* There, but "retry" for a while (PCIe 6.0 2.3.2). */
static void one_that_is_slow(void **state)
{
	(void)state;
	plug(port1, disk);
	disk->busy_left = 20;
	disk->busy_crs = true;
	wait(2000);
	assert_int_equal(world_function(0, 1, 0, 0)->state, FUNCTION_OWNED);
}

static void a_bridge_is_left_alone(void **state)
{
	struct model_function *up;

	(void)state;
	disk->devfn = 0xff;
	up = model_port(&world.pci, port1, 0, 0, PCI_EXP_TYPE_UPSTREAM, false, false);
	plug(port1, up);
	wait(3000);
	assert_null(pci_function_find(sbdf_make(0, 1, 0, 0)));
	assert_true(fake_log_has("a bridge that comes while the machine runs"));
	assert_int_equal(reg16(port1, CONTROL) & POWER_OFF, POWER_OFF);
}

static void too_large_for_the_port(void **state)
{
	(void)state;
	model_bar(disk, 0, BAR_MEM64, false, 0x4000000);
	come();
	assert_int_equal(hot->state, FUNCTION_OWNED);
	assert_false(hot->placed);
	assert_int_equal(model_get(disk, 0x10, 4) & ~0xfU, 0);
	quarantine(hot);
	assert_int_equal(attach(GUEST1, hot, 3, &(struct vsbdf){ 0 }), -ENOSPC);
	tear(port1, disk);
	wait(110);
	assert_gone();
}

static void out_of_memory(void **state)
{
	(void)state;
	for (int64_t i = 1; i < 12; i++) {
		fake_heap_fail_in = i;
		plug(port1, disk);
		wait(5000);
		fake_heap_fail_in = 0;
		tear(port1, disk);
		wait(4000);
		assert_null(pci_function_find(sbdf_make(0, 1, 0, 0)));
		assert_int_equal(lend_world.itts, 1);
	}
	come();
	assert_int_equal(hot->state, FUNCTION_OWNED);
}

static void without_an_owner(void **state)
{
	(void)state;
	build(0);
	come();
	assert_int_equal(hot->state, FUNCTION_OWNED);
	assert_int_equal(hot->user, DOMAIN_ID_NONE);
	quarantine(hot);
	lend_to(GUEST1, hot, 3);
	tear(port1, disk);
	wait(110);
	assert_int_equal(hot->state, FUNCTION_ABSENT);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(lend_world.itts, 0);
}

/* Found at boot, and torn out: no different. */
static void one_from_boot(void **state)
{
	(void)state;
	tear(port2, card);
	wait(110);
	assert_int_equal(nic->state, FUNCTION_ABSENT);
	assert_int_equal(lend_world.itts, 0);
	plug(port2, card);
	wait(1000);
	assert_int_equal(nic->state, FUNCTION_OWNED);
	assert_in_range(nic->bars[0].address, nic->parent->window_mem_base,
			nic->parent->window_mem_limit);
}

/* The hypervisor's own bus reset takes the link down for a while. */
static void bus_reset_is_no_event(void **state)
{
	(void)state;
	__atomic_store_n(&nic->parent->bus_reset, PCI_BUS_RESET_ON, __ATOMIC_RELAXED);
	change(port2, LINK_STATUS, LINK_ACTIVE, 0);
	change(port2, STATUS, 0, LINK_CHANGED);
	wait(300);
	change(port2, LINK_STATUS, 0, LINK_ACTIVE);
	change(port2, STATUS, 0, LINK_CHANGED);
	__atomic_store_n(&nic->parent->bus_reset, PCI_BUS_RESET_OVER, __ATOMIC_RELAXED);
	wait(300);
	assert_int_equal(nic->state, FUNCTION_OWNED);
	assert_int_equal(nic->parent->bus_reset, PCI_BUS_RESET_NONE);
	tear(port2, card);
	wait(110);
	assert_int_equal(nic->state, FUNCTION_ABSENT);
}

static int teardown(void **state)
{
	lend_world.fail[STEP_RESET] = false;
	world_run_resets();
	return lend_rig_teardown(state);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_happens_at_rest),
		T(comes_to_the_owner),
		T(torn_out_while_it_comes),
		T(owner_ends_while_it_comes),
		T(is_lent_like_any_other),
		T(torn_from_its_owner),
		T(torn_from_a_guest),
		T(torn_from_a_guests_slot),
		T(button_asks_the_guest),
		T(who_does_not_let_go_loses_it),
		T(torn_out_of_quarantine_and_broken),
		T(silence_ends_with_it),
		T(torn_out_under_reset),
		T(torn_out_under_its_users_reset),
		T(torn_out_while_leaving),
		T(another_one),
		T(nothing_leaks),
		T(one_that_never_answers),
		T(one_that_is_slow),
		T(a_bridge_is_left_alone),
		T(too_large_for_the_port),
		T(out_of_memory),
		T(without_an_owner),
		T(one_from_boot),
		T(bus_reset_is_no_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
