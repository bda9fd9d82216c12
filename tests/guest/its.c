/* SPDX-License-Identifier: BSD-2-Clause */
/* One collection, events mapped to LPIs by their number. */
#include "its.h"

#define GICR_CTLR      (GUEST_GICR_BASE + 0x0000U)
#define GICR_PROPBASER (GUEST_GICR_BASE + 0x0070U)
#define GICR_PENDBASER (GUEST_GICR_BASE + 0x0078U)
#define PENDING_ZERO   (1ULL << 62)
#define LPI_BITS       14U
#define LPI_ENABLED    0xa1U /* and a priority */
#define PAGES_64K      (2ULL << 8)
#define BITS_MAX       11U

static volatile uint64_t queue[ITS_QUEUE_SIZE / 8] __attribute__((aligned(0x10000)));
static volatile uint64_t tables[8][0x10000 / 8] __attribute__((aligned(0x10000)));
static volatile uint8_t properties[1 << LPI_BITS] __attribute__((aligned(0x10000)));
static volatile uint8_t pending[0x10000] __attribute__((aligned(0x10000)));
static uint64_t itt[1 << BITS_MAX] __attribute__((aligned(4096)));
static uint64_t writer;

static uint64_t address_of(const volatile void *p)
{
	return (uint64_t)(uintptr_t)p;
}

void its_reset(void)
{
	write32(GITS_CTLR, 0);
	for (uint32_t n = 0; n < 8; n++) {
		if ((read64(GITS_BASER(n)) >> 56 & 7) != 0) {
			write64(GITS_BASER(n), GITS_VALID | address_of(tables[n]) | PAGES_64K);
		}
	}
	writer = 0;
	write64(GITS_CBASER, GITS_VALID | address_of(queue) | (ITS_QUEUE_SIZE / 4096 - 1));
	write64(GITS_CWRITER, 0);
	write32(GITS_CTLR, 1);
}

void its_lpis_on(void)
{
	for (uint32_t i = 0; i < sizeof(properties); i++) {
		properties[i] = LPI_ENABLED;
	}
	write64(GICR_PROPBASER, address_of(properties) | (LPI_BITS - 1));
	write64(GICR_PENDBASER, address_of(pending) | PENDING_ZERO);
	write32(GICR_CTLR, 1);
}

void its_put_words(const uint64_t words[4])
{
	for (uint32_t i = 0; i < 4; i++) {
		queue[writer / 8 + i] = words[i];
	}
	writer = (writer + ITS_COMMAND_SIZE) % ITS_QUEUE_SIZE;
}

void its_put(uint64_t a, uint64_t b, uint64_t c)
{
	its_put_words((const uint64_t[]){ a, b, c, 0 });
}

bool its_carry_out(void)
{
	barrier();
	write64(GITS_CWRITER, writer);
	for (int i = 0; i < 600000; i++) {
		if ((read64(GITS_CREADR) & 0xfffe0) == writer) {
			return true;
		}
		delay_us(100);
	}
	return false;
}

void its_put_device(uint64_t id, uint32_t bits)
{
	its_put(ITS_MAPC, 0, GITS_VALID);
	its_put(ITS_MAPD | id << 32, bits - 1, GITS_VALID | address_of(itt));
}

void its_put_event(uint64_t id, uint32_t event)
{
	its_put(ITS_MAPTI | id << 32, event | (uint64_t)(LPI_FIRST + event) << 32, 0);
	its_put(ITS_INV | id << 32, event, 0);
}

bool its_map(uint32_t device, uint32_t event)
{
	its_reset();
	its_lpis_on();
	its_put_device(device << 3, 5);
	its_put_event(device << 3, event);
	return its_carry_out();
}
