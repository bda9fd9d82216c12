/* SPDX-License-Identifier: BSD-2-Clause */
#include "pci_spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <viaduct/control.h>

static int hex_digit(char ch)
{
	if (ch >= '0' && ch <= '9') {
		return ch - '0';
	}
	if (ch >= 'a' && ch <= 'f') {
		return ch - 'a' + 10;
	}
	if (ch >= 'A' && ch <= 'F') {
		return ch - 'A' + 10;
	}
	return -1;
}

/* One to max_digits hexadecimal digits, value at most limit. Returns behind them, or NULL. */
static const char *parse_hex(const char *s, int max_digits, uint32_t limit, uint32_t *out)
{
	uint32_t value = 0;
	int digits = 0;

	while (hex_digit(*s) >= 0) {
		if (digits++ == max_digits) {
			return NULL;
		}
		value = value << 4 | (uint32_t)hex_digit(*s++);
	}
	if (digits == 0 || value > limit) {
		return NULL;
	}
	*out = value;
	return s;
}

/* Returns behind the address, or NULL. */
static const char *parse_bdf(const char *s, bool star_allowed, uint32_t *sbdf, bool *star)
{
	uint32_t segment = 0, bus, device, function = 0;
	const char *colon = strchr(s, ':');

	if (colon != NULL && strchr(colon + 1, ':') != NULL) {
		s = parse_hex(s, 4, 0xffff, &segment);
		if (s == NULL || *s++ != ':') {
			return NULL;
		}
	}
	s = parse_hex(s, 2, 0xff, &bus);
	if (s == NULL || *s++ != ':') {
		return NULL;
	}
	s = parse_hex(s, 2, 0x1f, &device);
	if (s == NULL || *s++ != '.') {
		return NULL;
	}
	*star = star_allowed && *s == '*';
	if (*star) {
		s++;
	} else {
		s = parse_hex(s, 1, 7, &function);
	}
	*sbdf = segment << 16 | bus << 8 | device << 3 | function;
	return s;
}

bool pci_bdf_parse(const char *text, uint32_t *sbdf)
{
	bool star;
	const char *end = parse_bdf(text, false, sbdf, &star);

	return end != NULL && *end == '\0';
}

bool pci_name_ok(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= PCI_SPEC_NAME_SIZE) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		if (name[i] <= ' ' || name[i] > '~') {
			return false;
		}
	}
	return true;
}

/* BDF or BDF@VSLOT, the whole of text. */
static bool set_bdf(struct pci_spec *out, const char *text, bool vslot_allowed)
{
	const char *s = parse_bdf(text, true, &out->sbdf, &out->all_functions);

	if (s != NULL && *s == '@' && vslot_allowed) {
		s = parse_hex(s + 1, 2, 0x1f, &out->vslot);
	}
	out->has_bdf = true;
	return s != NULL && *s == '\0';
}

const char *pci_quirk_name(unsigned int bit)
{
	static const char *const names[] = { "no-reset", "allow-gap" };

	_Static_assert(CONTROL_QUIRK_NO_RESET == 1U << 0, "names[]");
	_Static_assert(CONTROL_QUIRK_ALLOW_GAP == 1U << 1, "names[]");
	return bit < sizeof(names) / sizeof(names[0]) ? names[bit] : NULL;
}

static bool add_quirk(struct pci_spec *out, const char *name)
{
	const char *known;

	for (unsigned int bit = 0; (known = pci_quirk_name(bit)) != NULL; bit++) {
		if (strcmp(name, known) == 0) {
			out->quirks |= 1U << bit;
			return true;
		}
	}
	return false;
}

static bool parse_flag(const char *value, bool *out)
{
	*out = strcmp(value, "1") == 0;
	return *out || strcmp(value, "0") == 0;
}

/* One KEY=VALUE. Returns NULL, or what is wrong, to be followed by it. */
static const char *set_option(struct pci_spec *out, const char *key, const char *value)
{
	static const char bad_value[] = "bad value for ";
	const char *end;
	bool flag;

	if (strcmp(key, "bdf") == 0) {
		return !out->has_bdf && set_bdf(out, value, false) ? NULL : bad_value;
	}
	if (strcmp(key, "name") == 0) {
		if (!pci_name_ok(value)) {
			return bad_value;
		}
		memcpy(out->name, value, strlen(value) + 1);
		return NULL;
	}
	if (strcmp(key, "vslot") == 0) {
		end = parse_hex(value, 2, 0x1f, &out->vslot);
		return end != NULL && *end == '\0' ? NULL : bad_value;
	}
	if (strcmp(key, "rom") == 0) {
		memcpy(out->rom, value, strlen(value) + 1);
		return *value != '\0' ? NULL : bad_value;
	}
	if (strcmp(key, "quirk") == 0) {
		return add_quirk(out, value) ? NULL : "no such quirk: ";
	}
	if (strcmp(key, "seize") == 0) {
		return parse_flag(value, &out->seize) ? NULL : bad_value;
	}
	if (strcmp(key, "permissive") == 0) {
		return parse_flag(value, &out->permissive) ? NULL : bad_value;
	}
	if (strcmp(key, "msitranslate") == 0 || strcmp(key, "power_mgmt") == 0) {
		out->foreign = true;
		return parse_flag(value, &flag) ? NULL : bad_value;
	}
	if (strcmp(key, "rdm_policy") == 0) {
		out->foreign = true;
		return strcmp(value, "strict") == 0 || strcmp(value, "relaxed") == 0 ? NULL
										     : bad_value;
	}
	return "Unknown PCI_SPEC_STRING option: ";
}

int pci_spec_parse(const char *text, struct pci_spec *out, char *why, size_t why_size)
{
	char copy[PCI_SPEC_MAX];
	char *word, *rest = copy;
	const char *wrong;
	char *value;

	*out = (struct pci_spec){ 0 };
	if (strlen(text) >= sizeof(copy)) {
		snprintf(why, why_size, "longer than %d characters", PCI_SPEC_MAX - 1);
		return -EINVAL;
	}
	memcpy(copy, text, strlen(text) + 1);
	for (bool first = true; (word = strsep(&rest, ",")) != NULL; first = false) {
		if (*word == '\0' && rest == NULL && !first) {
			break; /* a trailing comma */
		}
		value = strchr(word, '=');
		if (value == NULL && first) {
			if (!set_bdf(out, word, true)) {
				snprintf(why, why_size, "malformed BDF \"%s\"", word);
				return -EINVAL;
			}
			continue;
		}
		if (value == NULL) {
			snprintf(why, why_size, "\"%s\" is not KEY=VALUE", word);
			return -EINVAL;
		}
		*value++ = '\0';
		wrong = set_option(out, word, value);
		if (wrong != NULL) {
			snprintf(why, why_size, "%s%s=%s", wrong, word, value);
			return -EINVAL;
		}
	}
	if (out->has_bdf == (out->name[0] != '\0')) {
		snprintf(why, why_size, "exactly one of an address and a name is needed");
		return -EINVAL;
	}
	if (out->all_functions && out->rom[0] != '\0') {
		snprintf(why, why_size, "rom is for one function: not with '*'");
		return -EINVAL;
	}
	return 0;
}
