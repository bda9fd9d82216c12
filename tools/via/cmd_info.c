/* SPDX-License-Identifier: BSD-2-Clause */
/* info, stats, dmesg: looking at the hypervisor. */
#include <getopt.h>
#include <stdio.h>

#include "domain_names.h"
#include "json.h"
#include "via.h"

#define MIB(bytes) ((unsigned long long)(bytes) >> 20)
#define KIB(bytes) ((unsigned long long)(bytes) >> 10)

static void print_info(const struct control_info *i)
{
	printf("viaduct_version        : %s\n", i->version);
	printf("control_interface      : %u\n", i->abi);
	printf("nr_cpus                : %u\n", i->cpu_count);
	printf("total_memory           : %llu\n", MIB(i->ram_bytes));
	printf("free_memory            : %llu\n", MIB(i->free_bytes));
	printf("hypervisor_heap_kib    : %llu\n", KIB(i->heap_bytes));
	printf("hypervisor_heap_used   : %llu\n", KIB(i->heap_used_bytes));
	printf("lpis_used              : %u\n", i->lpis_used);
	printf("gic_version            : %u\n", i->gic_version);
	printf("its                    : %s%s\n", i->features & CONTROL_FEATURE_ITS ? "yes" : "no",
	       i->features & CONTROL_FEATURE_DIRECT ? ", direct interrupts" : "");
	printf("smmu                   : %s\n", i->features & CONTROL_FEATURE_SMMU ? "yes" : "no");
	printf("uptime_seconds         : %llu\n", (unsigned long long)(i->uptime_ns / 1000000000));
}

static void json_info(const struct control_info *i)
{
	struct json j = { 0 };

	json_begin(&j, NULL, '{');
	json_string(&j, "version", i->version);
	json_number(&j, "abi", i->abi);
	json_number(&j, "cpus", i->cpu_count);
	json_number(&j, "ram_bytes", i->ram_bytes);
	json_number(&j, "domain_ram_bytes", i->domain_ram_bytes);
	json_number(&j, "free_bytes", i->free_bytes);
	json_number(&j, "heap_bytes", i->heap_bytes);
	json_number(&j, "heap_used_bytes", i->heap_used_bytes);
	json_number(&j, "lpis_used", i->lpis_used);
	json_number(&j, "gic_version", i->gic_version);
	json_bool(&j, "its", (i->features & CONTROL_FEATURE_ITS) != 0);
	json_bool(&j, "smmu", (i->features & CONTROL_FEATURE_SMMU) != 0);
	json_bool(&j, "direct_interrupts", (i->features & CONTROL_FEATURE_DIRECT) != 0);
	json_number(&j, "tick_hz", i->tick_hz);
	json_seconds(&j, "uptime", i->uptime_ns);
	json_end(&j, '}');
	json_finish(&j);
}

int cmd_info(const struct command *c, int argc, char **argv)
{
	struct control_info info;
	struct viaduct *v;
	bool json;
	int status = via_json_option(c, argc, argv, 0, 0, &json);

	if (status != VIA_OK) {
		return status;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	if (viaduct_info(v, &info) != 0) {
		status = via_fail(c, "%s", viaduct_error(v));
	} else if (json) {
		json_info(&info);
	} else {
		print_info(&info);
	}
	viaduct_close(v);
	return status;
}

static void print_stats(const struct control_domain_stats *s)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < CONTROL_EXIT_KINDS; i++) {
		printf("exits_%-16s : %llu\n", domain_exit_name(i),
		       (unsigned long long)s->exits[i]);
		total += s->exits[i];
	}
	printf("exits_%-16s : %llu\n", "total", (unsigned long long)total);
	printf("%-22s : %llu\n", "interrupts", (unsigned long long)s->interrupts);
	printf("%-22s : %llu\n", "table_kib", KIB(s->table_bytes));
	printf("%-22s : %llu\n", "table_kib_max", KIB(s->table_bytes_max));
}

static void json_stats(const struct control_domain *d, const struct control_domain_stats *s)
{
	struct json j = { 0 };
	uint64_t total = 0;

	json_begin(&j, NULL, '{');
	json_string(&j, "name", d->name);
	json_number(&j, "id", d->id);
	json_begin(&j, "exits", '{');
	for (uint32_t i = 0; i < CONTROL_EXIT_KINDS; i++) {
		json_number(&j, domain_exit_name(i), s->exits[i]);
		total += s->exits[i];
	}
	json_end(&j, '}');
	json_number(&j, "exits_total", total);
	json_number(&j, "interrupts", s->interrupts);
	json_number(&j, "table_bytes", s->table_bytes);
	json_number(&j, "table_bytes_max", s->table_bytes_max);
	json_end(&j, '}');
	json_finish(&j);
}

int cmd_stats(const struct command *c, int argc, char **argv)
{
	struct control_domain_stats stats;
	struct control_domain d;
	struct viaduct *v;
	bool json;
	int status = via_json_option(c, argc, argv, 1, 1, &json);

	if (status != VIA_OK) {
		return status;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	if (viaduct_domain_find(v, argv[optind], &d) != 0 ||
	    viaduct_domain_stats(v, d.id, &stats) != 0) {
		status = via_fail(c, "%s", viaduct_error(v));
	} else if (json) {
		json_stats(&d, &stats);
	} else {
		print_stats(&stats);
	}
	viaduct_close(v);
	return status;
}

int cmd_dmesg(const struct command *c, int argc, char **argv)
{
	struct viaduct *v;
	uint64_t position = 0;
	char text[4096];
	size_t got;
	int err;

	if (via_option(c, argc, argv, "", 0, 0) != -1) {
		return VIA_MALFORMED;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	do {
		err = viaduct_log_read(v, &position, text, sizeof(text), &got);
		if (err == 0) {
			fwrite(text, 1, got, stdout);
		}
	} while (err == 0 && got != 0);
	if (err != 0) {
		via_fail(c, "%s", viaduct_error(v));
	}
	viaduct_close(v);
	return err == 0 ? VIA_OK : VIA_FAILED;
}
