/* SPDX-License-Identifier: BSD-2-Clause */
#include "domain_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int select_domains(struct viaduct *v, int argc, char **argv, struct control_domain **list,
			  size_t *count)
{
	int err = 0;

	if (argc == 0) {
		return viaduct_domain_list(v, list, count);
	}
	*list = calloc((size_t)argc, sizeof(**list));
	if (*list == NULL) {
		abort();
	}
	for (*count = 0; *count < (size_t)argc && err == 0; ++*count) {
		err = viaduct_domain_find(v, argv[*count], &(*list)[*count]);
	}
	if (err != 0) {
		free(*list);
		*list = NULL;
	}
	return err;
}

int domain_report_show(const struct domain_report *r, struct viaduct *v, bool json, int argc,
		       char **argv)
{
	struct control_domain *list;
	struct json j = { 0 };
	size_t count;
	int err = select_domains(v, argc, argv, &list, &count);

	if (err != 0) {
		return err;
	}
	if (json) {
		json_begin(&j, NULL, '[');
	} else {
		fputs(r->heading, stdout);
	}
	for (size_t i = 0; err == 0 && i < count; i++) {
		err = r->show(v, json ? &j : NULL, &list[i]);
		if (err == -ENOENT) {
			err = 0;
		}
	}
	if (json) {
		json_end(&j, ']');
		json_finish(&j);
	}
	free(list);
	return err;
}

int domain_report_run(const struct domain_report *r, const struct command *c, bool json, int argc,
		      char **argv)
{
	struct viaduct *v = via_connect(c);
	int err;

	if (v == NULL) {
		return VIA_FAILED;
	}
	err = domain_report_show(r, v, json, argc, argv);
	if (err != 0) {
		via_fail(c, "%s", viaduct_error(v));
	}
	viaduct_close(v);
	return err == 0 ? VIA_OK : VIA_FAILED;
}
