/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: lines are formatted on the caller's stack, then kept and printed whole under one lock.
 */
#include "core/log.h"

#include "arch/arm64/cpu.h"
#include "core/console.h"
#include "core/domain.h"
#include "core/log_ring.h"
#include "core/spinlock.h"
#include "lib/format.h"
#include "lib/string.h"

#define LOG_RING_SIZE 32768
#define LOG_LINE_MAX  320

static char log_text[LOG_RING_SIZE];
static struct text_ring log_ring = { .text = log_text, .size = LOG_RING_SIZE };
static struct spinlock log_lock;
static enum log_level log_console_level = LOG_INFO;

/* A line under construction; text beyond the end is cut. */
struct line {
	_Alignas(uint64_t) char text[LOG_LINE_MAX];
	size_t length;
};

static void line_add_v(struct line *l, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
static void line_add(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void line_add_v(struct line *l, const char *fmt, va_list ap)
{
	/* One byte stays free for the newline. */
	size_t room = LOG_LINE_MAX - 1 - l->length;
	int n = format_v(l->text + l->length, room, fmt, ap);

	if (n > 0) {
		l->length += MIN((size_t)n, room - 1);
	}
}

static void line_add(struct line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line_add_v(l, fmt, ap);
	va_end(ap);
}

static void line_begin(struct line *l, const char *area)
{
	uint64_t ticks = ticks_now();
	uint64_t frequency = ticks_per_second();
	uint64_t micros = 0;

	l->length = 0;
	if (frequency != 0) {
		micros = ticks / frequency * 1000000 + ticks % frequency * 1000000 / frequency;
	}
	line_add(l, "[%5llu.%06llu] %s: ", (unsigned long long)(micros / 1000000),
		 (unsigned long long)(micros % 1000000), area);
}

static void line_end(struct line *l, enum log_level level)
{
	bool locked;

	text_sanitize(l->text, l->length);
	l->text[l->length] = '\n';
	locked = console_lock_unless_forced(&log_lock);
	text_ring_put(&log_ring, l->text, l->length + 1);
	if (level <= log_console_level) {
		console_line(l->text, l->length);
	}
	if (locked) {
		spin_unlock(&log_lock);
	}
}

void log_line(enum log_level level, const char *area, const char *fmt, ...)
{
	struct line l;
	va_list ap;

	line_begin(&l, area);
	va_start(ap, fmt);
	line_add_v(&l, fmt, ap);
	va_end(ap);
	line_end(&l, level);
}

/* Takes a token of d. *left_out: lines dropped since the last one that passed. */
static bool log_domain_allowed(struct domain *d, uint64_t *left_out)
{
	bool locked = console_lock_unless_forced(&log_lock);
	bool allowed = log_bucket_take(&d->log_tokens, &d->log_last_ticks, ticks_now(),
				       ticks_per_second());

	*left_out = 0;
	if (allowed) {
		*left_out = d->log_dropped;
		d->log_dropped = 0;
	} else {
		d->log_dropped++;
	}
	if (locked) {
		spin_unlock(&log_lock);
	}
	return allowed;
}

void log_domain(struct domain *d, enum log_level level, const char *area, const char *fmt, ...)
{
	uint64_t left_out;
	struct line l;
	va_list ap;

	if (!log_domain_allowed(d, &left_out)) {
		return;
	}
	line_begin(&l, area);
	line_add(&l, "d%u %s: ", d->id, d->name);
	if (left_out != 0) {
		line_add(&l, "(%llu lines left out) ", (unsigned long long)left_out);
	}
	va_start(ap, fmt);
	line_add_v(&l, fmt, ap);
	va_end(ap);
	line_end(&l, level);
}

size_t log_read(uint64_t *pos, char *buf, size_t size)
{
	bool locked = console_lock_unless_forced(&log_lock);
	size_t n = text_ring_get(&log_ring, pos, buf, size);

	if (locked) {
		spin_unlock(&log_lock);
	}
	return n;
}

void log_set_console_level(enum log_level level)
{
	log_console_level = level;
}

enum log_level log_get_console_level(void)
{
	return log_console_level;
}
