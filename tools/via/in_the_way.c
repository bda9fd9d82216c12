/* SPDX-License-Identifier: BSD-2-Clause */
#include "in_the_way.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"

#define RESET_BUS_ONLY (1U << 4) /* of reset_methods */
#define TEXT_SIZE      1024

/* ": A is ..., B is ...": what there is room for. */
static void name(char *text, const struct doctor *d, const struct patient *p)
{
	size_t used = strlen(text);
	char state[160];

	snprintf(text + used, TEXT_SIZE - used, "%s" BDF_FMT " is %s", used == 0 ? ": " : ", ",
		 BDF_ARGS(p->f.sbdf), doctor_state(d, p, state, sizeof(state)));
}

static bool keeps_from(const struct control_function *member, const struct control_function *f,
		       uint32_t domain)
{
	if (member->sbdf == f->sbdf || member->group != f->group ||
	    (member->flags & CONTROL_FUNCTION_IS_BRIDGE)) {
		return false;
	}
	/* One that is being taken away has its user until it is cut off. */
	return member->state == CONTROL_FUNCTION_BROKEN ||
	       (member->user != CONTROL_NO_DOMAIN && member->user != domain);
}

static bool uses_bus(const struct control_function *other, const struct control_function *f)
{
	return other->sbdf != f->sbdf && other->sbdf >> 8 == f->sbdf >> 8 &&
	       (other->state == CONTROL_FUNCTION_OWNED || other->state == CONTROL_FUNCTION_LENT);
}

int fail_to_give(const struct command *c, struct viaduct *v, uint32_t sbdf, uint32_t domain,
		 int err)
{
	char why[256], who[TEXT_SIZE] = "", bdf[16];
	const struct patient *p;
	struct doctor d;

	snprintf(why, sizeof(why), "%s", viaduct_error(v));
	if (err == -EEXIST && doctor_examine(v, &d) == 0) {
		p = doctor_find(&d, sbdf);
		for (size_t i = 0; p != NULL && i < d.count; i++) {
			if (keeps_from(&d.patients[i].f, &p->f, domain)) {
				name(who, &d, &d.patients[i]);
			}
		}
		doctor_free(&d);
	}
	return via_fail(c, "%s: %s%s", via_bdf_text(sbdf, bdf), why, who);
}

int fail_to_reset(const struct command *c, struct viaduct *v, const struct control_function *f)
{
	char who[TEXT_SIZE] = "", bdf[16];
	struct doctor d;

	if (f->reset_methods == RESET_BUS_ONLY && doctor_examine(v, &d) == 0) {
		for (size_t i = 0; i < d.count; i++) {
			if (uses_bus(&d.patients[i].f, f)) {
				name(who, &d, &d.patients[i]);
			}
		}
		doctor_free(&d);
	}
	return via_fail(c, "%s: broken: %s%s%s", via_bdf_text(f->sbdf, bdf), f->broken_why,
			who[0] != '\0' ? "; its bus has other users" : "", who);
}
