/* SPDX-License-Identifier: BSD-2-Clause */
/* Decisions about wires and the functions on them. */
#include "vpci/intx_wire.h"

/* Interrupts for which no function stands, less those for which one does. */
#define EMPTY_MAX 32U

bool intx_can_join(const struct intx_line *line, const struct domain *d, bool maskable)
{
	const struct intx_route *r;

	if (!line || (maskable && line->unmaskable == 0)) {
		return true;
	}
	list_for_each(r, &line->routes, of_line) {
		if (r->domain != d) {
			return false;
		}
	}
	return true;
}

enum intx_action intx_decide(bool masked, bool off, bool storms, bool asserted)
{
	if (masked && storms) {
		return INTX_HOLD;
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
