/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of a configuration file, as a table; their values checked. */
#include "guest_config.h"

#include "cpu_set.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_MIN 8LL
#define MEMORY_MAX (255LL * 1024) /* RAM ends below the guest's ECAM window */
#define VCPUS_MAX  ((long long)CONTROL_VCPUS_MAX)
#define SHADOW_MAX 4096LL

struct key {
	const char *name;
	enum config_kind kind;
	unsigned int needs; /* REQUIRED, FILLED, POLICY */
	size_t offset; /* in struct guest_config; of lists: unused */
	long long min, max;
	const char *refusal; /* not served, and why */
};

#define REQUIRED (1U << 0) /* the key is there */
#define FILLED   (1U << 1) /* its string is not empty */
#define POLICY   (1U << 2) /* its string is one of guest_policy.h */

#define FIELD(field) offsetof(struct guest_config, field)

static const struct key keys[] = {
	{ "name", CONFIG_STRING, REQUIRED | FILLED, FIELD(name), 0, 0, NULL },
	{ "memory", CONFIG_NUMBER, REQUIRED, FIELD(memory), MEMORY_MIN, MEMORY_MAX, NULL },
	{ "shadow_memory", CONFIG_NUMBER, 0, FIELD(shadow_memory), 1, SHADOW_MAX, NULL },
	{ "vcpus", CONFIG_NUMBER, 0, FIELD(vcpus), 1, VCPUS_MAX, NULL },
	{ "cpus", CONFIG_LIST, 0, 0, 0, 0, NULL },
	{ "cpu_weight", CONFIG_NUMBER, 0, FIELD(cpu_weight), 1, CONTROL_WEIGHT_MAX, NULL },
	{ "cap", CONFIG_NUMBER, 0, FIELD(cap), 0, CONTROL_CAP_MAX, NULL },
	{ "unsafe_interrupts", CONFIG_NUMBER, 0, FIELD(unsafe_interrupts), 0, 1, NULL },
	{ "kernel", CONFIG_STRING, FILLED, FIELD(kernel), 0, 0, NULL },
	{ "firmware", CONFIG_STRING, FILLED, FIELD(firmware), 0, 0, NULL },
	{ "ramdisk", CONFIG_STRING, 0, FIELD(ramdisk), 0, 0, NULL },
	{ "extra", CONFIG_STRING, 0, FIELD(extra), 0, 0, NULL },
	{ "device_tree", CONFIG_STRING, FILLED, FIELD(device_tree), 0, 0, NULL },
	{ "unprotected_dma", CONFIG_NUMBER, 0, FIELD(unprotected_dma), 0, 1, NULL },
	{ "watchdog", CONFIG_NUMBER, 0, FIELD(watchdog), 0, 1, NULL },
	{ "on_poweroff", CONFIG_STRING, POLICY, FIELD(policies[CONTROL_POWEROFF]), 0, 0, NULL },
	{ "on_reboot", CONFIG_STRING, POLICY, FIELD(policies[CONTROL_REBOOT]), 0, 0, NULL },
	{ "on_crash", CONFIG_STRING, POLICY, FIELD(policies[CONTROL_CRASH]), 0, 0, NULL },
	{ "on_watchdog", CONFIG_STRING, POLICY, FIELD(policies[CONTROL_WATCHDOG]), 0, 0, NULL },
	{ "pci", CONFIG_LIST, 0, 0, 0, 0, NULL },
	{ "shared_memory", CONFIG_LIST, 0, 0, 0, 0, NULL },
	{ "disk", CONFIG_LIST, 0, 0, 0, 0,
	  "there are no virtual disks: lend the domain a disk controller with pci = [ ... ]" },
	{ "vif", CONFIG_LIST, 0, 0, 0, 0,
	  "there are no virtual network cards: lend the domain one with pci = [ ... ]" },
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static const struct config_place whole_file;

static int fail(struct config_error *e, struct config_place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct config_error *e, struct config_place at, const char *fmt, ...)
{
	va_list ap;

	e->at = at;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(keys[i].name, name) == 0) {
			return &keys[i];
		}
	}
	return NULL;
}

static int set_number(struct guest_config *g, const struct key *k, const struct config_setting *s,
		      struct config_error *e)
{
	long long number;

	if (config_number(&s->value, &number) != 0) {
		return fail(e, s->at, "%s must be a number", k->name);
	}
	if (number < k->min || number > k->max) {
		return fail(e, s->at, "%s must be between %lld and %lld", k->name, k->min,
			    k->max);
	}
	memcpy((char *)g + k->offset, &number, sizeof(number));
	return 0;
}

static int set_policy(struct guest_config *g, const struct key *k, const struct config_setting *s,
		      struct config_error *e)
{
	enum guest_policy policy;
	char why[128];

	if (guest_policy_parse(s->value.text, &policy, why, sizeof(why)) != 0) {
		return fail(e, s->at, "%s: %s", k->name, why);
	}
	memcpy((char *)g + k->offset, &policy, sizeof(policy));
	g->watched = true;
	return 0;
}

static int set_string(struct guest_config *g, const struct key *k, const struct config_setting *s,
		      struct config_error *e)
{
	const char *text = s->value.text;

	if (s->value.kind != CONFIG_STRING) {
		return fail(e, s->at, "%s must be a string in quotes", k->name);
	}
	if (*text == '\0' && (k->needs & FILLED) != 0) {
		return fail(e, s->at, "%s is empty", k->name);
	}
	if ((k->needs & POLICY) != 0) {
		return set_policy(g, k, s, e);
	}
	memcpy((char *)g + k->offset, &text, sizeof(text));
	return 0;
}

static int set_pci(struct guest_config *g, const struct config_setting *s, struct config_error *e)
{
	const struct config_value *v = &s->value;
	char why[96];

	if (v->kind != CONFIG_LIST) {
		return fail(e, s->at, "pci must be a list: pci = [ \"...\" ]");
	}
	if (v->item_count > GUEST_CONFIG_PCI_MAX) {
		return fail(e, s->at, "pci has more than %d entries", GUEST_CONFIG_PCI_MAX);
	}
	for (size_t i = 0; i < v->item_count; i++) {
		g->pci[i].text = v->items[i];
		if (pci_spec_parse(v->items[i], &g->pci[i].spec, why, sizeof(why)) != 0) {
			return fail(e, s->at, "pci: \"%.40s\": %s", v->items[i], why);
		}
	}
	g->pci_count = v->item_count;
	return 0;
}

static int set_shared(struct guest_config *g, const struct config_setting *s,
		      struct config_error *e)
{
	const struct config_value *v = &s->value;
	char why[96];

	if (v->kind != CONFIG_LIST || v->item_count > GUEST_CONFIG_SHARED_MAX) {
		return fail(e, s->at, "shared_memory must be a list of up to %d: "
			    "shared_memory = [ \"name=...,size=...\" ]", GUEST_CONFIG_SHARED_MAX);
	}
	for (size_t i = 0; i < v->item_count; i++) {
		if (shared_spec_parse(v->items[i], &g->shared[i], why, sizeof(why)) != 0) {
			return fail(e, s->at, "shared_memory: \"%.40s\": %s", v->items[i], why);
		}
		for (size_t k = 0; k < i; k++) {
			if (strcmp(g->shared[k].name, g->shared[i].name) == 0) {
				return fail(e, s->at, "shared_memory: \"%s\" is there twice",
					    g->shared[i].name);
			}
		}
	}
	g->shared_count = v->item_count;
	return 0;
}

/* A string is for all vCPUs, a list has one for each; those behind its end may be on any CPU. */
static int set_cpus(struct guest_config *g, const struct config_setting *s, struct config_error *e)
{
	const struct config_value *v = &s->value;
	size_t count = v->kind == CONFIG_LIST ? v->item_count : CONTROL_VCPUS_MAX;
	char why[96];

	if (count > CONTROL_VCPUS_MAX) {
		return fail(e, s->at, "cpus has more than %u entries", CONTROL_VCPUS_MAX);
	}
	memset(g->cpus, 0, sizeof(g->cpus));
	for (size_t i = 0; i < count; i++) {
		const char *text = v->kind == CONFIG_LIST ? v->items[i] : v->text;

		if (cpu_set_parse(text, &g->cpus[i], why, sizeof(why)) != 0) {
			return fail(e, s->at, "cpus: \"%.40s\": %s", text, why);
		}
	}
	return 0;
}

static int set(struct guest_config *g, const struct config_setting *s, struct config_error *e)
{
	const struct key *k = find_key(s->key);

	if (k == NULL) {
		return fail(e, s->at, "unknown key \"%.64s\"", s->key);
	}
	if (k->refusal != NULL) {
		return fail(e, s->at, "%s: %s", k->name, k->refusal);
	}
	if (strcmp(k->name, "cpus") == 0) {
		return set_cpus(g, s, e);
	}
	if (strcmp(k->name, "shared_memory") == 0) {
		return set_shared(g, s, e);
	}
	switch (k->kind) {
	case CONFIG_NUMBER:
		return set_number(g, k, s, e);
	case CONFIG_STRING:
		return set_string(g, k, s, e);
	case CONFIG_LIST:
	default:
		return set_pci(g, s, e);
	}
}

static int check_name(const struct guest_config *g, struct config_error *e)
{
	struct config_place at = config_find(&g->parsed, "name")->at;

	if (!pci_name_ok(g->name)) {
		return fail(e, at, "name must be 1 to %d printable characters without spaces",
			    PCI_SPEC_NAME_SIZE - 1);
	}
	if (strspn(g->name, "0123456789") == strlen(g->name)) {
		return fail(e, at, "name must not be a number: numbers name domains by id");
	}
	return 0;
}

static int fail_with_firmware(const struct guest_config *g, const struct config_setting *s,
			      struct config_error *e)
{
	const struct config_place *firmware = &config_find(&g->parsed, "firmware")->at;

	if (firmware->argument != NULL) {
		return fail(e, s->at, "%s does not go with firmware (in an argument)", s->key);
	}
	return fail(e, s->at, "%s does not go with firmware (line %u)", s->key, firmware->line);
}

/* A kernel, perhaps with a ramdisk and a command line, or firmware, which finds its own. */
static int check_boot(const struct guest_config *g, struct config_error *e)
{
	static const char *const others[] = { "kernel", "ramdisk", "extra" };
	const struct config_setting *s;

	if (g->kernel == NULL && g->firmware == NULL) {
		return fail(e, whole_file, "kernel or firmware is missing");
	}
	for (size_t i = 0; g->firmware != NULL && i < sizeof(others) / sizeof(others[0]); i++) {
		s = config_find(&g->parsed, others[i]);
		if (s != NULL) {
			return fail_with_firmware(g, s, e);
		}
	}
	/* RAM is where it physically is; flash cannot be, and firmware expects RAM at its place. */
	if (g->firmware != NULL && g->unprotected_dma != 0) {
		return fail_with_firmware(g, config_find(&g->parsed, "unprotected_dma"), e);
	}
	return 0;
}

int guest_config_read(struct guest_config *g, const struct guest_config_text *text,
		      struct config_error *error)
{
	int err;

	*g = (struct guest_config){ .vcpus = 1 };
	guest_policy_defaults(g->policies);
	err = config_parse(&g->parsed, text->file, text->size, error);
	for (size_t i = 0; err == 0 && i < text->argument_count; i++) {
		err = config_override(&g->parsed, text->arguments[i], error);
	}
	for (size_t i = 0; err == 0 && i < g->parsed.count; i++) {
		err = set(g, &g->parsed.settings[i], error);
	}
	for (size_t i = 0; err == 0 && i < KEYS; i++) {
		if ((keys[i].needs & REQUIRED) != 0 &&
		    config_find(&g->parsed, keys[i].name) == NULL) {
			err = fail(error, whole_file, "%s is missing", keys[i].name);
		}
	}
	if (err == 0) {
		err = check_name(g, error);
	}
	if (err == 0) {
		err = check_boot(g, error);
	}
	if (err != 0) {
		guest_config_free(g);
	}
	return err;
}

void guest_config_free(struct guest_config *g)
{
	config_free(&g->parsed);
	*g = (struct guest_config){ 0 };
}
