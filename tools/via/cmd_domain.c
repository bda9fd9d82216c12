/* SPDX-License-Identifier: BSD-2-Clause */
/* destroy, pause, unpause. */
#include <getopt.h>

#include "pci_function.h"

static int pause_domain(const struct command *c, struct viaduct *v, const struct control_domain *d)
{
	return viaduct_domain_pause(v, d->id) == 0
		       ? VIA_OK
		       : via_fail(c, "%s: %s", d->name, viaduct_error(v));
}

static int unpause_domain(const struct command *c, struct viaduct *v,
			  const struct control_domain *d)
{
	return viaduct_domain_unpause(v, d->id) == 0
		       ? VIA_OK
		       : via_fail(c, "%s: %s", d->name, viaduct_error(v));
}

static int on_domain(const struct command *c, int argc, char **argv,
		     int (*act)(const struct command *c, struct viaduct *v,
				const struct control_domain *d))
{
	struct control_domain d;
	struct viaduct *v;
	int status;

	if (via_option(c, argc, argv, "", 1, 1) != -1) {
		return VIA_MALFORMED;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	if (viaduct_domain_find(v, argv[optind], &d) != 0) {
		status = via_fail(c, "%s", viaduct_error(v));
	} else {
		status = act(c, v, &d);
	}
	viaduct_close(v);
	return status;
}

int cmd_destroy(const struct command *c, int argc, char **argv)
{
	return on_domain(c, argc, argv, function_end_domain);
}

int cmd_pause(const struct command *c, int argc, char **argv)
{
	return on_domain(c, argc, argv, pause_domain);
}

int cmd_unpause(const struct command *c, int argc, char **argv)
{
	return on_domain(c, argc, argv, unpause_domain);
}
