/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"

#include <stdio.h>

static void quoted(const char *s)
{
	putchar('"');
	for (; *s != '\0'; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch == '"' || ch == '\\') {
			printf("\\%c", ch);
		} else if (ch < 0x20 || ch > 0x7e) {
			printf("\\u%04x", ch);
		} else {
			putchar(ch);
		}
	}
	putchar('"');
}

static void start(struct json *j, const char *name)
{
	if (j->comma) {
		printf(", ");
	}
	j->comma = true;
	if (name != NULL) {
		quoted(name);
		printf(": ");
	}
}

void json_begin(struct json *j, const char *name, char bracket)
{
	start(j, name);
	putchar(bracket);
	j->comma = false;
}

void json_end(struct json *j, char bracket)
{
	putchar(bracket);
	j->comma = true;
}

void json_string(struct json *j, const char *name, const char *value)
{
	start(j, name);
	quoted(value);
}

void json_number(struct json *j, const char *name, uint64_t value)
{
	start(j, name);
	printf("%llu", (unsigned long long)value);
}

void json_seconds(struct json *j, const char *name, uint64_t ns)
{
	start(j, name);
	printf("%llu.%03llu", (unsigned long long)(ns / 1000000000),
	       (unsigned long long)(ns / 1000000 % 1000));
}

void json_bool(struct json *j, const char *name, bool value)
{
	start(j, name);
	printf("%s", value ? "true" : "false");
}

void json_finish(struct json *j)
{
	putchar('\n');
	j->comma = false;
}
