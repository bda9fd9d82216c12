/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two CPUs at one function, in every order their locks allow: what both leave behind is what one
 * after the other would.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "fake_intx.h"
#include "fake_spinlock.h"
#include "irq/vgic.h"
#include "lend_rig.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

#define PLACE 0x20000000U
#define OTHER 0x20100000U
#define BEHIND(bus)  (GUEST_PCI_ECAM_BASE + ((uint64_t)(bus) << 20))
#define SLOT_CONTROL 0x78U /* of a virtual root port; power indicator: */
#define POWER_ON     0x0100U
#define POWER_OFF    0x0300U

/* An access is made once: a vCPU that has to wait is another matter. */
static void config_write(uint32_t domain, uint64_t at, uint8_t size, uint64_t value)
{
	struct mmio_access a = { .size = size, .write = true, .value = value };

	(void)world_access(domain, &a, at);
}

/* Worlds. */

static void begin_owned(void)
{
	lend_rig_setup(NULL);
}

static void begin_quarantined(void)
{
	lend_rig_setup(NULL);
	quarantine(nvme);
}

static void begin_lent(void)
{
	begin_quarantined();
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 0x10, 4, PLACE);
	guest_write(1, 0x14, 4, 0);
}

static void begin_mapped(void)
{
	begin_lent();
	guest_write(1, 0x04, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
}

static void begin_resetting(void)
{
	begin_mapped();
	reset_by_guest(1, nvme);
}

/* A BAR so long that mapping it is a job, which is queued. */
static void begin_long_job(void)
{
	struct mmio_access a = { .size = 2, .write = true, .value = 6 };

	lend_rig_setup(NULL);
	start_over();
	add_nvme(&world, 1, 0x400000);
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(1);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 0x10, 4, PLACE);
	guest_write(1, 0x14, 4, 0);
	assert_int_equal(world_access(WORLD_GUEST1, &a, world_guest_cfg(1, 4)), MMIO_RETRY);
}

/* Behind the first root port, in use, and its guest is asked to let go of it. */
static void begin_asked(void)
{
	struct vsbdf where;

	begin_quarantined();
	GUEST1->state = DOMAIN_RUNNING;
	config_write(WORLD_GUEST1, world_guest_cfg(GUEST_PORT_DEVICE, 0x18), 4, 0x010100);
	assert_int_equal(attach(GUEST1, nvme, 0, &where), 0);
	config_write(WORLD_GUEST1, BEHIND(1) + 0x10, 4, PLACE);
	config_write(WORLD_GUEST1, BEHIND(1) + 0x14, 4, 0);
	config_write(WORLD_GUEST1, BEHIND(1) + 0x04, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	config_write(WORLD_GUEST1, world_guest_cfg(GUEST_PORT_DEVICE, SLOT_CONTROL), 2, POWER_ON);
	assert_int_equal(lend_eject(nvme), 0);
}

static void begin_wire(void)
{
	struct model_function *disk, *card;

	lend_rig_setup(NULL);
	start_on_one_wire(&disk, &card);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 3);
	fake_intx_run_pending();
}

/* Disk and card ask, and both are silenced. */
static void begin_two_wires(void)
{
	struct model_function *disk, *card;

	lend_rig_setup(NULL);
	start_on_two_wires(&disk, &card);
	ask(disk, true);
	ask(card, true);
	fake_intx_fire(WIRE);
	fake_intx_fire(OTHER_WIRE);
}

/* Parties. */

static void guest_lets_go(void)
{
	config_write(WORLD_GUEST1, world_guest_cfg(GUEST_PORT_DEVICE, SLOT_CONTROL), 2, POWER_OFF);
}

static void guest_renumbers(void)
{
	config_write(WORLD_GUEST1, world_guest_cfg(GUEST_PORT_DEVICE, 0x18), 4, 0x020200);
}

static void guest_decodes_behind(void)
{
	config_write(WORLD_GUEST1, BEHIND(1) + 0x04, 2, 0);
	config_write(WORLD_GUEST1, BEHIND(1) + 0x04, 2, 6);
}

static void eject(void)
{
	(void)lend_eject(nvme);
}

static void guest_decodes(void)
{
	config_write(WORLD_GUEST1, world_guest_cfg(1, 0x04), 2, 6);
}

static void guest_moves_its_bar(void)
{
	config_write(WORLD_GUEST1, world_guest_cfg(1, 0x04), 2, 0);
	config_write(WORLD_GUEST1, world_guest_cfg(1, 0x10), 4, OTHER);
	config_write(WORLD_GUEST1, world_guest_cfg(1, 0x04), 2, 6);
}

static void guest_toggles(void)
{
	config_write(WORLD_GUEST1, world_guest_cfg(1, 0x04), 2, 0);
	config_write(WORLD_GUEST1, world_guest_cfg(1, 0x04), 2, 6);
}

static void guest_resets(void)
{
	config_write(WORLD_GUEST1, world_guest_cfg(1, nvme->cap_express + PCI_EXP_DEVCTL), 2,
		     PCI_EXP_DEVCTL_FLR);
}

static void owner_decodes(void)
{
	config_write(WORLD_CONTROL, world_owner_cfg(&world.bridge, nvme->sbdf, 0x04), 2, 6);
}

static void owner_reads_a_port(void)
{
	struct mmio_access a = { .size = 1 };

	config_write(WORLD_CONTROL, world_owner_cfg(&world.bridge, nic->sbdf, 0x04), 2, 1);
	(void)world_access(WORLD_CONTROL, &a, world.desc.windows[0].cpu + nic->bars[4].address);
}

static void detach(void)
{
	(void)lend_detach(nvme);
}

static void destroy(void)
{
	GUEST1->state = DOMAIN_DYING;
	reclaim_all(GUEST1);
	/* When it returns nothing of the domain is in reach of a device any more. */
	assert_int_not_equal(world_dma(nvme), WORLD_GUEST1);
	assert_int_not_equal(nvme->user, WORLD_GUEST1);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
}

static void take_nvme(void)
{
	(void)lend_quarantine(nvme, "disk");
}

static void take_nic(void)
{
	(void)lend_quarantine(nic, "card");
}

static void give_back(void)
{
	(void)lend_return_to_owner(nvme);
}

static void attach_to(struct domain *d)
{
	struct vsbdf where;

	(void)attach(d, nvme, 1, &where);
}

static void attach_to_first(void)
{
	attach_to(GUEST1);
}

static void attach_to_second(void)
{
	attach_to(GUEST2);
}

static void run_jobs(void)
{
	(void)world_run_jobs();
}

static void wire_fires(void)
{
	if (fake_intx_has_handler(WIRE) && fake_intx_enabled(WIRE)) {
		fake_intx_fire(WIRE);
	}
}

static void guest_ends_handling(void)
{
	fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
	fake_intx_run_pending();
}

static void detach_nic(void)
{
	(void)lend_detach(nic);
}

/* What must hold. */

static void check_books(const struct pci_function *f)
{
	bool used = f->state == FUNCTION_OWNED || f->state == FUNCTION_LENT;

	assert_int_not_equal(f->state, FUNCTION_BROKEN);
	assert_int_not_equal(f->state, FUNCTION_RESETTING);
	assert_int_equal(used, f->user != DOMAIN_ID_NONE);
	assert_int_equal(used ? f->user : ~0U, world_dma(f));
	assert_int_equal(used, f->vpci != NULL);
	assert_int_equal(used, f->itt != NULL);
}

static void settle(void)
{
	world_run_jobs();
	world_run_resets();
	check_books(nvme);
	check_books(nic);
}

static void end_taken(void)
{
	settle();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 7, 0);
	/* Its next user begins with nothing of the last one's. */
	lend_to(GUEST2, nvme, 1);
	assert_int_equal(world_load(WORLD_GUEST2, world_guest_cfg(1, 0x04), 2) & 7, 0);
	assert_int_equal(world_pages(WORLD_GUEST2), 0);
	lend_rig_teardown(NULL);
}

static void end_owner_lost_it(void)
{
	settle();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 7, 0);
	lend_rig_teardown(NULL);
}

static void end_owner_has_it(void)
{
	settle();
	assert_int_equal(nvme->state, FUNCTION_OWNED);
	/* Decode on with its mapping, or off without. */
	assert_int_equal(world_pages(WORLD_CONTROL),
			 pci_read(nvme, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY ? 4 : 0);
	lend_rig_teardown(NULL);
}

static void end_one_has_it(void)
{
	settle();
	assert_int_equal(nvme->state, FUNCTION_LENT);
	assert_true(nvme->user == WORLD_GUEST1 || nvme->user == WORLD_GUEST2);
	assert_int_equal(world_load(nvme->user, world_guest_cfg(1, 0), 4), 0x00101b36);
	assert_int_equal(world_load(3U - nvme->user, world_guest_cfg(1, 0), 4), 0xffffffff);
	lend_rig_teardown(NULL);
}

static void end_someone_has_it(void)
{
	settle();
	assert_true(nvme->user == WORLD_GUEST1 || nvme->user == WORLD_CONTROL);
	lend_rig_teardown(NULL);
}

/* Lent before it died, it was taken back; after, it was refused. */
static void end_not_with_the_dead(void)
{
	settle();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	lend_rig_teardown(NULL);
}

static void end_mapped_where_it_says(void)
{
	uint32_t at;

	settle();
	at = guest_read(1, 0x10, 4) & ~15U;
	assert_true(at == PLACE || at == OTHER);
	assert_int_equal(guest_read(1, 0x04, 2) & 6, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	assert_int_equal(world_translate(WORLD_GUEST1, at), nvme->bars[0].cpu.v);
	lend_rig_teardown(NULL);
}

static void end_ports_shut(void)
{
	settle();
	assert_int_equal(nic->state, FUNCTION_QUARANTINED);
	assert_int_equal(pci_read(nic, PCI_COMMAND, 2) & 7, 0);
	lend_rig_teardown(NULL);
}

static void end_of_wire(void)
{
	settle();
	fake_intx_run_pending();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	/* Who is left is heard, who is gone is silent. */
	assert_true(pci_read(nvme, PCI_COMMAND, 2) & PCI_COMMAND_INTX_OFF);
	assert_false(pci_read(nic, PCI_COMMAND, 2) & PCI_COMMAND_INTX_OFF);
	lend_rig_teardown(NULL);
}

/* The disk asks still, so its guest is told of it. */
static void end_of_two_wires(void)
{
	settle();
	fake_intx_run_pending();
	assert_int_equal(nic->state, FUNCTION_QUARANTINED);
	assert_true(vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	lend_rig_teardown(NULL);
}

static void detach_and_command(void **state)
{
	(void)state;
	interleave("detach, COMMAND", begin_lent, detach, guest_decodes, end_taken);
	interleave("detach, COMMAND of mapped", begin_mapped, detach, guest_moves_its_bar,
		   end_taken);
}

static void detach_and_destroy(void **state)
{
	(void)state;
	interleave("detach, destroy", begin_mapped, detach, destroy, end_taken);
}

static void destroy_and_command(void **state)
{
	(void)state;
	interleave("destroy, COMMAND", begin_lent, destroy, guest_decodes, end_taken);
	interleave("destroy, BAR", begin_mapped, destroy, guest_moves_its_bar, end_taken);
}

static void destroy_and_reset(void **state)
{
	(void)state;
	interleave("destroy, FLR", begin_mapped, destroy, guest_resets, end_taken);
	interleave("destroy, end of FLR", begin_resetting, destroy, world_run_resets, end_taken);
}

static void detach_and_reset(void **state)
{
	(void)state;
	interleave("detach, FLR", begin_mapped, detach, guest_resets, end_taken);
	interleave("detach, end of FLR", begin_resetting, detach, world_run_resets, end_taken);
}

static void lend_and_destroy(void **state)
{
	(void)state;
	interleave("attach, destroy", begin_quarantined, attach_to_first, destroy,
		end_not_with_the_dead);
}

static void ports_and_take(void **state)
{
	(void)state;
	interleave("port, quarantine", begin_owned, owner_reads_a_port, take_nic, end_ports_shut);
}

static void wire_and_detach(void **state)
{
	(void)state;
	interleave("INTx, detach", begin_wire, wire_fires, detach, end_of_wire);
	interleave("INTx, detach of another", begin_two_wires, guest_ends_handling, detach_nic,
		   end_of_two_wires);
}

static void take_and_owners_write(void **state)
{
	(void)state;
	interleave("quarantine, COMMAND", begin_owned, take_nvme, owner_decodes, end_owner_lost_it);
	interleave("return, COMMAND", begin_quarantined, give_back, owner_decodes,
		   end_owner_has_it);
}

static void lend_and_lend(void **state)
{
	(void)state;
	interleave("attach, attach", begin_quarantined, attach_to_first, attach_to_second,
		end_one_has_it);
	interleave("attach, return", begin_quarantined, attach_to_first, give_back,
		end_someone_has_it);
}

static void job_and_cancel(void **state)
{
	(void)state;
	interleave("job, detach", begin_long_job, run_jobs, detach, end_taken);
	interleave("job, destroy", begin_long_job, run_jobs, destroy, end_taken);
}

static void let_go_and_others(void **state)
{
	(void)state;
	interleave("let go, detach", begin_asked, guest_lets_go, detach, end_taken);
	interleave("let go, let go", begin_asked, guest_lets_go, guest_lets_go, end_taken);
	interleave("let go, eject", begin_asked, guest_lets_go, eject, end_taken);
	interleave("let go, COMMAND", begin_asked, guest_lets_go, guest_decodes_behind, end_taken);
	interleave("let go, destroy", begin_asked, guest_lets_go, destroy, end_taken);
	interleave("bus numbers, detach", begin_asked, guest_renumbers, detach, end_taken);
	interleave("bus numbers, let go", begin_asked, guest_renumbers, guest_lets_go, end_taken);
}

static void d11_two_vcpus_at_one_function(void **state)
{
	(void)state;
	interleave("COMMAND, BAR", begin_mapped, guest_toggles, guest_moves_its_bar,
		end_mapped_where_it_says);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(detach_and_command),
		cmocka_unit_test(detach_and_destroy),
		cmocka_unit_test(destroy_and_command),
		cmocka_unit_test(destroy_and_reset),
		cmocka_unit_test(detach_and_reset),
		cmocka_unit_test(lend_and_destroy),
		cmocka_unit_test(ports_and_take),
		cmocka_unit_test(wire_and_detach),
		cmocka_unit_test(take_and_owners_write),
		cmocka_unit_test(lend_and_lend),
		cmocka_unit_test(job_and_cancel),
		cmocka_unit_test(let_go_and_others),
		cmocka_unit_test(d11_two_vcpus_at_one_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
