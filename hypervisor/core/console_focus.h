/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets console input: the escape sequence as a pure state machine. */
#ifndef CORE_CONSOLE_FOCUS_H
#define CORE_CONSOLE_FOCUS_H

#include "lib/types.h"

#define CONSOLE_ESCAPE       0x0f /* Ctrl-o */
#define CONSOLE_ESCAPE_COUNT 3

struct console_escape {
	uint32_t seen;
};

/* What to do with one character received. */
struct console_plan {
	bool rotate;      /* move the focus; nothing to deliver */
	uint32_t escapes; /* so many escape characters come first: it was no sequence */
	bool deliver;     /* then the character itself */
};

struct console_plan console_escape_step(struct console_escape *e, char c);

#endif
