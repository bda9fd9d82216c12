/* SPDX-License-Identifier: BSD-2-Clause */
#include "top_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "domain_names.h"

#define MIB(bytes) ((bytes) >> 20)
#define NS         1e9

/* Exits as columns; kinds that are rare share one. */
static const struct column {
	const char *name;
	uint32_t kinds; /* by bit */
} columns[] = {
	{ "irq", 1U << CONTROL_EXIT_IRQ },
	{ "wfi", 1U << CONTROL_EXIT_WFX },
	{ "call", 1U << CONTROL_EXIT_HVC | 1U << CONTROL_EXIT_SMC },
	{ "sysreg", 1U << CONTROL_EXIT_SYSREG },
	{ "gic", 1U << CONTROL_EXIT_MMIO_GIC },
	{ "its", 1U << CONTROL_EXIT_MMIO_ITS },
	{ "pci", 1U << CONTROL_EXIT_MMIO_PCI },
	{ "uart", 1U << CONTROL_EXIT_MMIO_UART },
	{ "other", 1U << CONTROL_EXIT_MMIO_OTHER | 1U << CONTROL_EXIT_FAULT |
			   1U << CONTROL_EXIT_OTHER },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct between {
	const struct top_look *before, *now;
	double seconds;
};

static const struct top_domain *find(const struct top_look *look, uint32_t id)
{
	for (size_t i = 0; i < look->domain_count; i++) {
		if (look->domains[i].domain.id == id) {
			return &look->domains[i];
		}
	}
	return NULL;
}

/* A second; counters of a domain that began anew may have fallen. */
static double rate(const struct between *b, uint64_t before, uint64_t now)
{
	return b->seconds > 0 && now > before ? (double)(now - before) / b->seconds : 0;
}

static double percent(const struct between *b, uint64_t before_ns, uint64_t now_ns)
{
	return rate(b, before_ns, now_ns) / NS * 100;
}

static double domain_percent(const struct between *b, const struct top_domain *d)
{
	const struct top_domain *then = find(b->before, d->domain.id);

	return percent(b, then != NULL ? then->domain.cpu_ns : 0, d->domain.cpu_ns);
}

static uint64_t exits(const struct top_domain *d, uint32_t kinds)
{
	uint64_t sum = 0;

	for (uint32_t kind = 0; d != NULL && kind < CONTROL_EXIT_KINDS; kind++) {
		sum += (kinds & 1U << kind) != 0 ? d->stats.exits[kind] : 0;
	}
	return sum;
}

static void print_head(FILE *out, const struct between *b)
{
	const struct control_info *i = &b->now->info;

	fprintf(out,
		"up %.0f s, %zu domains, %u CPUs, memory %" PRIu64 " MiB, free %" PRIu64 " MiB\n",
		(double)i->uptime_ns / NS, b->now->domain_count, i->cpu_count, MIB(i->ram_bytes),
		MIB(i->free_bytes));
	fprintf(out, "%-20s %5s %-8s %6s %5s %4s %6s", "Name", "ID", "State", "CPU%", "VCPUs",
		"PCI", "intr/s");
	for (size_t c = 0; c < COLUMNS; c++) {
		fprintf(out, " %6s", columns[c].name);
	}
	fputc('\n', out);
}

static void print_vcpus(FILE *out, const struct between *b, const struct top_domain *d)
{
	const struct top_domain *then = find(b->before, d->domain.id);

	for (size_t i = 0; i < d->vcpu_count; i++) {
		const struct control_vcpu *v = &d->vcpus[i];
		uint64_t before = then != NULL && i < then->vcpu_count ? then->vcpus[i].cpu_ns : 0;

		fprintf(out, "  vCPU %-2u on CPU %-4u     %-8s %6.1f\n", v->index, v->cpu,
			vcpu_state_name(v->state), percent(b, before, v->cpu_ns));
	}
}

static const struct control_function *find_function(const struct top_look *look, uint32_t sbdf)
{
	for (size_t i = 0; i < look->function_count; i++) {
		if (look->functions[i].sbdf == sbdf) {
			return &look->functions[i];
		}
	}
	return NULL;
}

static bool is_lent_to(const struct control_function *f, uint32_t domain)
{
	return f->state == CONTROL_FUNCTION_LENT && f->user == domain;
}

static void print_functions(FILE *out, const struct between *b, uint32_t domain)
{
	for (size_t i = 0; i < b->now->function_count; i++) {
		const struct control_function *f = &b->now->functions[i];
		const struct control_function *then = find_function(b->before, f->sbdf);

		if (!is_lent_to(f, domain)) {
			continue;
		}
		fprintf(out,
			"  %04x:%02x:%02x.%x %04x:%04x %-20s interrupts/s %.0f, faults %" PRIu64
			"\n",
			f->sbdf >> 16, f->sbdf >> 8 & 0xff, f->sbdf >> 3 & 31, f->sbdf & 7,
			f->vendor, f->device, f->name,
			rate(b, then != NULL ? then->interrupts : 0, f->interrupts), f->faults);
	}
}

static void print_domain(FILE *out, const struct between *b, const struct top_domain *d,
			 unsigned int flags)
{
	const struct top_domain *then = find(b->before, d->domain.id);
	uint32_t functions = 0;

	for (size_t i = 0; i < b->now->function_count; i++) {
		functions += is_lent_to(&b->now->functions[i], d->domain.id) ? 1 : 0;
	}
	fprintf(out, "%-20s %5u %-8s %6.1f %5u %4u %6.0f", d->domain.name, d->domain.id,
		domain_state_name(d->domain.state), domain_percent(b, d), d->domain.vcpu_count,
		functions,
		rate(b, then != NULL ? then->stats.interrupts : 0, d->stats.interrupts));
	for (size_t c = 0; c < COLUMNS; c++) {
		fprintf(out, " %6.0f",
			rate(b, exits(then, columns[c].kinds), exits(d, columns[c].kinds)));
	}
	fputc('\n', out);
	if ((flags & TOP_VCPUS) != 0) {
		print_vcpus(out, b, d);
	}
	if ((flags & TOP_FUNCTIONS) != 0) {
		print_functions(out, b, d->domain.id);
	}
}

/* Index of the domain with the greatest share among those not in done. */
static size_t busiest(const struct between *b, const bool *done)
{
	size_t best = b->now->domain_count;

	for (size_t i = 0; i < b->now->domain_count; i++) {
		if (!done[i] && (best == b->now->domain_count ||
				 domain_percent(b, &b->now->domains[i]) >
					 domain_percent(b, &b->now->domains[best]))) {
			best = i;
		}
	}
	return best;
}

void top_print(FILE *out, const struct top_look *before, const struct top_look *now,
	       unsigned int flags)
{
	const struct between b = {
		.before = before,
		.now = now,
		.seconds = ((double)now->info.uptime_ns - (double)before->info.uptime_ns) / NS,
	};
	bool *done = calloc(now->domain_count + 1, sizeof(*done));

	if (done == NULL) {
		abort();
	}
	print_head(out, &b);
	for (size_t i = 0; i < now->domain_count; i++) {
		size_t next = (flags & TOP_BY_CPU) != 0 ? busiest(&b, done) : i;

		print_domain(out, &b, &now->domains[next], flags);
		done[next] = true;
	}
	free(done);
}
