/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's log: one line a call, "[   1.234567] area: text", no newline in fmt. Goes to the
 * console (unless the level is quieter) and to a ring that `via dmesg` reads. Any context.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct domain;

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

#define LOG_LINE_MAX 320

/* A line under construction; text beyond the end is cut. */
struct log_text {
	_Alignas(uint64_t) char text[LOG_LINE_MAX];
	size_t length;
};

/* A line in pieces, which is nobody's before log_end(). */
void log_begin(struct log_text *l, const char *area);
void log_add(struct log_text *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_end(struct log_text *l, enum log_level level);

void log_line(enum log_level level, const char *area, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(area, ...) log_line(LOG_ERROR, area, __VA_ARGS__)
#define log_warn(area, ...)  log_line(LOG_WARN, area, __VA_ARGS__)
#define log_info(area, ...)  log_line(LOG_INFO, area, __VA_ARGS__)

/*
 * A line a domain can cause. At most a burst of 10 and then 5 a second per domain; what was left
 * out is counted and said later. The line begins with "d<ID> <name>: ".
 */
void log_domain(struct domain *d, enum log_level level, const char *area, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Copy ring text from byte position *pos (0 = oldest kept); advances *pos. Returns bytes copied. */
size_t log_read(uint64_t *pos, char *buf, size_t size);

/* Lines quieter than level reach the ring only. */
void log_set_console_level(enum log_level level);
enum log_level log_get_console_level(void);

#endif
