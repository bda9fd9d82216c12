/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers and signals of the virtual Generic Watchdog. */
#include "core/vwatchdog_sbsa.h"

/* Control frame. */
#define WCS      0x000U
#define WOR_LOW  0x008U
#define WOR_HIGH 0x00cU /* bits 15:0 are bits 47:32 of the offset */
#define WCV_LOW  0x010U
#define WCV_HIGH 0x014U
/* Refresh frame. */
#define WRR      0x000U
/* In both. */
#define W_IIDR   0xfccU

#define WCS_ENABLE BIT(0)
#define WCS_WS0    BIT(1)
#define WCS_WS1    BIT(2)

/* Architecture version 1, which is the one with 48 bits of offset; no implementer, no product. */
#define IIDR_VALUE (1U << 16)

#define OFFSET_MASK GENMASK(47, 0)
#define LOW_MASK    0xffffffffULL

/* An offset so large that the sum overflows is one that is never over. */
static uint64_t compare_after(const struct vwatchdog_sbsa *w, uint64_t now)
{
	return w->offset > ~0ULL - now ? ~0ULL : now + w->offset;
}

static void refresh(struct vwatchdog_sbsa *w, uint64_t now)
{
	w->ws0 = false;
	w->ws1 = false;
	w->compare = compare_after(w, now);
}

static uint32_t read_word(const struct vwatchdog_sbsa *w, uint32_t offset)
{
	switch (offset) {
	case WCS:
		return (uint32_t)((w->enabled ? WCS_ENABLE : 0) | (w->ws0 ? WCS_WS0 : 0) |
				  (w->ws1 ? WCS_WS1 : 0));
	case WOR_LOW:
		return (uint32_t)w->offset;
	case WOR_HIGH:
		return (uint32_t)(w->offset >> 32);
	case WCV_LOW:
		return (uint32_t)w->compare;
	case WCV_HIGH:
		return (uint32_t)(w->compare >> 32);
	case W_IIDR:
		return IIDR_VALUE;
	default:
		return 0;
	}
}

/* Writing WCS or WOR refreshes; writing WCV sets the time by itself. */
static void write_word(struct vwatchdog_sbsa *w, uint32_t offset, uint32_t value, uint64_t now)
{
	switch (offset) {
	case WCS:
		w->enabled = (value & WCS_ENABLE) != 0;
		refresh(w, now);
		break;
	case WOR_LOW:
		w->offset = (w->offset & ~LOW_MASK) | value;
		refresh(w, now);
		break;
	case WOR_HIGH:
		w->offset = ((uint64_t)value << 32 | (w->offset & LOW_MASK)) & OFFSET_MASK;
		refresh(w, now);
		break;
	case WCV_LOW:
		w->compare = (w->compare & ~LOW_MASK) | value;
		break;
	case WCV_HIGH:
		w->compare = (uint64_t)value << 32 | (w->compare & LOW_MASK);
		break;
	default:
		break;
	}
}

uint64_t vwatchdog_sbsa_read(const struct vwatchdog_sbsa *w, uint32_t offset, uint8_t size)
{
	uint64_t value = read_word(w, offset);

	return size == 8 ? (uint64_t)read_word(w, offset + 4) << 32 | value : value;
}

void vwatchdog_sbsa_write(struct vwatchdog_sbsa *w, uint32_t offset, uint8_t size, uint64_t value,
			  uint64_t now)
{
	write_word(w, offset, (uint32_t)value, now);
	if (size == 8) {
		write_word(w, offset + 4, (uint32_t)(value >> 32), now);
	}
}

uint64_t vwatchdog_sbsa_refresh_read(uint32_t offset, uint8_t size)
{
	if (size == 8) {
		return offset + 4 == W_IIDR ? (uint64_t)IIDR_VALUE << 32 : 0;
	}
	return offset == W_IIDR ? IIDR_VALUE : 0;
}

void vwatchdog_sbsa_refresh_write(struct vwatchdog_sbsa *w, uint32_t offset, uint64_t now)
{
	if (offset == WRR) {
		refresh(w, now);
	}
}

void vwatchdog_sbsa_tick(struct vwatchdog_sbsa *w, uint64_t now)
{
	if (!w->enabled || now <= w->compare) {
		return;
	}
	if (w->ws0) {
		w->ws1 = true;
		return;
	}
	w->ws0 = true;
	w->compare = compare_after(w, now);
}

void vwatchdog_sbsa_hold(struct vwatchdog_sbsa *w, uint64_t now)
{
	if (w->enabled) {
		w->compare = compare_after(w, now);
	}
}
