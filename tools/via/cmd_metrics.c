/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics: what is counted and measured, in Prometheus' text format 0.0.4: all samples of a metric
 * in one place, behind its HELP and TYPE. Everything is asked for before the first line is printed.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain_names.h"
#include "pci_function.h"

struct metrics {
	struct control_info info;
	struct control_domain *domains;
	struct control_domain_stats *stats; /* of each */
	size_t domain_count;
	struct control_function *functions;
	size_t function_count;
	struct control_shared *shared;
	size_t shared_count;
};

static void family(const char *name, const char *type, const char *help)
{
	printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value in its quotes. */
static void quoted(const char *value)
{
	putchar('"');
	for (; *value != '\0'; value++) {
		if (*value == '\n') {
			fputs("\\n", stdout);
			continue;
		}
		if (*value == '"' || *value == '\\') {
			putchar('\\');
		}
		putchar(*value);
	}
	putchar('"');
}

static void gauge(const char *name, uint64_t value, const char *help)
{
	family(name, "gauge", help);
	printf("%s %" PRIu64 "\n", name, value);
}

static void print_machine(const struct control_info *i)
{
	family("viaduct_info", "gauge", "The hypervisor's version and control interface.");
	printf("viaduct_info{version=");
	quoted(i->version);
	printf(",abi=\"%" PRIu32 "\"} 1\n", i->abi);
	family("viaduct_uptime_seconds", "gauge", "Time since the machine was booted.");
	printf("viaduct_uptime_seconds %" PRIu64 ".%09" PRIu64 "\n", i->uptime_ns / 1000000000,
	       i->uptime_ns % 1000000000);
	gauge("viaduct_cpus", i->cpu_count, "CPUs that are online.");
	gauge("viaduct_ram_bytes", i->ram_bytes, "Memory the machine has.");
	gauge("viaduct_domain_ram_bytes", i->domain_ram_bytes,
	      "Of it, what domains and the hypervisor's heap are made from.");
	gauge("viaduct_free_bytes", i->free_bytes, "Of that, free.");
	gauge("viaduct_heap_bytes", i->heap_bytes, "The hypervisor's heap.");
	gauge("viaduct_heap_used_bytes", i->heap_used_bytes, "Of it, in use.");
	gauge("viaduct_lpis_used", i->lpis_used,
	      "Interrupts of the ITS that lent functions have.");
}

/* A sample's name and the label that says of which domain it is; the brace is left open. */
static void domain_sample(const char *metric, const struct control_domain *d)
{
	printf("%s{domain=", metric);
	quoted(d->name);
}

static void print_domain_states(const struct metrics *m)
{
	static const char name[] = "viaduct_domain_state";

	family(name, "gauge", "1 for the state the domain is in, 0 for every other.");
	for (size_t i = 0; i < m->domain_count; i++) {
		for (uint32_t s = 0; s <= CONTROL_DOMAIN_STATE_DYING; s++) {
			domain_sample(name, &m->domains[i]);
			printf(",state=\"%s\"} %d\n", domain_state_name(s),
			       m->domains[i].state == s);
		}
	}
}

static void print_domain_exits(const struct metrics *m)
{
	static const char name[] = "viaduct_domain_exits_total";

	family(name, "counter", "Times the domain left for the hypervisor, by reason.");
	for (size_t i = 0; i < m->domain_count; i++) {
		for (uint32_t kind = 0; kind < CONTROL_EXIT_KINDS; kind++) {
			domain_sample(name, &m->domains[i]);
			printf(",reason=\"%s\"} %" PRIu64 "\n", domain_exit_name(kind),
			       m->stats[i].exits[kind]);
		}
	}
}

/* Each domain has one. */
struct stats_number {
	const char *name, *type, *help;
	size_t offset; /* of a uint64_t in struct control_domain_stats */
};

#define STATS(field) offsetof(struct control_domain_stats, field)
static const struct stats_number stats_numbers[] = {
	{ "viaduct_domain_interrupts_total", "counter",
	  "Interrupts of lent functions that EL2 gave it.", STATS(interrupts) },
	{ "viaduct_domain_table_bytes", "gauge", "Its page tables.", STATS(table_bytes) },
	{ "viaduct_domain_table_limit_bytes", "gauge", "How big they may become.",
	  STATS(table_bytes_max) },
};

static void print_stats_number(const struct metrics *m, const struct stats_number *n)
{
	family(n->name, n->type, n->help);
	for (size_t i = 0; i < m->domain_count; i++) {
		uint64_t value;

		memcpy(&value, (const char *)&m->stats[i] + n->offset, sizeof(value));
		domain_sample(n->name, &m->domains[i]);
		printf("} %" PRIu64 "\n", value);
	}
}

static void print_domains(const struct metrics *m)
{
	static const char memory[] = "viaduct_domain_memory_bytes";
	static const char vcpus[] = "viaduct_domain_vcpus";
	static const char time[] = "viaduct_domain_cpu_seconds_total";
	static const char isolated[] = "viaduct_domain_isolated";

	print_domain_states(m);
	family(memory, "gauge", "The domain's memory.");
	for (size_t i = 0; i < m->domain_count; i++) {
		domain_sample(memory, &m->domains[i]);
		printf("} %" PRIu64 "\n", m->domains[i].ram_bytes);
	}
	family(vcpus, "gauge", "Its virtual CPUs.");
	for (size_t i = 0; i < m->domain_count; i++) {
		domain_sample(vcpus, &m->domains[i]);
		printf("} %" PRIu32 "\n", m->domains[i].vcpu_count);
	}
	family(time, "counter", "Time they have run.");
	for (size_t i = 0; i < m->domain_count; i++) {
		uint64_t ns = m->domains[i].cpu_ns;

		domain_sample(time, &m->domains[i]);
		printf("} %" PRIu64 ".%09" PRIu64 "\n", ns / 1000000000, ns % 1000000000);
	}
	family(isolated, "gauge", "0: its devices can reach all memory, no IOMMU confines them.");
	for (size_t i = 0; i < m->domain_count; i++) {
		domain_sample(isolated, &m->domains[i]);
		printf("} %d\n", (m->domains[i].flags & CONTROL_DOMAIN_UNPROTECTED_DMA) == 0);
	}
	print_domain_exits(m);
	for (size_t n = 0; n < sizeof(stats_numbers) / sizeof(stats_numbers[0]); n++) {
		print_stats_number(m, &stats_numbers[n]);
	}
}

static void function_sample(const char *metric, const struct control_function *f)
{
	printf("%s{function=\"" BDF_FMT "\"", metric, BDF_ARGS(f->sbdf));
}

static const char *user_name(const struct metrics *m, const struct control_function *f)
{
	for (size_t i = 0; i < m->domain_count; i++) {
		if (m->domains[i].id == f->user) {
			return m->domains[i].name;
		}
	}
	return "";
}

static void print_function_info(const struct metrics *m)
{
	static const char info[] = "viaduct_function_info";
	static const char state[] = "viaduct_function_state";
	static const char isolated[] = "viaduct_function_isolated";

	family(info, "gauge", "A PCI function: its name, IDs, class, and the domain that uses it.");
	for (size_t i = 0; i < m->function_count; i++) {
		const struct control_function *f = &m->functions[i];

		function_sample(info, f);
		printf(",name=");
		quoted(f->name);
		printf(",id=\"%04x:%04x\",class=\"%06x\",domain=", f->vendor, f->device,
		       f->class_code);
		quoted(user_name(m, f));
		printf("} 1\n");
	}
	family(state, "gauge", "1 for the state the function is in, 0 for every other.");
	for (size_t i = 0; i < m->function_count; i++) {
		for (uint32_t s = CONTROL_FUNCTION_OWNED; s <= CONTROL_FUNCTION_BROKEN; s++) {
			function_sample(state, &m->functions[i]);
			printf(",state=\"%s\"} %d\n", function_state_name(s),
			       m->functions[i].state == s);
		}
	}
	family(isolated, "gauge", "0: no IOMMU confines its DMA.");
	for (size_t i = 0; i < m->function_count; i++) {
		function_sample(isolated, &m->functions[i]);
		printf("} %d\n",
		       (m->functions[i].flags & CONTROL_FUNCTION_NOT_ISOLATED) == 0);
	}
}

struct function_counter {
	const char *metric;
	const char *labels; /* further ones */
	size_t offset;      /* in struct control_function */
	const char *help;   /* NULL: more samples of the metric before */
};

#define COUNTER(field) offsetof(struct control_function, field)

static const struct function_counter function_counters[] = {
	{ "viaduct_function_faults_total", "", COUNTER(faults),
	  "DMA accesses the IOMMU blocked, of all functions with the same StreamID." },
	{ "viaduct_function_interrupts_total", "", COUNTER(interrupts), "Interrupts it caused." },
	{ "viaduct_function_storms_total", "", COUNTER(storms),
	  "Times it interrupted too often and was silent for a while." },
	{ "viaduct_function_resets_total", "", COUNTER(resets), "Resets that were carried out." },
	{ "viaduct_function_errors_total", ",severity=\"corrected\"", COUNTER(errors_corrected),
	  "PCI Express error messages that were seen." },
	{ "viaduct_function_errors_total", ",severity=\"uncorrected\"", COUNTER(errors_uncorrected),
	  NULL },
};

static void print_functions(const struct metrics *m)
{
	print_function_info(m);
	for (size_t k = 0; k < sizeof(function_counters) / sizeof(function_counters[0]); k++) {
		const struct function_counter *counter = &function_counters[k];

		if (counter->help != NULL) {
			family(counter->metric, "counter", counter->help);
		}
		for (size_t i = 0; i < m->function_count; i++) {
			const struct control_function *f = &m->functions[i];
			uint64_t value;

			memcpy(&value, (const char *)f + counter->offset, sizeof(value));
			function_sample(counter->metric, f);
			printf("%s} %" PRIu64 "\n", counter->labels, value);
		}
	}
}

static void print_shared(const struct metrics *m)
{
	static const char memory[] = "viaduct_shared_memory_bytes";

	family(memory, "gauge", "A region of memory that domains share.");
	for (size_t i = 0; i < m->shared_count; i++) {
		printf("%s{name=", memory);
		quoted(m->shared[i].name);
		printf("} %" PRIu64 "\n", m->shared[i].bytes);
	}
}

/* A domain that ends in the middle of this is left out. */
static int collect_stats(struct viaduct *v, struct metrics *m)
{
	size_t kept = 0;

	m->stats = calloc(m->domain_count + 1, sizeof(*m->stats));
	if (m->stats == NULL) {
		abort();
	}
	for (size_t i = 0; i < m->domain_count; i++) {
		int err = viaduct_domain_stats(v, m->domains[i].id, &m->stats[kept]);

		if (err == 0) {
			m->domains[kept++] = m->domains[i];
		} else if (err != -ENOENT) {
			return err;
		}
	}
	m->domain_count = kept;
	return 0;
}

static int collect(struct viaduct *v, struct metrics *m)
{
	int err = viaduct_info(v, &m->info);

	if (err == 0) {
		err = viaduct_domain_list(v, &m->domains, &m->domain_count);
	}
	if (err == 0) {
		err = collect_stats(v, m);
	}
	if (err == 0) {
		err = viaduct_pci_list(v, &m->functions, &m->function_count);
	}
	if (err == 0) {
		err = viaduct_shared_list(v, &m->shared, &m->shared_count);
	}
	return err;
}

int cmd_metrics(const struct command *c, int argc, char **argv)
{
	struct metrics m = { .domains = NULL };
	struct viaduct *v;
	int status = VIA_OK;

	if (via_option(c, argc, argv, "", 0, 0) != -1) {
		return VIA_MALFORMED;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	if (collect(v, &m) != 0) {
		status = via_fail(c, "%s", viaduct_error(v));
	} else {
		print_machine(&m.info);
		print_domains(&m);
		print_functions(&m);
		print_shared(&m);
	}
	free(m.shared);
	free(m.functions);
	free(m.stats);
	free(m.domains);
	viaduct_close(v);
	return status;
}
