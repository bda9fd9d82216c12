/* SPDX-License-Identifier: BSD-2-Clause */
#include "shared_spec.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pci_spec.h"

#define TEXT_MAX 256 /* with the terminating 0 */

/* Decimal digits, and perhaps a letter for 2^10, 2^20 or 2^30. Returns false when it is none. */
static bool parse_size(const char *text, uint64_t *out)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || errno != 0) {
		return false;
	}
	unit = *end != '\0' ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (unit != NULL) {
		unsigned int shift = 10 * (unsigned int)(unit - units + 1);

		if (*out > UINT64_MAX >> shift) {
			return false;
		}
		*out <<= shift;
		end++;
	}
	return *end == '\0';
}

/* One KEY=VALUE. Returns NULL, or what is wrong with it. */
static const char *set_option(struct shared_memory *out, const char *key, const char *value)
{
	uint64_t number;

	if (strcmp(key, "name") == 0) {
		if (!pci_name_ok(value)) {
			return "a name has 1 to 63 printable characters without spaces";
		}
		memcpy(out->name, value, strlen(value) + 1);
		return NULL;
	}
	if (strcmp(key, "size") == 0) {
		if (!parse_size(value, &number) || number < CONTROL_SHARED_SIZE_MIN ||
		    number > CONTROL_SHARED_SIZE_MAX || (number & (number - 1)) != 0) {
			return "size must be a power of two between 4K and 1G";
		}
		out->bytes = number;
		return NULL;
	}
	if (strcmp(key, "vectors") == 0) {
		if (!parse_size(value, &number) || number == 0 ||
		    number > CONTROL_SHARED_VECTORS_MAX) {
			return "vectors must be between 1 and 32, or left out";
		}
		out->vectors = (uint32_t)number;
		return NULL;
	}
	return "name, size and vectors are all there is to set";
}

int shared_spec_parse(const char *text, struct shared_memory *out, char *why, size_t why_size)
{
	char copy[TEXT_MAX];
	char *word, *rest = copy;

	*out = (struct shared_memory){ 0 };
	if (strlen(text) >= sizeof(copy)) {
		snprintf(why, why_size, "longer than %d characters", TEXT_MAX - 1);
		return -EINVAL;
	}
	memcpy(copy, text, strlen(text) + 1);
	while ((word = strsep(&rest, ",")) != NULL) {
		char *value = strchr(word, '=');
		const char *wrong;

		if (*word == '\0' && rest == NULL && word != copy) {
			break; /* a trailing comma */
		}
		if (value == NULL) {
			snprintf(why, why_size, "\"%s\" is not KEY=VALUE", word);
			return -EINVAL;
		}
		*value++ = '\0';
		wrong = set_option(out, word, value);
		if (wrong != NULL) {
			snprintf(why, why_size, "%s", wrong);
			return -EINVAL;
		}
	}
	if (out->name[0] == '\0' || out->bytes == 0) {
		snprintf(why, why_size, "name and size are needed");
		return -EINVAL;
	}
	return 0;
}
