/* SPDX-License-Identifier: BSD-2-Clause */
/* strtoul() of C11 7.22.1.4 for EL2: there is no errno, so overflow only saturates. */
#include "lib/string.h"

#include "lib/types.h"

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9') {
		return (unsigned int)(c - '0');
	}
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') {
		return (unsigned int)((c | 0x20) - 'a') + 10;
	}
	return ~0U;
}

static bool has_hex_prefix(const char *s)
{
	return s[0] == '0' && (s[1] | 0x20) == 'x' && digit_value(s[2]) < 16;
}

unsigned long strtoul(const char *s, char **end, int base)
{
	const char *p = s;
	const char *digits;
	unsigned long value = 0;
	bool negative = false;
	bool overflow = false;
	unsigned int digit;

	while (*p == ' ' || (*p >= '\t' && *p <= '\r')) {
		p++;
	}
	if (*p == '+' || *p == '-') {
		negative = *p++ == '-';
	}
	if ((base == 0 || base == 16) && has_hex_prefix(p)) {
		p += 2;
		base = 16;
	} else if (base == 0) {
		base = *p == '0' ? 8 : 10;
	}
	digits = p;
	for (; (digit = digit_value(*p)) < (unsigned int)base; p++) {
		unsigned long next;

		overflow |= __builtin_mul_overflow(value, (unsigned long)base, &next);
		overflow |= __builtin_add_overflow(next, (unsigned long)digit, &value);
	}
	if (end != NULL) {
		*end = (char *)(uintptr_t)(p == digits ? s : p);
	}
	if (overflow) {
		return ~0UL;
	}
	return negative ? 0UL - value : value;
}
