/* SPDX-License-Identifier: BSD-2-Clause */
/* pci-list, pci-attach, pci-detach: what is lent to a domain. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "pci_choice.h"

#define LET_GO_SECONDS 10U /* Linux takes 5 to see that the button is not pressed again */
#define LET_GO_SECONDS_MAX 3600U

static void json_function(struct json *j, const struct control_function *f)
{
	char text[16];

	json_begin(j, NULL, '{');
	json_string(j, "bdf", via_bdf_text(f->sbdf, text));
	json_string(j, "name", f->name);
	snprintf(text, sizeof(text), "%04x:%04x", f->vendor, f->device);
	json_string(j, "id", text);
	snprintf(text, sizeof(text), "%06x", f->class_code);
	json_string(j, "class", text);
	json_string(j, "state", function_state_name(f->state));
	json_number(j, "owner", f->owner);
	if (f->user != CONTROL_NO_DOMAIN) {
		json_number(j, "user", f->user);
	}
	if (f->vsbdf != CONTROL_NO_SLOT) {
		json_string(j, "vdev", via_bdf_text(f->vsbdf, text));
	}
	if (f->state == CONTROL_FUNCTION_BROKEN) {
		json_string(j, "broken", f->broken_why);
	}
	json_bool(j, "bridge", (f->flags & CONTROL_FUNCTION_IS_BRIDGE) != 0);
	json_bool(j, "iommu", (f->flags & CONTROL_FUNCTION_HAS_IOMMU) != 0);
	json_bool(j, "isolated", (f->flags & CONTROL_FUNCTION_NOT_ISOLATED) == 0);
	json_bool(j, "reset", (f->flags & CONTROL_FUNCTION_HAS_RESET) != 0);
	json_bool(j, "rom", (f->flags & CONTROL_FUNCTION_HAS_ROM) != 0);
	function_json_quirks(j, f->quirks);
	function_json_virtual(j, f);
	json_number(j, "group", f->group);
	json_number(j, "faults", f->faults);
	json_bool(j, "faults_lost", (f->flags & CONTROL_FUNCTION_FAULTS_LOST) != 0);
	json_number(j, "resets", f->resets);
	json_number(j, "interrupts", f->interrupts);
	json_number(j, "direct", f->direct);
	json_number(j, "storms", f->storms);
	json_number(j, "errors_corrected", f->errors_corrected);
	json_number(j, "errors_uncorrected", f->errors_uncorrected);
	json_end(j, '}');
}

static void print_details(const struct control_function *f)
{
	char quirks[64];

	printf("  faults %llu%s, interrupts %llu, storms %llu, errors %llu+%llu, resets %llu\n",
	       (unsigned long long)f->faults,
	       f->flags & CONTROL_FUNCTION_FAULTS_LOST ? " or more" : "",
	       (unsigned long long)f->interrupts, (unsigned long long)f->storms,
	       (unsigned long long)f->errors_corrected,
	       (unsigned long long)f->errors_uncorrected, (unsigned long long)f->resets);
	if (f->direct != 0) {
		printf("  %u interrupts direct: counted only while their CPU sleeps\n", f->direct);
	}
	if (f->flags & CONTROL_FUNCTION_HAS_ROM) {
		printf("  expansion ROM from a file\n");
	}
	if (f->quirks != 0) {
		printf("  %s\n", function_quirks(f->quirks, quirks));
	}
}

static void print_virtual(const struct control_function *f)
{
	if (f->pf != CONTROL_NO_SLOT) {
		printf("%sVF of " BDF_FMT, f->name[0] != '\0' ? ", " : "", BDF_ARGS(f->pf));
	} else if (f->vf_total != 0) {
		printf("%sPF, %u of %u VFs", f->name[0] != '\0' ? ", " : "", f->vf_count,
		       f->vf_total);
	}
}

static void print_all(const struct control_function *list, size_t count, bool verbose)
{
	printf("Device       ID        Class  State      User Group Faults Name\n");
	for (size_t i = 0; i < count; i++) {
		const struct control_function *f = &list[i];
		char user[8] = "-";

		if (f->user != CONTROL_NO_DOMAIN) {
			snprintf(user, sizeof(user), "%u", f->user);
		}
		printf(BDF_FMT " %04x:%04x %06x %-10s %4s %5u %6llu %s", BDF_ARGS(f->sbdf),
		       f->vendor, f->device, f->class_code, function_state_name(f->state), user,
		       f->group, (unsigned long long)f->faults, f->name);
		print_virtual(f);
		if (f->state == CONTROL_FUNCTION_BROKEN) {
			printf("(%s)", f->broken_why);
		}
		printf("%s", function_isolation(f));
		printf("\n");
		if (verbose) {
			print_details(f);
		}
	}
}

static void print_lent(const struct control_function *list, size_t count, bool verbose)
{
	printf("Vdev Device\n");
	for (size_t i = 0; i < count; i++) {
		printf("%02x.%01x " BDF_FMT "%s\n", (list[i].vsbdf >> 3) & 31, list[i].vsbdf & 7,
		       BDF_ARGS(list[i].sbdf), function_isolation(&list[i]));
		if (verbose) {
			print_details(&list[i]);
		}
	}
}

/* Keep what is lent to the domain. */
static size_t filter(struct control_function *list, size_t count, uint32_t domain)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (list[i].state == CONTROL_FUNCTION_LENT && list[i].user == domain) {
			list[kept++] = list[i];
		}
	}
	return kept;
}

/* domain NULL: all functions. */
static int list_functions(const struct command *c, struct viaduct *v, const char *domain, bool json,
			  bool verbose)
{
	struct control_function *list;
	struct control_domain d;
	struct json j = { 0 };
	size_t count;

	if (domain != NULL && viaduct_domain_find(v, domain, &d) != 0) {
		return via_fail(c, "%s", viaduct_error(v));
	}
	if (viaduct_pci_list(v, &list, &count) != 0) {
		return via_fail(c, "%s", viaduct_error(v));
	}
	if (domain != NULL) {
		count = filter(list, count, d.id);
	}
	if (json) {
		json_begin(&j, NULL, '[');
		for (size_t i = 0; i < count; i++) {
			json_function(&j, &list[i]);
		}
		json_end(&j, ']');
		json_finish(&j);
	} else if (domain != NULL) {
		print_lent(list, count, verbose);
	} else {
		print_all(list, count, verbose);
	}
	free(list);
	return VIA_OK;
}

int cmd_pci_list(const struct command *c, int argc, char **argv)
{
	bool all = false, json = false, verbose = false;
	struct viaduct *v;
	int letter, status;

	while ((letter = via_option(c, argc, argv, "ajv", 0, 1)) > 0 && letter != '?') {
		all = all || letter == 'a';
		json = json || letter == 'j';
		verbose = verbose || letter == 'v';
	}
	if (letter != -1) {
		return VIA_MALFORMED;
	}
	if (all == (optind < argc)) {
		return via_usage(c);
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	status = list_functions(c, v, all ? NULL : argv[optind], json, verbose);
	viaduct_close(v);
	return status;
}

static int attach(const struct command *c, struct viaduct *v, const struct control_domain *d,
		  const struct pci_spec *spec, unsigned int seconds)
{
	struct pci_choices choices = { .count = 0 };

	(void)seconds;
	if (choices_add(c, v, spec, &choices) != VIA_OK || choices_check(c, &choices) != VIA_OK) {
		return VIA_FAILED;
	}
	return choices_lend(c, v, &choices, d->id);
}

/* Of '*' those functions that are lent to d, which must be one at least. */
static int detach(const struct command *c, struct viaduct *v, const struct control_domain *d,
		  const struct pci_spec *spec, unsigned int seconds)
{
	struct pci_choices choices = { .count = 0 };
	size_t kept = 0;
	char bdf[16];

	if (choices_add(c, v, spec, &choices) != VIA_OK) {
		return VIA_FAILED;
	}
	for (size_t i = 0; i < choices.count; i++) {
		const struct control_function *f = &choices.at[i].f;

		if (f->state == CONTROL_FUNCTION_LENT && f->user == d->id) {
			choices.at[kept++] = choices.at[i];
		}
	}
	if (kept == 0) {
		return via_fail(c, "%s: not lent to %s", via_bdf_text(choices.at[0].f.sbdf, bdf),
				d->name);
	}
	choices.count = kept;
	if (seconds != 0) {
		choices_ask_back(v, &choices, d->name, seconds);
	}
	return choices_take_back(c, v, &choices);
}

/* False: reported. */
static bool read_seconds(const struct command *c, const char *text, unsigned int *seconds)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || *text == '-' || value > LET_GO_SECONDS_MAX) {
		fprintf(stderr, "%s: \"%s\" is no number of seconds up to %u\n", c->name, text,
			LET_GO_SECONDS_MAX);
		return false;
	}
	*seconds = (unsigned int)value;
	return true;
}

static int on_spec(const struct command *c, int argc, char **argv, const char *letters,
		   int (*act)(const struct command *c, struct viaduct *v,
			      const struct control_domain *d, const struct pci_spec *spec,
			      unsigned int seconds))
{
	struct control_domain d;
	struct pci_spec spec;
	struct viaduct *v;
	char why[96];
	int letter, status;
	unsigned int seconds = LET_GO_SECONDS;

	while ((letter = via_option(c, argc, argv, letters, 2, 2)) != -1) {
		if (letter == 'f') {
			seconds = 0;
		} else if (letter != 't' || !read_seconds(c, optarg, &seconds)) {
			return VIA_MALFORMED;
		}
	}
	if (pci_spec_parse(argv[optind + 1], &spec, why, sizeof(why)) != 0) {
		fprintf(stderr, "%s: malformed PCI_SPEC_STRING \"%s\": %s\n", c->name,
			argv[optind + 1], why);
		return VIA_MALFORMED;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	if (viaduct_domain_find(v, argv[optind], &d) != 0) {
		status = via_fail(c, "%s", viaduct_error(v));
	} else {
		status = act(c, v, &d, &spec, seconds);
	}
	viaduct_close(v);
	return status;
}

int cmd_pci_attach(const struct command *c, int argc, char **argv)
{
	return on_spec(c, argc, argv, "", attach);
}

int cmd_pci_detach(const struct command *c, int argc, char **argv)
{
	return on_spec(c, argc, argv, "ft:", detach);
}
