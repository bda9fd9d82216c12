/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UART this build reports on that there is no device tree, or none that names a UART with a
 * driver. QEMU's `virt` board; change it here for another board.
 */
#ifndef PLATFORM_EARLY_UART_H
#define PLATFORM_EARLY_UART_H

#define EARLY_UART_COMPATIBLE "arm,pl011"
#define EARLY_UART_BASE       0x09000000ULL
#define EARLY_UART_SIZE       0x1000ULL

#endif
