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

static char log_text[LOG_RING_SIZE];
static struct text_ring log_ring = { .text = log_text, .size = LOG_RING_SIZE };
static struct spinlock log_lock;
static enum log_level log_console_level = LOG_INFO;

static void add_v(struct log_text *l, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void add_v(struct log_text *l, const char *fmt, va_list ap)
{
	/* One byte stays free for the newline. */
	size_t room = LOG_LINE_MAX - 1 - l->length;
	int n = format_v(l->text + l->length, room, fmt, ap);

	if (n > 0) {
		l->length += MIN((size_t)n, room - 1);
	}
}

void log_add(struct log_text *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_v(l, fmt, ap);
	va_end(ap);
}

/* With what it takes to fill width, before to. Returns where it begins. */
static char *put_number(char *to, uint64_t value, uint32_t width, char fill)
{
	const char *full = to - width;

	do {
		*--to = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	while (to > full) {
		*--to = fill;
	}
	return to;
}

/* "[%5llu.%06llu] area: ", written by hand since every line has it and somebody waits. */
void log_begin(struct log_text *l, const char *area)
{
	uint64_t ticks = ticks_now();
	uint64_t frequency = ticks_per_second();
	uint64_t seconds = frequency != 0 ? ticks / frequency : 0;
	uint64_t micros = frequency != 0 ? ticks % frequency * 1000000 / frequency : 0;
	char stamp[32];
	char *end = stamp + sizeof(stamp);
	char *at = end;
	size_t area_length = strlen(area);

	*--at = ' ';
	*--at = ']';
	at = put_number(at, micros, 6, '0');
	*--at = '.';
	at = put_number(at, seconds, 5, ' ');
	*--at = '[';
	l->length = (size_t)(end - at);
	memcpy(l->text, at, l->length);
	memcpy(l->text + l->length, area, area_length);
	l->length += area_length;
	l->text[l->length++] = ':';
	l->text[l->length++] = ' ';
}

void log_end(struct log_text *l, enum log_level level)
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
	struct log_text l;
	va_list ap;

	log_begin(&l, area);
	va_start(ap, fmt);
	add_v(&l, fmt, ap);
	va_end(ap);
	log_end(&l, level);
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
	struct log_text l;
	va_list ap;

	if (!log_domain_allowed(d, &left_out)) {
		return;
	}
	log_begin(&l, area);
	log_add(&l, "d%u %s: ", d->id, d->name);
	if (left_out != 0) {
		log_add(&l, "(%llu lines left out) ", (unsigned long long)left_out);
	}
	va_start(ap, fmt);
	add_v(&l, fmt, ap);
	va_end(ap);
	log_end(&l, level);
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
