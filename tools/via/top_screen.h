/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal as top uses it, by ncurses. */
#ifndef VIA_TOP_SCREEN_H
#define VIA_TOP_SCREEN_H

#include <stdbool.h>

/* The whole terminal is ours until top_screen_close(). False: there is none that can do that. */
bool top_screen_open(void);
void top_screen_close(void);
/* Lines, those from the skip-th on behind the first fixed ones; help in the last line. */
void top_screen_show(const char *text, unsigned int fixed, unsigned int skip, const char *help);

enum top_key { TOP_KEY_NONE, TOP_KEY_UP = 256, TOP_KEY_DOWN, TOP_KEY_REDRAW };

/* A character typed, or enum top_key; NONE after that long, or when a signal came. */
int top_screen_key(int timeout_ms);

#endif
