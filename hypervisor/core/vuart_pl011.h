/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State machine of a virtual PL011 (DDI0183 ch. 3). Sending is instant, so the transmitter is
 * always empty; the receive FIFO is deeper than the real one's 32. Pure; the caller locks.
 */
#ifndef CORE_VUART_PL011_H
#define CORE_VUART_PL011_H

#include "lib/types.h"

#define VUART_RX_SIZE 256 /* power of two */

struct vuart_pl011 {
	uint32_t cr, lcrh, ibrd, fbrd, ilpr, ifls, imsc, dmacr;
	uint32_t latched; /* raw interrupts that stay until ICR: TX and overrun */
	uint8_t rx[VUART_RX_SIZE];
	uint32_t rx_head; /* characters ever taken in and out; the difference is the fill */
	uint32_t rx_tail;
};

void vuart_pl011_reset(struct vuart_pl011 *u);
/* offset: any, below 4096; the word that holds it is read. */
uint32_t vuart_pl011_read(struct vuart_pl011 *u, uint32_t offset);
/* True: a character was sent, in *sent. */
bool vuart_pl011_write(struct vuart_pl011 *u, uint32_t offset, uint32_t value, char *sent);
/* Characters taken; the rest found the FIFO full, and the overrun interrupt says so. */
uint32_t vuart_pl011_receive(struct vuart_pl011 *u, const char *s, uint32_t size);
/* The interrupt wire. */
bool vuart_pl011_level(const struct vuart_pl011 *u);

#endif
