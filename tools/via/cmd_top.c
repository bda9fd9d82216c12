/* SPDX-License-Identifier: BSD-2-Clause */
/* top: what goes on, again and again; on the whole screen, or with -b as text. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "signals.h"
#include "top_screen.h"
#include "top_text.h"
#include "via.h"

#define DELAY_MAX 3600.0
#define CTRL_C    3

static const char help_line[] = "q quit  v vCPUs  f functions  s sort by CPU  + - slower, faster  "
				"space now  up down scroll";

struct top {
	const struct command *c;
	struct viaduct *v;
	double delay; /* seconds */
	unsigned long rounds; /* 0: until told to stop */
	unsigned int flags;   /* TOP_* */
	bool batch;
	struct top_look before, now;
	unsigned int skip; /* lines scrolled away */
};

/* The look before the last one is forgotten. */
static int look_again(struct top *t)
{
	struct top_look look;
	int err = top_take(t->v, &look);

	if (err == 0) {
		top_free(&t->before);
		t->before = t->now;
		t->now = look;
	}
	return err;
}

static void wait_batch(double delay)
{
	struct timespec t = { .tv_sec = (time_t)delay };

	t.tv_nsec = (long)((delay - (double)t.tv_sec) * 1e9);
	nanosleep(&t, NULL);
}

static int run_batch(struct top *t)
{
	int err = look_again(t);

	for (unsigned long i = 0; err == 0 && (t->rounds == 0 || i < t->rounds); i++) {
		wait_batch(t->delay);
		err = look_again(t);
		if (err == 0) {
			fputs(i != 0 ? "\n" : "", stdout);
			top_print(stdout, &t->before, &t->now, t->flags);
		}
		/* Nobody reads on. */
		if (fflush(stdout) != 0) {
			break;
		}
	}
	return err;
}

static void show(struct top *t)
{
	char *text = NULL;
	size_t size, lines = 0;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL) {
		abort();
	}
	top_print(f, &t->before, &t->now, t->flags);
	fclose(f);
	for (size_t i = 0; i < size; i++) {
		lines += text[i] == '\n' ? 1 : 0;
	}
	if (t->skip > lines - TOP_HEADINGS) {
		t->skip = (unsigned int)(lines - TOP_HEADINGS);
	}
	top_screen_show(text, TOP_HEADINGS, t->skip, help_line);
	free(text);
}

/* False: leave. *again: look now. */
static bool take_key(struct top *t, int key, bool *again)
{
	switch (key) {
	case 'q':
	case CTRL_C:
		return false;
	case 'v':
		t->flags ^= TOP_VCPUS;
		break;
	case 'f':
		t->flags ^= TOP_FUNCTIONS;
		break;
	case 's':
		t->flags ^= TOP_BY_CPU;
		break;
	case '+':
		t->delay = t->delay * 2 < DELAY_MAX ? t->delay * 2 : DELAY_MAX;
		break;
	case '-':
		t->delay = t->delay / 2 > 0.1 ? t->delay / 2 : 0.1;
		break;
	case ' ':
		*again = true;
		break;
	case TOP_KEY_UP:
		t->skip -= t->skip != 0 ? 1 : 0;
		break;
	case TOP_KEY_DOWN:
		t->skip++;
		break;
	default:
		break;
	}
	return true;
}

static int run_screen(struct top *t)
{
	unsigned long rounds = 0;
	double due = via_seconds() + t->delay;
	int err = look_again(t);

	/* Nothing to compare with yet: what there is, at rest. */
	for (bool again = true; err == 0 && !signals_came();) {
		double left = due - via_seconds();

		if (again || left <= 0) {
			err = look_again(t);
			due = via_seconds() + t->delay;
			rounds++;
		}
		if (err != 0 || (t->rounds != 0 && rounds > t->rounds)) {
			break;
		}
		again = false;
		show(t);
		left = due - via_seconds();
		if (!take_key(t, top_screen_key(left > 0 ? (int)(left * 1000) + 1 : 0), &again)) {
			break;
		}
	}
	return err;
}

static int run(struct top *t)
{
	struct signals_saved saved;
	int err;

	if (t->batch) {
		return run_batch(t);
	}
	if (!top_screen_open()) {
		via_fail(t->c, "this is no terminal that top can use; -b prints text");
		return -ENOTTY;
	}
	signals_catch(&saved);
	err = run_screen(t);
	signals_restore(&saved);
	top_screen_close();
	return err;
}

static bool read_options(struct top *t, int argc, char **argv)
{
	int letter;

	while ((letter = via_option(t->c, argc, argv, "bvfn:d:", 0, 0)) > 0 && letter != '?') {
		char *end = NULL;

		switch (letter) {
		case 'n':
			t->rounds = strtoul(optarg, &end, 10);
			break;
		case 'd':
			t->delay = strtod(optarg, &end);
			break;
		default:
			t->batch = t->batch || letter == 'b';
			t->flags |= letter == 'v' ? TOP_VCPUS : 0;
			t->flags |= letter == 'f' ? TOP_FUNCTIONS : 0;
			break;
		}
		if (end != NULL && (end == optarg || *end != '\0' || *optarg == '-' ||
				    !(t->delay >= 0 && t->delay <= DELAY_MAX))) {
			via_fail(t->c, "-%c: \"%s\" is no number, or too big", letter, optarg);
			return false;
		}
	}
	return letter == -1;
}

int cmd_top(const struct command *c, int argc, char **argv)
{
	struct top t = { .c = c, .delay = 2 };
	int err;

	if (!read_options(&t, argc, argv)) {
		return VIA_MALFORMED;
	}
	t.v = via_connect(c);
	if (t.v == NULL) {
		return VIA_FAILED;
	}
	err = run(&t);
	if (err != 0 && err != -ENOTTY) {
		via_fail(c, "%s", viaduct_error(t.v));
	}
	top_free(&t.before);
	top_free(&t.now);
	viaduct_close(t.v);
	return err == 0 ? VIA_OK : VIA_FAILED;
}
