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

int cmd_destroy(const struct command *c, int argc, char **argv)
{
	return via_on_domain(c, argc, argv, function_end_domain);
}

int cmd_pause(const struct command *c, int argc, char **argv)
{
	return via_on_domain(c, argc, argv, pause_domain);
}

int cmd_unpause(const struct command *c, int argc, char **argv)
{
	return via_on_domain(c, argc, argv, unpause_domain);
}
