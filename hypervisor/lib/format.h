/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf-style formatting: %d %u %x %X %lx %llx %lu %llu %zu %p %s %c %% with width, zero flag,
 * left flag and precision for %s.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Always terminates when size != 0. Returns the length the whole text would have. */
int format_v(char *buf, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
int format(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
