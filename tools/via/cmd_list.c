/* SPDX-License-Identifier: BSD-2-Clause */
/* list: the domains, in xl's columns. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "domain_names.h"
#include "json.h"
#include "via.h"

static char shutdown_letter(const struct control_domain *d)
{
	if (d->state != CONTROL_DOMAIN_STATE_SHUTDOWN) {
		return '-';
	}
	switch (d->shutdown) {
	case CONTROL_POWEROFF:
		return '-';
	case CONTROL_REBOOT:
		return 'r';
	case CONTROL_CRASH:
		return 'c';
	default:
		return '?';
	}
}

static void print_domain(const struct control_domain *d)
{
	bool runs = d->state == CONTROL_DOMAIN_STATE_RUNNING;
	bool paused = d->state == CONTROL_DOMAIN_STATE_PAUSED ||
		      d->state == CONTROL_DOMAIN_STATE_BUILDING;

	printf("%-40s %5u %5llu %5u     %c%c%c%c%c%c  %8.1f%s%s\n", d->name, d->id,
	       (unsigned long long)(d->ram_bytes >> 20), d->vcpu_count,
	       runs && d->vcpus_running != 0 ? 'r' : '-', runs && d->vcpus_running == 0 ? 'b' : '-',
	       paused ? 'p' : '-', d->state == CONTROL_DOMAIN_STATE_SHUTDOWN ? 's' : '-',
	       shutdown_letter(d), d->state == CONTROL_DOMAIN_STATE_DYING ? 'd' : '-',
	       (double)d->cpu_ns / 1e9,
	       d->flags & CONTROL_DOMAIN_UNPROTECTED_DMA ? "  not isolated" : "",
	       d->flags & CONTROL_DOMAIN_UNSAFE_INTERRUPTS ? "  unsafe-interrupts" : "");
}

static void json_domain(struct json *j, const struct control_domain *d)
{
	json_begin(j, NULL, '{');
	json_string(j, "name", d->name);
	json_number(j, "id", d->id);
	json_number(j, "memory", d->ram_bytes >> 20);
	json_number(j, "vcpus", d->vcpu_count);
	json_string(j, "state", domain_state_name(d->state));
	if (d->state == CONTROL_DOMAIN_STATE_SHUTDOWN) {
		json_string(j, "shutdown", domain_shutdown_name(d->shutdown));
	}
	json_bool(j, "control", (d->flags & CONTROL_DOMAIN_IS_CONTROL) != 0);
	json_bool(j, "isolated", (d->flags & CONTROL_DOMAIN_UNPROTECTED_DMA) == 0);
	json_bool(j, "unsafe_interrupts",
		  (d->flags & CONTROL_DOMAIN_UNSAFE_INTERRUPTS) != 0);
	json_seconds(j, "cpu_seconds", d->cpu_ns);
	json_end(j, '}');
}

int via_select_domains(struct viaduct *v, int argc, char **argv, struct control_domain **list,
		       size_t *count)
{
	int err = 0;

	if (argc == 0) {
		return viaduct_domain_list(v, list, count);
	}
	*list = calloc((size_t)argc, sizeof(**list));
	if (*list == NULL) {
		abort();
	}
	for (*count = 0; *count < (size_t)argc && err == 0; ++*count) {
		err = viaduct_domain_find(v, argv[*count], &(*list)[*count]);
	}
	if (err != 0) {
		free(*list);
		*list = NULL;
	}
	return err;
}

int cmd_list(const struct command *c, int argc, char **argv)
{
	struct control_domain *list;
	struct json j = { 0 };
	struct viaduct *v;
	bool json = false;
	size_t count;
	int letter;

	while ((letter = via_option(c, argc, argv, "j", 0, argc)) == 'j') {
		json = true;
	}
	if (letter != -1) {
		return VIA_MALFORMED;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	if (via_select_domains(v, argc - optind, argv + optind, &list, &count) != 0) {
		via_fail(c, "%s", viaduct_error(v));
		viaduct_close(v);
		return VIA_FAILED;
	}
	if (json) {
		json_begin(&j, NULL, '[');
	} else {
		printf("%-40s %5s %5s %5s\tState\tTime(s)\n", "Name", "ID", "Mem", "VCPUs");
	}
	for (size_t i = 0; i < count; i++) {
		if (json) {
			json_domain(&j, &list[i]);
		} else {
			print_domain(&list[i]);
		}
	}
	if (json) {
		json_end(&j, ']');
		json_finish(&j);
	}
	free(list);
	viaduct_close(v);
	return VIA_OK;
}
