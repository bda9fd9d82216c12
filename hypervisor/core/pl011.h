/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of the Arm PL011 UART (DDI0183 ch. 3), for the driver and for the virtual one. */
#ifndef CORE_PL011_H
#define CORE_PL011_H

#define PL011_DR     0x000
#define PL011_FR     0x018
#define PL011_ILPR   0x020
#define PL011_IBRD   0x024
#define PL011_FBRD   0x028
#define PL011_LCRH   0x02c
#define PL011_CR     0x030
#define PL011_IFLS   0x034
#define PL011_IMSC   0x038
#define PL011_RIS    0x03c
#define PL011_MIS    0x040
#define PL011_ICR    0x044
#define PL011_DMACR  0x048
#define PL011_ID     0xfe0 /* PeriphID0..3, PCellID0..3, one byte each word */

#define PL011_FR_RXFE (1U << 4)
#define PL011_FR_TXFF (1U << 5)
#define PL011_FR_RXFF (1U << 6)
#define PL011_FR_TXFE (1U << 7)

#define PL011_CR_UARTEN (1U << 0)
#define PL011_CR_LBE    (1U << 7)
#define PL011_CR_TXE    (1U << 8)
#define PL011_CR_RXE    (1U << 9)

/* IMSC, RIS, MIS and ICR share these. */
#define PL011_INT_RX  (1U << 4)
#define PL011_INT_TX  (1U << 5)
#define PL011_INT_RT  (1U << 6)
#define PL011_INT_OE  (1U << 10)
#define PL011_INT_ALL 0x7ffU

#endif
