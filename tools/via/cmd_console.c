/* SPDX-License-Identifier: BSD-2-Clause */
/* console: both ways on a terminal, a plain copy elsewhere. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "via.h"

#define ESCAPE      0x1d /* Ctrl-] */
#define POLL_MAX_MS 40

struct console {
	struct viaduct *v;
	uint32_t id;
	uint64_t position;
	bool input_open;
	bool left;         /* by the escape */
	char pending[256]; /* typed, not yet taken by the guest */
	size_t pending_size;
};

static bool raw_mode(struct termios *saved)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, saved) != 0) {
		return false;
	}
	raw = *saved;
	cfmakeraw(&raw);
	return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

/* Copy what the domain printed. *got: whether there was anything. */
static int copy_output(struct console *con, bool *got)
{
	char text[CONTROL_PAGE_SIZE];
	size_t size;
	int err = viaduct_console_read(con->v, con->id, &con->position, text, sizeof(text), &size);

	*got = err == 0 && size != 0;
	if (*got) {
		fwrite(text, 1, size, stdout);
		fflush(stdout);
	}
	return err;
}

/* Wait that long for something typed. Returns whether there was. */
static bool read_input(struct console *con, int timeout_ms)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	size_t room = sizeof(con->pending) - con->pending_size;
	const char *escape;
	char *end = con->pending + con->pending_size;
	ssize_t n;

	if (!con->input_open || room == 0) {
		poll(NULL, 0, timeout_ms);
		return false;
	}
	if (poll(&in, 1, timeout_ms) <= 0) {
		return false;
	}
	n = read(STDIN_FILENO, end, room);
	if (n <= 0) {
		con->input_open = n < 0 && (errno == EINTR || errno == EAGAIN);
		return false;
	}
	escape = memchr(end, ESCAPE, (size_t)n);
	if (escape != NULL) {
		con->left = true;
		n = escape - end;
	}
	con->pending_size += (size_t)n;
	return true;
}

static int send_input(struct console *con)
{
	size_t taken;
	int err;

	if (con->pending_size == 0) {
		return 0;
	}
	err = viaduct_console_write(con->v, con->id, con->pending, con->pending_size, &taken);
	if (err == 0 && taken <= con->pending_size) {
		con->pending_size -= taken;
		memmove(con->pending, con->pending + taken, con->pending_size);
	}
	return err;
}

static bool has_ended(struct console *con)
{
	struct control_domain d;

	return viaduct_domain_get(con->v, con->id, &d) != 0 ||
	       d.state == CONTROL_DOMAIN_STATE_SHUTDOWN || d.state == CONTROL_DOMAIN_STATE_DYING;
}

static int copy_loop(struct console *con)
{
	bool ended, got = true;
	int wait_ms = 0;
	int err;

	do {
		/* Asked before the last look at the output, so that nothing of it is missed. */
		ended = !got && has_ended(con);
		err = copy_output(con, &got);
		/* A silent domain is asked less and less often. */
		wait_ms = got ? 0 : wait_ms * 2 + 1;
		wait_ms = wait_ms < POLL_MAX_MS ? wait_ms : POLL_MAX_MS;
		if (err == 0 && !ended) {
			wait_ms = read_input(con, wait_ms) ? 0 : wait_ms;
			err = send_input(con);
		}
	} while (err == 0 && !con->left && !(ended && !got));
	/* The domain is gone: an end like any other. */
	return err == -ENOENT ? 0 : err;
}

int console_run(const struct command *c, struct viaduct *v, const struct control_domain *d)
{
	struct console con = { .v = v, .id = d->id, .input_open = true };
	struct termios saved;
	bool raw = raw_mode(&saved);
	int err = copy_loop(&con);

	if (raw) {
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
		putchar('\n');
	}
	return err == 0 ? VIA_OK : via_fail(c, "%s: %s", d->name, viaduct_error(v));
}

int cmd_console(const struct command *c, int argc, char **argv)
{
	return via_on_domain(c, argc, argv, console_run);
}
