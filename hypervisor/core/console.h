/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical console: one UART, shared by the hypervisor's log, the control domain and, on
 * request, guests. Ctrl-o three times moves the focus of input: control domain -> each guest ->
 * hypervisor.
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "core/domain.h"

/*
 * Output on machine.uart, or on the UART compiled in when that is empty or has no driver, polled
 * until console_start_buffering(); interrupts for input once the GIC is up (console_enable_input).
 */
void console_init(void);
void console_enable_input(void);
/*
 * From now on text is queued and sent by a job of the pCPU that wrote, but for a domain's
 * characters when nothing is queued and the FIFO takes them. Jobs run soon; once.
 */
void console_start_buffering(void);
/* On return all of it is in the UART's FIFO. Before the machine goes off. */
void console_flush(void);

/*
 * A line of the hypervisor's, without its end. Polls the FIFO only when 16 KiB are queued. Starts
 * on a fresh line when a domain left one unfinished. Any context; takes the locks of the console
 * and of jobs.
 */
void console_line(const char *s, size_t size);
/* A domain printed. The control domain is always shown, a guest only while it has the focus. */
void console_domain_output(struct domain *d, const char *s, size_t size);

/*
 * For the crash report: from now on nothing here or in the log waits for a lock, whose holder may
 * be the CPU that crashed, and all output is polled, what was queued first. Never undone. Does
 * console_init()'s work when that has not run yet.
 */
void console_force(void);
/* Takes l and returns true, or returns false after console_force(). */
bool console_lock_unless_forced(struct spinlock *l);

#endif
