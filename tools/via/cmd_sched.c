/* SPDX-License-Identifier: BSD-2-Clause */
/* vcpu-pin, sched-weight: where virtual CPUs may be, and how much of the CPUs domains get. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_choice.h"
#include "cpu_set.h"
#include "domain_report.h"

int cpus_check(const struct command *c, const struct control_info *info, uint32_t set)
{
	uint32_t missing = set & ~(uint32_t)info->cpus_online;
	char those[CPU_SET_TEXT], online[CPU_SET_TEXT];

	if (set == CONTROL_ANY_CPU || missing == 0) {
		return VIA_OK;
	}
	return via_fail(c, "the machine has no CPU %s, or it is not online: there are %s",
			cpu_set_text(missing, those),
			cpu_set_text((uint32_t)info->cpus_online, online));
}

/* A number, all of the text. */
static bool read_number(const char *text, uint32_t *number)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	*number = (uint32_t)n;
	return errno == 0 && end != text && *end == '\0' && *text != '-' && n <= UINT32_MAX;
}

static int pin_some(const struct command *c, struct viaduct *v, const char *domain,
		    const char *which, uint32_t allowed)
{
	uint32_t first = 0, last;
	struct control_info info;
	struct control_domain d;

	if (viaduct_domain_find(v, domain, &d) != 0 || viaduct_info(v, &info) != 0) {
		return via_fail(c, "%s", viaduct_error(v));
	}
	if (cpus_check(c, &info, allowed) != VIA_OK) {
		return VIA_FAILED;
	}
	last = d.vcpu_count - 1;
	if (strcmp(which, "all") != 0) {
		if (!read_number(which, &first)) {
			via_fail(c, "\"%s\" is no number of a vCPU, nor \"all\"", which);
			return VIA_MALFORMED;
		}
		if (first > last) {
			return via_fail(c, "%s has no vCPU %u: there are 0-%u", d.name, first,
					last);
		}
		last = first;
	}
	for (uint32_t i = first; i <= last; i++) {
		if (viaduct_vcpu_pin(v, d.id, i, allowed) != 0) {
			return via_fail(c, "vCPU %u: %s", i, viaduct_error(v));
		}
	}
	return VIA_OK;
}

int cmd_vcpu_pin(const struct command *c, int argc, char **argv)
{
	uint32_t allowed;
	struct viaduct *v;
	char why[96];
	int status;

	if (via_option(c, argc, argv, "", 3, 3) != -1) {
		return VIA_MALFORMED;
	}
	if (cpu_set_parse(argv[optind + 2], &allowed, why, sizeof(why)) != 0) {
		via_fail(c, "\"%s\": %s", argv[optind + 2], why);
		return VIA_MALFORMED;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	status = pin_some(c, v, argv[optind], argv[optind + 1], allowed);
	viaduct_close(v);
	return status;
}

static int show_share(struct viaduct *v, struct json *j, const struct control_domain *d)
{
	struct control_domain_share s = { 0 };
	int err = viaduct_domain_share(v, d->id, 0, &s);

	if (err != 0) {
		return err;
	}
	if (j == NULL) {
		printf("%-40s %5u %6u %4u\n", d->name, d->id, s.weight, s.cap);
		return 0;
	}
	json_begin(j, NULL, '{');
	json_string(j, "name", d->name);
	json_number(j, "id", d->id);
	json_number(j, "weight", s.weight);
	json_number(j, "cap", s.cap);
	json_end(j, '}');
	return 0;
}

static const struct domain_report shares = {
	"Name                                        ID Weight  Cap\n",
	show_share,
};

static int set_share(struct viaduct *v, const char *domain, uint32_t flags,
		     struct control_domain_share *share)
{
	struct control_domain d;
	int err = viaduct_domain_find(v, domain, &d);

	return err != 0 ? err : viaduct_domain_share(v, d.id, flags, share);
}

int cmd_sched_weight(const struct command *c, int argc, char **argv)
{
	struct control_domain_share share = { 0 };
	struct viaduct *v;
	uint32_t flags = 0;
	bool json = false;
	int letter, err;

	while ((letter = via_option(c, argc, argv, "jw:c:", 0, argc)) > 0 && letter != '?') {
		uint32_t *number = letter == 'w' ? &share.weight : &share.cap;

		json = json || letter == 'j';
		if (letter != 'j' && !read_number(optarg, number)) {
			via_fail(c, "-%c: \"%s\" is no number", letter, optarg);
			return VIA_MALFORMED;
		}
		flags |= letter == 'w' ? CONTROL_SHARE_WEIGHT : 0;
		flags |= letter == 'c' ? CONTROL_SHARE_CAP : 0;
	}
	if (letter != -1) {
		return VIA_MALFORMED;
	}
	if (flags != 0 && (json || argc - optind != 1)) {
		return via_usage(c);
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	err = flags != 0 ? set_share(v, argv[optind], flags, &share) :
			   domain_report_show(&shares, v, json, argc - optind, argv + optind);
	if (err != 0) {
		via_fail(c, "%s", viaduct_error(v));
	}
	viaduct_close(v);
	return err == 0 ? VIA_OK : VIA_FAILED;
}
