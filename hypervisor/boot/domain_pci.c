/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/domain_pci.h"

#include "lib/string.h"
#include "pci/function.h"

static uint32_t hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return (uint32_t)(c - '0');
	}
	if (c >= 'a' && c <= 'f') {
		return (uint32_t)(c - 'a') + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return (uint32_t)(c - 'A') + 10;
	}
	return 16;
}

/* One to digits digits, at most max, then the character end. Returns what follows, or NULL. */
static const char *take(const char *s, int digits, uint32_t max, char end, uint32_t *out)
{
	uint32_t value = 0;
	const char *first = s;

	while (hex_digit(*s) < 16 && s - first < digits) {
		value = value << 4 | hex_digit(*s++);
	}
	if (s == first || value > max || *s != end) {
		return NULL;
	}
	*out = value;
	return end == '\0' ? s : s + 1;
}

/* [DDDD:]BB:DD. with the function number left. */
static const char *take_address(const char *s, uint32_t *sbdf)
{
	const char *colon = strchr(s, ':');
	uint32_t segment = 0, bus = 0, device = 0;

	if (colon != NULL && strchr(colon + 1, ':') != NULL) {
		s = take(s, 4, 0xffff, ':', &segment);
	}
	if (s != NULL) {
		s = take(s, 2, 0xff, ':', &bus);
	}
	if (s != NULL) {
		s = take(s, 2, 0x1f, '.', &device);
	}
	if (s == NULL || hex_digit(*s) > 7) {
		return NULL;
	}
	*sbdf = segment << 16 | bus << 8 | device << 3 | hex_digit(*s);
	return s + 1;
}

static const struct {
	const char *option;
	uint32_t quirk;
} quirks[] = {
	{ ",quirk=no-reset", PCI_QUIRK_NO_RESET },
	{ ",quirk=allow-gap", PCI_QUIRK_ALLOW_GAP },
};

/* Behind the option that s begins with, or NULL. */
static const char *take_quirk(const char *s, uint32_t *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(quirks); i++) {
		size_t length = strlen(quirks[i].option);

		if (strncmp(s, quirks[i].option, length) == 0 &&
		    (s[length] == ',' || s[length] == '\0')) {
			*out |= quirks[i].quirk;
			return s + length;
		}
	}
	return NULL;
}

static const char *take_vslot(const char *s, uint32_t *out)
{
	static const char option[] = ",vslot=";
	const char *value = s + sizeof(option) - 1;
	const char *end;

	if (strncmp(s, option, sizeof(option) - 1) != 0) {
		return NULL;
	}
	end = take(value, 2, 0x1f, '\0', out);
	if (end == NULL) {
		end = take(value, 2, 0x1f, ',', out);
		return end == NULL ? NULL : end - 1;
	}
	return end;
}

bool domain_pci_parse(const char *text, struct machine_lent *out)
{
	*out = (struct machine_lent){ 0 };
	text = take_address(text, &out->sbdf);
	while (text != NULL && *text != '\0') {
		const char *next = take_vslot(text, &out->vslot);

		text = next != NULL ? next : take_quirk(text, &out->quirks);
	}
	return text != NULL;
}
