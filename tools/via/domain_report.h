/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands that list domains have in common: options, whose turn it is, JSON's frame. */
#ifndef VIA_DOMAIN_REPORT_H
#define VIA_DOMAIN_REPORT_H

#include "json.h"
#include "via.h"

struct domain_report {
	const char *heading; /* first line, for people; with its newline */
	/* One domain; j NULL: for people. -ENOENT, when it has ended meanwhile, is no failure. */
	int (*show)(struct viaduct *v, struct json *j, const struct control_domain *d);
};

/*
 * Show the domains that arguments name, in their order; of no arguments all. Returns an error of
 * libviaduct, with its words in viaduct_error().
 */
int domain_report_show(const struct domain_report *r, struct viaduct *v, bool json, int argc,
		       char **argv);

/* Connect, and do that. Returns the exit status. */
int domain_report_run(const struct domain_report *r, const struct command *c, bool json, int argc,
		      char **argv);

#endif
