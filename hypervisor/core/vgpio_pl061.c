/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of the virtual PL061. */
#include "core/vgpio_pl061.h"

/* DDI0190 table 3-1. */
#define DATA_END 0x400U /* GPIODATA everywhere below: bits 9:2 of the address are its mask */
#define DIR      0x400U
#define IS       0x404U
#define IBE      0x408U
#define IEV      0x40cU
#define IE       0x410U
#define RIS      0x414U
#define MIS      0x418U
#define IC       0x41cU
#define AFSEL    0x420U
#define ID       0xfe0U

/* Part 0x061, designer Arm; PrimeCell. */
static const uint8_t ids[] = { 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static uint8_t data_mask(uint32_t offset)
{
	return (uint8_t)(offset >> 2);
}

void vgpio_pl061_reset(struct vgpio_pl061 *g)
{
	*g = (struct vgpio_pl061){ 0 };
}

static uint8_t raw_interrupts(const struct vgpio_pl061 *g)
{
	uint8_t levels = (uint8_t) ~(g->inputs ^ g->iev);

	return (uint8_t)(((g->is & levels) | (~g->is & g->latched)) & ~g->dir);
}

static uint32_t read_data(struct vgpio_pl061 *g, uint8_t mask)
{
	g->unread &= (uint8_t)~mask;
	return ((g->data & g->dir) | (g->inputs & ~g->dir)) & mask;
}

uint32_t vgpio_pl061_read(struct vgpio_pl061 *g, uint32_t offset)
{
	offset &= ~3U;
	if (offset < DATA_END) {
		return read_data(g, data_mask(offset));
	}
	switch (offset) {
	case DIR:
		return g->dir;
	case IS:
		return g->is;
	case IBE:
		return g->ibe;
	case IEV:
		return g->iev;
	case IE:
		return g->ie;
	case RIS:
		return raw_interrupts(g);
	case MIS:
		return raw_interrupts(g) & g->ie;
	case AFSEL:
		return g->afsel;
	default:
		if (offset >= ID && offset < ID + 4 * ARRAY_SIZE(ids)) {
			return ids[(offset - ID) / 4];
		}
		return 0;
	}
}

void vgpio_pl061_write(struct vgpio_pl061 *g, uint32_t offset, uint32_t value)
{
	uint8_t byte = (uint8_t)value;
	uint8_t mask;

	if (offset < DATA_END && offset % 4 == 0) {
		mask = data_mask(offset);
		g->data = (uint8_t)((g->data & ~mask) | (byte & mask));
		return;
	}
	switch (offset) {
	case DIR:
		g->dir = byte;
		break;
	case IS:
		g->is = byte;
		break;
	case IBE:
		g->ibe = byte;
		break;
	case IEV:
		g->iev = byte;
		break;
	case IE:
		g->ie = byte;
		break;
	case IC:
		g->latched &= (uint8_t)~byte;
		break;
	case AFSEL:
		g->afsel = byte;
		break;
	default:
		break;
	}
}

void vgpio_pl061_set(struct vgpio_pl061 *g, uint32_t line, bool high)
{
	uint8_t bit = (uint8_t)(1U << line);
	bool rising = (g->iev & bit) != 0;

	if (high == ((g->inputs & bit) != 0)) {
		return;
	}
	g->inputs ^= bit;
	g->unread |= bit;
	if ((g->ibe & bit) != 0 || rising == high) {
		g->latched |= bit & (uint8_t) ~(g->is | g->dir);
	}
}

bool vgpio_pl061_level(const struct vgpio_pl061 *g)
{
	return (raw_interrupts(g) & g->ie) != 0;
}
