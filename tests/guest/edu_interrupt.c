/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edu (QEMU docs/specs/edu) as a driver uses it: computes, moves data, interrupts by MSI and then
 * by its pin, which stays up until it is acknowledged.
 */
#include "edu.h"
#include "its.h"

#define COMMAND_INTX_OFF  0x400U

#define EVENT 0U
#define WORDS (EDU_BUFFER_SIZE / 8)

static uint64_t edu = GUEST_PCI_MEM32_BASE;
static uint64_t config;
static volatile uint64_t from[WORDS] __attribute__((aligned(4096)));
static volatile uint64_t to[WORDS] __attribute__((aligned(4096)));

static void command(uint32_t value)
{
	write16(config + COMMAND, (uint16_t)value);
	barrier();
}

static void computes(void)
{
	check_equal("it is edu", read32(edu + EDU_ID), EDU_IDENTITY);
	write32(edu + EDU_ALIVE, 0x12345678);
	check_equal("it is alive", read32(edu + EDU_ALIVE), ~0x12345678U);
	write32(edu + EDU_STATUS, EDU_STATUS_INTERRUPT);
	write32(edu + EDU_FACTORIAL, 10);
	for (int i = 0; i < 600000 && (read32(edu + EDU_STATUS) & EDU_STATUS_BUSY) != 0; i++) {
		delay_us(100);
	}
	check_equal("10!", read32(edu + EDU_FACTORIAL), 3628800);
}

/* By MSI: comes once, whatever the device's status says. */
static void by_message(uint32_t device)
{
	uint32_t cap = config_capability(device, CAP_MSI);

	check("there is MSI", cap != 0);
	check("the ITS takes it", its_map(device, EVENT));
	config_msi_on(device, cap, GITS_TRANSLATER, EVENT);
	write32(edu + EDU_RAISE, 2);
	check("a message", gic_wait(LPI_FIRST + EVENT));
	check_equal("says who it is", read32(edu + EDU_PENDING) & 2, 2);
	write32(edu + EDU_ACK, read32(edu + EDU_PENDING));
	check_equal("and only once", gic_take(), 1023);
	command(COMMAND_MEMORY);
	write32(edu + EDU_RAISE, 2);
	delay_us(20000);
	check_equal("none without bus mastering", gic_take(), 1023);
	write32(edu + EDU_ACK, read32(edu + EDU_PENDING));
	command(COMMAND_MEMORY | COMMAND_MASTER);
	config_msi_off(device, cap);
}

/* Slot N, pin A: SPI 3 + N % 4 (guest's interrupt map), level. */
static void by_pin(uint32_t device)
{
	uint32_t intid = 32 + 3 + device % 4;

	check_equal("pin A", read8(config + 0x3d), 1);
	gic_enable_spi(intid);
	write32(edu + EDU_RAISE, 4);
	check("the pin", gic_wait(intid));
	check("stays up", gic_wait(intid));
	check_equal("the status bit says so", read16(config + 6) >> 3 & 1, 1);
	command(COMMAND_MEMORY | COMMAND_MASTER | COMMAND_INTX_OFF);
	delay_us(20000);
	gic_take(); /* what was pending before */
	check_equal("silenced by the command register", gic_take(), 1023);
	command(COMMAND_MEMORY | COMMAND_MASTER);
	check("up again", gic_wait(intid));
	write32(edu + EDU_ACK, read32(edu + EDU_PENDING));
	delay_us(20000);
	gic_take();
	check_equal("down when acknowledged", gic_take(), 1023);
}

static bool transfer(volatile uint64_t *memory, uint32_t flags)
{
	uint32_t intid = 32 + 3 + (uint32_t)((config - GUEST_PCI_ECAM_BASE) >> 15) % 4;
	bool interrupted;

	edu_start(edu, (uint64_t)(uintptr_t)memory, sizeof(from), EDU_DMA_INTERRUPT | flags);
	interrupted = gic_wait(intid);
	check_equal("it is the DMA's", read32(edu + EDU_PENDING) & EDU_PENDING_DMA,
		    EDU_PENDING_DMA);
	write32(edu + EDU_ACK, read32(edu + EDU_PENDING));
	delay_us(20000);
	gic_take();
	return interrupted;
}

static void moves_data(void)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < WORDS; i++) {
		from[i] = i * 0x9e3779b97f4a7c15ULL;
	}
	check("in", transfer(from, 0));
	check("out", transfer(to, EDU_DMA_TO_MEMORY));
	for (uint32_t i = 0; i < WORDS; i++) {
		wrong += to[i] != i * 0x9e3779b97f4a7c15ULL;
	}
	check_equal("words that came back different", wrong, 0);
}

void test_main(void)
{
	int device = config_find(EDU_IDS);

	check("edu is there", device >= 0);
	if (device < 0) {
		return;
	}
	gic_init();
	config = config_address((uint32_t)device, 0);
	write32(config + BAR0, (uint32_t)edu);
	command(COMMAND_MEMORY | COMMAND_MASTER);
	computes();
	by_message((uint32_t)device);
	by_pin((uint32_t)device);
	moves_data();
}
