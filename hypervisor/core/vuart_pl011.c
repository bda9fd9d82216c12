/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of the virtual PL011. */
#include "core/vuart_pl011.h"

#include "core/pl011.h"

#define IFLS_RESET 0x12
#define CR_RESET   (PL011_CR_TXE | PL011_CR_RXE)

/* Writable bits, DDI0183 3.3. */
#define IBRD_MASK  0xffffU
#define FBRD_MASK  0x3fU
#define LCRH_MASK  0xffU
#define CR_MASK    0xff87U
#define IFLS_MASK  0x3fU
#define DMACR_MASK 0x7U

/* Part 0x011, designer Arm, revision 1 (as on QEMU's virt board); PrimeCell. */
static const uint8_t ids[] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static uint32_t rx_fill(const struct vuart_pl011 *u)
{
	return u->rx_head - u->rx_tail;
}

/*
 * Receive interrupts follow the FIFO: the trigger level is taken as one character, so the timeout
 * interrupt never comes alone and a driver that waits for either gets both.
 */
static uint32_t raw_interrupts(const struct vuart_pl011 *u)
{
	return u->latched | (rx_fill(u) != 0 ? PL011_INT_RX | PL011_INT_RT : 0);
}

void vuart_pl011_reset(struct vuart_pl011 *u)
{
	*u = (struct vuart_pl011){ .cr = CR_RESET, .ifls = IFLS_RESET };
}

static uint32_t flags(const struct vuart_pl011 *u)
{
	uint32_t fr = PL011_FR_TXFE;

	if (rx_fill(u) == 0) {
		fr |= PL011_FR_RXFE;
	}
	if (rx_fill(u) == VUART_RX_SIZE) {
		fr |= PL011_FR_RXFF;
	}
	return fr;
}

static uint32_t read_data(struct vuart_pl011 *u)
{
	if (rx_fill(u) == 0) {
		return 0;
	}
	return u->rx[u->rx_tail++ % VUART_RX_SIZE];
}

uint32_t vuart_pl011_read(struct vuart_pl011 *u, uint32_t offset)
{
	offset &= ~3U;
	switch (offset) {
	case PL011_DR:
		return read_data(u);
	case PL011_FR:
		return flags(u);
	case PL011_ILPR:
		return u->ilpr;
	case PL011_IBRD:
		return u->ibrd;
	case PL011_FBRD:
		return u->fbrd;
	case PL011_LCRH:
		return u->lcrh;
	case PL011_CR:
		return u->cr;
	case PL011_IFLS:
		return u->ifls;
	case PL011_IMSC:
		return u->imsc;
	case PL011_RIS:
		return raw_interrupts(u);
	case PL011_MIS:
		return raw_interrupts(u) & u->imsc;
	case PL011_DMACR:
		return u->dmacr;
	default:
		if (offset >= PL011_ID && offset < PL011_ID + 4 * ARRAY_SIZE(ids)) {
			return ids[(offset - PL011_ID) / 4];
		}
		return 0;
	}
}

static bool write_data(struct vuart_pl011 *u, uint32_t value, char *sent)
{
	char c = (char)(uint8_t)value;

	u->latched |= PL011_INT_TX;
	if (u->cr & PL011_CR_LBE) {
		vuart_pl011_receive(u, &c, 1);
		return false;
	}
	*sent = c;
	return true;
}

bool vuart_pl011_write(struct vuart_pl011 *u, uint32_t offset, uint32_t value, char *sent)
{
	switch (offset) {
	case PL011_DR:
		return write_data(u, value, sent);
	case PL011_ILPR:
		u->ilpr = value & 0xff;
		break;
	case PL011_IBRD:
		u->ibrd = value & IBRD_MASK;
		break;
	case PL011_FBRD:
		u->fbrd = value & FBRD_MASK;
		break;
	case PL011_LCRH:
		u->lcrh = value & LCRH_MASK;
		break;
	case PL011_CR:
		u->cr = value & CR_MASK;
		break;
	case PL011_IFLS:
		u->ifls = value & IFLS_MASK;
		break;
	case PL011_IMSC:
		u->imsc = value & PL011_INT_ALL;
		break;
	case PL011_ICR:
		u->latched &= ~value;
		break;
	case PL011_DMACR:
		u->dmacr = value & DMACR_MASK;
		break;
	default:
		break;
	}
	return false;
}

uint32_t vuart_pl011_receive(struct vuart_pl011 *u, const char *s, uint32_t size)
{
	uint32_t taken = MIN(size, VUART_RX_SIZE - rx_fill(u));

	for (uint32_t i = 0; i < taken; i++) {
		u->rx[u->rx_head++ % VUART_RX_SIZE] = (uint8_t)s[i];
	}
	if (taken < size) {
		u->latched |= PL011_INT_OE;
	}
	return taken;
}

bool vuart_pl011_level(const struct vuart_pl011 *u)
{
	return (raw_interrupts(u) & u->imsc) != 0;
}
