/* SPDX-License-Identifier: BSD-2-Clause */
/* list: the domains, in xl's columns. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "domain_names.h"
#include "domain_report.h"

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
	case CONTROL_WATCHDOG:
		return 'w';
	default:
		return '?';
	}
}

/* more: columns behind xl's. */
static void print_domain(const struct control_domain *d, const char *more)
{
	bool runs = d->state == CONTROL_DOMAIN_STATE_RUNNING;
	bool paused = d->state == CONTROL_DOMAIN_STATE_PAUSED ||
		      d->state == CONTROL_DOMAIN_STATE_BUILDING;

	printf("%-40s %5u %5llu %5u     %c%c%c%c%c%c  %8.1f%s%s%s\n", d->name, d->id,
	       (unsigned long long)(d->ram_bytes >> 20), d->vcpu_count,
	       runs && d->vcpus_running != 0 ? 'r' : '-', runs && d->vcpus_running == 0 ? 'b' : '-',
	       paused ? 'p' : '-', d->state == CONTROL_DOMAIN_STATE_SHUTDOWN ? 's' : '-',
	       shutdown_letter(d), d->state == CONTROL_DOMAIN_STATE_DYING ? 'd' : '-',
	       (double)d->cpu_ns / 1e9, more,
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
	json_bool(j, "watchdog", (d->flags & CONTROL_DOMAIN_WATCHDOG) != 0);
	json_seconds(j, "cpu_seconds", d->cpu_ns);
	json_end(j, '}');
}

static int show_domain(struct viaduct *v, struct json *j, const struct control_domain *d)
{
	(void)v;
	if (j != NULL) {
		json_domain(j, d);
	} else {
		print_domain(d, "");
	}
	return 0;
}

static int count_lent(struct viaduct *v, uint32_t domain, unsigned int *lent)
{
	struct control_function *list;
	size_t count;
	int err = viaduct_pci_list(v, &list, &count);

	*lent = 0;
	for (size_t i = 0; err == 0 && i < count; i++) {
		*lent += list[i].state == CONTROL_FUNCTION_LENT && list[i].user == domain;
	}
	if (err == 0) {
		free(list);
	}
	return err;
}

static int show_more(struct viaduct *v, struct json *j, const struct control_domain *d)
{
	struct control_domain_share share = { 0 };
	bool over = d->state == CONTROL_DOMAIN_STATE_SHUTDOWN;
	unsigned int lent;
	char more[64];
	int err;

	if (j != NULL) {
		return show_domain(v, j, d);
	}
	err = viaduct_domain_share(v, d->id, 0, &share);
	if (err == 0) {
		err = count_lent(v, d->id, &lent);
	}
	if (err == 0) {
		snprintf(more, sizeof(more), " %-8s %6u %4u %4u",
			 over ? domain_shutdown_name(d->shutdown) : "-", share.weight, share.cap,
			 lent);
		print_domain(d, more);
	}
	return err;
}

#define HEADING "Name                                        ID   Mem VCPUs\tState\tTime(s)"

int cmd_list(const struct command *c, int argc, char **argv)
{
	static const struct domain_report brief = { HEADING "\n", show_domain };
	static const struct domain_report full = { HEADING " Reason   Weight  Cap Lent\n",
						   show_more };
	bool json = false, verbose = false;
	int letter;

	while ((letter = via_option(c, argc, argv, "jv", 0, argc)) > 0 && letter != '?') {
		json = json || letter == 'j';
		verbose = verbose || letter == 'v';
	}
	if (letter != -1) {
		return VIA_MALFORMED;
	}
	return domain_report_run(verbose ? &full : &brief, c, json, argc - optind, argv + optind);
}
