/* SPDX-License-Identifier: BSD-2-Clause */
/* The least of an ITS driver (IHI0069 5.3): one collection, events mapped to LPIs by their number. */
#include "guest.h"

#define CTLR     0x0000U
#define TYPER    0x0008U
#define CBASER   0x0080U
#define CWRITER  0x0088U
#define CREADR   0x0090U
#define BASER(n) (0x0100U + 8 * (n))
#define VALID    (1ULL << 63)

#define GICR_CTLR      0x0000U
#define GICR_PROPBASER 0x0070U
#define GICR_PENDBASER 0x0078U
#define LPI_BITS       14U

#define CMD_MAPD  0x08ULL
#define CMD_MAPC  0x09ULL
#define CMD_MAPTI 0x0aULL
#define CMD_INV   0x0cULL

static volatile uint64_t queue[0x10000 / 8] __attribute__((aligned(0x10000)));
static volatile uint64_t tables[8][0x10000 / 8] __attribute__((aligned(0x10000)));
static volatile uint8_t properties[1 << LPI_BITS] __attribute__((aligned(0x10000)));
static volatile uint8_t pending[0x10000] __attribute__((aligned(0x10000)));
static uint64_t itt[512] __attribute__((aligned(4096)));
static uint64_t writer;

static uint64_t address_of(const volatile void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static bool command(uint64_t a, uint64_t b, uint64_t c)
{
	volatile uint64_t *at = &queue[writer / 8];

	at[0] = a;
	at[1] = b;
	at[2] = c;
	at[3] = 0;
	writer = (writer + 32) % sizeof(queue);
	barrier();
	write64(GUEST_ITS_BASE + CWRITER, writer);
	for (int i = 0; i < 20000; i++) {
		if (read64(GUEST_ITS_BASE + CREADR) == writer) {
			return true;
		}
		delay_us(100);
	}
	return false;
}

static void init(void)
{
	for (uint32_t n = 0; n < 8; n++) {
		if ((read64(GUEST_ITS_BASE + BASER(n)) >> 56 & 7) != 0) {
			write64(GUEST_ITS_BASE + BASER(n), VALID | address_of(tables[n]) | 2ULL << 8);
		}
	}
	write64(GUEST_ITS_BASE + CBASER, VALID | address_of(queue) | (sizeof(queue) / 4096 - 1));
	write64(GUEST_ITS_BASE + CWRITER, 0);
	write32(GUEST_ITS_BASE + CTLR, 1);
	for (uint32_t i = 0; i < sizeof(properties); i++) {
		properties[i] = 0xa1;
	}
	write64(GUEST_GICR_BASE + GICR_PROPBASER, address_of(properties) | (LPI_BITS - 1));
	write64(GUEST_GICR_BASE + GICR_PENDBASER, address_of(pending) | 1ULL << 62);
	write32(GUEST_GICR_BASE + GICR_CTLR, 1);
}

bool its_map(uint32_t device, uint32_t event)
{
	uint64_t id = (uint64_t)(device << 3) << 32;

	init();
	return command(CMD_MAPC, 0, VALID) && command(CMD_MAPD | id, 4, VALID | address_of(itt)) &&
	       command(CMD_MAPTI | id, event | (uint64_t)(LPI_FIRST + event) << 32, 0) &&
	       command(CMD_INV | id, event, 0);
}
