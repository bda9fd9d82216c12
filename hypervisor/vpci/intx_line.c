/* SPDX-License-Identifier: BSD-2-Clause */
/* Decisions about wires and the functions on them. */
#include "vpci/intx.h"

/* Interrupts in a row for which no function stands. A few come from withdrawn requests. */
#define EMPTY_MASK_ALL 16U
#define EMPTY_GIVE_UP  64U

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

enum intx_action intx_decide(bool masked, bool off, bool high, bool asserted)
{
	if (masked && high) {
		return INTX_LEAVE; /* its domain has not ended the handling */
	}
	if (asserted && !off) {
		return masked ? INTX_RAISE : INTX_MASK;
	}
	return masked ? INTX_UNMASK : INTX_LEAVE;
}

enum intx_verdict intx_judge(uint32_t *empty, bool useful)
{
	if (useful) {
		*empty = 0;
		return INTX_GO_ON;
	}
	(*empty)++;
	if (*empty >= EMPTY_GIVE_UP) {
		return INTX_GIVE_UP;
	}
	return *empty >= EMPTY_MASK_ALL ? INTX_MASK_ALL : INTX_GO_ON;
}
