/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edu with bus mastering off, set again, off again: without it neither data nor messages leave the
 * device, what was under way included, and nothing comes late when it is set again. Says how many
 * messages it took.
 */
#include "edu.h"
#include "its.h"

#define EVENT  0U
#define WORDS  64U
#define ROUNDS 3U
#define RAISES 20U
#define CLEAN  0x5a5a5a5a5a5a5a5aULL

static uint64_t edu = GUEST_PCI_MEM32_BASE;
static uint64_t config;
static uint64_t messages;
static volatile uint64_t memory[WORDS] __attribute__((aligned(4096)));

static void master(bool on)
{
	write16(config + COMMAND, COMMAND_MEMORY | (on ? COMMAND_MASTER : 0));
	barrier();
}

static void fill(uint64_t value)
{
	for (uint32_t i = 0; i < WORDS; i++) {
		memory[i] = value;
	}
	barrier();
}

static uint32_t words_other_than(uint64_t value)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < WORDS; i++) {
		count += memory[i] != value;
	}
	return count;
}

static bool transfer(uint64_t flags)
{
	edu_start(edu, (uint64_t)(uintptr_t)memory, sizeof(memory), flags);
	return edu_wait(edu);
}

/* Those that come within 50 ms after the last. */
static uint32_t take_all(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < 500; i++) {
		if (gic_take() == LPI_FIRST + EVENT) {
			count++;
			i = 0;
		}
		delay_us(100);
	}
	messages += count;
	return count;
}

static void raise(void)
{
	write32(edu + EDU_RAISE, 1);
	write32(edu + EDU_ACK, ~0U);
}

static void works(uint64_t pattern)
{
	bool came = false;

	fill(pattern);
	check("on: it reads memory", transfer(0));
	fill(CLEAN);
	check("and writes it", transfer(EDU_DMA_TO_MEMORY));
	check_equal("what it read", words_other_than(pattern), 0);
	raise();
	for (uint32_t i = 0; i < 10 && !came; i++) {
		came = gic_wait(LPI_FIRST + EVENT);
	}
	check("and sends a message", came);
	messages += came;
	check_equal("one", take_all(), 0);
}

static void is_silent(uint64_t pattern)
{
	master(false);
	check_equal("off: COMMAND says so", read16(config + COMMAND), COMMAND_MEMORY);
	fill(CLEAN);
	check("a write ends", transfer(EDU_DMA_TO_MEMORY | EDU_DMA_INTERRUPT));
	write32(edu + EDU_ACK, ~0U);
	check_equal("nowhere", words_other_than(CLEAN), 0);
	for (uint32_t i = 0; i < RAISES; i++) {
		raise();
	}
	check_equal("no message comes", take_all(), 0);
	fill(pattern);
	check("a read ends", transfer(0));
	master(true);
	check_equal("set again: none comes late", take_all(), 0);
	fill(CLEAN);
	transfer(EDU_DMA_TO_MEMORY);
	check_equal("and what was read was not there", words_other_than(pattern), WORDS);
}

/* Counts if it is under way when the bit goes; a vCPU that has to wait for its CPU may miss it. */
static void is_silent_at_once(void)
{
	uint32_t caught = 0, wrong = 0;

	for (uint32_t i = 0; i < 50 && caught < ROUNDS; i++) {
		fill(CLEAN);
		edu_start(edu, (uint64_t)(uintptr_t)memory, sizeof(memory), EDU_DMA_TO_MEMORY);
		master(false);
		if ((read64(edu + EDU_COMMAND) & EDU_DMA_START) != 0) {
			caught++;
			edu_wait(edu);
			wrong += words_other_than(CLEAN) != 0;
		}
		edu_wait(edu);
		master(true);
	}
	check_equal("transfers caught under way", caught, ROUNDS);
	check_equal("and of those that went on", wrong, 0);
}

static void set_up(uint32_t device)
{
	uint32_t cap = config_capability(device, CAP_MSI);

	gic_init();
	config = config_address(device, 0);
	write32(config + BAR0, (uint32_t)edu);
	master(true);
	check("there is MSI", cap != 0);
	check("the ITS takes it", its_map(device, EVENT));
	config_msi_on(device, cap, GITS_TRANSLATER, EVENT);
}

void test_main(void)
{
	int device = config_find(EDU_IDS);

	check("edu is there", device >= 0);
	if (device < 0) {
		return;
	}
	set_up((uint32_t)device);
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		works(round * 0x0101010101010101ULL);
		is_silent(round * 0x1010101010101010ULL);
	}
	is_silent_at_once();
	works(0x8877665544332211ULL);
	say("messages 0x%x", messages);
}
