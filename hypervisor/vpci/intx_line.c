/* SPDX-License-Identifier: BSD-2-Clause */
/* Decisions about wires and the functions on them. */
#include "vpci/intx.h"

/* Interrupts for which no function stands, less those for which one does. */
#define EMPTY_MAX 32U

static bool same_place(const struct intx_member *a, const struct intx_member *b)
{
	return a->domain == b->domain && a->vintid == b->vintid;
}

enum intx_mode intx_mode_of(const struct intx_member *members, uint32_t line,
			    const struct intx_member **first)
{
	const struct intx_member *m = members;

	while (m && m->line != line) {
		m = m->next;
	}
	*first = m;
	if (!m) {
		return INTX_OFF;
	}
	/* One place has room for one physical interrupt: it must be this wire's alone, too. */
	for (m = members; m; m = m->next) {
		if ((m->line == line) != same_place(m, *first)) {
			return INTX_SHARED;
		}
	}
	return INTX_FORWARD;
}

bool intx_can_join(const struct intx_member *members, uint32_t line, const struct domain *d,
		   bool maskable)
{
	for (; members; members = members->next) {
		if (members->line == line && members->domain != d &&
		    (!maskable || !members->maskable)) {
			return false;
		}
	}
	return true;
}

enum intx_action intx_decide(bool masked, bool off, bool high, bool storms, bool asserted)
{
	if (masked && (high || storms)) {
		return INTX_LEAVE; /* its domain has not ended the handling, or it is too soon */
	}
	if (!asserted || off) {
		return masked ? INTX_UNMASK : INTX_LEAVE;
	}
	if (masked) {
		return INTX_RAISE;
	}
	return storms ? INTX_HOLD : INTX_MASK;
}

bool intx_judge(uint32_t *empty, bool useful)
{
	if (!useful) {
		(*empty)++;
	} else if (*empty != 0) {
		(*empty)--;
	}
	return *empty >= EMPTY_MAX;
}
