/* SPDX-License-Identifier: BSD-2-Clause */
/* A device-tree overlay of the administrator's, laid over a guest's tree. */
#ifndef LIBVIADUCT_OVERLAY_H
#define LIBVIADUCT_OVERLAY_H

#include <stddef.h>
#include <stdint.h>

/* 0, or -EINVAL with *flaw, a constant, saying what is wrong with the file. */
int overlay_check(const uint8_t *data, uint64_t size, const char **flaw);

/*
 * Lay a checked overlay over the tree at fdt, which may grow to size bytes. 0, or -EINVAL with
 * *flaw; the tree is then of no use.
 */
int overlay_apply(void *fdt, size_t size, const uint8_t *data, const char **flaw);

#endif
