/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses nobody should make. What has no valid syndrome, and what goes to nothing, takes an
 * external abort; apertures and empty flash answer as the board does. The guest stays alive.
 */
#include "guest.h"

#define ECAM   GUEST_PCI_ECAM_BASE
#define GICD   GUEST_GICD_BASE
#define UART   GUEST_UART_BASE
#define APERTURE GUEST_PCI_MEM32_BASE

static void holes(void)
{
	static const uint64_t at[] = {
		0x00000000, 0x08010000, 0x08fff000, 0x09001000, 0x0a000000, 0x0ffff000,
		0x3ffff000, 0x7ffff000, 0x100000000, 0x400fffff00,
		GUEST_PCI_ECAM_BASE + GUEST_PCI_ECAM_SIZE,
	};

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		say("hole 0x%x", at[i]);
		check_faults("read", EC_DATA_ABORT, (void)read32(at[i]));
		check_equal("FAR", exceptions.far, at[i]);
		check_faults("write", EC_DATA_ABORT, write64(at[i], 1));
	}
	say("beyond 40 bits");
	{
		uint64_t before = exceptions.count;

		read32(1ULL << 40);
		read32(1ULL << 47);
		check_equal("both aborted", exceptions.count - before, 2);
	}
}

static void flash(void)
{
	check_equal("flash reads zero", read32(GUEST_FLASH1_BASE), 0);
	write32(GUEST_FLASH1_BASE + 0x100, 0x98);
	check_equal("and keeps nothing", read32(GUEST_FLASH1_BASE + 0x100), 0);
	check_equal("to its end", read64(GUEST_FLASH1_BASE + GUEST_FLASH1_SIZE - 8), 0);
}

static void aperture(void)
{
	static const uint64_t at[] = {
		APERTURE, APERTURE + GUEST_PCI_MEM32_SIZE - 8, GUEST_PCI_IO_BASE,
		GUEST_PCI_MEM64_BASE, GUEST_PCI_MEM64_BASE + GUEST_PCI_MEM64_SIZE - 8,
	};

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		say("aperture 0x%x", at[i]);
		check_equal("1 byte", read8(at[i] + 1), 0xff);
		check_equal("2 bytes", read16(at[i] + 2), 0xffff);
		check_equal("4 bytes", read32(at[i] + 4), 0xffffffff);
		check_equal("8 bytes", read64(at[i]), ~0ULL);
		write32(at[i], 0);
		write64(at[i], 0);
		check_equal("writes are dropped", read64(at[i]), ~0ULL);
	}
}

static void config(void)
{
	uint64_t absent = config_address(27, 0); /* from 28 on there are root ports */

	check_equal("nobody there: 1 byte", read8(absent), 0xff);
	check_equal("2 bytes", read16(absent + 2), 0xffff);
	check_equal("4 bytes", read32(absent), 0xffffffff);
	check_equal("8 bytes", read64(absent), ~0ULL);
	write64(absent, 0x1234);
	check_equal("another bus", read32(ECAM + (5ULL << 20)), 0xffffffff);
	check_equal("last word", read32(ECAM + GUEST_PCI_ECAM_SIZE - 4), 0xffffffff);
}

/* All forms that leave ISV 0 (DDI0487 D19.2.37), and ones a decoder gets wrong. */
static void no_syndrome(const char *what, uint64_t at)
{
	uint64_t moving = at;

	say("at %s", what);
	check_faults("load pair", EC_DATA_ABORT,
		     __asm__ volatile("ldp x2, x3, [%0]" : : "r"(at) : "x2", "x3", "memory"));
	check_faults("store pair", EC_DATA_ABORT,
		     __asm__ volatile("stp xzr, xzr, [%0]" : : "r"(at) : "memory"));
	check_faults("vector load", EC_DATA_ABORT,
		     __asm__ volatile("ldr q0, [%0]" : : "r"(at) : "v0", "memory"));
	check_faults("vector store", EC_DATA_ABORT,
		     __asm__ volatile("str q0, [%0]" : : "r"(at) : "memory"));
	check_faults("load with write-back", EC_DATA_ABORT,
		     __asm__ volatile("ldr w2, [%0], #4" : "+r"(moving) : : "x2", "memory"));
	check_faults("store with write-back", EC_DATA_ABORT,
		     __asm__ volatile("str wzr, [%0, #4]!" : "+r"(moving) : : "memory"));
	check_equal("the base register is as it was", moving, at);
}

static uint64_t exclusive(uint64_t at)
{
	uint64_t before = exceptions.count;

	__asm__ volatile("ldxr w2, [%0]\n\tclrex" : : "r"(at) : "x2", "memory");
	__asm__ volatile("ldadd wzr, w2, [%0]" : : "r"(at) : "x2", "memory");
	__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	return exceptions.count - before;
}

static void fetches(void)
{
	static const uint64_t at[] = { 0, UART, GICD, APERTURE, ECAM, GUEST_FLASH1_BASE };

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		say("fetch from 0x%x", at[i]);
		check_faults("instruction abort", EC_INSTRUCTION_ABORT,
			     __asm__ volatile("blr %0" : : "r"(at[i]) : "x30", "memory"));
		check_equal("FAR", exceptions.far, at[i]);
	}
}

void test_main(void)
{
	uint64_t zero;

	holes();
	flash();
	aperture();
	config();
	no_syndrome("config space", ECAM);
	no_syndrome("distributor", GICD);
	no_syndrome("UART", UART + 0x18);
	no_syndrome("aperture", APERTURE);
	say("exclusives: %u aborts", (unsigned int)(exclusive(ECAM) + exclusive(GICD)));
	check("alive after them", true);
	__asm__ volatile("mov %0, #-1\n\tldr wzr, [%1]\n\tmov %0, xzr" : "=r"(zero)
			 : "r"(GICD) : "memory");
	check_equal("a load to the zero register", zero, 0);
	fetches();
	check("a CPU cannot reach the doorbell", read32(GUEST_ITS_BASE + 0x10040) != 0x12345678);
	write32(GUEST_ITS_BASE + 0x10040, 0);
	check("nor ring it to harm", true);
}
