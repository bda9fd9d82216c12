/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_log.h"

#include <stdio.h>
#include <string.h>

#include "core/log.h"

unsigned int fake_log_lines;

static char text[1 << 16];
static size_t used;

bool fake_log_has(const char *wanted)
{
	return strstr(text, wanted) != NULL;
}

void fake_log_clear(void)
{
	used = 0;
	text[0] = '\0';
	fake_log_lines = 0;
}

void log_begin(struct log_text *l, const char *area)
{
	l->length = (size_t)snprintf(l->text, sizeof(l->text), "%s: ", area);
}

static void add(struct log_text *l, const char *fmt, va_list ap)
{
	size_t room = sizeof(l->text) - l->length;
	int n = vsnprintf(l->text + l->length, room, fmt, ap);

	l->length += n > 0 && (size_t)n < room ? (size_t)n : room - 1;
}

void log_add(struct log_text *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(l, fmt, ap);
	va_end(ap);
}

void log_end(struct log_text *l, enum log_level level)
{
	(void)level;
	if (l->length + 1 < sizeof(text) - used) {
		memcpy(text + used, l->text, l->length);
		used += l->length;
		text[used++] = '\n';
		text[used] = '\0';
	}
	fake_log_lines++;
}

static void keep(const char *area, const char *fmt, va_list ap)
{
	struct log_text l;

	log_begin(&l, area);
	add(&l, fmt, ap);
	log_end(&l, LOG_INFO);
}

void log_line(enum log_level level, const char *area, const char *fmt, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	keep(area, fmt, ap);
	va_end(ap);
}

void log_domain(struct domain *d, enum log_level level, const char *area, const char *fmt, ...)
{
	va_list ap;

	(void)d;
	(void)level;
	va_start(ap, fmt);
	keep(area, fmt, ap);
	va_end(ap);
}
