/* SPDX-License-Identifier: BSD-2-Clause */
/* pci-assignable-add, -remove, -list: what the control domain gives up for lending. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "in_the_way.h"
#include "json.h"
#include "pci_function.h"
#include "pci_sysfs.h"

#define RESET_TIMEOUT_MS 70000U

static int add(const struct command *c, struct viaduct *v, uint32_t sbdf, const char *name)
{
	struct control_function f;
	char bdf[16];

	via_bdf_text(sbdf, bdf);
	if (viaduct_pci_get(v, sbdf, &f) != 0) {
		return via_fail(c, "%s: %s", bdf, viaduct_error(v));
	}
	if (f.state == CONTROL_FUNCTION_QUARANTINED) {
		fprintf(stderr, "%s: is assignable already\n", bdf);
	}
	return function_make_assignable(c, v, &f, name);
}

int cmd_pci_assignable_add(const struct command *c, int argc, char **argv)
{
	const char *name = "";
	struct viaduct *v;
	uint32_t sbdf;
	int letter, status;

	while ((letter = via_option(c, argc, argv, "n:", 1, 1)) == 'n') {
		name = optarg != NULL ? optarg : "";
		if (!pci_name_ok(name)) {
			via_fail(c, "name must be 1 to %d printable characters without spaces",
				 PCI_SPEC_NAME_SIZE - 1);
			return VIA_MALFORMED;
		}
	}
	if (letter != -1) {
		return VIA_MALFORMED;
	}
	if (!pci_bdf_parse(argv[optind], &sbdf)) {
		fprintf(stderr, "%s: malformed BDF \"%s\"\n", c->name, argv[optind]);
		return VIA_MALFORMED;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	status = add(c, v, sbdf, name);
	viaduct_close(v);
	return status;
}

/* A name first, then an address. */
static int find_named(const struct command *c, struct viaduct *v, const char *text,
		      struct control_function *f)
{
	struct pci_spec spec = { .has_bdf = true };
	int err = function_by_name(v, text, f);

	if (err == 0) {
		return VIA_OK;
	}
	if (err != -ENODEV) {
		return via_fail(c, "%s", viaduct_error(v));
	}
	if (!pci_bdf_parse(text, &spec.sbdf)) {
		fprintf(stderr, "%s: malformed BDF \"%s\", and no function has that name\n",
			c->name, text);
		return VIA_MALFORMED;
	}
	return function_find(c, v, &spec, f);
}

static int rebind(const struct command *c, uint32_t sbdf)
{
	char driver[DRIVER_NAME_SIZE], bdf[16];
	int err = pci_sysfs_probe(sbdf);

	via_bdf_text(sbdf, bdf);
	/* The kernel says EINVAL when it has no driver for the function: it had none before. */
	if (err != 0 && err != -EINVAL) {
		return via_fail(c, "%s: no driver could be bound: %s", bdf, strerror(-err));
	}
	if (pci_sysfs_driver(sbdf, driver)) {
		fprintf(stderr, "%s: driver %s bound\n", bdf, driver);
	}
	return VIA_OK;
}

static int give_back(const struct command *c, struct viaduct *v, struct control_function *f)
{
	char bdf[16];
	int err;

	via_bdf_text(f->sbdf, bdf);
	if (f->state == CONTROL_FUNCTION_OWNED) {
		fprintf(stderr, "%s: is not assignable\n", bdf);
		return VIA_OK;
	}
	if (f->state == CONTROL_FUNCTION_LENT) {
		return via_fail(c, "%s: lent to domain %u", bdf, f->user);
	}
	err = viaduct_pci_return(v, f->sbdf);
	if (err != 0) {
		return fail_to_give(c, v, f->sbdf, f->owner, err);
	}
	if (viaduct_pci_wait(v, f->sbdf, RESET_TIMEOUT_MS, f) != 0) {
		return via_fail(c, "%s: %s", bdf, viaduct_error(v));
	}
	if (f->state != CONTROL_FUNCTION_OWNED) {
		return via_fail(c, "%s: is now %s", bdf, function_state_name(f->state));
	}
	return VIA_OK;
}

int cmd_pci_assignable_remove(const struct command *c, int argc, char **argv)
{
	struct control_function f;
	struct viaduct *v;
	bool bind = false;
	int letter, status;

	while ((letter = via_option(c, argc, argv, "r", 1, 1)) == 'r') {
		bind = true;
	}
	if (letter != -1) {
		return VIA_MALFORMED;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	status = find_named(c, v, argv[optind], &f);
	if (status == VIA_OK) {
		status = give_back(c, v, &f);
	}
	if (status == VIA_OK && bind) {
		status = rebind(c, f.sbdf);
	}
	viaduct_close(v);
	return status;
}

static void print_assignable(const struct control_function *list, size_t count, bool names)
{
	char quirks[64];

	for (size_t i = 0; i < count; i++) {
		if (list[i].state != CONTROL_FUNCTION_QUARANTINED) {
			continue;
		}
		printf(BDF_FMT " %s", BDF_ARGS(list[i].sbdf), names ? list[i].name : "");
		if (list[i].quirks != 0) {
			printf(" (%s)", function_quirks(list[i].quirks, quirks));
		}
		printf("%s\n", function_isolation(&list[i]));
	}
}

static void json_assignable(const struct control_function *list, size_t count)
{
	struct json j = { 0 };
	char bdf[16];

	json_begin(&j, NULL, '[');
	for (size_t i = 0; i < count; i++) {
		if (list[i].state == CONTROL_FUNCTION_QUARANTINED) {
			json_begin(&j, NULL, '{');
			json_string(&j, "bdf", via_bdf_text(list[i].sbdf, bdf));
			json_string(&j, "name", list[i].name);
			json_bool(&j, "isolated",
				  (list[i].flags & CONTROL_FUNCTION_NOT_ISOLATED) == 0);
			function_json_quirks(&j, list[i].quirks);
			function_json_virtual(&j, &list[i]);
			json_end(&j, '}');
		}
	}
	json_end(&j, ']');
	json_finish(&j);
}

int cmd_pci_assignable_list(const struct command *c, int argc, char **argv)
{
	struct control_function *list;
	bool names = false, json = false;
	struct viaduct *v;
	size_t count;
	int letter;

	while ((letter = via_option(c, argc, argv, "nj", 0, 0)) > 0 && letter != '?') {
		names = names || letter == 'n';
		json = json || letter == 'j';
	}
	if (letter != -1) {
		return VIA_MALFORMED;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	if (viaduct_pci_list(v, &list, &count) != 0) {
		via_fail(c, "%s", viaduct_error(v));
		viaduct_close(v);
		return VIA_FAILED;
	}
	if (json) {
		json_assignable(list, count);
	} else {
		print_assignable(list, count, names);
	}
	free(list);
	viaduct_close(v);
	return VIA_OK;
}
