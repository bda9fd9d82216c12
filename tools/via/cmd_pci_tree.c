/* SPDX-License-Identifier: BSD-2-Clause */
/* pci-tree: where every function is, and whose. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pci_tree.h"
#include "via.h"

/*
 * POSIX 8.2: the first of these that is set and not empty says how characters are written. The
 * locale itself need not be there: a control domain's root file system may have none.
 */
static bool terminal_is_utf8(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = getenv(variables[i]);
		const char *codeset;

		if (value != NULL && *value != '\0') {
			codeset = strchr(value, '.');
			return codeset != NULL && (strncasecmp(codeset, ".utf-8", 6) == 0 ||
						   strncasecmp(codeset, ".utf8", 5) == 0);
		}
	}
	return false;
}

static int draw(const struct command *c, struct viaduct *v, bool svg)
{
	struct control_function *list = NULL;
	struct control_domain *domains = NULL;
	size_t count, domain_count;
	struct pci_tree tree;

	if (viaduct_domain_list(v, &domains, &domain_count) != 0 ||
	    viaduct_pci_list(v, &list, &count) != 0) {
		free(domains);
		return via_fail(c, "%s", viaduct_error(v));
	}
	if (pci_tree_build(&tree, list, count, domains, domain_count) != 0) {
		abort();
	}
	if (svg) {
		pci_tree_svg(&tree);
	} else {
		pci_tree_text(&tree, terminal_is_utf8());
	}
	pci_tree_free(&tree);
	free(list);
	free(domains);
	return VIA_OK;
}

int cmd_pci_tree(const struct command *c, int argc, char **argv)
{
	struct viaduct *v;
	bool svg = false;
	int letter, status;

	while ((letter = via_option(c, argc, argv, "s", 0, 0)) == 's') {
		svg = true;
	}
	if (letter != -1) {
		return VIA_MALFORMED;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	status = draw(c, v, svg);
	viaduct_close(v);
	return status;
}
