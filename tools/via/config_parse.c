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
	struct config_place at;
	struct config_error *error;
};

static int fail(struct parser *s, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct parser *s, int err, const char *fmt, ...)
{
	va_list ap;

	s->error->at = s->at;
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
			s->at.line++;
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
		return fail(s, -EINVAL, "%s expected at the end of the %s", wanted,
			    s->at.argument != NULL ? "argument" : "file");
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
	if (peek(s) == '[') {
		v->kind = CONFIG_LIST;
		return parse_list(s, v);
	}
	return parse_atom(s, &v->kind, &v->text);
}

static int parse_key(struct parser *s, char **out)
{
	const char *start = s->p;

	if (!is_letter(peek(s))) {
		return unexpected(s, "a key");
	}
	while (is_letter(peek(s)) || is_digit(peek(s))) {
		s->p++;
	}
	return copy(s, start, (size_t)(s->p - start), out);
}

static void free_value(struct config_value *v)
{
	for (size_t i = 0; i < v->item_count; i++) {
		free(v->items[i]);
	}
	free(v->items);
	free(v->text);
	*v = (struct config_value){ 0 };
}

/* The setting of a key that has none yet; key is its own then. */
static int add_setting(struct parser *s, struct config *c, char *key, struct config_setting **out)
{
	struct config_setting *more;

	if (c->count == SETTINGS_MAX) {
		return fail(s, -E2BIG, "more than %d settings", SETTINGS_MAX);
	}
	more = realloc(c->settings, (c->count + 1) * sizeof(*more));
	if (more == NULL) {
		return fail(s, -ENOMEM, "out of memory");
	}
	c->settings = more;
	*out = &more[c->count++];
	**out = (struct config_setting){ .key = key, .at = s->at };
	return 0;
}

/* The setting that the key at the cursor names, empty: a new one, or one that is overridden. */
static int open_setting(struct parser *s, struct config *c, struct config_setting **out)
{
	struct config_setting *earlier = NULL;
	char *key = NULL;
	int err = parse_key(s, &key);

	if (err != 0) {
		return err;
	}
	for (size_t i = 0; i < c->count; i++) {
		if (strcmp(c->settings[i].key, key) == 0) {
			earlier = &c->settings[i];
		}
	}
	if (earlier == NULL) {
		err = add_setting(s, c, key, out);
		if (err != 0) {
			free(key);
		}
		return err;
	}
	if (earlier->at.argument == s->at.argument) {
		err = fail(s, -EINVAL, "%.64s was set in line %u already", key, earlier->at.line);
	} else {
		free_value(&earlier->value);
		earlier->at = s->at;
		*out = earlier;
	}
	free(key);
	return err;
}

static int parse_setting(struct parser *s, struct config *c)
{
	struct config_setting *setting = NULL;
	int err = open_setting(s, c, &setting);

	if (err != 0) {
		return err;
	}
	skip(s, false);
	if (peek(s) != '=') {
		return unexpected(s, "'='");
	}
	s->p++;
	skip(s, false);
	err = parse_value(s, &setting->value);
	if (err != 0) {
		return err;
	}
	skip(s, false);
	if (peek(s) != '\n' && peek(s) != ';' && peek(s) != -1) {
		return unexpected(s, "end of line or ';'");
	}
	return 0;
}

static int parse_settings(struct parser *s, struct config *c)
{
	int err;

	for (;;) {
		skip(s, true);
		if (peek(s) == ';') {
			s->p++;
			continue;
		}
		if (peek(s) == -1) {
			return 0;
		}
		err = parse_setting(s, c);
		if (err != 0) {
			config_free(c);
			return err;
		}
	}
}

int config_parse(struct config *c, const char *text, size_t size, struct config_error *error)
{
	struct parser s = { .p = text, .end = text + size, .at = { .line = 1 }, .error = error };

	*c = (struct config){ 0 };
	return parse_settings(&s, c);
}

int config_override(struct config *c, const char *argument, struct config_error *error)
{
	struct parser s = {
		.p = argument,
		.end = argument + strlen(argument),
		.at = { .argument = argument, .line = 1 },
		.error = error,
	};

	return parse_settings(&s, c);
}

void config_free(struct config *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free_value(&c->settings[i].value);
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
