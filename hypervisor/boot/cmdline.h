/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's command line. Pure. */
#ifndef BOOT_CMDLINE_H
#define BOOT_CMDLINE_H

#include "core/log.h"
#include "lib/types.h"

#define CMDLINE_WARNINGS_MAX 4
#define CMDLINE_WARNING_SIZE 96
#define CMDLINE_IRQ_LIMIT    200000 /* a tenth of one pCPU's time or less */

struct cmdline {
	uint64_t dom0_mem;       /* bytes; 0: not given */
	uint32_t dom0_max_vcpus; /* 0: not given */
	uint32_t irq_limit;      /* interrupts a second and lent function; 0: no limit */
	bool small_pages;        /* BARs of 4 KiB pages, no blocks */
	bool unwired_virq;       /* the GIC's virtual interrupt signal reaches no CPU */
	enum log_level log_level;
	/* One line each, for the log; what is beyond the table is dropped. */
	char warnings[CMDLINE_WARNINGS_MAX][CMDLINE_WARNING_SIZE];
	uint32_t warning_count;
};

/*
 * Options are separated by spaces: dom0_mem=SIZE[K|M|G] (plain: KiB), dom0_max_vcpus=N,
 * irq_limit=N, quiet, loglevel=error|warn|info|debug, small-pages, unwired-virq. One that is
 * unknown or malformed becomes a warning and changes nothing.
 */
void cmdline_parse(const char *text, struct cmdline *out);

#endif
