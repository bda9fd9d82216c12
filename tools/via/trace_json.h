/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recorded exits as a file of Chrome's trace event format, which Perfetto, chrome://tracing and
 * others show: a process for each domain, with a thread for each virtual CPU, and one for the
 * machine, with a thread for each CPU.
 */
#ifndef VIA_TRACE_JSON_H
#define VIA_TRACE_JSON_H

#include <stdio.h>

#include "via.h"

/* The machine's number among processes: no domain's. */
#define TRACE_MACHINE CONTROL_NO_DOMAIN

struct trace_json {
	FILE *to;
	uint64_t hz; /* ticks a second */
	uint32_t only; /* one domain's number, or CONTROL_NO_DOMAIN: all */
	bool comma;
	bool named[TRACE_MACHINE + 1]; /* domains and the machine */
	/* Who is in which CPU, and since when. */
	struct {
		bool known;
		uint64_t since; /* ticks */
		uint16_t domain;
		uint8_t vcpu;
	} running[CONTROL_CPUS_MAX];
};

/* *t stays where it is; only: as in it. */
void trace_json_begin(struct trace_json *t, FILE *to, uint64_t hz, uint32_t only);
/* What a domain is called; of one that is never named, its number is shown. */
void trace_json_domain(struct trace_json *t, uint32_t id, const char *name);
/* The next record of a CPU. */
void trace_json_record(struct trace_json *t, uint32_t cpu, const struct control_trace_record *r);
/* So many of this CPU's were overwritten before the next one. */
void trace_json_lost(struct trace_json *t, uint32_t cpu, uint64_t count);
void trace_json_end(struct trace_json *t);

#endif
