/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edu's DMA engine (QEMU docs/specs/edu) aimed at what the guest does not own: device memory, the
 * control domain's RAM, the host's config windows. Argument secret= is a host address with content
 * the control domain knows, pattern= the first eight bytes found there.
 */
#include "edu.h"

#define PATTERN 0x1122334455667788ULL

static uint64_t edu;
static uint64_t memory[64] __attribute__((aligned(4096)));

static bool transfer(uint64_t at, uint64_t size, bool to_memory)
{
	edu_start(edu, at, size, to_memory ? EDU_DMA_TO_MEMORY : 0);
	return edu_wait(edu);
}

static uint64_t address_of(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* What the device holds now, by way of memory that is the guest's. */
static uint64_t device_holds(void)
{
	memory[1] = 0xdead;
	transfer(address_of(&memory[1]), 8, true);
	return *(volatile uint64_t *)&memory[1];
}

static void own_memory(void)
{
	memory[0] = PATTERN;
	check("a transfer from own memory ends", transfer(address_of(&memory[0]), 8, false));
	check_equal("and came back", device_holds(), PATTERN);
}

static void aim(const char *what, uint64_t at)
{
	say("aim at %s, 0x%x", what, at);
	check("read ends", transfer(at, 8, false));
	check("write ends", transfer(at, 8, true));
}

static void set_up(int device)
{
	write32(config_address((uint32_t)device, BAR0), GUEST_PCI_MEM32_BASE);
	write32(config_address((uint32_t)device, COMMAND), COMMAND_MEMORY | COMMAND_MASTER);
	edu = GUEST_PCI_MEM32_BASE;
}

void test_main(void)
{
	int device = config_find(EDU_IDS);
	uint64_t secret = argument("secret", 0x49000000);

	check("edu is there", device >= 0);
	if (device < 0) {
		return;
	}
	set_up(device);
	check_equal("its registers answer", read32(edu + EDU_ID), EDU_IDENTITY);
	own_memory();

	say("read host address 0x%x", secret);
	transfer(secret, 8, false);
	check("its content did not come", device_holds() != argument("pattern", 0));
	/* The hypervisor's image: this IPA is the guest's own RAM, and so must the access be. */
	*(volatile uint64_t *)0x40200000 = PATTERN + 1;
	transfer(0x40200000, 8, false);
	check_equal("what is there is the guest's", device_holds(), PATTERN + 1);

	memory[0] = PATTERN;
	transfer(address_of(&memory[0]), 8, false);
	aim("control domain's kernel", secret + 0x10000);
	aim("control domain's RAM", 0x80000000);
	aim("RAM of nobody", 0xf0000000);
	aim("interrupt controller", 0x08000000);
	aim("UART", 0x09000000);
	aim("SMMU", 0x09050000);
	aim("the device itself", edu);
	aim("host config space", 0x4010000000);
	check_equal("own memory is whole", *(volatile uint64_t *)0x40200000, PATTERN + 1);
}
