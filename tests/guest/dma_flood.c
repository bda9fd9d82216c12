/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An NVMe controller (NVM Express 1.4, 3.1 and 5.15) told to put its identity where the guest has
 * no memory, again and again, until it is taken away. The guest has to survive that. An edu, if it
 * is there, shares its stream: it writes to the guest's memory meanwhile and does no wrong, but
 * what it has under way then must not arrive.
 */
#include "edu.h"

#define NVME_CC        0x14U
#define NVME_CSTS      0x1cU
#define NVME_AQA       0x24U
#define NVME_ASQ       0x28U
#define NVME_ACQ       0x30U
#define NVME_DOORBELL  0x1000U
#define CC_ENABLE      0x00460001U /* entries of 64 and 16 bytes */
#define CSTS_READY     1U
#define IDENTIFY       0x06U
#define ENTRIES        64U
#define BATCH          32U
#define BATCHES        60000
#define NOWHERE        0x20000000ULL /* neither RAM nor a BAR */
#define GONE           0xffffffffU
#define EDU_AT         (GUEST_PCI_MEM32_BASE + 0x100000)

struct command {
	uint32_t opcode; /* and identifier in the upper half */
	uint32_t namespace;
	uint64_t unused[2];
	uint64_t prp[2];
	uint32_t dword10[6];
};

static volatile struct command submit[ENTRIES] __attribute__((aligned(4096)));
static volatile uint32_t complete[ENTRIES][4] __attribute__((aligned(4096)));
static volatile uint64_t page[EDU_BUFFER_SIZE / 8] __attribute__((aligned(4096)));
static uint64_t nvme;

static void set_up(int device)
{
	write32(config_address((uint32_t)device, BAR0), GUEST_PCI_MEM32_BASE);
	write32(config_address((uint32_t)device, BAR0 + 4), 0);
	write32(config_address((uint32_t)device, COMMAND), COMMAND_MEMORY | COMMAND_MASTER);
	nvme = GUEST_PCI_MEM32_BASE;
	write32(nvme + NVME_AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	write64(nvme + NVME_ASQ, (uint64_t)(uintptr_t)submit);
	write64(nvme + NVME_ACQ, (uint64_t)(uintptr_t)complete);
	write32(nvme + NVME_CC, CC_ENABLE);
	for (int i = 0; i < 60000 && (read32(nvme + NVME_CSTS) & CSTS_READY) == 0; i++) {
		delay_us(1000);
	}
}

/* The identity of the controller to `at`; completions are not waited for. */
static void identify(uint32_t *tail, uint64_t at)
{
	submit[*tail].opcode = *tail << 16 | IDENTIFY;
	submit[*tail].prp[0] = at;
	submit[*tail].dword10[0] = 1;
	*tail = (*tail + 1) % ENTRIES;
}

static bool wait_for(uint32_t entry)
{
	for (int i = 0; i < 60000; i++) {
		if ((complete[entry][3] >> 16 & 1) != 0) {
			return true;
		}
		delay_us(1000);
	}
	return false;
}

/* Its config space, or 0. */
static uint64_t set_up_edu(void)
{
	static volatile uint64_t full[EDU_BUFFER_SIZE / 8] __attribute__((aligned(4096)));
	int device = config_find(EDU_IDS);

	if (device < 0) {
		return 0;
	}
	write32(config_address((uint32_t)device, BAR0), EDU_AT);
	write32(config_address((uint32_t)device, COMMAND), COMMAND_MEMORY | COMMAND_MASTER);
	for (uint32_t i = 0; i < EDU_BUFFER_SIZE / 8; i++) {
		full[i] = ~0ULL;
	}
	edu_start(EDU_AT, (uint64_t)(uintptr_t)full, EDU_BUFFER_SIZE, 0);
	check("edu takes a page", edu_wait(EDU_AT));
	return config_address((uint32_t)device, 0);
}

static void keep_moving(void)
{
	if ((read64(EDU_AT + EDU_COMMAND) & EDU_DMA_START) == 0) {
		edu_start(EDU_AT, (uint64_t)(uintptr_t)page, EDU_BUFFER_SIZE, EDU_DMA_TO_MEMORY);
	}
}

/* The stream is shut before the guest sees anything of it. */
static void expect_nothing_more(uint64_t sibling)
{
	uint64_t arrived = 0;

	for (uint32_t i = 0; i < EDU_BUFFER_SIZE / 8; i++) {
		page[i] = 0;
	}
	delay_us(300000);
	for (uint32_t i = 0; i < EDU_BUFFER_SIZE / 8; i++) {
		arrived += page[i] != 0;
	}
	check_equal("words edu still wrote", arrived, 0);
	for (int i = 0; i < 10000 && read32(sibling) != GONE; i++) {
		delay_us(1000);
	}
	check("edu was taken away too", read32(sibling) == GONE);
}

void test_main(void)
{
	static volatile uint32_t identity[1024] __attribute__((aligned(4096)));
	int device = config_find(NVME_IDS);
	uint32_t tail = 0, head = 0, count;
	uint64_t sibling;
	int batch = 0;

	check("NVMe is there", device >= 0);
	if (device < 0) {
		return;
	}
	set_up(device);
	check_equal("it is ready", read32(nvme + NVME_CSTS), CSTS_READY);
	identify(&tail, (uint64_t)(uintptr_t)identity);
	write32(nvme + NVME_DOORBELL, tail);
	check("its identity came", wait_for(0) && (uint16_t)identity[0] == (uint16_t)NVME_IDS);

	sibling = set_up_edu();
	/* Slowly: the end has to come in the middle of a transfer. */
	count = sibling != 0 ? 1 : BATCH;
	for (; batch < BATCHES && read32(nvme + NVME_CSTS) != GONE; batch++) {
		if (sibling != 0) {
			keep_moving();
		}
		for (uint32_t i = 0; i < count; i++) {
			identify(&tail, NOWHERE);
		}
		write32(nvme + NVME_DOORBELL, tail);
		delay_us(1000);
		head = (head + count) % ENTRIES;
		write32(nvme + NVME_DOORBELL + 4, head);
	}
	if (sibling != 0) {
		expect_nothing_more(sibling);
	}
	check("it was taken away", batch < BATCHES);
	check_equal("its config space too", read32(config_address((uint32_t)device, 0)), GONE);
	delay_us(10000);
	check_equal("and stays away", read32(nvme + NVME_CSTS), GONE);
}
