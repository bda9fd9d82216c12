/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtual ITS fed with garbage (IHI0069 5, 12.19). At the end it must still do its work. */
#include "its.h"

static uint64_t seed = 88172645463325252ULL;

static uint64_t random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void garbage(void)
{
	uint32_t stuck = 0;

	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 50; i++) {
			/* Half of them are known commands with wild operands. */
			uint64_t op = random() % 2 == 0 ? random() % 16 : random() % 256;

			its_put_words((const uint64_t[]){ (random() & ~0xffULL) | op,
							  random(), random(), random() });
		}
		stuck += !its_carry_out();
	}
	check_equal("2,000 commands of garbage do not stall it", stuck, 0);
}

static void wild_writer(void)
{
	static const uint64_t at[] = { ITS_QUEUE_SIZE, ITS_QUEUE_SIZE - 1, 0xfffe0,
				       ~0ULL, 0x1f, 1 };

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		write64(GITS_CWRITER, at[i]);
		delay_us(1000);
		check("its reader stays inside", (read64(GITS_CREADR) & 0xfffe0) < ITS_QUEUE_SIZE);
	}
	its_reset();
	its_put(ITS_INV, 0, 0);
	check("it works after wild writers", its_carry_out());
}

static void wild_queue(void)
{
	static const uint64_t at[] = { 0, 0x08000000, 0x09000000, GUEST_PCI_MEM32_BASE,
				       0x4010000000, 0xfffffff000, 0x47ff0000 };

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		write32(GITS_CTLR, 0);
		write64(GITS_CBASER, GITS_VALID | at[i] | 0xff);
		write32(GITS_CTLR, 1);
		write64(GITS_CWRITER, 0x800);
		delay_us(1000);
	}
	check("queues in nothing are survived", (read64(GITS_TYPER) & 1) == 1);
	write32(GITS_CTLR, 0);
	for (uint32_t n = 0; n < 8; n++) {
		write64(GITS_BASER(n), ~0ULL);
	}
	write32(GITS_CTLR, 1);
	its_reset();
	its_put(ITS_INV, 0, 0);
	check("it works after wild tables", its_carry_out());
}

/* A device that does not exist is virtual only: its interrupts come by INT. */
static void real_work(void)
{
	gic_init();
	its_lpis_on();
	its_put_device(0x5555, 5);
	its_put_event(0x5555, 7);
	its_put(ITS_INT | 0x5555ULL << 32, 7, 0);
	check("five good commands", its_carry_out());
	check("bring an LPI", gic_wait(LPI_FIRST + 7));
	its_put(ITS_INT | 0x5555ULL << 32, 8, 0);
	check("an unmapped event", its_carry_out());
	check_equal("brings none", gic_take(), 1023);
}

void test_main(void)
{
	check("there is a virtual ITS", (read64(GITS_TYPER) & 1) == 1);
	its_reset();
	garbage();
	wild_writer();
	wild_queue();
	garbage();
	its_reset();
	real_work();
}
