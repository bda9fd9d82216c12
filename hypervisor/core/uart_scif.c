/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Renesas SCIF, the UART of R-Car, RZ and SH: 16 bytes of FIFO each way, polled output,
 * interrupt-driven input. Data registers are 8 bits wide, the others 16. A status flag is cleared
 * by a 0, and only when it was read as 1 before; writing a 1 leaves it.
 */
#include "arch/arm64/mmio.h"
#include "core/uart.h"

#define SCIF_SCR  0x08 /* control */
#define SCIF_TDR  0x0c
#define SCIF_FSR  0x10 /* status */
#define SCIF_RDR  0x14
#define SCIF_FCR  0x18 /* FIFO control */
#define SCIF_FDR  0x1c /* FIFO fill: bytes to send 12:8, received 4:0 */
#define SCIF_LSR  0x24 /* line status */

#define SCR_TE  BIT(5)
#define SCR_RE  BIT(4)
#define SCR_RIE BIT(6)  /* interrupt for received data, errors, break */
#define SCR_CKE 0x0003U /* clock: as firmware chose */

#define FSR_ERROR    BIT(7)
#define FSR_BREAK    BIT(4)
#define FSR_RECEIVED BIT(1) /* as many bytes as the trigger says, */
#define FSR_READY    BIT(0) /* or fewer and none for a while */
#define FSR_RECEIVE  ((uint16_t)(FSR_ERROR | FSR_BREAK | FSR_RECEIVED | FSR_READY))

#define FCR_RECEIVE_TRIGGER 0x00c0U /* 0: at one byte */
#define LSR_OVERRUN 0x0001U /* nothing is received while it is set */

#define FIFO_SIZE 16U

static void scif_init(volatile uint8_t *regs)
{
	uint16_t clock = mmio_read16(regs + SCIF_SCR) & SCR_CKE;

	mmio_write16(regs + SCIF_FCR,
		     (uint16_t)(mmio_read16(regs + SCIF_FCR) & ~FCR_RECEIVE_TRIGGER));
	mmio_write16(regs + SCIF_SCR, (uint16_t)(clock | SCR_TE | SCR_RE));
}

static bool scif_tx_full(const volatile uint8_t *regs)
{
	return BITS(mmio_read16(regs + SCIF_FDR), 12, 8) >= FIFO_SIZE;
}

static void scif_put(volatile uint8_t *regs, char c)
{
	mmio_write8(regs + SCIF_TDR, (uint8_t)c);
}

static bool scif_get(volatile uint8_t *regs, char *c)
{
	if (BITS(mmio_read16(regs + SCIF_FDR), 4, 0) == 0) {
		return false;
	}
	*c = (char)mmio_read8(regs + SCIF_RDR);
	return true;
}

static void scif_ack_rx(volatile uint8_t *regs)
{
	uint16_t status = mmio_read16(regs + SCIF_FSR);
	uint16_t line = mmio_read16(regs + SCIF_LSR);

	mmio_write16(regs + SCIF_FSR, status & (uint16_t)~FSR_RECEIVE);
	mmio_write16(regs + SCIF_LSR, (uint16_t)(line & ~LSR_OVERRUN));
}

static void scif_enable_rx_interrupt(volatile uint8_t *regs)
{
	mmio_write16(regs + SCIF_SCR, (uint16_t)(mmio_read16(regs + SCIF_SCR) | SCR_RIE));
}

const struct uart_ops uart_scif_ops = {
	.compatible = "renesas,scif",
	.init = scif_init,
	.tx_full = scif_tx_full,
	.put = scif_put,
	.get = scif_get,
	.ack_rx = scif_ack_rx,
	.enable_rx_interrupt = scif_enable_rx_interrupt,
};
