/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every event of an NVMe controller mapped (events=N), as long as the function is there: what the
 * hypervisor has to take back when it goes. IHI0069 5.3, 12.19.
 */
#include "guest.h"

#define ITS      GUEST_ITS_BASE
#define CTLR     0x0000U
#define CBASER   0x0080U
#define CWRITER  0x0088U
#define CREADR   0x0090U
#define BASER(n) (0x0100U + 8 * (n))
#define VALID    (1ULL << 63)

#define GICR_CTLR      0x0000U
#define GICR_PROPBASER 0x0070U
#define GICR_PENDBASER 0x0078U
#define LPI_BITS       14U

#define COMMAND_SIZE 32U
#define CMD_MAPD  0x08ULL
#define CMD_MAPC  0x09ULL
#define CMD_MAPTI 0x0aULL

/* 2048 commands and two more, so the ring never wraps. */
static volatile uint64_t queue[0x20000 / 8] __attribute__((aligned(0x10000)));
static volatile uint64_t tables[2][0x10000 / 8] __attribute__((aligned(0x10000)));
static volatile uint8_t properties[1 << LPI_BITS] __attribute__((aligned(0x10000)));
static volatile uint8_t pending[0x10000] __attribute__((aligned(0x10000)));
static uint64_t itt[2048] __attribute__((aligned(4096)));
static uint64_t writer;

static uint64_t address_of(const volatile void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void put(uint64_t a, uint64_t b, uint64_t c)
{
	volatile uint64_t *at = &queue[writer / 8];

	at[0] = a;
	at[1] = b;
	at[2] = c;
	at[3] = 0;
	writer += COMMAND_SIZE;
}

static bool carried_out(void)
{
	barrier();
	write64(ITS + CWRITER, writer);
	for (int i = 0; i < 100000; i++) {
		if ((read64(ITS + CREADR) & 0xfffe0) == writer) {
			return true;
		}
		delay_us(100);
	}
	return false;
}

static void set_up(void)
{
	for (uint32_t i = 0; i < 1 << LPI_BITS; i++) {
		properties[i] = 1; /* enabled, priority 0 */
	}
	write64(GUEST_GICR_BASE + GICR_PROPBASER, address_of(properties) | (LPI_BITS - 1));
	write64(GUEST_GICR_BASE + GICR_PENDBASER, address_of(pending));
	write32(GUEST_GICR_BASE + GICR_CTLR, 1);
	for (uint32_t n = 0; n < 2; n++) {
		write64(ITS + BASER(n), VALID | address_of(tables[n]) | 15);
	}
	write64(ITS + CBASER, VALID | address_of(queue) | (sizeof(queue) / 4096 - 1));
	write64(ITS + CWRITER, 0);
	write32(ITS + CTLR, 1);
}

void test_main(void)
{
	uint32_t events = (uint32_t)argument("events", 1);
	int device = config_find(NVME_IDS);
	uint64_t id = (uint64_t)device << 3;

	check("NVMe is there", device >= 0);
	if (device < 0) {
		return;
	}
	gic_init();
	set_up();
	put(CMD_MAPC, 0, VALID);
	put(id << 32 | CMD_MAPD, 10, VALID | address_of(itt));
	for (uint32_t i = 0; i < events; i++) {
		put(id << 32 | CMD_MAPTI, (uint64_t)(LPI_FIRST + i) << 32 | i, 0);
	}
	check("the ITS came to the end", carried_out());
}
