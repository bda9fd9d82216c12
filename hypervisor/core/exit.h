/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a vCPU left the guest; counted per domain. */
#ifndef CORE_EXIT_H
#define CORE_EXIT_H

enum exit_kind {
	EXIT_IRQ,
	EXIT_WFX,
	EXIT_HVC,
	EXIT_SMC,
	EXIT_SYSREG,
	EXIT_MMIO_GIC,
	EXIT_MMIO_ITS,
	EXIT_MMIO_PCI,
	EXIT_MMIO_UART,
	EXIT_MMIO_OTHER,
	EXIT_FAULT,
	EXIT_OTHER,
	EXIT_KINDS
};

#endif
