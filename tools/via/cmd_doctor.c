/* SPDX-License-Identifier: BSD-2-Clause */
/* pci-doctor: can a function be lent, and if not, why not. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "json.h"
#include "pci_function.h"

/* By reset_methods' bit number, best first. */
static const char *const method_names[] = { NULL, "FLR", "AF FLR", "power management",
					    "bus reset" };
#define METHODS (sizeof(method_names) / sizeof(method_names[0]))

static const char *const bar_kinds[] = { NULL, "I/O", "32-bit", "64-bit" };
#define BAR_KINDS (sizeof(bar_kinds) / sizeof(bar_kinds[0]))
#define BARS 6U

static const char *bar_kind(const struct control_bar *bar)
{
	return bar->kind < BAR_KINDS ? bar_kinds[bar->kind] : NULL;
}

static bool member_of(const struct patient *p, const struct patient *other)
{
	return other != p && other->f.group == p->f.group;
}

static void print_verdict(const struct doctor *d, const struct patient *p,
			  const struct reason *reasons, size_t count)
{
	char name[CONTROL_NAME_SIZE];

	printf(BDF_FMT " %04x:%04x class %06x: ", BDF_ARGS(p->f.sbdf), p->f.vendor, p->f.device,
	       p->f.class_code);
	if (count == 1 && p->report.obstacles == CONTROL_OBSTACLE_IOMMU) {
		printf("can be lent only to a domain with unprotected_dma\n");
	} else if (count != 0) {
		printf("cannot be lent\n");
	} else if (p->report.only != CONTROL_NO_DOMAIN) {
		printf("can be lent to %s only, which uses its isolation group\n",
		       doctor_domain(d, p->report.only, name, sizeof(name)));
	} else if (p->f.state == CONTROL_FUNCTION_OWNED) {
		printf("can be lent after via pci-assignable-add\n");
	} else {
		printf("can be lent\n");
	}
	for (size_t i = 0; i < count; i++) {
		printf("  because    %s\n", reasons[i].text);
	}
}

static void print_isolation(const struct doctor *d, const struct patient *p)
{
	const struct control_pci_report *r = &p->report;

	if (!(r->flags & CONTROL_REPORT_IOMMU)) {
		printf("  IOMMU      none\n");
	} else {
		printf("  IOMMU      StreamID 0x%x%s%s", r->stream,
		       r->flags & CONTROL_REPORT_IOMMU_USABLE ? "" : ", not usable: ",
		       r->flags & CONTROL_REPORT_IOMMU_USABLE ? "" : r->iommu_why);
		for (size_t i = 0; i < d->count; i++) {
			if (doctor_same_stream(p, &d->patients[i])) {
				printf(", also of " BDF_FMT, BDF_ARGS(d->patients[i].f.sbdf));
			}
		}
		printf("\n");
	}
	if (r->reach != CONTROL_REACH_ALL) {
		printf("  DMA        reaches a guest's first %u MiB, by its host bridge's "
		       "dma-ranges\n",
		       r->reach);
	}
	if (p->f.flags & CONTROL_FUNCTION_NOT_ISOLATED) {
		printf("  isolation  not isolated\n");
	}
	printf("  interrupts MSI-X %u, MSI %u, ", r->msix_entries, r->msi_vectors);
	if (r->flags & CONTROL_REPORT_ITS) {
		printf("DeviceID 0x%x\n", r->device_id);
	} else if (r->flags & CONTROL_REPORT_UNSAFE_MSI) {
		printf("no ITS: they reach only a guest with %s = 1\n",
		       p->f.flags & CONTROL_FUNCTION_NOT_ISOLATED ? "unprotected_dma" :
								    "unsafe_interrupts");
	} else {
		printf("no ITS: neither reaches a guest\n");
	}
}

static void print_reset(const struct patient *p)
{
	const char *comma = "";

	printf("  reset      ");
	for (uint32_t i = 1; i < METHODS; i++) {
		if (p->f.reset_methods >> i & 1) {
			printf("%s%s", comma, method_names[i]);
			comma = ", ";
		}
	}
	if (p->f.reset_methods == 0) {
		printf("none: can be lent once per boot, or with quirk=no-reset");
	}
	printf("%s\n", p->report.flags & CONTROL_REPORT_LENT_BEFORE ? "; was lent before" : "");
}

static void print_group(const struct doctor *d, const struct patient *p)
{
	size_t members = 0;
	char state[160];

	printf("  group      %u", p->f.group);
	for (size_t i = 0; i < d->count; i++) {
		const struct patient *other = &d->patients[i];

		if (member_of(p, other)) {
			printf("%s" BDF_FMT " (%s)", members++ == 0 ? ", with " : ", ",
			       BDF_ARGS(other->f.sbdf),
			       doctor_state(d, other, state, sizeof(state)));
		}
	}
	printf("%s\n", members == 0 ? ", alone" : "");
}

static void print_bar(const struct control_bar *bar, uint32_t number)
{
	printf("  BAR %u      %s%s, ", number, bar_kind(bar),
	       bar->flags & CONTROL_BAR_PREFETCHABLE ? " prefetchable" : "");
	if (bar->size >= 1 << 20) {
		printf("%llu MiB", (unsigned long long)(bar->size >> 20));
	} else if (bar->size >= 1 << 10) {
		printf("%llu KiB", (unsigned long long)(bar->size >> 10));
	} else {
		printf("%llu bytes", (unsigned long long)bar->size);
	}
	if (bar->address == 0) {
		printf(", no address\n");
	} else if (bar->kind == CONTROL_BAR_IO) {
		printf(" at 0x%llx, trapped\n", (unsigned long long)bar->address);
	} else {
		printf(" at 0x%llx, %s\n", (unsigned long long)bar->address,
		       bar->flags & CONTROL_BAR_OWN_PAGES ? "alone in its pages" : "not mapped");
	}
}

static void print_virtual(const struct patient *p)
{
	if (p->f.pf != CONTROL_NO_SLOT) {
		printf("  virtual    of " BDF_FMT "\n", BDF_ARGS(p->f.pf));
	} else if (p->f.vf_total != 0) {
		printf("  VFs        %u of %u enabled\n", p->f.vf_count, p->f.vf_total);
	}
}

static void print_patient(const struct doctor *d, const struct patient *p,
			  const struct reason *reasons, size_t count)
{
	char state[160];

	print_verdict(d, p, reasons, count);
	if (p->f.flags & CONTROL_FUNCTION_IS_BRIDGE) {
		return;
	}
	printf("  state      %s\n", doctor_state(d, p, state, sizeof(state)));
	print_virtual(p);
	print_isolation(d, p);
	print_reset(p);
	if (p->f.quirks != 0) {
		printf("  quirks     %s with %s\n",
		       p->f.state == CONTROL_FUNCTION_LENT ? "lent" : "was lent",
		       function_quirks(p->f.quirks, state));
	}
	print_group(d, p);
	for (uint32_t i = 0; i < BARS; i++) {
		if (bar_kind(&p->report.bars[i]) != NULL) {
			print_bar(&p->report.bars[i], i);
		}
	}
}

static void json_group(struct json *j, const struct doctor *d, const struct patient *p)
{
	char text[CONTROL_NAME_SIZE];

	json_number(j, "group", p->f.group);
	json_begin(j, "members", '[');
	for (size_t i = 0; i < d->count; i++) {
		const struct patient *other = &d->patients[i];

		if (!member_of(p, other)) {
			continue;
		}
		json_begin(j, NULL, '{');
		json_string(j, "bdf", via_bdf_text(other->f.sbdf, text));
		json_bool(j, "bridge", (other->f.flags & CONTROL_FUNCTION_IS_BRIDGE) != 0);
		json_string(j, "state", function_state_name(other->f.state));
		if (other->f.user != CONTROL_NO_DOMAIN) {
			json_string(j, "user",
				    doctor_domain(d, other->f.user, text, sizeof(text)));
		}
		json_end(j, '}');
	}
	json_end(j, ']');
}

static void json_isolation(struct json *j, const struct doctor *d, const struct patient *p)
{
	const struct control_pci_report *r = &p->report;
	char text[16];

	json_bool(j, "iommu", (r->flags & CONTROL_REPORT_IOMMU_USABLE) != 0);
	json_bool(j, "isolated", (p->f.flags & CONTROL_FUNCTION_NOT_ISOLATED) == 0);
	if (r->flags & CONTROL_REPORT_IOMMU) {
		json_number(j, "stream", r->stream);
		json_begin(j, "stream_shared_with", '[');
		for (size_t i = 0; i < d->count; i++) {
			if (doctor_same_stream(p, &d->patients[i])) {
				json_string(j, NULL, via_bdf_text(d->patients[i].f.sbdf, text));
			}
		}
		json_end(j, ']');
	}
	json_number(j, "requester", r->requester);
	json_bool(j, "its", (r->flags & CONTROL_REPORT_ITS) != 0);
	if (r->flags & CONTROL_REPORT_ITS) {
		json_number(j, "device_id", r->device_id);
	}
	if (r->reach != CONTROL_REACH_ALL) {
		json_number(j, "dma_reach_mib", r->reach);
	}
	json_bool(j, "unsafe_msi", (r->flags & CONTROL_REPORT_UNSAFE_MSI) != 0);
	json_number(j, "msix", r->msix_entries);
	json_number(j, "msi", r->msi_vectors);
	json_begin(j, "reset", '[');
	for (uint32_t i = 1; i < METHODS; i++) {
		if (p->f.reset_methods >> i & 1) {
			json_string(j, NULL, method_names[i]);
		}
	}
	json_end(j, ']');
	json_bool(j, "lent_before", (r->flags & CONTROL_REPORT_LENT_BEFORE) != 0);
	function_json_quirks(j, p->f.quirks);
}

static void json_bars(struct json *j, const struct patient *p)
{
	json_begin(j, "bars", '[');
	for (uint32_t i = 0; i < BARS; i++) {
		const struct control_bar *bar = &p->report.bars[i];

		if (bar_kind(bar) == NULL) {
			continue;
		}
		json_begin(j, NULL, '{');
		json_number(j, "bar", i);
		json_string(j, "kind", bar_kind(bar));
		json_bool(j, "prefetchable", (bar->flags & CONTROL_BAR_PREFETCHABLE) != 0);
		json_number(j, "size", bar->size);
		json_number(j, "address", bar->address);
		json_bool(j, "own_pages", (bar->flags & CONTROL_BAR_OWN_PAGES) != 0);
		json_end(j, '}');
	}
	json_end(j, ']');
}

static void json_patient(struct json *j, const struct doctor *d, const struct patient *p,
			 const struct reason *reasons, size_t count)
{
	char text[CONTROL_NAME_SIZE];

	json_begin(j, NULL, '{');
	json_string(j, "bdf", via_bdf_text(p->f.sbdf, text));
	snprintf(text, sizeof(text), "%04x:%04x", p->f.vendor, p->f.device);
	json_string(j, "id", text);
	snprintf(text, sizeof(text), "%06x", p->f.class_code);
	json_string(j, "class", text);
	json_bool(j, "bridge", (p->f.flags & CONTROL_FUNCTION_IS_BRIDGE) != 0);
	json_bool(j, "lendable", count == 0);
	if (p->report.only != CONTROL_NO_DOMAIN) {
		json_string(j, "only_to", doctor_domain(d, p->report.only, text, sizeof(text)));
	}
	json_begin(j, "reasons", '[');
	for (size_t i = 0; i < count; i++) {
		json_begin(j, NULL, '{');
		json_string(j, "code", reasons[i].code);
		json_string(j, "text", reasons[i].text);
		json_end(j, '}');
	}
	json_end(j, ']');
	json_string(j, "state", function_state_name(p->f.state));
	if (p->f.user != CONTROL_NO_DOMAIN) {
		json_string(j, "user", doctor_domain(d, p->f.user, text, sizeof(text)));
	}
	if (p->bound) {
		json_string(j, "driver", p->driver);
	}
	function_json_virtual(j, &p->f);
	json_isolation(j, d, p);
	json_group(j, d, p);
	json_bars(j, p);
	json_end(j, '}');
}

/* j NULL: as text. Returns whether p can be lent. */
static bool show(struct json *j, const struct doctor *d, const struct patient *p)
{
	struct reason reasons[REASONS_MAX];
	size_t count = doctor_reasons(d, p, reasons, REASONS_MAX);

	if (j != NULL) {
		json_patient(j, d, p, reasons, count);
	} else {
		print_patient(d, p, reasons, count);
	}
	return count == 0;
}

/* The functions named, in that order; without any all, whose verdicts are no failure. */
static int show_named(const struct command *c, struct json *j, const struct doctor *d, int argc,
		      char **argv)
{
	int status = VIA_OK;
	uint32_t sbdf;

	for (size_t i = 0; argc == 0 && i < d->count; i++) {
		show(j, d, &d->patients[i]);
	}
	for (int i = 0; i < argc; i++) {
		const struct patient *p =
			pci_bdf_parse(argv[i], &sbdf) ? doctor_find(d, sbdf) : NULL;

		if (p == NULL) {
			status = via_fail(c, "%s: no such PCI function", argv[i]);
		} else if (!show(j, d, p)) {
			status = VIA_FAILED;
		}
	}
	return status;
}

static int diagnose(const struct command *c, bool json, int argc, char **argv)
{
	struct viaduct *v = via_connect(c);
	struct json j = { 0 };
	struct doctor d;
	int status;

	if (v == NULL) {
		return VIA_FAILED;
	}
	if (doctor_examine(v, &d) != 0) {
		status = via_fail(c, "%s", viaduct_error(v));
	} else if (json) {
		json_begin(&j, NULL, '[');
		status = show_named(c, &j, &d, argc, argv);
		json_end(&j, ']');
		json_finish(&j);
	} else {
		status = show_named(c, NULL, &d, argc, argv);
	}
	doctor_free(&d);
	viaduct_close(v);
	return status;
}

int cmd_pci_doctor(const struct command *c, int argc, char **argv)
{
	bool json;
	uint32_t sbdf;
	int status = via_json_option(c, argc, argv, 0, argc, &json);

	if (status != VIA_OK) {
		return status;
	}
	for (int i = optind; i < argc; i++) {
		if (!pci_bdf_parse(argv[i], &sbdf)) {
			fprintf(stderr, "%s: malformed BDF \"%s\"\n", c->name, argv[i]);
			return VIA_MALFORMED;
		}
	}
	return diagnose(c, json, argc - optind, argv + optind);
}
