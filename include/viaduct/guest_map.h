/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory map every guest sees: that of QEMU's `virt` board. Addresses are guest physical. Where
 * the machine has a GICv2, so do guests: GICC instead of ITS and redistributors. A GICv2m frame is
 * there, and no ITS, for a guest with unsafe interrupts.
 */
#ifndef VIADUCT_GUEST_MAP_H
#define VIADUCT_GUEST_MAP_H

#define GUEST_FLASH0_BASE  0x00000000ULL /* first flash bank: read-only, firmware at its start */
#define GUEST_FLASH0_SIZE  0x04000000ULL
#define GUEST_FLASH1_BASE  0x04000000ULL /* second flash bank: reads zero */
#define GUEST_FLASH1_SIZE  0x04000000ULL
#define GUEST_FLASH_END    (GUEST_FLASH1_BASE + GUEST_FLASH1_SIZE)
#define GUEST_GICD_BASE    0x08000000ULL
#define GUEST_GICD_SIZE    0x00010000ULL
#define GUEST_GICD_V2_SIZE 0x00001000ULL
#define GUEST_GICC_BASE    0x08010000ULL
#define GUEST_GICC_SIZE    0x00002000ULL
#define GUEST_V2M_BASE     0x08020000ULL
#define GUEST_V2M_SIZE     0x00001000ULL
#define GUEST_ITS_BASE     0x08080000ULL
#define GUEST_ITS_SIZE     0x00020000ULL
#define GUEST_GICR_BASE    0x080a0000ULL /* 0x20000 a vCPU */
#define GUEST_GICR_STRIDE  0x00020000ULL
#define GUEST_GICR_SIZE    0x00f60000ULL /* room on the board */
#define GUEST_UART_BASE    0x09000000ULL
#define GUEST_UART_SIZE    0x00001000ULL
#define GUEST_UART_INTID   33 /* SPI 1 */
#define GUEST_RTC_BASE     0x09010000ULL
#define GUEST_RTC_INTID    34 /* SPI 2 */
#define GUEST_GPIO_BASE    0x09030000ULL /* its line 3 is the power key */
#define GUEST_GPIO_SIZE    0x00001000ULL
#define GUEST_GPIO_INTID   39 /* SPI 7 */
#define GUEST_WATCHDOG_REFRESH_BASE 0x09100000ULL /* where a guest has one; not on that board */
#define GUEST_WATCHDOG_CONTROL_BASE 0x09101000ULL
#define GUEST_WATCHDOG_FRAME_SIZE   0x00001000ULL
#define GUEST_WATCHDOG_INTID        40 /* SPI 8 */
#define GUEST_INTX_INTID   35 /* SPI 3..6 */
#define GUEST_SPI_COUNT    32
#define GUEST_V2M_INTID    80 /* SPI 48.. */
#define GUEST_V2M_COUNT    64 /* the most; the frame says how many */
#define GUEST_V2M_SPI_COUNT 128 /* instead of GUEST_SPI_COUNT */
#define GUEST_PCI_MEM32_BASE 0x10000000ULL
#define GUEST_PCI_MEM32_SIZE 0x2eff0000ULL
#define GUEST_PCI_IO_BASE    0x3eff0000ULL
#define GUEST_PCI_IO_SIZE    0x00010000ULL
#define GUEST_RAM_BASE       0x40000000ULL
#define GUEST_PCI_ECAM_BASE  0x4010000000ULL
#define GUEST_PCI_ECAM_SIZE  0x10000000ULL
#define GUEST_PCI_MEM64_BASE 0x8000000000ULL
#define GUEST_PCI_MEM64_SIZE 0x8000000000ULL
/* Root ports with a hot-plug slot each: these devices of bus 0, where a guest has an ITS. */
#define GUEST_PORT_DEVICE    28
#define GUEST_PORT_COUNT     4
/* Not allocated by the PCI-SIG. */
#define GUEST_PORT_VENDOR_ID 0x5644U /* "VD" */
#define GUEST_PORT_DEVICE_ID 0x5250U /* "RP" */
#define GUEST_RAM_MAX        (GUEST_PCI_ECAM_BASE - GUEST_RAM_BASE)

/* PPIs, INTIDs. */
#define GUEST_TIMER_SEC_INTID  29
#define GUEST_TIMER_PHYS_INTID 30
#define GUEST_TIMER_VIRT_INTID 27
#define GUEST_TIMER_HYP_INTID  26

#endif
