/* SPDX-License-Identifier: BSD-2-Clause */
#include "overlay.h"

#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

/* libfdt applies a tree without fragments, too, and nothing comes of it. */
static bool has_fragment(const void *tree)
{
	int node;

	fdt_for_each_subnode(node, tree, 0) {
		if (fdt_subnode_offset(tree, node, "__overlay__") >= 0) {
			return true;
		}
	}
	return false;
}

int overlay_check(const uint8_t *data, uint64_t size, const char **flaw)
{
	if (size < sizeof(struct fdt_header) || fdt_magic(data) != FDT_MAGIC) {
		*flaw = "not a compiled device tree";
		return -EINVAL;
	}
	if (fdt_check_full(data, (size_t)size) != 0) {
		*flaw = "the compiled device tree is damaged";
		return -EINVAL;
	}
	if (!has_fragment(data)) {
		*flaw = "no overlay: its source has to begin with /dts-v1/; /plugin/;";
		return -EINVAL;
	}
	return 0;
}

static const char *flaw_of(int err)
{
	switch (err) {
	case -FDT_ERR_NOSPACE:
		return "the device tree is too large with it";
	case -FDT_ERR_NOTFOUND:
		return "what it names is not in the domain's device tree: nodes are named by path "
		       "there, not by label";
	default:
		return fdt_strerror(err);
	}
}

int overlay_apply(void *fdt, size_t size, const uint8_t *data, const char **flaw)
{
	size_t data_size = fdt_totalsize(data);
	void *copy = malloc(data_size); /* libfdt changes it */
	int err;

	if (copy == NULL) {
		*flaw = "out of memory";
		return -EINVAL;
	}
	memcpy(copy, data, data_size);
	err = fdt_open_into(fdt, fdt, (int)size);
	if (err == 0) {
		err = fdt_overlay_apply(fdt, copy);
	}
	free(copy);
	if (err != 0) {
		*flaw = flaw_of(err);
		return -EINVAL;
	}
	return 0;
}
