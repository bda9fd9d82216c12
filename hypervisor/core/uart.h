/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical UARTs: one `const` ops table per kind, found by device-tree compatible. */
#ifndef CORE_UART_H
#define CORE_UART_H

#include "lib/types.h"

struct uart_ops {
	const char *compatible;
	/*
	 * Enable both directions, all interrupts masked. Line settings stay as firmware left them.
	 */
	void (*init)(volatile uint8_t *regs);
	bool (*tx_full)(const volatile uint8_t *regs);
	void (*put)(volatile uint8_t *regs, char c);
	/* False when nothing was received. */
	bool (*get)(volatile uint8_t *regs, char *c);
	/*
	 * Take the receive interrupt back. Before get() is called until it returns false, not
	 * after: a character that comes in between would never be announced.
	 */
	void (*ack_rx)(volatile uint8_t *regs);
	/* Receive interrupts on, also for what is waiting already. */
	void (*enable_rx_interrupt)(volatile uint8_t *regs);
};

extern const struct uart_ops uart_pl011_ops;
extern const struct uart_ops uart_imx_ops;
extern const struct uart_ops uart_scif_ops;

/* The driver of a compatible, or NULL. */
const struct uart_ops *uart_driver(const char *compatible);

#endif
