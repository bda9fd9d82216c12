/* SPDX-License-Identifier: BSD-2-Clause */
/* A terminal for top: keys that are typed, and what is on it. */
#ifndef FAKE_TOP_SCREEN_H
#define FAKE_TOP_SCREEN_H

#include <stdbool.h>

struct fake_top_screen {
	bool usable;
	bool open;
	const char *keys;  /* one each time top waits; at their end 'q' */
	char shown[8192];  /* last */
	unsigned int fixed, skip;
	unsigned int shows;
};

extern struct fake_top_screen fake_top_screen;

#endif
