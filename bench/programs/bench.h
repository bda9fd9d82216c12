/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of viaduct-bench. Each returns 0, or -1 after a message. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>

/* A row is measured this often; the median counts. */
#define BENCH_SAMPLES 5

/* Config space and BAR 0 of the first NVMe controller. */
int bench_pci(const char *prefix);
/* 4 KiB reads at queue depths 1 and 32, 128 KiB sequential reads. */
int bench_disk(const char *prefix);
/* 1 ms sleeps, system calls. */
int bench_time(const char *prefix);
/* Packets, of igb; not among the others. */
int bench_net(const char *prefix);
/* The null request; only in the control domain. */
int bench_control(const char *prefix);
/* function, which is in quarantine, lent to domain and taken back; only in the control domain. */
int bench_lend(const char *domain, const char *function);
/* First process of a system: marks that, then is the real one. Does not return. */
int bench_init(void);

#endif
