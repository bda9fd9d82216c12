/* SPDX-License-Identifier: BSD-2-Clause */
/* destroy, pause, unpause. */
#include <getopt.h>

#include "via.h"

/* Its devices reset on the way. */
#define DESTROY_TIMEOUT_MS 60000U

static int destroy(struct viaduct *v, uint32_t id)
{
	int err = viaduct_domain_destroy(v, id);

	return err != 0 ? err : viaduct_domain_wait_gone(v, id, DESTROY_TIMEOUT_MS);
}

static int on_domain(const struct command *c, int argc, char **argv,
		     int (*act)(struct viaduct *v, uint32_t id))
{
	struct control_domain d;
	struct viaduct *v;
	int status = VIA_OK;

	if (via_option(c, argc, argv, "", 1, 1) != -1) {
		return VIA_MALFORMED;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	if (viaduct_domain_find(v, argv[optind], &d) != 0) {
		status = via_fail(c, "%s", viaduct_error(v));
	} else if (act(v, d.id) != 0) {
		status = via_fail(c, "%s: %s", d.name, viaduct_error(v));
	}
	viaduct_close(v);
	return status;
}

int cmd_destroy(const struct command *c, int argc, char **argv)
{
	return on_domain(c, argc, argv, destroy);
}

int cmd_pause(const struct command *c, int argc, char **argv)
{
	return on_domain(c, argc, argv, viaduct_domain_pause);
}

int cmd_unpause(const struct command *c, int argc, char **argv)
{
	return on_domain(c, argc, argv, viaduct_domain_unpause);
}
