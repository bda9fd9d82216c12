/* SPDX-License-Identifier: BSD-2-Clause */
/* vcpu-list: the virtual CPUs, in xl's columns. */
#include <getopt.h>
#include <stdio.h>

#include "cpu_set.h"
#include "domain_names.h"
#include "domain_report.h"

static void print_vcpu(const struct control_domain *d, const struct control_vcpu *vcpu)
{
	bool off = vcpu->state == CONTROL_VCPU_OFF;
	char cpu[12] = "-", affinity[CPU_SET_TEXT];

	if (!off) {
		snprintf(cpu, sizeof(cpu), "%u", vcpu->cpu);
	}
	printf("%-32s %5u %5u %5s   %c%c%c   %9.1f %s\n", d->name, d->id, vcpu->index, cpu,
	       vcpu->state == CONTROL_VCPU_RUNNING ? 'r' : '-',
	       vcpu->state == CONTROL_VCPU_BLOCKED || vcpu->state == CONTROL_VCPU_PARKED ? 'b' :
											   '-',
	       off || vcpu->state == CONTROL_VCPU_STOPPED ? 'p' : '-', (double)vcpu->cpu_ns / 1e9,
	       cpu_set_text(vcpu->allowed, affinity));
}

static void json_vcpu(struct json *j, const struct control_domain *d,
		      const struct control_vcpu *vcpu)
{
	char affinity[CPU_SET_TEXT];

	json_begin(j, NULL, '{');
	json_string(j, "name", d->name);
	json_number(j, "id", d->id);
	json_number(j, "vcpu", vcpu->index);
	json_number(j, "cpu", vcpu->cpu);
	json_string(j, "affinity", cpu_set_text(vcpu->allowed, affinity));
	json_string(j, "state", vcpu_state_name(vcpu->state));
	json_seconds(j, "cpu_seconds", vcpu->cpu_ns);
	json_end(j, '}');
}

static int show_domain(struct viaduct *v, struct json *j, const struct control_domain *d)
{
	struct control_vcpu list[CONTROL_VCPUS_MAX];
	size_t count = 0;
	int err = viaduct_domain_vcpus(v, d->id, list, &count);

	for (size_t i = 0; i < count; i++) {
		if (j != NULL) {
			json_vcpu(j, d, &list[i]);
		} else {
			print_vcpu(d, &list[i]);
		}
	}
	return err;
}

int cmd_vcpu_list(const struct command *c, int argc, char **argv)
{
	static const struct domain_report report = {
		"Name                                ID  VCPU   CPU State   Time(s) Affinity\n",
		show_domain,
	};
	bool json;
	int status = via_json_option(c, argc, argv, 0, argc, &json);

	if (status != VIA_OK) {
		return status;
	}
	return domain_report_run(&report, c, json, argc - optind, argv + optind);
}
