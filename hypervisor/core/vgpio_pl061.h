/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State machine of a virtual PL061 (DDI0190 ch. 3): eight lines, each an input that somebody sets
 * or an output nobody looks at. Pure; the caller locks.
 */
#ifndef CORE_VGPIO_PL061_H
#define CORE_VGPIO_PL061_H

#include "lib/types.h"

struct vgpio_pl061 {
	uint8_t data; /* of outputs */
	uint8_t dir;  /* 1: output */
	uint8_t is;   /* 1: interrupts by level */
	uint8_t ibe;  /* 1: by both edges */
	uint8_t iev;  /* 1: by the rising edge, or high */
	uint8_t ie;
	uint8_t afsel;
	uint8_t latched; /* edges that were seen */
	uint8_t inputs;  /* what is on the lines */
	uint8_t unread;  /* lines set since the guest read them */
};

void vgpio_pl061_reset(struct vgpio_pl061 *g);
/* offset: any, below 4096; the word that holds it is read. */
uint32_t vgpio_pl061_read(struct vgpio_pl061 *g, uint32_t offset);
void vgpio_pl061_write(struct vgpio_pl061 *g, uint32_t offset, uint32_t value);
/* line: 0..7 */
void vgpio_pl061_set(struct vgpio_pl061 *g, uint32_t line, bool high);
/* The interrupt wire. */
bool vgpio_pl061_level(const struct vgpio_pl061 *g);

#endif
