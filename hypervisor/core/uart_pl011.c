/* SPDX-License-Identifier: BSD-2-Clause */
/* Arm PL011 (DDI0183), polled output, interrupt-driven input. */
#include "arch/arm64/mmio.h"
#include "core/pl011.h"
#include "core/uart.h"

static void pl011_init(volatile uint8_t *regs)
{
	mmio_write32(regs + PL011_IMSC, 0);
	mmio_write32(regs + PL011_ICR, PL011_INT_ALL);
	mmio_write32(regs + PL011_CR, PL011_CR_UARTEN | PL011_CR_TXE | PL011_CR_RXE);
}

static bool pl011_tx_full(const volatile uint8_t *regs)
{
	return (mmio_read32(regs + PL011_FR) & PL011_FR_TXFF) != 0;
}

static void pl011_put(volatile uint8_t *regs, char c)
{
	mmio_write32(regs + PL011_DR, (uint8_t)c);
}

static bool pl011_get(volatile uint8_t *regs, char *c)
{
	if (mmio_read32(regs + PL011_FR) & PL011_FR_RXFE) {
		return false;
	}
	*c = (char)(mmio_read32(regs + PL011_DR) & 0xff);
	return true;
}

static void pl011_enable_rx_interrupt(volatile uint8_t *regs)
{
	mmio_write32(regs + PL011_IMSC, PL011_INT_RX | PL011_INT_RT);
}

static void pl011_ack_rx(volatile uint8_t *regs)
{
	mmio_write32(regs + PL011_ICR, PL011_INT_RX | PL011_INT_RT | PL011_INT_OE);
}

const struct uart_ops uart_pl011_ops = {
	.compatible = "arm,pl011",
	.init = pl011_init,
	.tx_full = pl011_tx_full,
	.put = pl011_put,
	.get = pl011_get,
	.ack_rx = pl011_ack_rx,
	.enable_rx_interrupt = pl011_enable_rx_interrupt,
};
