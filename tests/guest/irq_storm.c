/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edu (QEMU docs/specs/edu) made to interrupt as fast as its registers can be written, for ms=
 * milliseconds: by MSI, or with wire=1 by INTx that nobody ever quiets. The last MSI must arrive.
 */
#include "guest.h"

#define ITS          GUEST_ITS_BASE
#define ITS_CTLR     0x0000U
#define ITS_CBASER   0x0080U
#define ITS_CWRITER  0x0088U
#define ITS_CREADR   0x0090U
#define ITS_BASER(n) (0x0100U + 8 * (n))
#define ITS_DOORBELL 0x10040U
#define VALID        (1ULL << 63)

#define GICR_CTLR      0x0000U
#define GICR_PROPBASER 0x0070U
#define GICR_PENDBASER 0x0078U
#define GICD_IGROUPR   0x0080U
#define GICD_ISENABLER 0x0100U
#define LPI            8192U
#define LPI_BITS       14U

#define CMD_MAPD  0x08ULL
#define CMD_MAPC  0x09ULL
#define CMD_MAPTI 0x0aULL
#define CMD_INV   0x0cULL

#define EDU_RAISE 0x60U
#define EDU_ACK   0x64U
#define CAP_LIST  0x34U
#define CAP_MSI   0x05U

static volatile uint64_t queue[0x1000 / 8] __attribute__((aligned(0x10000)));
static volatile uint64_t tables[8][0x10000 / 8] __attribute__((aligned(0x10000)));
static volatile uint8_t properties[1 << LPI_BITS] __attribute__((aligned(0x10000)));
static volatile uint8_t pending[0x10000] __attribute__((aligned(0x10000)));
static uint64_t itt[512] __attribute__((aligned(4096)));
static uint64_t writer;
static uint64_t edu;

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
	writer += 32;
}

static void its_init(uint64_t device)
{
	for (uint32_t n = 0; n < 8; n++) {
		if ((read64(ITS + ITS_BASER(n)) >> 56 & 7) != 0) {
			write64(ITS + ITS_BASER(n), VALID | address_of(tables[n]) | 2ULL << 8);
		}
	}
	write64(ITS + ITS_CBASER, VALID | address_of(queue));
	write32(ITS + ITS_CTLR, 1);
	for (uint32_t i = 0; i < sizeof(properties); i++) {
		properties[i] = 0xa1;
	}
	write64(GUEST_GICR_BASE + GICR_PROPBASER, address_of(properties) | (LPI_BITS - 1));
	write64(GUEST_GICR_BASE + GICR_PENDBASER, address_of(pending) | 1ULL << 62);
	write32(GUEST_GICR_BASE + GICR_CTLR, 1);
	put(CMD_MAPC, 0, VALID);
	put(CMD_MAPD | device << 32, 0, VALID | address_of(itt));
	put(CMD_MAPTI | device << 32, (uint64_t)LPI << 32, 0);
	put(CMD_INV | device << 32, 0, 0);
	barrier();
	write64(ITS + ITS_CWRITER, writer);
	for (int i = 0; i < 20000 && read64(ITS + ITS_CREADR) != writer; i++) {
		delay_us(100);
	}
}

static uint32_t find_msi(uint32_t device)
{
	uint32_t at = read8(config_address(device, CAP_LIST));

	while (at != 0 && read8(config_address(device, at)) != CAP_MSI) {
		at = read8(config_address(device, at + 1));
	}
	return at;
}

static void msi_on(uint32_t device)
{
	uint32_t at = find_msi(device);

	check("edu has MSI", at != 0);
	its_init((uint64_t)device << 3);
	write32(config_address(device, at + 4), (uint32_t)(ITS + ITS_DOORBELL));
	write32(config_address(device, at + 8), 0);
	write16(config_address(device, at + 12), 0);
	write16(config_address(device, at + 2), 0x81); /* 64-bit, enabled */
}

/* SPIs 3..6 are the wires. */
static void wires_on(void)
{
	write32(GUEST_GICD_BASE + GICD_IGROUPR + 4, 0xffffffff);
	write32(GUEST_GICD_BASE + GICD_ISENABLER + 4, 0xfU << (GUEST_INTX_INTID - 32));
}

static bool is_ours(uint32_t intid)
{
	return intid == LPI || (intid >= GUEST_INTX_INTID && intid < GUEST_INTX_INTID + 4);
}

void test_main(void)
{
	uint64_t begin = read_sysreg(cntvct_el0);
	uint64_t end, ms = argument("ms", 1000);
	uint64_t sent = 0, taken = 0;
	int device = config_find(EDU_IDS);

	check("edu is there", device >= 0);
	if (device < 0) {
		return;
	}
	write32(config_address((uint32_t)device, BAR0), GUEST_PCI_MEM32_BASE);
	write32(config_address((uint32_t)device, COMMAND), COMMAND_MEMORY | COMMAND_MASTER);
	edu = GUEST_PCI_MEM32_BASE;
	gic_init();
	if (argument("wire", 0) != 0) {
		wires_on();
	} else {
		msi_on((uint32_t)device);
	}

	end = read_sysreg(cntvct_el0) + read_sysreg(cntfrq_el0) / 1000 * ms;
	while (read_sysreg(cntvct_el0) < end) {
		write32(edu + EDU_RAISE, 1);
		sent++;
		taken += is_ours(gic_take());
	}
	say("sent 0x%x", sent);
	say("taken 0x%x", taken);
	check("some arrived", taken != 0);
	/* What was held back comes, and then what is sent now. */
	delay_us(100000);
	while (gic_take() == LPI) {
	}
	write32(edu + EDU_RAISE, 1);
	for (int i = 0; i < 1000 && !is_ours(gic_take()); i++) {
		delay_us(1000);
		taken = i == 999 ? 0 : taken;
	}
	check("the last one arrived", taken != 0);
	say("ms 0x%x", (read_sysreg(cntvct_el0) - begin) / (read_sysreg(cntfrq_el0) / 1000));
	write32(edu + EDU_ACK, ~0U);
}
