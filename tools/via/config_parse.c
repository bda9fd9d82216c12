/* SPDX-License-Identifier: BSD-2-Clause */
/* A recursive-descent parser of one level; every byte of the text is looked at once. */
#include "config_parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAX 256
#define ITEMS_MAX    1024

struct parser {
	const char *p;
	const char *end;
	unsigned int line;
	struct config_error *error;
};

static int fail(struct parser *s, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct parser *s, int err, const char *fmt, ...)
{
	va_list ap;

	s->error->line = s->line;
	va_start(ap, fmt);
	vsnprintf(s->error->text, sizeof(s->error->text), fmt, ap);
	va_end(ap);
	return err;
}

static int peek(const struct parser *s)
{
	return s->p < s->end ? (unsigned char)*s->p : -1;
}

static bool is_letter(int ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_';
}

static bool is_digit(int ch)
{
	return ch >= '0' && ch <= '9';
}

/* Past blanks and comments, and past newlines too where they mean nothing. */
static void skip(struct parser *s, bool newlines)
{
	for (;;) {
		int ch = peek(s);

		if (ch == '#') {
			while (peek(s) != '\n' && peek(s) != -1) {
				s->p++;
			}
		} else if (ch == ' ' || ch == '\t' || ch == '\r') {
			s->p++;
		} else if (ch == '\n' && newlines) {
			s->line++;
			s->p++;
		} else {
			return;
		}
	}
}

/* What stands at the cursor, for messages. */
static int unexpected(struct parser *s, const char *wanted)
{
	int ch = peek(s);

	if (ch == -1) {
		return fail(s, -EINVAL, "%s expected at the end of the file", wanted);
	}
	if (ch == '\n') {
		return fail(s, -EINVAL, "%s expected at the end of the line", wanted);
	}
	if (ch < ' ' || ch > '~') {
		return fail(s, -EINVAL, "%s expected, not the character 0x%02x", wanted,
			    (unsigned int)ch);
	}
	return fail(s, -EINVAL, "%s expected, not '%c'", wanted, ch);
}

static int copy(struct parser *s, const char *from, size_t length, char **out)
{
	*out = strndup(from, length);
	return *out != NULL ? 0 : fail(s, -ENOMEM, "out of memory");
}

static int escape(struct parser *s, char *out)
{
	static const char letters[] = "\\'\"nrt";
	static const char meanings[] = "\\'\"\n\r\t";
	int ch = peek(s);
	const char *found = ch > 0 ? strchr(letters, ch) : NULL;

	if (found == NULL) {
		return unexpected(s, "one of \\ ' \" n r t after a backslash");
	}
	*out = meanings[found - letters];
	s->p++;
	return 0;
}

static int parse_string(struct parser *s, char **out)
{
	int quote = peek(s);
	const char *scan = s->p + 1;
	size_t length = 0;
	char *text;

	/* Room: never more than what is left of the text. */
	while (scan < s->end && *scan != '\n') {
		scan++;
	}
	text = malloc((size_t)(scan - s->p) + 1);
	if (text == NULL) {
		return fail(s, -ENOMEM, "out of memory");
	}
	s->p++;
	while (peek(s) != quote) {
		int err = 0;

		if (peek(s) == -1 || peek(s) == '\n') {
			err = fail(s, -EINVAL, "string without closing %c", quote);
		} else if (peek(s) == '\0') {
			err = unexpected(s, "text");
		} else if (peek(s) == '\\') {
			s->p++;
			err = escape(s, &text[length]);
		} else {
			text[length] = *s->p++;
		}
		if (err != 0) {
			free(text);
			return err;
		}
		length++;
	}
	s->p++;
	text[length] = '\0';
	*out = text;
	return 0;
}

static int parse_number(struct parser *s, char **out)
{
	const char *start = s->p;

	if (peek(s) == '-') {
		s->p++;
	}
	if (!is_digit(peek(s))) {
		return unexpected(s, "a digit");
	}
	while (is_digit(peek(s)) || is_letter(peek(s))) {
		s->p++;
	}
	return copy(s, start, (size_t)(s->p - start), out);
}

/* A number or a string. */
static int parse_atom(struct parser *s, enum config_kind *kind, char **out)
{
	int ch = peek(s);

	if (ch == '"' || ch == '\'') {
		*kind = CONFIG_STRING;
		return parse_string(s, out);
	}
	if (is_digit(ch) || ch == '-') {
		*kind = CONFIG_NUMBER;
		return parse_number(s, out);
	}
	return unexpected(s, "a number, a quoted string or a list");
}

static int add_item(struct parser *s, struct config_value *v)
{
	enum config_kind kind;
	char **more;

	if (v->item_count == ITEMS_MAX) {
		return fail(s, -E2BIG, "list of more than %d items", ITEMS_MAX);
	}
	more = realloc(v->items, (v->item_count + 1) * sizeof(*more));
	if (more == NULL) {
		return fail(s, -ENOMEM, "out of memory");
	}
	v->items = more;
	if (peek(s) == '[') {
		return fail(s, -EINVAL, "a list cannot hold a list");
	}
	/* Counted at once, so that config_free() finds it. */
	v->items[v->item_count] = NULL;
	return parse_atom(s, &kind, &v->items[v->item_count++]);
}

static int parse_list(struct parser *s, struct config_value *v)
{
	int err;

	s->p++;
	skip(s, true);
	while (peek(s) != ']') {
		err = add_item(s, v);
		if (err != 0) {
			return err;
		}
		skip(s, true);
		if (peek(s) == ',') {
			s->p++;
			skip(s, true);
		} else if (peek(s) != ']') {
			return unexpected(s, "',' or ']'");
		}
	}
	s->p++;
	return 0;
}

static int parse_value(struct parser *s, struct config_value *v)
{
	v->line = s->line;
	if (peek(s) == '[') {
		v->kind = CONFIG_LIST;
		return parse_list(s, v);
	}
	return parse_atom(s, &v->kind, &v->text);
}

static int parse_key(struct parser *s, struct config *c, char **out)
{
	const struct config_setting *earlier;
	const char *start = s->p;
	int err;

	if (!is_letter(peek(s))) {
		return unexpected(s, "a key");
	}
	while (is_letter(peek(s)) || is_digit(peek(s))) {
		s->p++;
	}
	err = copy(s, start, (size_t)(s->p - start), out);
	if (err != 0) {
		return err;
	}
	earlier = config_find(c, *out);
	if (earlier != NULL) {
		err = fail(s, -EINVAL, "%.64s was set in line %u already", *out, earlier->line);
		free(*out);
		return err;
	}
	return 0;
}

static int parse_setting(struct parser *s, struct config *c)
{
	struct config_setting *more, *new;
	char *key = NULL;
	int err;

	if (c->count == SETTINGS_MAX) {
		return fail(s, -E2BIG, "more than %d settings", SETTINGS_MAX);
	}
	more = realloc(c->settings, (c->count + 1) * sizeof(*more));
	if (more == NULL) {
		return fail(s, -ENOMEM, "out of memory");
	}
	c->settings = more;
	err = parse_key(s, c, &key);
	if (err != 0) {
		return err;
	}
	new = &c->settings[c->count++];
	*new = (struct config_setting){ .key = key, .line = s->line };
	skip(s, false);
	if (peek(s) != '=') {
		return unexpected(s, "'='");
	}
	s->p++;
	skip(s, false);
	err = parse_value(s, &new->value);
	if (err != 0) {
		return err;
	}
	skip(s, false);
	if (peek(s) != '\n' && peek(s) != ';' && peek(s) != -1) {
		return unexpected(s, "end of line or ';'");
	}
	return 0;
}

int config_parse(struct config *c, const char *text, size_t size, struct config_error *error)
{
	struct parser s = { .p = text, .end = text + size, .line = 1, .error = error };
	int err;

	*c = (struct config){ 0 };
	for (;;) {
		skip(&s, true);
		if (peek(&s) == ';') {
			s.p++;
			continue;
		}
		if (peek(&s) == -1) {
			return 0;
		}
		err = parse_setting(&s, c);
		if (err != 0) {
			config_free(c);
			return err;
		}
	}
}

void config_free(struct config *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct config_value *v = &c->settings[i].value;

		for (size_t k = 0; k < v->item_count; k++) {
			free(v->items[k]);
		}
		free(v->items);
		free(v->text);
		free(c->settings[i].key);
	}
	free(c->settings);
	*c = (struct config){ 0 };
}

const struct config_setting *config_find(const struct config *c, const char *key)
{
	for (size_t i = 0; i < c->count; i++) {
		if (strcmp(c->settings[i].key, key) == 0) {
			return &c->settings[i];
		}
	}
	return NULL;
}

int config_number(const struct config_value *v, long long *out)
{
	char *end;

	if (v->kind == CONFIG_LIST) {
		return -EINVAL;
	}
	errno = 0;
	*out = strtoll(v->text, &end, 0);
	if (end == v->text || *end != '\0') {
		return -EINVAL;
	}
	return errno == ERANGE ? -ERANGE : 0;
}
