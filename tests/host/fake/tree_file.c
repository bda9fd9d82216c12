/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

void tree_file(const char *name, void *to, size_t size)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.dtb", getenv("VIADUCT_TREES"), name);
	file = fopen(path, "rb");
	if (file == NULL) {
		print_error("%s cannot be opened\n", path);
	}
	assert_non_null(file);
	assert_true(fread(to, 1, size, file) > 64);
	fclose(file);
}
