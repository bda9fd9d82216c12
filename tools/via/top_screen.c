/* SPDX-License-Identifier: BSD-2-Clause */
#include "top_screen.h"

#include <curses.h>
#include <string.h>
#include <unistd.h>

static SCREEN *screen;

/* The one it is; or, where nothing is known of that, what nearly all can do. */
static SCREEN *new_terminal(void)
{
	static const char *const types[] = { NULL, "vt220", "vt100" };
	SCREEN *s = NULL;

	for (size_t i = 0; s == NULL && i < sizeof(types) / sizeof(types[0]); i++) {
		s = newterm(types[i], stdout, stdin);
	}
	return s;
}

bool top_screen_open(void)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		return false;
	}
	screen = new_terminal();
	if (screen == NULL) {
		return false;
	}
	/* Ctrl-C is a key like q: the terminal has to be put right. */
	raw();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	return true;
}

void top_screen_close(void)
{
	endwin();
	delscreen(screen);
	screen = NULL;
}

void top_screen_show(const char *text, unsigned int fixed, unsigned int skip, const char *help)
{
	unsigned int line = 0;
	int row = 0;

	erase();
	for (; *text != '\0' && row < LINES - 1; line++) {
		size_t length = strcspn(text, "\n");

		if (line < fixed || line >= fixed + skip) {
			mvaddnstr(row, 0, text, (int)length < COLS ? (int)length : COLS);
			row++;
		}
		text += length + (text[length] == '\n' ? 1 : 0);
	}
	attron(A_REVERSE);
	mvaddnstr(LINES - 1, 0, help, COLS - 1);
	attroff(A_REVERSE);
	refresh();
}

int top_screen_key(int timeout_ms)
{
	int key;

	timeout(timeout_ms);
	key = getch();
	switch (key) {
	case KEY_UP:
		return TOP_KEY_UP;
	case KEY_DOWN:
		return TOP_KEY_DOWN;
	case KEY_RESIZE:
		return TOP_KEY_REDRAW;
	default:
		return key > 0 && key < 256 ? key : TOP_KEY_NONE;
	}
}
