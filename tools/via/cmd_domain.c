/* SPDX-License-Identifier: BSD-2-Clause */
/* destroy, pause, unpause, rename. */
#include <getopt.h>
#include <string.h>

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

/* Numbers name domains by id. */
static bool may_be_called(const char *name)
{
	return pci_name_ok(name) && strspn(name, "0123456789") != strlen(name);
}

int cmd_rename(const struct command *c, int argc, char **argv)
{
	const char *name;
	struct control_domain d;
	struct viaduct *v;
	int status = VIA_OK;

	if (via_option(c, argc, argv, "", 2, 2) != -1) {
		return VIA_MALFORMED;
	}
	name = argv[optind + 1];
	if (!may_be_called(name)) {
		via_fail(c,
			 "\"%.64s\": a name has 1 to %u printable characters, no spaces, and is no "
			 "number",
			 name, CONTROL_NAME_SIZE - 1);
		return VIA_MALFORMED;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	if (viaduct_domain_find(v, argv[optind], &d) != 0 ||
	    viaduct_domain_rename(v, d.id, name) != 0) {
		status = via_fail(c, "%s: %s", argv[optind], viaduct_error(v));
	}
	viaduct_close(v);
	return status;
}
