/* SPDX-License-Identifier: BSD-2-Clause */
/* shared-memory-list: the regions that domains share. */
#include <stdio.h>
#include <stdlib.h>

#include "domain_names.h"
#include "json.h"
#include "via.h"

struct view {
	struct control_shared *regions;
	size_t region_count;
	struct control_domain *domains;
	size_t domain_count;
};

static const char *name_of(const struct view *view, uint32_t id)
{
	for (size_t i = 0; i < view->domain_count; i++) {
		if (view->domains[i].id == id) {
			return view->domains[i].name;
		}
	}
	return ""; /* it has come since, or gone */
}

static void print_region(const struct view *view, const struct control_shared *r)
{
	const char *between = "";

	printf("%-32s %8llu %7u ", r->name, (unsigned long long)r->bytes >> 10, r->vectors);
	for (uint32_t i = 0; i < CONTROL_SHARED_MEMBERS_MAX; i++) {
		if (r->members[i] != CONTROL_NO_DOMAIN) {
			printf("%s%u=%s", between, i, name_of(view, r->members[i]));
			between = " ";
		}
	}
	printf("\n");
}

static void json_region(struct json *j, const struct view *view, const struct control_shared *r)
{
	json_begin(j, NULL, '{');
	json_string(j, "name", r->name);
	json_number(j, "bytes", r->bytes);
	json_number(j, "vectors", r->vectors);
	json_begin(j, "members", '[');
	for (uint32_t i = 0; i < CONTROL_SHARED_MEMBERS_MAX; i++) {
		if (r->members[i] != CONTROL_NO_DOMAIN) {
			json_begin(j, NULL, '{');
			json_number(j, "position", i);
			json_string(j, "domain", name_of(view, r->members[i]));
			json_number(j, "id", r->members[i]);
			json_end(j, '}');
		}
	}
	json_end(j, ']');
	json_end(j, '}');
}

static void show(const struct view *view, bool json)
{
	struct json j = { 0 };

	if (json) {
		json_begin(&j, NULL, '[');
	} else {
		printf("%-32s %8s %7s Members\n", "Name", "KiB", "Vectors");
	}
	for (size_t i = 0; i < view->region_count; i++) {
		if (json) {
			json_region(&j, view, &view->regions[i]);
		} else {
			print_region(view, &view->regions[i]);
		}
	}
	if (json) {
		json_end(&j, ']');
		json_finish(&j);
	}
}

int cmd_shared_memory_list(const struct command *c, int argc, char **argv)
{
	struct view view = { 0 };
	struct viaduct *v;
	bool json;
	int status = via_json_option(c, argc, argv, 0, 0, &json);
	int err;

	if (status != VIA_OK) {
		return status;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	err = viaduct_shared_list(v, &view.regions, &view.region_count);
	if (err == 0) {
		err = viaduct_domain_list(v, &view.domains, &view.domain_count);
	}
	if (err == 0) {
		show(&view, json);
	} else {
		via_fail(c, "%s", viaduct_error(v));
	}
	free(view.domains);
	free(view.regions);
	viaduct_close(v);
	return err == 0 ? VIA_OK : VIA_FAILED;
}
