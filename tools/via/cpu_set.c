/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpu_set.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <viaduct/control.h>

static const char *skip_blanks(const char *s)
{
	while (isblank((unsigned char)*s)) {
		s++;
	}
	return s;
}

/* NULL: no number. One too big to be a CPU's becomes CONTROL_CPUS_MAX. */
static const char *read_number(const char *s, uint32_t *number)
{
	if (!isdigit((unsigned char)*s)) {
		return NULL;
	}
	for (*number = 0; isdigit((unsigned char)*s); s++) {
		*number = *number * 10 + (uint32_t)(*s - '0');
		if (*number > CONTROL_CPUS_MAX) {
			*number = CONTROL_CPUS_MAX;
		}
	}
	return s;
}

static uint32_t bits(uint32_t first, uint32_t last)
{
	return (uint32_t)((2ULL << last) - (1ULL << first));
}

/* "all", "N" or "N-M". NULL: neither. */
static const char *read_item(const char *s, uint32_t *set, bool *too_big)
{
	uint32_t first, last;

	if (strncmp(s, "all", 3) == 0) {
		*set = CONTROL_ANY_CPU;
		return s + 3;
	}
	s = read_number(s, &first);
	if (s == NULL) {
		return NULL;
	}
	last = first;
	if (*s == '-') {
		s = read_number(s + 1, &last);
		if (s == NULL || last < first) {
			return NULL;
		}
	}
	*too_big = last >= CONTROL_CPUS_MAX;
	*set = *too_big ? 0 : bits(first, last);
	return s;
}

int cpu_set_parse(const char *text, uint32_t *set, char *why, size_t why_size)
{
	const char *s = text;
	bool too_big = false;

	*set = 0;
	do {
		uint32_t item = 0;
		bool without;

		s = skip_blanks(s);
		without = *s == '^';
		s = read_item(s + without, &item, &too_big);
		if (s == NULL || too_big) {
			break;
		}
		*set = without ? *set & ~item : *set | item;
		s = skip_blanks(s);
	} while (*s++ == ',');
	if (too_big) {
		snprintf(why, why_size, "CPUs have numbers up to %u", CONTROL_CPUS_MAX - 1);
	} else if (s == NULL || s[-1] != '\0') {
		snprintf(why, why_size, "\"all\" or numbers as in 0-3,^1 expected");
	} else if (*set == 0) {
		snprintf(why, why_size, "no CPU is left");
	} else {
		/* "all" without some is no longer all there can be. */
		*set = *set == CONTROL_ANY_CPU ? *set : *set & bits(0, CONTROL_CPUS_MAX - 1);
		return 0;
	}
	return -EINVAL;
}

const char *cpu_set_text(uint32_t set, char *buf)
{
	size_t used = 0;

	if (set == CONTROL_ANY_CPU) {
		strcpy(buf, "all");
		return buf;
	}
	buf[0] = '\0';
	for (uint32_t first = 0; first < CONTROL_CPUS_MAX; first++) {
		uint32_t last = first;

		if ((set & 1U << first) == 0) {
			continue;
		}
		while (last + 1 < CONTROL_CPUS_MAX && (set & 2U << last) != 0) {
			last++;
		}
		used += (size_t)snprintf(buf + used, CPU_SET_TEXT - used, "%s%u",
					 used != 0 ? "," : "", first);
		if (last != first) {
			used += (size_t)snprintf(buf + used, CPU_SET_TEXT - used, "-%u", last);
		}
		first = last;
	}
	return buf;
}
