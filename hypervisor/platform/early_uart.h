/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UART this build prints on before it has read the device tree: without it a missing or broken
 * tree could not be reported. QEMU's `virt` board; change it here for another board.
 */
#ifndef PLATFORM_EARLY_UART_H
#define PLATFORM_EARLY_UART_H

#define EARLY_UART_COMPATIBLE "arm,pl011"
#define EARLY_UART_BASE       0x09000000ULL
#define EARLY_UART_SIZE       0x1000ULL

#endif
