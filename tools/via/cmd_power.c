/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shutdown, reboot: a guest's power key pressed, held until the guest has looked at it, released. A
 * via that dies here leaves it down: the next one releases it first.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <time.h>

#include "via.h"

#define PATIENCE_S  60
#define SECONDS_MAX 86400L
/* Drivers wait for the line to settle, 5 ms in Linux's case, before they look for good. */
#define HOLD_MS    100U
#define RELEASE_MS 1000U
#define POLL_NS    (10L * 1000 * 1000)

struct press {
	struct viaduct *v;
	uint32_t id;
	enum control_shutdown means;
	unsigned int seconds;
	uint64_t end_ms;
	bool wait; /* until the domain has ended */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void nap(void)
{
	nanosleep(&(const struct timespec){ .tv_nsec = POLL_NS }, NULL);
}

/* Its CPUs will not run again. -ENOENT, which says the same, is no error. */
static int look_for_end(const struct press *p, bool *over)
{
	struct control_domain d;
	int err = viaduct_domain_get(p->v, p->id, &d);

	*over = err == -ENOENT || (err == 0 && (d.state == CONTROL_DOMAIN_STATE_SHUTDOWN ||
						d.state == CONTROL_DOMAIN_STATE_DYING));
	return err == -ENOENT ? 0 : err;
}

/* Until the guest has looked at the key and ms are over, but not past end_ms; or it has ended. */
static int hold(const struct press *p, unsigned int ms, uint64_t end_ms, bool *unread)
{
	uint64_t begin_ms = now_ms();
	bool over = false;
	uint32_t key;
	int err;

	for (;;) {
		err = viaduct_power_key(p->v, p->id, CONTROL_KEY_LOOK, p->means, &key);
		if (err == 0) {
			*unread = (key & CONTROL_KEY_UNREAD) != 0;
			err = look_for_end(p, &over);
		}
		if (err != 0 || over || now_ms() >= end_ms ||
		    (!*unread && now_ms() - begin_ms >= ms)) {
			/* When it has ended it had looked. */
			*unread = *unread && !over;
			return err;
		}
		nap();
	}
}

/* Key as left by somebody else: up, and seen to be up by a guest that looks at all. */
static int lift(const struct press *p)
{
	uint32_t key;
	bool unread;
	int err = viaduct_power_key(p->v, p->id, CONTROL_KEY_LOOK, p->means, &key);

	if (err == 0 && (key & CONTROL_KEY_DOWN) != 0) {
		err = viaduct_power_key(p->v, p->id, CONTROL_KEY_RELEASE, p->means, &key);
		if (err == 0) {
			err = hold(p, HOLD_MS, now_ms() + RELEASE_MS, &unread);
		}
	}
	return err;
}

static int press(const struct press *p, bool *unread)
{
	uint32_t key;
	int err = lift(p);

	if (err == 0) {
		err = viaduct_power_key(p->v, p->id, CONTROL_KEY_PRESS, p->means, &key);
	}
	if (err == 0) {
		err = hold(p, HOLD_MS, p->end_ms, unread);
	}
	if (err == 0) {
		err = viaduct_power_key(p->v, p->id, CONTROL_KEY_RELEASE, p->means, &key);
	}
	return err;
}

static int wait_for_end(const struct press *p, bool *over)
{
	int err;

	while ((err = look_for_end(p, over)) == 0 && !*over && now_ms() < p->end_ms) {
		nap();
	}
	return err;
}

/* Nobody asked for a reboot if this did not work. */
static int give_up(const struct command *c, const struct press *p, const struct control_domain *d,
		   const char *what)
{
	uint32_t key;

	viaduct_power_key(p->v, p->id, CONTROL_KEY_RELEASE, CONTROL_POWEROFF, &key);
	return via_fail(c, "%s did not react to its power key in %u s: %s", d->name, p->seconds,
			what);
}

static int run(const struct command *c, const struct press *p, const struct control_domain *d)
{
	bool unread = true, over = false;
	int err = press(p, &unread);

	if (err == 0 && unread) {
		return give_up(c, p, d, "it runs nothing that looks at it");
	}
	if (err == 0 && p->wait) {
		err = wait_for_end(p, &over);
		if (err == 0 && !over) {
			return give_up(c, p, d, "it looked at it, and goes on");
		}
	}
	/* It went while its key was held, and is not there any more. */
	if (err == -ENOENT) {
		return VIA_OK;
	}
	return err == 0 ? VIA_OK : via_fail(c, "%s: %s", d->name, viaduct_error(p->v));
}

static bool parse_seconds(const char *text, unsigned int *seconds)
{
	char *end;
	long value = strtol(text, &end, 10);

	*seconds = (unsigned int)value;
	return *text != '\0' && *end == '\0' && value >= 1 && value <= SECONDS_MAX;
}

static int end_domain(const struct command *c, int argc, char **argv, enum control_shutdown means)
{
	struct press p = { .means = means, .seconds = PATIENCE_S };
	struct control_domain d;
	int letter, status;

	while ((letter = via_option(c, argc, argv, "wt:", 1, 1)) == 'w' || letter == 't') {
		p.wait = p.wait || letter == 'w';
		if (letter == 't' && !parse_seconds(optarg, &p.seconds)) {
			via_fail(c, "-t %.20s: seconds from 1 to %ld", optarg, SECONDS_MAX);
			return VIA_MALFORMED;
		}
	}
	if (letter != -1) {
		return VIA_MALFORMED;
	}
	p.v = via_connect(c);
	if (p.v == NULL) {
		return VIA_FAILED;
	}
	if (viaduct_domain_find(p.v, argv[optind], &d) != 0) {
		status = via_fail(c, "%s: %s", argv[optind], viaduct_error(p.v));
	} else if (d.state != CONTROL_DOMAIN_STATE_RUNNING) {
		status = via_fail(c, "%s does not run: via list says how it is", d.name);
	} else {
		p.id = d.id;
		p.end_ms = now_ms() + p.seconds * 1000ULL;
		status = run(c, &p, &d);
	}
	viaduct_close(p.v);
	return status;
}

int cmd_shutdown(const struct command *c, int argc, char **argv)
{
	return end_domain(c, argc, argv, CONTROL_POWEROFF);
}

int cmd_reboot(const struct command *c, int argc, char **argv)
{
	return end_domain(c, argc, argv, CONTROL_REBOOT);
}
