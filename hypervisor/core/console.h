/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical console: one UART, shared by the hypervisor's log, the control domain and, on request,
 * guests. Ctrl-o three times moves the focus of input: control domain -> each guest -> hypervisor.
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "core/domain.h"

/* Polled output on the compiled-in early UART, before the device tree is read. */
void console_early_init(void);
/* From machine.uart; interrupts for input once the GIC is up (console_enable_input). */
void console_init(void);
void console_enable_input(void);

/* Hypervisor text; never blocks for long (a full FIFO is polled). Any context. */
void console_write(const char *s, size_t size);
/* A domain printed; shown when it has the focus, or always for the control domain. */
void console_domain_output(struct domain *d, const char *s, size_t size);

#endif
