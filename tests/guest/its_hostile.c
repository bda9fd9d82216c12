/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtual ITS fed with garbage (IHI0069 5, 12.19). At the end it must still do its work. */
#include "guest.h"

#define ITS      GUEST_ITS_BASE
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

#define QUEUE_SIZE 0x10000U
#define COMMAND_SIZE 32U

#define CMD_INT   0x03ULL
#define CMD_MAPD  0x08ULL
#define CMD_MAPC  0x09ULL
#define CMD_MAPTI 0x0aULL
#define CMD_INV   0x0cULL

static volatile uint64_t queue[QUEUE_SIZE / 8] __attribute__((aligned(0x10000)));
static volatile uint64_t tables[8][0x10000 / 8] __attribute__((aligned(0x10000)));
static volatile uint8_t properties[1 << LPI_BITS] __attribute__((aligned(0x10000)));
static volatile uint8_t pending[0x10000] __attribute__((aligned(0x10000)));
static uint64_t itt[512] __attribute__((aligned(4096)));
static uint64_t writer;
static uint64_t seed = 88172645463325252ULL;

static uint64_t random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t address_of(const volatile void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void put(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	volatile uint64_t *at = &queue[writer / 8];

	at[0] = a;
	at[1] = b;
	at[2] = c;
	at[3] = d;
	writer = (writer + COMMAND_SIZE) % QUEUE_SIZE;
}

/* Carried out: the reader has come to where the writer is. */
static bool carried_out(void)
{
	barrier();
	write64(ITS + CWRITER, writer);
	for (int i = 0; i < 20000; i++) {
		if ((read64(ITS + CREADR) & 0xfffe0) == writer) {
			return true;
		}
		delay_us(100);
	}
	return false;
}

static void reset(void)
{
	write32(ITS + CTLR, 0);
	for (uint32_t n = 0; n < 8; n++) {
		uint64_t type = read64(ITS + BASER(n)) >> 56 & 7;

		if (type != 0) {
			write64(ITS + BASER(n), VALID | address_of(tables[n]) | 2ULL << 8);
		}
	}
	writer = 0;
	write64(ITS + CBASER, VALID | address_of(queue) | (QUEUE_SIZE / 4096 - 1));
	write64(ITS + CWRITER, 0);
	write32(ITS + CTLR, 1);
}

static void garbage(void)
{
	uint32_t stuck = 0;

	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 50; i++) {
			/* Half of them are known commands with wild operands. */
			uint64_t op = random() % 2 == 0 ? random() % 16 : random() % 256;

			put((random() & ~0xffULL) | op, random(), random(), random());
		}
		stuck += !carried_out();
	}
	check_equal("2,000 commands of garbage do not stall it", stuck, 0);
}

static void wild_writer(void)
{
	static const uint64_t at[] = { QUEUE_SIZE, QUEUE_SIZE - 1, 0xfffe0, ~0ULL, 0x1f, 1 };

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		write64(ITS + CWRITER, at[i]);
		delay_us(1000);
		check("its reader stays inside", (read64(ITS + CREADR) & 0xfffe0) < QUEUE_SIZE);
	}
	reset();
	put(CMD_INV, 0, 0, 0);
	check("it works after wild writers", carried_out());
}

static void wild_queue(void)
{
	static const uint64_t at[] = { 0, 0x08000000, 0x09000000, GUEST_PCI_MEM32_BASE,
				       0x4010000000, 0xfffffff000, 0x47ff0000 };

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		write32(ITS + CTLR, 0);
		write64(ITS + CBASER, VALID | at[i] | 0xff);
		write32(ITS + CTLR, 1);
		write64(ITS + CWRITER, 0x800);
		delay_us(1000);
	}
	check("queues in nothing are survived", (read64(ITS + TYPER) & 1) == 1);
	write32(ITS + CTLR, 0);
	for (uint32_t n = 0; n < 8; n++) {
		write64(ITS + BASER(n), ~0ULL);
	}
	write32(ITS + CTLR, 1);
	reset();
	put(CMD_INV, 0, 0, 0);
	check("it works after wild tables", carried_out());
}

/* A device that does not exist is virtual only: its interrupts come by INT. */
static void real_work(void)
{
	uint64_t redist = GUEST_GICR_BASE;

	gic_init();
	for (uint32_t i = 0; i < sizeof(properties); i++) {
		properties[i] = 0xa1;
	}
	write64(redist + GICR_PROPBASER, address_of(properties) | (LPI_BITS - 1));
	write64(redist + GICR_PENDBASER, address_of(pending) | 1ULL << 62);
	write32(redist + GICR_CTLR, 1);
	put(CMD_MAPC, 0, VALID | 0, 0);
	put(CMD_MAPD | 0x5555ULL << 32, 4, VALID | address_of(itt), 0);
	put(CMD_MAPTI | 0x5555ULL << 32, 7 | (uint64_t)(LPI_FIRST + 3) << 32, 0, 0);
	put(CMD_INV | 0x5555ULL << 32, 7, 0, 0);
	put(CMD_INT | 0x5555ULL << 32, 7, 0, 0);
	check("five good commands", carried_out());
	check("bring an LPI", gic_wait(LPI_FIRST + 3));
	put(CMD_INT | 0x5555ULL << 32, 8, 0, 0);
	check("an unmapped event", carried_out());
	check_equal("brings none", gic_take(), 1023);
}

void test_main(void)
{
	check("there is a virtual ITS", (read64(ITS + TYPER) & 1) == 1);
	reset();
	garbage();
	wild_writer();
	wild_queue();
	garbage();
	reset();
	real_work();
}
