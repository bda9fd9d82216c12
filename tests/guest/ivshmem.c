/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ivshmem (QEMU docs/specs/ivshmem-spec): two guests, each with a function of its own, share memory
 * behind BAR 2. Argument role= is 0 or 1; with doorbell=1 they also interrupt each other by MSI-X.
 * With heard=N there is no role: whoever shares the memory rings N times, and finds them counted in
 * it. With mapped=N the first and the last word are used, the memory, of N MiB, is turned off, and
 * that is all.
 */
#include "its.h"

#define BAR2         0x18U
#define REGS         GUEST_PCI_MEM32_BASE
#define TABLE        (GUEST_PCI_MEM32_BASE + 0x10000)
#define MEMORY       0x8800000000ULL
#define IV_POSITION  0x08U
#define IV_DOORBELL  0x0cU

/* Words of the shared memory, one of each for each role. */
#define HELLO(role)  (MEMORY + 0x100 + 8 * (role))
#define PEER(role)   (MEMORY + 0x200 + 8 * (role))
#define READY(role)  (MEMORY + 0x300 + 8 * (role))
#define DATA(role)   (MEMORY + 0x10000 + 0x10000 * (role))
#define DATA_WORDS   0x2000U
#define HEARD        (MEMORY + 0xffc)
#define EVENT        0U

static uint64_t config;
static uint32_t role;

static bool wait_for(uint64_t at)
{
	uint64_t end = read_sysreg(cntvct_el0) + 150 * read_sysreg(cntfrq_el0);

	while (read_sysreg(cntvct_el0) < end) {
		if (read64(at) != 0) {
			return true;
		}
	}
	return false;
}

static uint64_t word(uint32_t whose, uint32_t i)
{
	return (i + 1) * 0x9e3779b97f4a7c15ULL ^ whose;
}

static void exchange(void)
{
	uint32_t other = 1 - role, wrong = 0;

	for (uint32_t i = 0; i < DATA_WORDS; i++) {
		write64(DATA(role) + 8 * i, word(role, i));
	}
	barrier();
	write64(HELLO(role), 1);
	check("the other one is there", wait_for(HELLO(other)));
	for (uint32_t i = 0; i < DATA_WORDS; i++) {
		wrong += read64(DATA(other) + 8 * i) != word(other, i);
	}
	check_equal("words that came different", wrong, 0);
}

static void listen(uint32_t device)
{
	uint32_t cap = config_capability(device, CAP_MSIX);

	check("there is MSI-X", cap != 0);
	gic_init();
	check("the ITS takes it", its_map(device, EVENT));
	write32(TABLE + 0, (uint32_t)GITS_TRANSLATER);
	write32(TABLE + 4, 0);
	write32(TABLE + 8, EVENT);
	write32(TABLE + 12, 0);
	write16(config + cap + 2, (uint16_t)((read16(config + cap + 2) & 0x3fff) | 0x8000));
}

static void count_rings(uint32_t count)
{
	barrier();
	for (uint32_t i = 1; i <= count; i++) {
		write32(HEARD, i);
		check("a ring", gic_wait(LPI_FIRST + EVENT));
	}
	check_equal("no more", gic_take(), 1023);
	write32(HEARD, count + 1);
}

static void ring(uint32_t device)
{
	listen(device);
	write64(PEER(role), read32(REGS + IV_POSITION) + 1);
	barrier();
	write64(READY(role), 1);
	check("the other one listens", wait_for(READY(1 - role)));
	for (int i = 0; i < 20; i++) {
		/* By turns: one rings, the other answers. */
		if (role == 1) {
			check("a ring", gic_wait(LPI_FIRST + EVENT));
		}
		write32(REGS + IV_DOORBELL, (uint32_t)(read64(PEER(1 - role)) - 1) << 16);
		if (role == 0) {
			check("an answer", gic_wait(LPI_FIRST + EVENT));
		}
	}
	check_equal("no more", gic_take(), 1023);
}

static void map_once(uint64_t mib)
{
	uint64_t last = MEMORY + (mib << 20) - 8;

	write64(MEMORY, 1);
	write64(last, 2);
	check_equal("the first word", read64(MEMORY), 1);
	check_equal("the last word", read64(last), 2);
	write16(config + COMMAND, 0);
}

void test_main(void)
{
	int device = config_find(IVSHMEM_IDS);

	role = (uint32_t)argument("role", 0);
	check("ivshmem is there", device >= 0);
	if (device < 0) {
		return;
	}
	config = config_address((uint32_t)device, 0);
	write32(config + BAR0, REGS);
	write32(config + BAR0 + 4, TABLE);
	write64(config + BAR2, MEMORY);
	write16(config + COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
	barrier();
	if (argument("heard", 0) != 0) {
		listen((uint32_t)device);
		count_rings((uint32_t)argument("heard", 0));
		return;
	}
	if (argument("mapped", 0) != 0) {
		map_once(argument("mapped", 0));
		return;
	}
	exchange();
	if (argument("doorbell", 0) != 0) {
		ring((uint32_t)device);
	}
}
