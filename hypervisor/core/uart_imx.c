/* SPDX-License-Identifier: BSD-2-Clause */
/* NXP i.MX UART (i.MX 8M Plus reference manual, UART), polled output, interrupt-driven input. */
#include "arch/arm64/mmio.h"
#include "core/uart.h"

#define URXD 0x00
#define UTXD 0x40
#define UCR1 0x80
#define UCR2 0x84
#define UCR4 0x8c
#define USR2 0x98
#define UTS  0xb4

#define UCR1_UARTEN BIT(0)
#define UCR2_SRST   BIT(0) /* 0: reset */
#define UCR2_RXEN   BIT(1)
#define UCR2_TXEN   BIT(2)
#define UCR2_ATEN   BIT(3)  /* interrupt: a character has waited for long */
#define UCR2_RTSEN  BIT(4)  /* interrupt: RTS moved */
#define UCR2_ESCI   BIT(15) /* interrupt: escape sequence */
#define UCR4_DREN   BIT(0)  /* interrupt: a character is there */
#define UCR4_KEEP   GENMASK(15, 10) /* CTS trigger level; the rest is interrupts, DMA, IrDA */
#define USR2_RDR    BIT(0)
#define USR2_ORE    BIT(1) /* write 1 to clear */
#define UTS_TXFULL  BIT(4)

static void imx_init(volatile uint8_t *regs)
{
	uint32_t line = mmio_read32(regs + UCR2) & ~(uint32_t)(UCR2_ATEN | UCR2_RTSEN | UCR2_ESCI);

	/* All other bits of UCR1 are interrupts and DMA requests, or hold the line. */
	mmio_write32(regs + UCR1, UCR1_UARTEN);
	mmio_write32(regs + UCR4, mmio_read32(regs + UCR4) & (uint32_t)UCR4_KEEP);
	mmio_write32(regs + UCR2, line | UCR2_SRST | UCR2_TXEN | UCR2_RXEN);
}

static bool imx_tx_full(const volatile uint8_t *regs)
{
	return (mmio_read32(regs + UTS) & UTS_TXFULL) != 0;
}

static void imx_put(volatile uint8_t *regs, char c)
{
	mmio_write32(regs + UTXD, (uint8_t)c);
}

static bool imx_get(volatile uint8_t *regs, char *c)
{
	if ((mmio_read32(regs + USR2) & USR2_RDR) == 0) {
		return false;
	}
	*c = (char)(mmio_read32(regs + URXD) & 0xff);
	return true;
}

static void imx_enable_rx_interrupt(volatile uint8_t *regs)
{
	mmio_write32(regs + UCR4, mmio_read32(regs + UCR4) | UCR4_DREN);
}

/* "A character is there" is a level and falls by itself. */
static void imx_ack_rx(volatile uint8_t *regs)
{
	mmio_write32(regs + USR2, USR2_ORE);
}

const struct uart_ops uart_imx_ops = {
	.compatible = "fsl,imx6q-uart",
	.init = imx_init,
	.tx_full = imx_tx_full,
	.put = imx_put,
	.get = imx_get,
	.ack_rx = imx_ack_rx,
	.enable_rx_interrupt = imx_enable_rx_interrupt,
};
