/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_top_screen.h"

#include <stdio.h>

#include "via/top_screen.h"

struct fake_top_screen fake_top_screen;

bool top_screen_open(void)
{
	fake_top_screen.open = fake_top_screen.usable;
	return fake_top_screen.usable;
}

void top_screen_close(void)
{
	fake_top_screen.open = false;
}

void top_screen_show(const char *text, unsigned int fixed, unsigned int skip, const char *help)
{
	snprintf(fake_top_screen.shown, sizeof(fake_top_screen.shown), "%s", text);
	fake_top_screen.fixed = fixed;
	fake_top_screen.skip = skip;
	fake_top_screen.shows++;
}

int top_screen_key(int timeout_ms)
{
	const char *key = fake_top_screen.keys;

	if (key == NULL || *key == '\0') {
		return 'q';
	}
	fake_top_screen.keys++;
	return *key == 'D' ? TOP_KEY_DOWN : *key == 'U' ? TOP_KEY_UP : *key;
}
