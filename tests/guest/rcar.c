/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver of the R-Car Gen3 PCI Express controller: it starts the link, finds what is on it by
 * cycles, and uses an NVMe there. The controller's registers are at regs=; sum= is what block 1 of
 * the disk adds up to, and the block is copied to block 2.
 */
#include "nvme.h"

/* Offsets in the controller's registers. */
#define PCIECAR    0x00010U
#define PCIECCTLR  0x00018U
#define PCIECDR    0x00020U
#define PCIEMSR    0x00028U
#define PCIEINTXR  0x00400U
#define PCIEPHYSR  0x007f0U
#define PCIEMSITXR 0x00840U
#define PCIETCTLR  0x02000U
#define PCIETSTR   0x02004U
#define PCIEERRFR  0x02020U
#define PCIEPRAR   0x02080U
#define PCIELAR    0x02200U
#define PCIELAMR   0x02208U
#define PCIEPALR   0x03400U
#define PCIEPAUR   0x03404U
#define PCIEPAMR   0x03408U
#define PCIEPTCTLR 0x0340cU
#define PORT       0x10000U
#define IDSETR1    0x11004U
#define MACCTLR    0x11058U
#define PMSR       0x1105cU

#define ENABLE        0x80000000U
#define TYPE_1        0x00000100U
#define UNSUPPORTED   0x10U
#define PORT_ABORTED  0x20000000U
#define ABSENT        0xffffffffU
#define CLASS_NVME    0x010802U
#define WINDOW_BASE   0x10000000U /* of 32-bit memory, in virt's tree too */
#define WINDOW_MASK   0x0fffff80U

static uint64_t regs;
static uint32_t secondary;
static uint8_t block[NVME_BLOCK] __attribute__((aligned(512)));

static uint32_t get(uint32_t offset)
{
	return read32(regs + offset);
}

static void put(uint32_t offset, uint32_t value)
{
	write32(regs + offset, value);
}

static bool failed(void)
{
	return (get(PCIEERRFR) & UNSUPPORTED) != 0 || (get(PORT + 4) & PORT_ABORTED) != 0;
}

static uint32_t cycle(uint32_t bus, uint32_t function, uint32_t offset, bool write, uint32_t value)
{
	put(PCIEERRFR, get(PCIEERRFR));
	put(PORT + 4, (get(PORT + 4) & 0xffffU) | PORT_ABORTED);
	put(PCIECAR, bus << 24 | function << 16 | offset);
	put(PCIECCTLR, ENABLE | (bus == secondary ? 0 : TYPE_1));
	if (write) {
		put(PCIECDR, value);
	} else {
		value = get(PCIECDR);
	}
	value = failed() ? ABSENT : value;
	put(PCIECCTLR, 0);
	return value;
}

static uint32_t read_config(uint32_t function, uint32_t offset)
{
	return cycle(secondary, function, offset, false, 0);
}

static void open_windows(void)
{
	/* Memory below 4 GiB for bus masters, one to one. */
	put(PCIEPRAR, 0);
	put(PCIEPRAR + 4, 0);
	put(PCIELAR, 0);
	put(PCIELAR + 0x20, 0);
	put(PCIELAMR + 0x20, 0);
	put(PCIELAMR, 0xfffffff0U | 4 | 2);
	put(PCIEPTCTLR, 0);
	put(PCIEPAMR, WINDOW_MASK);
	put(PCIEPAUR, 0);
	put(PCIEPALR, WINDOW_BASE);
	put(PCIEPTCTLR, ENABLE);
	check_equal("an outbound window reads as written", get(PCIEPALR), WINDOW_BASE);
	check_equal("and its mask", get(PCIEPAMR), WINDOW_MASK);
}

static void start_link(void)
{
	check_equal("no link before it is started", get(PCIETSTR), 0);
	put(PCIETCTLR, 0);
	put(PCIEMSR, 1);
	check_equal("the PHY is ready", get(PCIEPHYSR), 1);
	put(IDSETR1, 0x06040000);
	put(PCIEMSITXR, 0x801f0000);
	put(MACCTLR, 0x80ff0000);
	put(PCIETCTLR, 1);
	check_equal("data link active", get(PCIETSTR), 1);
	put(PCIEINTXR, get(PCIEINTXR) | 0xf00);
	check_equal("nobody asks for L1", get(PMSR), 0);
	open_windows();
}

static void look_at_port(void)
{
	check_equal("the root port is a bridge", read32(regs + PORT + 8) >> 16, 0x0604);
	check_equal("of type 1", get(PORT + 0xc) >> 16 & 0x7f, 1);
	secondary = get(PORT + 0x18) >> 8 & 0xff;
	say("bus %u below it", secondary);
	check("which is not the root bus", secondary != 0);
	put(PORT + 4, 6);
}

/* The NVMe's function number, or -1. */
static int scan(void)
{
	int found = -1;

	for (uint32_t fn = 0; fn < 8; fn++) {
		uint32_t ids = read_config(fn, 0);

		if (ids == ABSENT) {
			continue;
		}
		say("function %u: 0x%x, class 0x%x", fn, (uint64_t)ids,
		    (uint64_t)read_config(fn, 8) >> 8);
		if (found < 0 && read_config(fn, 8) >> 8 == CLASS_NVME) {
			found = (int)fn;
		}
	}
	return found;
}

static void refusals(void)
{
	check_equal("an absent function reads all ones", read_config(7, 0), ABSENT);
	put(PCIECCTLR, ENABLE);
	put(PCIECAR, secondary << 24 | 7U << 16);
	check_equal("by a plain cycle too", get(PCIECDR), ABSENT);
	check("which is an unsupported request", (get(PCIEERRFR) & UNSUPPORTED) != 0);
	check("and a master abort of the port", (get(PORT + 4) & PORT_ABORTED) != 0);
	check_equal("no cycle gets back to the root bus", cycle(0, 0, 0, false, 0), ABSENT);
	put(PCIECCTLR, 0);
	check_equal("nor is there one that is not enabled", get(PCIECDR), ABSENT);
	check_equal("half a register is none", read16(regs + PCIEMSR), 0);
	check_equal("a present function answers after it", read_config(0, 0) != ABSENT, true);
}

static uint32_t sum_of_block(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < NVME_BLOCK; i++) {
		sum = sum * 31 + ((volatile uint8_t *)block)[i];
	}
	return sum;
}

static void use_nvme(uint32_t fn)
{
	uint64_t bar = (uint64_t)read_config(fn, 0x14) << 32 | (read_config(fn, 0x10) & ~0xfU);
	const uint8_t *identity;

	say("BAR 0 at 0x%x", bar);
	(void)cycle(secondary, fn, 4, true, 6);
	check_equal("memory and bus master are on", read_config(fn, 4) & 6, 6);
	check("the controller gets ready", nvme_start(bar));
	identity = nvme_identify();
	check("it identifies itself", identity != NULL);
	if (identity == NULL) {
		return;
	}
	check("as QEMU's", identity[24] == 'Q' && identity[25] == 'E' && identity[28] == ' ' &&
				   identity[29] == 'N');
	check("it makes queues", nvme_create_queues());
	check("it reads a block", nvme_transfer(1, block, false));
	check_equal("of that sum", sum_of_block(), argument("sum", 0));
	check("it writes it elsewhere", nvme_transfer(2, block, true));
	for (uint32_t i = 0; i < NVME_BLOCK; i++) {
		((volatile uint8_t *)block)[i] = 0;
	}
	check("and reads it from there", nvme_transfer(2, block, false));
	check_equal("still of that sum", sum_of_block(), argument("sum", 0));
}

void test_main(void)
{
	int nvme;

	regs = argument("regs", GUEST_PCI_ECAM_BASE);
	start_link();
	look_at_port();
	nvme = scan();
	check("an NVMe is on the link", nvme >= 0);
	refusals();
	if (nvme >= 0) {
		use_nvme((uint32_t)nvme);
	}
}
