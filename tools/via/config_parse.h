/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar of xl.cfg files: KEY = VALUE, ended by a newline or ';'. A value is a number, a
 * string in either kind of quotes, or a list of strings and numbers in brackets, where newlines and
 * a trailing comma are allowed. '#' starts a comment. Pure: what the keys mean is guest_config.h's.
 */
#ifndef VIA_CONFIG_PARSE_H
#define VIA_CONFIG_PARSE_H

#include <stddef.h>

enum config_kind { CONFIG_NUMBER, CONFIG_STRING, CONFIG_LIST };

/* Where something is written: a line of the file, or an argument of the command line. */
struct config_place {
	const char *argument; /* NULL: the file */
	unsigned int line;    /* 0: the whole */
};

struct config_value {
	enum config_kind kind; /* of a list's items: NUMBER or STRING */
	char *text;   /* NUMBER: digits as written; STRING: without quotes and escapes */
	char **items; /* LIST */
	size_t item_count;
};

struct config_setting {
	char *key;
	struct config_place at;
	struct config_value value;
};

struct config {
	/* in the order of their first mention; a key occurs once */
	struct config_setting *settings;
	size_t count;
};

struct config_error {
	struct config_place at;
	char text[160];
};

/* 0, or a negative errno with *error filled and *c empty. */
int config_parse(struct config *c, const char *text, size_t size, struct config_error *error);
/*
 * The same grammar in an argument of the command line, which has the last word on its keys. It must
 * stay where it is as long as *c and *error do. On failure *c is empty.
 */
int config_override(struct config *c, const char *argument, struct config_error *error);
void config_free(struct config *c);
/* NULL: no such key. */
const struct config_setting *config_find(const struct config *c, const char *key);
/* The value as a number: decimal, 0x or 0 as in C, quoted or not. -EINVAL, -ERANGE. */
int config_number(const struct config_value *v, long long *out);

#endif
