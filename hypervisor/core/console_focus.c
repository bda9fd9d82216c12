/* SPDX-License-Identifier: BSD-2-Clause */
/* Recognise Ctrl-o three times in a row; anything shorter belongs to whoever has the focus. */
#include "core/console_focus.h"

struct console_plan console_escape_step(struct console_escape *e, char c)
{
	struct console_plan plan = { 0 };

	if (c == CONSOLE_ESCAPE) {
		e->seen++;
		if (e->seen == CONSOLE_ESCAPE_COUNT) {
			e->seen = 0;
			plan.rotate = true;
		}
		return plan;
	}
	plan.escapes = e->seen;
	plan.deliver = true;
	e->seen = 0;
	return plan;
}
