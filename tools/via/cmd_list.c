/* SPDX-License-Identifier: BSD-2-Clause */
/* list: the domains, in xl's columns. */
#include <stdio.h>

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

static int show_domain(struct viaduct *v, struct json *j, const struct control_domain *d)
{
	(void)v;
	if (j != NULL) {
		json_domain(j, d);
	} else {
		print_domain(d);
	}
	return 0;
}

int cmd_list(const struct command *c, int argc, char **argv)
{
	static const struct domain_report report = {
		"Name                                        ID   Mem VCPUs\tState\tTime(s)\n",
		show_domain,
	};

	return domain_report_run(&report, c, argc, argv);
}
