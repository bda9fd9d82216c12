/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "domain_names.h"
#include "guest_make.h"
#include "pci_function.h"

#define POLL_MS 250
/* So that one that ends as soon as it begins leaves the machine to others for a while. */
#define RESTART_MS 1000
/* One that fails sooner would fail so for ever. */
#define LIFE_MIN_NS 2000000000ULL

static void nap(long ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void say(const char *name, const char *what, const char *then)
{
	time_t now = time(NULL);
	struct tm tm;
	char at[32];

	strftime(at, sizeof(at), "%Y-%m-%d %H:%M:%S", localtime_r(&now, &tm));
	printf("%s %s: %s: %s\n", at, name, what, then);
	fflush(stdout);
}

/* What has become of it; it counts as running when the hypervisor cannot be asked just now. */
static uint32_t look(uint32_t id, struct control_domain *d)
{
	struct viaduct *v;
	int err = viaduct_open(&v);

	d->state = CONTROL_DOMAIN_STATE_RUNNING;
	if (err == 0 && viaduct_domain_get(v, id, d) == -ENOENT) {
		d->state = CONTROL_DOMAIN_STATE_DYING;
	}
	viaduct_close(v);
	return d->state;
}

static int end(const struct command *c, const struct control_domain *d)
{
	struct viaduct *v = via_connect(c);
	int status = v == NULL ? VIA_FAILED : function_end_domain(c, v, d);

	viaduct_close(v);
	return status;
}

/* d has shut down. */
static int restart(const struct command *c, struct guest_config *g,
		   const struct control_domain *d, uint32_t *id)
{
	int status = end(c, d);

	if (status == VIA_OK) {
		nap(RESTART_MS);
		status = guest_make(c, g, 0, id);
	}
	if (status == VIA_OK) {
		say(d->name, domain_shutdown_name(d->shutdown), "begins again");
	}
	return status;
}

static bool fails_at_once(const struct control_domain *d)
{
	return (d->shutdown == CONTROL_CRASH || d->shutdown == CONTROL_WATCHDOG) &&
	       d->life_ns < LIFE_MIN_NS;
}

/* False: it is gone, or somebody is ending it. */
static bool wait_for_end(uint32_t id, struct control_domain *d)
{
	uint32_t state;

	do {
		nap(POLL_MS);
		state = look(id, d);
	} while (state != CONTROL_DOMAIN_STATE_SHUTDOWN && state != CONTROL_DOMAIN_STATE_DYING);
	return state == CONTROL_DOMAIN_STATE_SHUTDOWN;
}

int guest_watch(const struct command *c, struct guest_config *g, uint32_t id)
{
	char name[CONTROL_NAME_SIZE];
	struct control_domain d;

	while (wait_for_end(id, &d)) {
		/* It may have been renamed. */
		memcpy(name, d.name, sizeof(name));
		g->name = name;
		switch (d.shutdown < GUEST_ENDS ? g->policies[d.shutdown] : GUEST_PRESERVE) {
		case GUEST_RESTART:
			if (fails_at_once(&d)) {
				say(d.name, domain_shutdown_name(d.shutdown),
				    "within 2 s of its beginning, so it does not begin again");
				return VIA_FAILED;
			}
			if (restart(c, g, &d, &id) != VIA_OK) {
				return VIA_FAILED;
			}
			break;
		case GUEST_DESTROY:
			say(d.name, domain_shutdown_name(d.shutdown), "destroyed");
			return end(c, &d);
		case GUEST_PRESERVE:
		default:
			say(d.name, domain_shutdown_name(d.shutdown), "stays as it is");
			return VIA_OK;
		}
	}
	return VIA_OK;
}

static void open_log(const char *name)
{
	char path[sizeof(WATCH_LOG) + CONTROL_NAME_SIZE];
	int null = open("/dev/null", O_RDWR);
	int log;

	snprintf(path, sizeof(path), WATCH_LOG, name);
	for (char *slash = path + strlen(WATCH_LOG) - strlen("%s.log"); *slash != '\0'; slash++) {
		*slash = *slash == '/' ? '_' : *slash;
	}
	log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0640);
	dup2(null, STDIN_FILENO);
	dup2(log >= 0 ? log : null, STDOUT_FILENO);
	dup2(log >= 0 ? log : null, STDERR_FILENO);
	/* What the caller had open is none of ours: it may wait for its end. */
	closefrom(STDERR_FILENO + 1);
}

int guest_watch_apart(const struct command *c, struct guest_config *g, uint32_t id)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child < 0) {
		return via_fail(c, "%s runs, but nobody waits for its end: %s", g->name,
				strerror(errno));
	}
	if (child == 0) {
		setsid();
		open_log(g->name);
		_exit(guest_watch(c, g, id));
	}
	return VIA_OK;
}
