/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BARs written where they hurt. edu has a 32-bit BAR of 1 MiB, NVMe a 64-bit one of 16 KiB, or
 * either is absent. Only the domain's own view may suffer.
 */
#include "guest.h"

#define EDU_WORD    0x010000edU
#define EDU_HOME    (GUEST_PCI_MEM32_BASE + 0x100000)
#define NVME_HOME   0x8000100000ULL
#define NVME_VS     0x08U
#define TOGGLES     10000
#define VICTIM_TEXT 0x5ca1ab1e5ca1ab1eULL

static uint64_t config;
static volatile uint64_t victim[512] __attribute__((aligned(4096)));

static void command(uint32_t value)
{
	write32(config + COMMAND, value);
}

static void bar_low(uint64_t value)
{
	write32(config + BAR0, (uint32_t)value);
}

static void bar_high(uint64_t value)
{
	write32(config + BAR0 + 4, (uint32_t)(value >> 32));
}

/* Put the 1 MiB BAR over something and look whether that is still there. */
static void over(const char *what, uint64_t at, uint64_t probe, uint32_t want)
{
	say("BAR over %s, 0x%x", what, at);
	command(0);
	bar_low(at);
	command(COMMAND_MEMORY);
	check_equal("it is still there", read32(probe), want);
	command(0);
	check_equal("and without the BAR", read32(probe), want);
}

static void edu_over_others(void)
{
	uint32_t typer = read32(GUEST_GICD_BASE + 4);
	uint32_t redist = read32(GUEST_GICR_BASE + 8);
	uint64_t ram = (uint64_t)(uintptr_t)victim;

	victim[0] = VICTIM_TEXT;
	over("RAM", ram & ~0xfffffULL, ram, (uint32_t)VICTIM_TEXT);
	victim[0] = VICTIM_TEXT + 1;
	check_equal("RAM is still written", victim[0], VICTIM_TEXT + 1);
	over("the distributor", GUEST_GICD_BASE, GUEST_GICD_BASE + 4, typer);
	over("a redistributor", GUEST_GICR_BASE & ~0xfffffULL, GUEST_GICR_BASE + 8, redist);
	over("the UART", GUEST_UART_BASE, GUEST_UART_BASE + 0xfe0, 0x11);
	over("flash", GUEST_FLASH1_BASE, GUEST_FLASH1_BASE, 0);
	over("the end of the 32-bit space", 0xfff00000, GUEST_GICD_BASE + 4, typer);
	over("address 0", 0, GUEST_GICD_BASE + 4, typer);
}

static void edu_alignment(void)
{
	command(0);
	bar_low(EDU_HOME + 0x12345);
	check_equal("low bits are not kept", read32(config + BAR0), EDU_HOME);
	bar_low(0xffffffff);
	check_equal("size", read32(config + BAR0), 0xfff00000);
	write8(config + BAR0 + 3, 0x10);
	write8(config + BAR0 + 2, 0x40);
	check_equal("byte by byte", read32(config + BAR0) >> 16, 0x1040);
	write16(config + BAR0 + 2, (uint16_t)(EDU_HOME >> 16));
	check_equal("and halves", read32(config + BAR0), EDU_HOME);
	command(COMMAND_MEMORY);
	check_equal("it answers there", read32(EDU_HOME), EDU_WORD);
}

/* A BAR stays where it is while it decodes. */
static void edu_move_while_on(void)
{
	uint64_t other = EDU_HOME + 0x1000000;

	command(COMMAND_MEMORY);
	bar_low(other);
	check_equal("no move with decode on", read32(EDU_HOME), EDU_WORD);
	check_equal("the other place is empty", read32(other), 0xffffffff);
	command(0);
	bar_low(other);
	command(COMMAND_MEMORY);
	check_equal("moved with decode off", read32(other), EDU_WORD);
	check_equal("the old place is empty", read32(EDU_HOME), 0xffffffff);
	command(0);
	bar_low(EDU_HOME);
	command(COMMAND_MEMORY);
	check_equal("and back", read32(EDU_HOME), EDU_WORD);
}

static void toggle(uint64_t at, uint32_t want)
{
	uint32_t wrong = 0;

	for (int i = 0; i < TOGGLES; i++) {
		command(0);
		if (i % 500 == 0) {
			wrong += read32(at) != 0xffffffff;
		}
		command(COMMAND_MEMORY);
		if (i % 500 == 0) {
			wrong += read32(at) != want;
		}
	}
	check_equal("decode toggled", wrong, 0);
	check_equal("it answers at the end", read32(at), want);
}

static void nvme_halves(uint32_t version)
{
	say("64-bit halves");
	command(0);
	bar_high(NVME_HOME);
	bar_low(NVME_HOME);
	command(COMMAND_MEMORY);
	check_equal("high half first", read32(NVME_HOME + NVME_VS), version);
	command(0);
	bar_low(EDU_HOME + 0x800000);
	command(COMMAND_MEMORY);
	check_equal("only the low half", read32((NVME_HOME & ~0xffffffffULL) + EDU_HOME + 0x800000 +
						NVME_VS), version);
	command(0);
	bar_high(0);
	command(COMMAND_MEMORY);
	check_equal("below 4 GiB", read32(EDU_HOME + 0x800000 + NVME_VS), version);
	check_equal("nothing left above", read32(NVME_HOME + NVME_VS), 0xffffffff);
	command(0);
	bar_high(~0ULL);
	command(COMMAND_MEMORY);
	check_equal("beyond all addresses", read32(EDU_HOME + 0x800000 + NVME_VS), 0xffffffff);
	command(0);
	bar_low(~0ULL);
	check_equal("size, low", read32(config + BAR0) & ~0xfU, 0xffffc000);
	check_equal("size, high", read32(config + BAR0 + 4), 0xffffffff);
	command(COMMAND_MEMORY);
	check("decode at the very end", read32(config) == NVME_IDS);
	command(0);
	write64(config + BAR0, GUEST_PCI_ECAM_BASE);
	command(COMMAND_MEMORY);
	check_equal("over config space", read32(config), NVME_IDS);
	command(0);
	write64(config + BAR0, NVME_HOME);
	command(COMMAND_MEMORY);
	check_equal("both halves at once", read32(NVME_HOME + NVME_VS), version);
}

/* Both at one place: whoever answers there, each is itself again when they part. */
static void overlap(int edu, int nvme, uint32_t version)
{
	config = config_address((uint32_t)nvme, 0);
	command(0);
	write64(config + BAR0, EDU_HOME);
	command(COMMAND_MEMORY);
	read32(EDU_HOME);
	command(0);
	write64(config + BAR0, NVME_HOME);
	command(COMMAND_MEMORY);
	check_equal("NVMe after overlap", read32(NVME_HOME + NVME_VS), version);
	config = config_address((uint32_t)edu, 0);
	command(0);
	command(COMMAND_MEMORY);
	check_equal("edu after overlap", read32(EDU_HOME), EDU_WORD);
}

void test_main(void)
{
	int edu = config_find(EDU_IDS);
	int nvme = config_find(NVME_IDS);
	uint32_t version;

	check("edu and NVMe are there", edu >= 0 && nvme >= 0);
	if (edu < 0 || nvme < 0) {
		return;
	}
	config = config_address((uint32_t)edu, 0);
	edu_over_others();
	edu_alignment();
	edu_move_while_on();
	toggle(EDU_HOME, EDU_WORD);

	config = config_address((uint32_t)nvme, 0);
	command(0);
	write64(config + BAR0, NVME_HOME);
	command(COMMAND_MEMORY);
	version = read32(NVME_HOME + NVME_VS);
	check_equal("NVMe version", version >> 16, 1);
	nvme_halves(version);
	toggle(NVME_HOME + NVME_VS, version);
	overlap(edu, nvme, version);
}
