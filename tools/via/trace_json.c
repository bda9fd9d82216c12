/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace_json.h"

#include <string.h>

#include "domain_names.h"

#define NS_PER_SECOND 1000000000ULL

/* Times are microseconds, with fractions. */
static void put_time(struct trace_json *t, const char *name, uint64_t ticks)
{
	uint64_t ns = ticks / t->hz * NS_PER_SECOND + ticks % t->hz * NS_PER_SECOND / t->hz;

	fprintf(t->to, ", \"%s\": %llu.%03llu", name, (unsigned long long)(ns / 1000),
		(unsigned long long)(ns % 1000));
}

/* An event's beginning, up to its thread. The caller ends it. */
static void begin_event(struct trace_json *t, const char *phase, uint32_t process, uint32_t thread)
{
	fprintf(t->to, "%s\n{\"ph\": \"%s\", \"pid\": %u, \"tid\": %u", t->comma ? "," : "", phase,
		process, thread);
	t->comma = true;
}

void trace_json_begin(struct trace_json *t, FILE *to, uint64_t hz, uint32_t only)
{
	memset(t, 0, sizeof(*t));
	t->to = to;
	t->hz = hz;
	t->only = only;
	fprintf(to, "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [");
	trace_json_domain(t, TRACE_MACHINE, "CPUs");
}

/* Names of domains are printable ASCII, in which two characters mean something here. */
void trace_json_domain(struct trace_json *t, uint32_t id, const char *name)
{
	if (id > TRACE_MACHINE || t->named[id]) {
		return;
	}
	t->named[id] = true;
	begin_event(t, "M", id, 0);
	fprintf(t->to, ", \"name\": \"process_name\", \"args\": {\"name\": \"");
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\') {
			fputc('\\', t->to);
		}
		if (*name >= ' ' && *name <= '~') {
			fputc(*name, t->to);
		}
	}
	fprintf(t->to, "\"}}");
}

static bool wanted(const struct trace_json *t, uint32_t domain)
{
	return t->only == CONTROL_NO_DOMAIN || t->only == domain;
}

/* A span of time, but for what it is about. */
static void begin_span(struct trace_json *t, uint32_t process, uint32_t thread, uint64_t from,
		       uint64_t ticks)
{
	begin_event(t, "X", process, thread);
	put_time(t, "ts", from);
	put_time(t, "dur", ticks);
}

/* Whoever was in this CPU was there until r. */
static void put_run(struct trace_json *t, uint32_t cpu, const struct control_trace_record *r)
{
	uint64_t since = t->running[cpu].since;

	if (!t->running[cpu].known || t->running[cpu].domain != r->domain ||
	    t->running[cpu].vcpu != r->vcpu || r->time < since) {
		return;
	}
	begin_span(t, r->domain, r->vcpu, since, r->time - since);
	fprintf(t->to, ", \"name\": \"runs\", \"args\": {\"cpu\": %u}}", cpu);
	begin_span(t, TRACE_MACHINE, cpu, since, r->time - since);
	fprintf(t->to, ", \"name\": \"domain %u vCPU %u\"}", r->domain, r->vcpu);
}

static void put_exit(struct trace_json *t, uint32_t cpu, const struct control_trace_record *r)
{
	const char *name = domain_exit_name(r->reason);

	begin_span(t, r->domain, r->vcpu, r->time, r->ticks);
	if (r->reason == CONTROL_EXIT_IRQ) {
		fprintf(t->to, ", \"name\": \"%s %u\", \"args\": {\"cpu\": %u, \"intid\": %u", name,
			r->intid, cpu, r->intid);
	} else {
		fprintf(t->to, ", \"name\": \"%s\", \"args\": {\"cpu\": %u, \"detail\": \"0x%llx\"",
			name, cpu, (unsigned long long)r->detail);
	}
	if (r->next_domain != r->domain || r->next_vcpu != r->vcpu) {
		fprintf(t->to, ", \"next\": \"domain %u vCPU %u\"", r->next_domain, r->next_vcpu);
	}
	fprintf(t->to, "}}");
}

static void put_injection(struct trace_json *t, uint32_t cpu, const struct control_trace_record *r)
{
	begin_event(t, "i", r->domain, r->vcpu);
	put_time(t, "ts", r->time);
	fprintf(t->to,
		", \"s\": \"t\", \"name\": \"interrupt %u\", \"args\": {\"cpu\": %u, \"intid\": "
		"%u}}",
		r->intid, cpu, r->intid);
}

void trace_json_record(struct trace_json *t, uint32_t cpu, const struct control_trace_record *r)
{
	if (cpu >= CONTROL_CPUS_MAX) {
		return;
	}
	if (r->kind == CONTROL_TRACE_INJECT && wanted(t, r->domain)) {
		put_injection(t, cpu, r);
	}
	if (r->kind != CONTROL_TRACE_EXIT) {
		return;
	}
	if (wanted(t, r->domain)) {
		put_run(t, cpu, r);
		put_exit(t, cpu, r);
	}
	/* Of an exit that was longer than can be told, nobody knows the end. */
	t->running[cpu].known = r->ticks != UINT32_MAX;
	t->running[cpu].since = r->time + r->ticks;
	t->running[cpu].domain = r->next_domain;
	t->running[cpu].vcpu = r->next_vcpu;
}

void trace_json_lost(struct trace_json *t, uint32_t cpu, uint64_t count)
{
	if (cpu >= CONTROL_CPUS_MAX) {
		return;
	}
	if (t->running[cpu].known) {
		begin_event(t, "i", TRACE_MACHINE, cpu);
		put_time(t, "ts", t->running[cpu].since);
		fprintf(t->to, ", \"s\": \"t\", \"name\": \"%llu records lost\"}",
			(unsigned long long)count);
	}
	t->running[cpu].known = false;
}

void trace_json_end(struct trace_json *t)
{
	fprintf(t->to, "\n]}\n");
}
