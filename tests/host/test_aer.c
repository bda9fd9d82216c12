/* SPDX-License-Identifier: BSD-2-Clause */
/* Error messages: counted, or the end of who sent them; nobody else's. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_cpus.h"
#include "fake_log.h"
#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_aer.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

static struct model_function *port1, *disk, *disk2, *port2, *card;
static struct pci_function *second_disk;
static uint16_t dpc;

/* Disk and second disk, two functions of a device, behind one root port; card behind another. */
static int setup(void **state)
{
	fake_cpus_reset(1);
	fake_now = ticks_per_second();
	lend_rig_setup(state);
	start_over();
	fake_log_clear();
	add_nvme(&world, 1, 0x4000);
	add_nic(&world, 2);
	port1 = world.pci.functions[0];
	disk = world.pci.functions[1];
	port2 = world.pci.functions[2];
	card = world.pci.functions[3];
	disk2 = model_endpoint(&world.pci, port1, 0, 1, 0x00101b36, 0x010802);
	model_bar(disk2, 0, BAR_MEM64, false, 0x4000);
	model_express(disk2, PCI_EXP_TYPE_ENDPOINT, true);
	model_aer(port1);
	model_aer(port2);
	model_aer(disk);
	/* As a firmware may leave it: contained by fatal errors, with an interrupt. */
	dpc = model_ext_cap(port1, 0x001d, 0x0c);
	model_set16(port1, dpc + 6, 0x0009, 0xffff);
	bring_up(&world, 0x4010000000ULL);
	start(1);
	second_disk = world_function(0, 1, 0, 1);
	pci_aer_enable(&world.bridge);
	return 0;
}

static void lend_all(void)
{
	quarantine(nvme);
	quarantine(second_disk);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	lend_to(GUEST1, second_disk, 2);
	lend_to(GUEST2, nic, 1);
	guest_write(1, PCI_COMMAND, 2, 6);
}

static void look(void)
{
	pci_aer_look();
	world_run_jobs();
}

static void assert_broken(const struct pci_function *f, const char *why)
{
	assert_int_equal(f->state, FUNCTION_BROKEN);
	assert_string_equal(f->broken_why, why);
	assert_int_equal(world_dma(f), ~0U);
}

/* A port takes nothing down by itself, and its owner cannot tell it to. */
static void test_downstream_port_containment_is_off(void **state)
{
	struct pci_function *port = world_function(0, 0, 1, 0);

	assert_int_not_equal(dpc, 0);
	assert_int_equal(model_get(port1, dpc + 6, 2), 0);
	owner_write(port, dpc + 6, 2, 0x000a);
	owner_write(port, dpc + 4, 4, 0x000a0000);
	owner_write(port, dpc + 6, 1, 0x0a);
	assert_int_equal(model_get(port1, dpc + 6, 2), 0);
	assert_int_equal(owner_read(port, dpc + 6, 2), 0);
	assert_int_equal(owner_read(port, dpc, 2), 0x001d);
}

/* The next user's errors are told too, whatever the reset forgot and the last user wrote. */
static void test_reports_outlive_a_reset(void **state)
{
	const char *why = NULL;

	pci_reset_save(nvme, false);
	pci_write(nvme, nvme->cap_express + PCI_EXP_DEVCTL, 2, 0);
	pci_write(nvme, nvme->cap_aer + PCI_AER_UNCOR_MASK, 4, 0);
	assert_int_equal(pci_reset_restore(nvme, &why), 0);
	assert_int_equal(pci_read(nvme, nvme->cap_express + PCI_EXP_DEVCTL, 2) & 0xf, 0x7);
	assert_int_equal(pci_read(nvme, nvme->cap_aer + PCI_AER_UNCOR_MASK, 4), 0x00100020);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & PCI_COMMAND_SERR, PCI_COMMAND_SERR);
}

/* PCIe 6.0 figures 7-136, 7-137. */
static void test_decode(void **state)
{
	struct pci_aer_report r = pci_aer_decode(0x00000001, 0xffff0108);

	(void)state;
	assert_true(r.corrected && !r.uncorrected);
	assert_int_equal(r.corrected_by, 0x0108);
	r = pci_aer_decode(0x54, 0x0200ffff);
	assert_true(r.uncorrected && r.fatal && !r.corrected && !r.several);
	assert_int_equal(r.culprit, 0x0200);
	r = pci_aer_decode(0x2d, 0);
	assert_true(r.uncorrected && r.several && r.corrected && !r.fatal);
	r = pci_aer_decode(0, 0x12345678);
	assert_false(r.uncorrected || r.corrected || r.several || r.fatal);
}

static void test_fatal(void **state)
{
	(void)state;
	lend_all();
	assert_true(model_error(disk, MODEL_FATAL));
	look();
	assert_broken(nvme, "fatal-error");
	assert_int_equal(nvme->errors_uncorrected, 1);
	assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
	assert_int_equal(second_disk->state, FUNCTION_LENT);
	assert_int_equal(nic->state, FUNCTION_LENT);
	assert_int_equal(world_dma(nic), WORLD_GUEST2);
	assert_true(fake_log_has("fatal error, status 0x10"));
	/* Said once, and forgotten by the hardware. */
	quarantine(nvme);
	look();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(model_get(disk, disk->aer + PCI_AER_UNCOR_STATUS, 4), 0);
	lend_to(GUEST1, nvme, 1);
	assert_true(model_error(disk, MODEL_NONFATAL));
	look();
	assert_broken(nvme, "nonfatal-error");
	assert_int_equal(nvme->errors_uncorrected, 2);
}

static void test_the_owners_too(void **state)
{
	(void)state;
	assert_true(model_error(card, MODEL_FATAL));
	look();
	assert_broken(nic, "fatal-error");
	assert_int_equal(nvme->state, FUNCTION_OWNED);
}

/* It loses a transaction, which its driver sees to; a guest's function is not so lucky. */
static void test_nonfatal_ones_of_owners_are_counted(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 1000; i++) {
		assert_true(model_error(card, MODEL_NONFATAL));
		look();
		assert_int_equal(nic->state, FUNCTION_OWNED);
		assert_int_equal(nic->errors_uncorrected, i);
	}
	assert_int_equal(world_dma(nic), WORLD_CONTROL);
	assert_int_equal(model_get(card, card->express + PCI_EXP_DEVSTA, 2) & 0xf, 0);
	assert_true(fake_log_has("non-fatal errors of its owner's (512)"));
	assert_in_range(fake_log_lines, 1, 60);
	/* Without a name it is everyone's below. */
	model_message(port1, MODEL_NONFATAL, 0);
	look();
	assert_int_equal(nvme->state, FUNCTION_OWNED);
	assert_int_equal(second_disk->errors_uncorrected, 1);
	assert_true(model_error(card, MODEL_FATAL));
	look();
	assert_broken(nic, "fatal-error");
}

static void test_corrected_ones_are_counted(void **state)
{
	(void)state;
	lend_all();
	for (uint32_t i = 1; i <= 1000; i++) {
		assert_true(model_error(disk, MODEL_CORRECTED));
		look();
		assert_int_equal(nvme->errors_corrected, i);
	}
	assert_int_equal(nvme->state, FUNCTION_LENT);
	assert_int_equal(nvme->errors_uncorrected, 0);
	assert_in_range(fake_log_lines, 1, 60);
}

/* The port has room for one name. Who else had one knows by itself. */
static void test_several_at_once(void **state)
{
	(void)state;
	lend_all();
	assert_true(model_error(disk, MODEL_FATAL));
	assert_true(model_error(disk2, MODEL_NONFATAL));
	look();
	assert_int_equal(nvme->state, FUNCTION_BROKEN);
	assert_int_equal(second_disk->state, FUNCTION_BROKEN);
	assert_int_equal(nic->state, FUNCTION_LENT);
}

/* Nobody, another port's, the port itself, and one that does not exist. */
static void test_without_a_culprit_all_below_are(void **state)
{
	static const uint16_t names[] = { 0, 0x0200, 1 << 3, 0x0177 };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++) {
		quarantine(nvme);
		quarantine(second_disk);
		lend_to(GUEST1, nvme, 1);
		model_message(port1, MODEL_FATAL, names[i]);
		look();
		assert_broken(nvme, "fatal-error");
		assert_broken(second_disk, "fatal-error");
		assert_int_equal(nic->state, FUNCTION_OWNED);
	}
}

static void test_a_guest_cannot_silence_its_function(void **state)
{
	uint32_t devctl = nvme->cap_express + PCI_EXP_DEVCTL;

	(void)state;
	lend_all();
	guest_write(1, PCI_COMMAND, 2, 0);
	guest_write(1, devctl, 2, 0);
	assert_int_equal(guest_read(1, PCI_COMMAND, 2) & PCI_COMMAND_SERR, 0);
	assert_int_equal(pci_read(nvme, devctl, 2) & 7, 7);
	assert_true(model_error(disk, MODEL_FATAL));
	look();
	assert_broken(nvme, "fatal-error");
}

/* What any odd access makes must not end a function, nor a bus reset the neighbours. */
static void test_what_is_not_reported(void **state)
{
	uint32_t mask = PCI_AER_UNCOR_UR | PCI_AER_UNCOR_SURPRISE_DOWN;
	uint32_t devctl = nvme->cap_express + PCI_EXP_DEVCTL;

	(void)state;
	assert_int_equal(pci_read(nvme, devctl, 2) & PCI_EXP_DEVCTL_URRE, 0);
	assert_int_equal(model_get(disk, disk->aer + PCI_AER_UNCOR_MASK, 4) & mask, mask);
	assert_int_equal(model_get(port1, port1->aer + PCI_AER_UNCOR_MASK, 4) & mask, mask);
}

/* As firmware may leave it: interrupts on. */
static void test_a_root_port_is_silent(void **state)
{
	(void)state;
	assert_int_equal(model_get(port1, port1->aer + PCI_AER_ROOT_COMMAND, 4), 0);
	assert_int_equal(model_get(port1, port1->express + PCI_EXP_ROOTCTL, 2) & 7, 0);
}

static void test_a_reset_is_not_disturbed(void **state)
{
	(void)state;
	lend_all();
	assert_int_equal(lend_detach(nvme), 0);
	model_message(port1, MODEL_FATAL, 0x0100);
	look();
	assert_int_equal(nvme->state, FUNCTION_RESETTING);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, lend_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_decode),
		TEST(test_fatal),
		TEST(test_the_owners_too),
		TEST(test_nonfatal_ones_of_owners_are_counted),
		TEST(test_corrected_ones_are_counted),
		TEST(test_several_at_once),
		TEST(test_without_a_culprit_all_below_are),
		TEST(test_a_guest_cannot_silence_its_function),
		TEST(test_what_is_not_reported),
		TEST(test_a_root_port_is_silent),
		TEST(test_a_reset_is_not_disturbed),
		TEST(test_reports_outlive_a_reset),
		TEST(test_downstream_port_containment_is_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
