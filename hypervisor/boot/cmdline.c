/* SPDX-License-Identifier: BSD-2-Clause */
/* Command line: words split at spaces, looked up in a table of options. */
#include "boot/cmdline.h"

#include "core/machine.h"
#include "lib/format.h"
#include "lib/string.h"

static bool parse_number(const char *s, size_t size, uint64_t *out)
{
	uint64_t v = 0;

	if (size == 0) {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		uint64_t digit = (uint64_t)(uint8_t)s[i] - '0';

		if (digit > 9 || v > (UINT64_MAX - digit) / 10) {
			return false;
		}
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

static bool set_dom0_mem(struct cmdline *c, const char *s, size_t size)
{
	static const struct {
		char suffix;
		uint32_t shift;
	} units[] = {
		{ 'K', 10 }, { 'k', 10 }, { 'M', 20 }, { 'm', 20 }, { 'G', 30 }, { 'g', 30 }
	};
	uint32_t shift = 10; /* as xen's dom0_mem */
	uint64_t v;

	for (size_t i = 0; size != 0 && i < ARRAY_SIZE(units); i++) {
		if (s[size - 1] == units[i].suffix) {
			shift = units[i].shift;
			size--;
			break;
		}
	}
	if (!parse_number(s, size, &v) || v == 0 || v > (UINT64_MAX >> shift)) {
		return false;
	}
	c->dom0_mem = v << shift;
	return true;
}

static bool set_dom0_max_vcpus(struct cmdline *c, const char *s, size_t size)
{
	uint64_t v;

	if (!parse_number(s, size, &v) || v == 0 || v > MACHINE_MAX_CPUS) {
		return false;
	}
	c->dom0_max_vcpus = (uint32_t)v;
	return true;
}

static bool set_irq_limit(struct cmdline *c, const char *s, size_t size)
{
	uint64_t v;

	if (!parse_number(s, size, &v) || v > UINT32_MAX) {
		return false;
	}
	c->irq_limit = (uint32_t)v;
	return true;
}

static bool set_quiet(struct cmdline *c, const char *s, size_t size)
{
	c->log_level = LOG_WARN;
	return size == 0;
}

static bool set_small_pages(struct cmdline *c, const char *s, size_t size)
{
	(void)s;
	c->small_pages = true;
	return size == 0;
}

static bool set_unwired_virq(struct cmdline *c, const char *s, size_t size)
{
	(void)s;
	c->unwired_virq = true;
	return size == 0;
}

static bool set_log_level(struct cmdline *c, const char *s, size_t size)
{
	static const char *const names[] = {
		[LOG_ERROR] = "error",
		[LOG_WARN] = "warn",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strlen(names[i]) == size && strncmp(names[i], s, size) == 0) {
			c->log_level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static const struct {
	const char *name; /* with '=' when it takes a value */
	bool (*set)(struct cmdline *c, const char *value, size_t size);
} options[] = {
	{ "dom0_mem=", set_dom0_mem },
	{ "dom0_max_vcpus=", set_dom0_max_vcpus },
	{ "irq_limit=", set_irq_limit },
	{ "loglevel=", set_log_level },
	{ "quiet", set_quiet },
	{ "small-pages", set_small_pages },
	{ "unwired-virq", set_unwired_virq },
};

static void warn(struct cmdline *c, const char *what, const char *word, size_t size)
{
	char copy[64];

	if (c->warning_count == CMDLINE_WARNINGS_MAX) {
		return;
	}
	str_copy(copy, word, MIN(size + 1, sizeof(copy)));
	format(c->warnings[c->warning_count++], CMDLINE_WARNING_SIZE, "%s option: %s", what, copy);
}

static void parse_word(struct cmdline *c, const char *word, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		size_t length = strlen(options[i].name);

		if (size < length || strncmp(options[i].name, word, length) != 0) {
			continue;
		}
		if (options[i].name[length - 1] != '=' && size != length) {
			continue;
		}
		if (!options[i].set(c, word + length, size - length)) {
			warn(c, "malformed", word, size);
		}
		return;
	}
	warn(c, "unknown", word, size);
}

void cmdline_parse(const char *text, struct cmdline *out)
{
	*out = (struct cmdline){ .log_level = LOG_INFO, .irq_limit = CMDLINE_IRQ_LIMIT };
	while (*text != '\0') {
		size_t size = 0;

		while (text[size] != '\0' && text[size] != ' ') {
			size++;
		}
		if (size != 0) {
			parse_word(out, text, size);
		}
		text += size;
		text += *text == ' ';
	}
}
