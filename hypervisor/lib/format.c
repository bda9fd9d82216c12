/* SPDX-License-Identifier: BSD-2-Clause */
/* printf-style formatting into a buffer. Counts what does not fit, like snprintf(). */
#include "lib/format.h"

#include "lib/string.h"
#include "lib/types.h"

#define DIGITS_MAX 20 /* 2^64 - 1 in decimal */

struct sink {
	char *buf;
	size_t size;
	size_t length; /* of the whole text, fitting or not */
};

/* Cleared by each conversion: small. */
struct spec {
	bool left;
	bool zero;
	bool has_precision;
	bool is_long; /* 'l', 'll', 'z' */
	uint32_t width;
	uint32_t precision;
};

static void put(struct sink *out, char c)
{
	if (out->length + 1 < out->size) {
		out->buf[out->length] = c;
	}
	out->length++;
}

/* Most is a few characters, for which a call of memcpy() is long. */
static void put_text(struct sink *out, const char *text, size_t length)
{
	size_t at = out->length;
	size_t room = at + 1 < out->size ? out->size - 1 - at : 0;
	size_t n = MIN(length, room);

	for (size_t i = 0; i < n; i++) {
		out->buf[at + i] = text[i];
	}
	out->length += length;
}

static void pad(struct sink *out, char c, size_t count)
{
	while (count-- != 0) {
		put(out, c);
	}
}

/* prefix goes before zero padding and behind blank padding. */
static void put_field(struct sink *out, const struct spec *spec, const char *prefix,
		      const char *text, size_t length)
{
	size_t prefix_length = *prefix != '\0' ? strlen(prefix) : 0;
	size_t total = prefix_length + length;
	size_t fill = spec->width > total ? spec->width - total : 0;

	if (total == length && fill == 0) { /* as most are */
		put_text(out, text, length);
		return;
	}
	if (!spec->left && !spec->zero) {
		pad(out, ' ', fill);
	}
	put_text(out, prefix, prefix_length);
	if (!spec->left && spec->zero) {
		pad(out, '0', fill);
	}
	put_text(out, text, length);
	if (spec->left) {
		pad(out, ' ', fill);
	}
}

static void put_number(struct sink *out, const struct spec *spec, const char *prefix,
		       uint64_t value, unsigned int base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[DIGITS_MAX];
	size_t at = sizeof(text);

	do {
		text[--at] = digits[value % base];
		value /= base;
	} while (value != 0);
	/* Zeros in front are digits, too. */
	while (spec->zero && !spec->left && *prefix == '\0' && at != 0 &&
	       sizeof(text) - at < spec->width) {
		text[--at] = '0';
	}
	put_field(out, spec, prefix, &text[at], sizeof(text) - at);
}

static void put_string(struct sink *out, struct spec *spec, const char *s)
{
	if (s == NULL) {
		s = "(null)";
	}
	spec->zero = false;
	put_field(out, spec, "", s, strnlen(s, spec->has_precision ? spec->precision : SIZE_MAX));
}

/* A decimal number or '*'. A negative '*' counts as absent. */
static const char *parse_count(const char *fmt, uint32_t *count, va_list *ap)
{
	*count = 0;
	if (*fmt == '*') {
		int n = va_arg(*ap, int);

		*count = n > 0 ? (uint32_t)n : 0;
		return fmt + 1;
	}
	for (; *fmt >= '0' && *fmt <= '9'; fmt++) {
		*count = *count * 10 + (uint32_t)(*fmt - '0');
	}
	return fmt;
}

static const char *parse_spec(const char *fmt, struct spec *spec, va_list *ap)
{
	*spec = (struct spec){ 0 };
	for (; *fmt == '-' || *fmt == '0'; fmt++) {
		spec->left |= *fmt == '-';
		spec->zero |= *fmt == '0';
	}
	fmt = parse_count(fmt, &spec->width, ap);
	if (*fmt == '.') {
		spec->has_precision = true;
		fmt = parse_count(fmt + 1, &spec->precision, ap);
	}
	for (; *fmt == 'l' || *fmt == 'z' || *fmt == 'h'; fmt++) {
		spec->is_long |= *fmt != 'h'; /* what 'h' names was promoted to int */
	}
	return fmt;
}

static uint64_t arg_unsigned(const struct spec *spec, va_list *ap)
{
	return spec->is_long ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned int);
}

static void put_signed(struct sink *out, const struct spec *spec, va_list *ap)
{
	int64_t value = spec->is_long ? va_arg(*ap, long) : va_arg(*ap, int);
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	put_number(out, spec, value < 0 ? "-" : "", magnitude, 10, false);
}

static void convert(struct sink *out, char conversion, struct spec *spec, va_list *ap)
{
	char c;

	switch (conversion) {
	case 'd':
	case 'i':
		put_signed(out, spec, ap);
		break;
	case 'u':
		put_number(out, spec, "", arg_unsigned(spec, ap), 10, false);
		break;
	case 'x':
	case 'X':
		put_number(out, spec, "", arg_unsigned(spec, ap), 16, conversion == 'X');
		break;
	case 'p':
		put_number(out, spec, "0x", (uintptr_t)va_arg(*ap, void *), 16, false);
		break;
	case 's':
		put_string(out, spec, va_arg(*ap, const char *));
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		spec->zero = false;
		put_field(out, spec, "", &c, 1);
		break;
	case '%':
		put(out, '%');
		break;
	default: /* a mistake of ours: show it */
		put(out, '%');
		put(out, conversion);
		break;
	}
}

int format_v(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct sink out = { buf, size, 0 };
	struct spec spec;
	va_list args;

	va_copy(args, ap);
	for (;;) {
		const char *literal = fmt;

		while (*fmt != '%' && *fmt != '\0') {
			fmt++;
		}
		put_text(&out, literal, (size_t)(fmt - literal));
		if (*fmt == '\0') {
			break;
		}
		fmt = parse_spec(fmt + 1, &spec, &args);
		if (*fmt == '\0') {
			break;
		}
		convert(&out, *fmt++, &spec, &args);
	}
	va_end(args);
	if (size != 0) {
		buf[MIN(out.length, size - 1)] = '\0';
	}
	return (int)out.length;
}

int format(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int length;

	va_start(ap, fmt);
	length = format_v(buf, size, fmt, ap);
	va_end(ap);
	return length;
}
