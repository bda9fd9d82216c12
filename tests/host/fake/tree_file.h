/* SPDX-License-Identifier: BSD-2-Clause */
/* Device trees that the build compiles from tests/host/data. */
#ifndef FAKE_TREE_FILE_H
#define FAKE_TREE_FILE_H

#include <stddef.h>

/* NAME.dtb, all of which fits into size bytes. */
void tree_file(const char *name, void *to, size_t size);

#endif
