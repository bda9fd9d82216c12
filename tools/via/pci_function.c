/* SPDX-License-Identifier: BSD-2-Clause */
#include "pci_function.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "in_the_way.h"
#include "pci_sysfs.h"

/* PCIe 6.0 6.6.2 and 2.3.1: a function may ask for a second after reset, and in bad cases more. */
#define RESET_TIMEOUT_MS 70000U
#define END_TIMEOUT_MS   60000U

const char *function_state_name(uint32_t state)
{
	static const char *const names[] = {
		[CONTROL_FUNCTION_ABSENT] = "absent",
		[CONTROL_FUNCTION_OWNED] = "owned",
		[CONTROL_FUNCTION_RESETTING] = "resetting",
		[CONTROL_FUNCTION_QUARANTINED] = "assignable",
		[CONTROL_FUNCTION_LENT] = "lent",
		[CONTROL_FUNCTION_BROKEN] = "broken",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

const char *function_quirks(uint32_t quirks, char *buf)
{
	char *end = buf;
	const char *name;

	*buf = '\0';
	for (unsigned int bit = 0; (name = pci_quirk_name(bit)) != NULL; bit++) {
		if (quirks >> bit & 1) {
			end += sprintf(end, "%squirk %s", end != buf ? ", " : "", name);
		}
	}
	return buf;
}

const char *function_isolation(const struct control_function *f)
{
	return f->flags & CONTROL_FUNCTION_NOT_ISOLATED ? " (not isolated)" : "";
}

void function_json_quirks(struct json *j, uint32_t quirks)
{
	const char *name;

	json_begin(j, "quirks", '[');
	for (unsigned int bit = 0; (name = pci_quirk_name(bit)) != NULL; bit++) {
		if (quirks >> bit & 1) {
			json_string(j, NULL, name);
		}
	}
	json_end(j, ']');
}

void function_json_virtual(struct json *j, const struct control_function *f)
{
	char bdf[16];

	if (f->pf != CONTROL_NO_SLOT) {
		json_string(j, "pf", via_bdf_text(f->pf, bdf));
	}
	if (f->vf_total != 0) {
		json_number(j, "vfs", f->vf_count);
		json_number(j, "vfs_max", f->vf_total);
	}
}

int function_by_name(struct viaduct *v, const char *name, struct control_function *out)
{
	struct control_function *list;
	size_t count;
	int err = viaduct_pci_list(v, &list, &count);

	if (err != 0) {
		return err;
	}
	err = -ENODEV;
	for (size_t i = 0; i < count && err != 0; i++) {
		if (list[i].name[0] != '\0' && strcmp(list[i].name, name) == 0) {
			*out = list[i];
			err = 0;
		}
	}
	free(list);
	return err;
}

int function_find(const struct command *c, struct viaduct *v, const struct pci_spec *spec,
		  struct control_function *out)
{
	char bdf[16];
	int err;

	if (!spec->has_bdf) {
		err = function_by_name(v, spec->name, out);
		if (err == -ENODEV) {
			return via_fail(c, "no PCI function is called \"%s\"", spec->name);
		}
		return err == 0 ? 0 : via_fail(c, "%s", viaduct_error(v));
	}
	if (viaduct_pci_get(v, spec->sbdf, out) != 0) {
		return via_fail(c, "%s: %s", via_bdf_text(spec->sbdf, bdf), viaduct_error(v));
	}
	return 0;
}

/* Why it cannot be taken away now; NULL: it can. Found before anything is touched. */
static const char *obstacle(const struct control_function *f, char *buf, size_t size)
{
	if (f->flags & CONTROL_FUNCTION_IS_BRIDGE) {
		return "a bridge cannot be lent";
	}
	if (f->vf_count != 0 && f->state == CONTROL_FUNCTION_OWNED) {
		snprintf(buf, size, "its %u virtual functions are enabled", f->vf_count);
		return buf;
	}
	switch (f->state) {
	case CONTROL_FUNCTION_OWNED:
		return pci_sysfs_mounted(f->sbdf, buf, size) ? buf : NULL;
	case CONTROL_FUNCTION_QUARANTINED:
	case CONTROL_FUNCTION_BROKEN: /* its reset is tried again */
		return NULL;
	case CONTROL_FUNCTION_LENT:
		snprintf(buf, size, "lent to domain %u", f->user);
		return buf;
	default:
		return "resetting: try again later";
	}
}

static int wait_quarantined(const struct command *c, struct viaduct *v, uint32_t sbdf)
{
	struct control_function f;
	char bdf[16];

	via_bdf_text(sbdf, bdf);
	if (viaduct_pci_wait(v, sbdf, RESET_TIMEOUT_MS, &f) != 0) {
		return via_fail(c, "%s: %s", bdf, viaduct_error(v));
	}
	if (f.state == CONTROL_FUNCTION_BROKEN) {
		return fail_to_reset(c, v, &f);
	}
	if (f.state != CONTROL_FUNCTION_QUARANTINED) {
		return via_fail(c, "%s: is now %s", bdf, function_state_name(f.state));
	}
	return 0;
}

int function_make_assignable(const struct command *c, struct viaduct *v,
			     const struct control_function *f, const char *name)
{
	char driver[DRIVER_NAME_SIZE], buf[256], bdf[16];
	const char *why = obstacle(f, buf, sizeof(buf));
	bool bound;
	int err;

	via_bdf_text(f->sbdf, bdf);
	if (why != NULL) {
		return via_fail(c, "%s: %s", bdf, why);
	}
	/* A broken one may have been cut off from a driver here. */
	bound = (f->state == CONTROL_FUNCTION_OWNED || f->state == CONTROL_FUNCTION_BROKEN) &&
		pci_sysfs_driver(f->sbdf, driver);
	if (bound) {
		err = pci_sysfs_unbind(f->sbdf, driver);
		if (err != 0) {
			return via_fail(c, "%s: driver %s cannot be unbound: %s", bdf, driver,
					strerror(-err));
		}
		fprintf(stderr, "%s: driver %s unbound\n", bdf, driver);
	}
	if (viaduct_pci_quarantine(v, f->sbdf, name) != 0) {
		via_fail(c, "%s: %s", bdf, viaduct_error(v));
		if (bound) {
			pci_sysfs_probe(f->sbdf);
		}
		return VIA_FAILED;
	}
	return wait_quarantined(c, v, f->sbdf);
}

int function_end_domain(const struct command *c, struct viaduct *v, const struct control_domain *d)
{
	struct control_function *list;
	struct control_function f;
	size_t count;
	char bdf[16];

	if (viaduct_pci_list(v, &list, &count) != 0) {
		return via_fail(c, "%s", viaduct_error(v));
	}
	if (viaduct_domain_destroy(v, d->id) != 0 ||
	    viaduct_domain_wait_gone(v, d->id, END_TIMEOUT_MS) != 0) {
		free(list);
		return via_fail(c, "%s: %s", d->name, viaduct_error(v));
	}
	/* The domain is gone; a function that did not come back is worth a word, not a failure. */
	for (size_t i = 0; i < count; i++) {
		if (list[i].state == CONTROL_FUNCTION_LENT && list[i].user == d->id &&
		    (viaduct_pci_wait(v, list[i].sbdf, RESET_TIMEOUT_MS, &f) != 0 ||
		     f.state == CONTROL_FUNCTION_BROKEN)) {
			fprintf(stderr, "%s: is broken now\n", via_bdf_text(list[i].sbdf, bdf));
		}
	}
	free(list);
	return VIA_OK;
}
