/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an interrupt costs, for bench/plugin: from the store that has edu raise it, by message or by
 * its pin, to its end ("el1:msi", "el1:intx"); and a WFI that the timer ends ("el1:wfi"). Each is
 * an interval of its own. Runs on bare metal, too.
 */
#include "../../bench/programs/marker.h"
#include "edu.h"
#include "its.h"

#define OPERATIONS 200U
#define PAUSE_US   100U /* slow enough to be no storm */
#define EVENT      0U
#define TIMER_PPI  27U
#define TIMER_ON   1U

static const struct marker msi = { "el1:msi" };
static const struct marker intx = { "el1:intx" };
static const struct marker wfi = { "el1:wfi" };

static uint64_t edu = GUEST_PCI_MEM32_BASE;

static bool acknowledge(uint32_t intid)
{
	bool taken = false;

	for (int i = 0; i < 1000 && !taken; i++) {
		taken = gic_acknowledge() == intid;
	}
	return taken;
}

static bool raise_and_take(uint32_t intid)
{
	bool taken;

	write32(edu + EDU_RAISE, 1);
	taken = acknowledge(intid);
	write32(edu + EDU_ACK, 1);
	if (taken) {
		gic_end(intid);
	}
	return taken;
}

static uint32_t deliveries(const struct marker *m, uint32_t intid)
{
	uint32_t taken = 0;

	for (uint32_t i = 0; i < OPERATIONS; i++) {
		marker_begin(m);
		taken += raise_and_take(intid);
		marker_end(m, 1);
		delay_us(PAUSE_US);
	}
	return taken;
}

static void by_message(uint32_t device)
{
	uint32_t cap = config_capability(device, CAP_MSI);

	check("there is MSI", cap != 0);
	check("the ITS takes it", its_map(device, EVENT));
	config_msi_on(device, cap, GITS_TRANSLATER, EVENT);
	check_equal("messages", deliveries(&msi, LPI_FIRST + EVENT), OPERATIONS);
	config_msi_off(device, cap);
}

/* Slot N, pin A. */
static void by_pin(uint32_t device)
{
	uint32_t intid = GUEST_INTX_INTID + device % 4;

	gic_enable_spi(intid);
	check_equal("by pin", deliveries(&intx, intid), OPERATIONS);
}

/* Interrupts stay masked: WFI ends when one is pending. */
static bool sleep_a_while(uint64_t ticks)
{
	uint64_t deadline = read_sysreg(cntvct_el0) + ticks;
	bool taken;

	write_sysreg(cntv_cval_el0, deadline);
	write_sysreg(cntv_ctl_el0, TIMER_ON);
	barrier();
	do {
		__asm__ volatile("wfi" : : : "memory");
		barrier();
	} while (read_sysreg(cntvct_el0) < deadline);
	taken = acknowledge(TIMER_PPI);
	write_sysreg(cntv_ctl_el0, 0);
	if (taken) {
		gic_end(TIMER_PPI);
	}
	return taken;
}

static void by_timer(void)
{
	uint64_t ms = read_sysreg(cntfrq_el0) / 1000;
	uint32_t taken = 0;

	write32(GUEST_GICR_BASE + 0x10000 + 0x100, 1U << TIMER_PPI);
	for (uint32_t i = 0; i < OPERATIONS; i++) {
		marker_begin(&wfi);
		taken += sleep_a_while(ms);
		marker_end(&wfi, 1);
	}
	check_equal("by the timer", taken, OPERATIONS);
}

void test_main(void)
{
	int device = config_find(EDU_IDS);
	uint64_t config;

	check("edu is there", device >= 0);
	if (device < 0) {
		return;
	}
	config = config_address((uint32_t)device, 0);
	gic_init();
	write32(config + BAR0, (uint32_t)edu);
	write16(config + COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
	barrier();
	by_message((uint32_t)device);
	by_pin((uint32_t)device);
	by_timer();
}
