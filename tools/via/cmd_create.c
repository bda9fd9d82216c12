/* SPDX-License-Identifier: BSD-2-Clause */
/* create: a configuration read, its domain made, and watched if it says what its end means. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest_make.h"
#include "guest_watch.h"

#define CONFIG_SIZE_MAX (1024 * 1024)

static int read_config(const struct command *c, const char *path, char **text, size_t *size)
{
	FILE *f = fopen(path, "re");
	size_t got;

	if (f == NULL) {
		return via_fail(c, "%s: %s", path, strerror(errno));
	}
	*text = malloc(CONFIG_SIZE_MAX + 1);
	if (*text == NULL) {
		abort();
	}
	got = fread(*text, 1, CONFIG_SIZE_MAX + 1, f);
	if (ferror(f) || got > CONFIG_SIZE_MAX) {
		via_fail(c, "%s: %s", path,
			 ferror(f) ? strerror(errno) : "not a configuration file");
		free(*text);
		fclose(f);
		return VIA_FAILED;
	}
	fclose(f);
	*size = got;
	return VIA_OK;
}

/* arguments: FILE KEY=VALUE... */
static int parse_config(const struct command *c, char **arguments, size_t count,
			struct guest_config *g)
{
	struct guest_config_text text = { .arguments = arguments + 1, .argument_count = count - 1 };
	const char *path = arguments[0];
	struct config_error error;
	char *file = NULL;
	int err;

	if (read_config(c, path, &file, &text.size) != VIA_OK) {
		return VIA_FAILED;
	}
	text.file = file;
	err = guest_config_read(g, &text, &error);
	free(file);
	if (err == 0) {
		return VIA_OK;
	}
	if (error.at.argument != NULL) {
		via_fail(c, "argument \"%.80s\": %s", error.at.argument, error.text);
		return VIA_MALFORMED;
	}
	/* Without the program's name: editors and people look for FILE:LINE at the beginning. */
	if (error.at.line != 0) {
		fprintf(stderr, "%s:%u: %s\n", path, error.at.line, error.text);
	} else {
		fprintf(stderr, "%s: %s\n", path, error.text);
	}
	return VIA_FAILED;
}

static int show_console(const struct command *c, uint32_t id)
{
	struct viaduct *v = via_connect(c);
	struct control_domain d;
	int status;

	if (v == NULL) {
		return VIA_FAILED;
	}
	status = viaduct_domain_get(v, id, &d) == 0 ? console_run(c, v, &d)
						    : via_fail(c, "%s", viaduct_error(v));
	viaduct_close(v);
	return status;
}

struct wishes {
	bool console;
	bool foreground;
	uint32_t flags; /* CONTROL_START_* */
};

static int create_from(const struct command *c, struct guest_config *g, const struct wishes *w)
{
	uint32_t id;

	if (guest_make(c, g, w->flags, &id) != VIA_OK) {
		return VIA_FAILED;
	}
	if (w->foreground) {
		return guest_watch(c, g, id);
	}
	/* Nothing is connected now: two processes must not share a connection. */
	if (g->watched && guest_watch_apart(c, g, id) != VIA_OK) {
		return VIA_FAILED;
	}
	return w->console ? show_console(c, id) : VIA_OK;
}

int cmd_create(const struct command *c, int argc, char **argv)
{
	struct guest_config g;
	struct wishes w = { 0 };
	int letter, status;

	while ((letter = via_option(c, argc, argv, "cpF", 1, argc)) != -1) {
		w.console = w.console || letter == 'c';
		w.foreground = w.foreground || letter == 'F';
		w.flags |= letter == 'p' ? CONTROL_START_PAUSED : 0;
		if (letter == '?') {
			return VIA_MALFORMED;
		}
	}
	if (w.console && w.foreground) {
		via_fail(c, "-c and -F do not go together");
		return VIA_MALFORMED;
	}
	printf("Parsing config from %s\n", argv[optind]);
	fflush(stdout);
	status = parse_config(c, argv + optind, (size_t)(argc - optind), &g);
	if (status == VIA_OK) {
		status = create_from(c, &g, &w);
		guest_config_free(&g);
	}
	return status;
}
