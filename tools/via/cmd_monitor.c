/* SPDX-License-Identifier: BSD-2-Clause */
/* monitor: what happens, a line each, as people or as programs read it. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "domain_names.h"
#include "json.h"
#include "monitor.h"
#include "via.h"

#define POLL_NS (100L * 1000 * 1000)

static const char *const words[] = {
	[MONITOR_CREATED] = "created",
	[MONITOR_STARTED] = "started",
	[MONITOR_PAUSED] = "paused",
	[MONITOR_UNPAUSED] = "unpaused",
	[MONITOR_RENAMED] = "renamed",
	[MONITOR_SHUT_DOWN] = "shut-down",
	[MONITOR_GONE] = "gone",
	[MONITOR_APPEARED] = "appeared",
	[MONITOR_TAKEN_BACK] = "taken-back",
	[MONITOR_ASSIGNABLE] = "assignable",
	[MONITOR_RETURNED] = "returned",
	[MONITOR_LENT] = "lent",
	[MONITOR_BROKEN] = "broken",
	[MONITOR_FAULTS] = "faults",
	[MONITOR_STORMS] = "storms",
	[MONITOR_ERRORS] = "errors",
	[MONITOR_DISAPPEARED] = "disappeared",
};

/* One look at the machine. */
struct look {
	struct monitor_domains domains;
	struct monitor_functions functions;
};

static int take(struct viaduct *v, struct look *l)
{
	int err = viaduct_domain_list(v, &l->domains.list, &l->domains.count);

	if (err == 0) {
		err = viaduct_pci_list(v, &l->functions.list, &l->functions.count);
		if (err != 0) {
			free(l->domains.list);
		}
	}
	return err;
}

static void drop(struct look *l)
{
	free(l->domains.list);
	free(l->functions.list);
}

/* Of a domain that may have gone since. */
static const char *name_of(const struct look *before, const struct look *now, uint32_t id)
{
	const struct monitor_domains *lists[] = { &now->domains, &before->domains };

	for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
		for (size_t i = 0; i < lists[k]->count; i++) {
			if (lists[k]->list[i].id == id) {
				return lists[k]->list[i].name;
			}
		}
	}
	return "?";
}

static void now_text(char text[32])
{
	struct timespec t;
	struct tm tm;
	size_t length;

	clock_gettime(CLOCK_REALTIME, &t);
	length = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", gmtime_r(&t.tv_sec, &tm));
	snprintf(text + length, 32 - length, ".%03ldZ", t.tv_nsec / 1000000);
}

static bool has_user(const struct monitor_event *e)
{
	return e->kind == MONITOR_LENT || e->kind == MONITOR_TAKEN_BACK;
}

static void print_text(const struct monitor_event *e, const char *time, const char *user)
{
	char bdf[16];

	if (e->domain != NULL) {
		printf("%s domain %u %s %s", time, e->domain->id, e->domain->name, words[e->kind]);
	} else {
		printf("%s function %s %s", time, via_bdf_text(e->function->sbdf, bdf),
		       words[e->kind]);
	}
	if (e->kind == MONITOR_RENAMED) {
		printf(" from %s", e->old_name);
	} else if (e->kind == MONITOR_SHUT_DOWN) {
		printf(" %s", domain_shutdown_name(e->domain->shutdown));
	} else if (e->kind == MONITOR_BROKEN) {
		printf(" %s", e->function->broken_why);
	} else if (has_user(e)) {
		printf(" %s %u %s", e->kind == MONITOR_LENT ? "to" : "from", e->user, user);
	} else if (e->count != 0) {
		printf(" %llu", (unsigned long long)e->count);
	}
	putchar('\n');
}

static void print_json(const struct monitor_event *e, const char *time, const char *user)
{
	struct json j = { 0 };
	char bdf[16];

	json_begin(&j, NULL, '{');
	json_string(&j, "time", time);
	json_string(&j, "event", words[e->kind]);
	if (e->domain != NULL) {
		json_number(&j, "domain", e->domain->id);
		json_string(&j, "name", e->domain->name);
	} else {
		json_string(&j, "function", via_bdf_text(e->function->sbdf, bdf));
	}
	if (e->kind == MONITOR_RENAMED) {
		json_string(&j, "from", e->old_name);
	} else if (e->kind == MONITOR_SHUT_DOWN) {
		json_string(&j, "reason", domain_shutdown_name(e->domain->shutdown));
	} else if (e->kind == MONITOR_BROKEN) {
		json_string(&j, "reason", e->function->broken_why);
	} else if (has_user(e)) {
		json_number(&j, "domain", e->user);
		json_string(&j, "name", user);
	} else if (e->count != 0) {
		json_number(&j, "count", e->count);
	}
	json_end(&j, '}');
	json_finish(&j);
}

/* 0, or -EPIPE: nobody reads any more. */
static int tell(const struct look *before, const struct look *now, bool json)
{
	size_t entries = before->domains.count + now->domains.count + before->functions.count +
			 now->functions.count;
	struct monitor_event *events = calloc(entries + 1, MONITOR_EVENTS_MAX * sizeof(*events));
	char time[32];
	size_t count;

	if (events == NULL) {
		abort();
	}
	count = monitor_domains(&before->domains, &now->domains, events);
	count += monitor_functions(&before->functions, &now->functions, events + count);
	now_text(time);
	for (size_t i = 0; i < count; i++) {
		const struct monitor_event *e = &events[i];
		const char *user = has_user(e) ? name_of(before, now, e->user) : NULL;

		if (json) {
			print_json(e, time, user);
		} else {
			print_text(e, time, user);
		}
	}
	free(events);
	return fflush(stdout) == 0 ? 0 : -EPIPE;
}

static int watch(const struct command *c, struct viaduct *v, bool json)
{
	struct look before, now;
	int err = take(v, &before);

	if (err != 0) {
		return via_fail(c, "%s", viaduct_error(v));
	}
	/* On standard error, for who has to know that nothing is missed from here on. */
	fprintf(stderr, "watching %zu domains, %zu functions\n", before.domains.count,
		before.functions.count);
	do {
		nanosleep(&(const struct timespec){ .tv_nsec = POLL_NS }, NULL);
		err = take(v, &now);
		if (err == 0) {
			err = tell(&before, &now, json);
			drop(&before);
			before = now;
		}
	} while (err == 0);
	drop(&before);
	return err == -EPIPE ? VIA_OK : via_fail(c, "%s", viaduct_error(v));
}

int cmd_monitor(const struct command *c, int argc, char **argv)
{
	struct viaduct *v;
	bool json;
	int status = via_json_option(c, argc, argv, 0, 0, &json);

	if (status != VIA_OK) {
		return status;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	status = watch(c, v, json);
	viaduct_close(v);
	return status;
}
