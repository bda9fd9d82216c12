/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON on standard output (RFC 8259): values in order, commas where they belong. */
#ifndef VIA_JSON_H
#define VIA_JSON_H

#include <stdbool.h>
#include <stdint.h>

struct json {
	bool comma; /* before the next value */
};

/* name: NULL inside an array and at the top. */
void json_begin(struct json *j, const char *name, char bracket);
void json_end(struct json *j, char bracket);
void json_string(struct json *j, const char *name, const char *value);
void json_number(struct json *j, const char *name, uint64_t value);
void json_seconds(struct json *j, const char *name, uint64_t ns);
void json_bool(struct json *j, const char *name, bool value);
void json_finish(struct json *j);

#endif
