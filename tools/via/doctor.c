/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pci_function.h"

int doctor_examine(struct viaduct *v, struct doctor *out)
{
	struct control_function *list;
	size_t count;
	int err;

	*out = (struct doctor){ 0 };
	err = viaduct_domain_list(v, &out->domains, &out->domain_count);
	if (err != 0) {
		return err;
	}
	err = viaduct_pci_list(v, &list, &count);
	if (err != 0) {
		return err;
	}
	out->patients = calloc(count + 1, sizeof(*out->patients));
	if (out->patients == NULL) {
		abort();
	}
	for (size_t i = 0; err == 0 && i < count; i++) {
		struct patient *p = &out->patients[out->count];

		p->f = list[i];
		err = viaduct_pci_examine(v, p->f.sbdf, &p->report);
		if (err == -ENODEV) {
			err = 0; /* a virtual function that is gone since */
			continue;
		}
		out->count++;
		if (p->f.state == CONTROL_FUNCTION_OWNED) {
			p->bound = pci_sysfs_driver(p->f.sbdf, p->driver);
			p->mounted = p->bound &&
				     pci_sysfs_mounted(p->f.sbdf, p->what, sizeof(p->what));
		}
	}
	free(list);
	return err;
}

void doctor_free(struct doctor *d)
{
	free(d->patients);
	free(d->domains);
	*d = (struct doctor){ 0 };
}

const struct patient *doctor_find(const struct doctor *d, uint32_t sbdf)
{
	for (size_t i = 0; i < d->count; i++) {
		if (d->patients[i].f.sbdf == sbdf) {
			return &d->patients[i];
		}
	}
	return NULL;
}

const char *doctor_domain(const struct doctor *d, uint32_t id, char *buf, size_t size)
{
	snprintf(buf, size, "domain %u", id);
	for (size_t i = 0; i < d->domain_count; i++) {
		if (d->domains[i].id == id) {
			snprintf(buf, size, "%s", d->domains[i].name);
		}
	}
	return buf;
}

const char *doctor_state(const struct doctor *d, const struct patient *p, char *buf, size_t size)
{
	char user[CONTROL_NAME_SIZE];

	if (p->f.flags & CONTROL_FUNCTION_IS_BRIDGE) {
		snprintf(buf, size, "bridge");
		return buf;
	}
	switch (p->f.state) {
	case CONTROL_FUNCTION_OWNED:
	case CONTROL_FUNCTION_LENT:
		doctor_domain(d, p->f.user, user, sizeof(user));
		snprintf(buf, size, "%s %s%s%s",
			 p->f.state == CONTROL_FUNCTION_LENT ? "lent to" : "used by", user,
			 p->bound ? ", driver " : "", p->bound ? p->driver : "");
		break;
	case CONTROL_FUNCTION_BROKEN:
		snprintf(buf, size, "broken: %s", p->f.broken_why);
		break;
	default:
		snprintf(buf, size, "%s", function_state_name(p->f.state));
		break;
	}
	return buf;
}

bool doctor_same_stream(const struct patient *a, const struct patient *b)
{
	return a != b && (a->report.flags & b->report.flags & CONTROL_REPORT_IOMMU) &&
	       a->report.stream == b->report.stream && a->f.sbdf >> 16 == b->f.sbdf >> 16;
}

struct reasons {
	struct reason *at;
	size_t count, max;
};

static void say(struct reasons *r, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct reasons *r, const char *code, const char *fmt, ...)
{
	va_list ap;

	if (r->count == r->max) {
		return;
	}
	r->at[r->count].code = code;
	va_start(ap, fmt);
	vsnprintf(r->at[r->count].text, sizeof(r->at[0].text), fmt, ap);
	va_end(ap);
	r->count++;
}

/* What it is doing just now. */
static void by_state(struct reasons *r, const struct doctor *d, const struct patient *p)
{
	char user[CONTROL_NAME_SIZE], bdf[16];

	if (p->report.obstacles & CONTROL_OBSTACLE_BROKEN) {
		say(r, "broken", "it is broken: %s", p->f.broken_why);
	}
	if (p->report.obstacles & CONTROL_OBSTACLE_LENT) {
		say(r, "lent", "it is lent to %s", doctor_domain(d, p->f.user, user, sizeof(user)));
	}
	if (p->report.obstacles & CONTROL_OBSTACLE_RESETTING) {
		say(r, "resetting", "it is being reset: ask again in a moment");
	}
	if (p->mounted) {
		say(r, "mounted", "%s", p->what);
	}
	if (p->report.obstacles & CONTROL_OBSTACLE_VFS) {
		say(r, "vfs", "its %u virtual functions are enabled", p->f.vf_count);
	}
	if (p->report.obstacles & CONTROL_OBSTACLE_PF) {
		say(r, "pf", "its physical function %s is broken or being reset",
		    via_bdf_text(p->f.pf, bdf));
	}
}

/* What it is, and where it sits. */
static void by_nature(struct reasons *r, const struct patient *p)
{
	const struct control_pci_report *report = &p->report;

	if (report->obstacles & CONTROL_OBSTACLE_BRIDGE) {
		say(r, "bridge", "it is a bridge");
	}
	if (report->obstacles & CONTROL_OBSTACLE_IOMMU) {
		if (report->flags & CONTROL_REPORT_IOMMU) {
			say(r, "iommu", "its IOMMU cannot confine its DMA: %s", report->iommu_why);
		} else {
			say(r, "iommu", "no IOMMU stands between it and memory");
		}
	}
	for (uint32_t i = 0; i < 6; i++) {
		if (report->bars[i].kind != CONTROL_BAR_NONE && report->bars[i].address == 0 &&
		    (report->obstacles & CONTROL_OBSTACLE_ADDRESS)) {
			say(r, "address", "BAR %u has no address: no bridge window holds it", i);
		}
	}
	if (report->obstacles & CONTROL_OBSTACLE_REACH) {
		say(r, "reach", "its host bridge's dma-ranges reach none of a guest's memory");
	}
	if (report->obstacles & CONTROL_OBSTACLE_RESET) {
		say(r, "reset", "it was lent before and not reset since: no FLR, no reset by "
				"power management, and its port leads to others in use "
				"(quirk=no-reset lends it as it is)");
	}
}

static bool blocks(const struct patient *p, const struct patient *member)
{
	if (member == p || member->f.group != p->f.group ||
	    (member->f.flags & CONTROL_FUNCTION_IS_BRIDGE)) {
		return false;
	}
	return member->f.state == CONTROL_FUNCTION_OWNED ||
	       member->f.state == CONTROL_FUNCTION_BROKEN ||
	       (member->f.state == CONTROL_FUNCTION_LENT && member->f.user != p->report.only);
}

static void by_group(struct reasons *r, const struct doctor *d, const struct patient *p)
{
	char state[160], bdf[16];

	if (!(p->report.obstacles & CONTROL_OBSTACLE_GROUP)) {
		return;
	}
	for (size_t i = 0; i < d->count; i++) {
		const struct patient *member = &d->patients[i];

		if (blocks(p, member)) {
			say(r, "group", "%s of its isolation group is %s",
			    via_bdf_text(member->f.sbdf, bdf),
			    doctor_state(d, member, state, sizeof(state)));
		}
	}
}

size_t doctor_reasons(const struct doctor *d, const struct patient *p, struct reason *out,
		      size_t max)
{
	struct reasons r = { out, 0, max };

	by_nature(&r, p);
	by_state(&r, d, p);
	by_group(&r, d, p);
	/* The hypervisor's word counts, even where this program knows no words for it. */
	if (r.count == 0 && p->report.obstacles != 0) {
		say(&r, "other", "the hypervisor refuses (0x%x)", p->report.obstacles);
	}
	return r.count;
}
