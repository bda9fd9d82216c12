/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a virtual root port's registers are. Private to vpci_port*.c and their tests. */
#ifndef VPCI_PORT_REGS_H
#define VPCI_PORT_REGS_H

#define PORT_BUSES   0x18U /* primary, secondary, subordinate; a byte each */
#define PORT_PM      0x40U
#define PORT_MSI     0x50U
#define PORT_EXPRESS 0x60U
#define PORT_LINK_CAP (PORT_EXPRESS + 0x0cU)
#define PORT_LINK     (PORT_EXPRESS + 0x10U) /* control, status */
#define PORT_SLOT_CAP (PORT_EXPRESS + 0x14U)
#define PORT_SLOT     (PORT_EXPRESS + 0x18U) /* control, status */

#endif
