/* SPDX-License-Identifier: BSD-2-Clause */
/* The one string function the C library has no equal of; on its own for the host tests. */
#include "lib/string.h"

size_t str_copy(char *dst, const char *src, size_t size)
{
	size_t length = strlen(src);

	if (size != 0) {
		size_t n = length < size ? length : size - 1;

		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return length;
}
