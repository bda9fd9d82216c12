/* SPDX-License-Identifier: BSD-2-Clause */
#include "monitor.h"

#include <stdbool.h>
#include <string.h>

/* Where the next event goes. */
struct events {
	struct monitor_event *next;
};

static void tell_domain(struct events *e, enum monitor_kind kind, const struct control_domain *d,
			const char *old_name)
{
	*e->next++ = (struct monitor_event){ .kind = kind, .domain = d, .old_name = old_name };
}

/* From one state to another by the way that leads there. */
static void walk_states(struct events *e, uint32_t was, const struct control_domain *now)
{
	bool ran = was != CONTROL_DOMAIN_STATE_BUILDING;

	if (was == now->state || now->state == CONTROL_DOMAIN_STATE_DYING) {
		return;
	}
	if (!ran) {
		tell_domain(e, MONITOR_STARTED, now, NULL);
	}
	switch (now->state) {
	case CONTROL_DOMAIN_STATE_PAUSED:
		tell_domain(e, MONITOR_PAUSED, now, NULL);
		break;
	case CONTROL_DOMAIN_STATE_SHUTDOWN:
		tell_domain(e, MONITOR_SHUT_DOWN, now, NULL);
		break;
	default:
		if (ran) {
			tell_domain(e, MONITOR_UNPAUSED, now, NULL);
		}
		break;
	}
}

static void compare_domain(struct events *e, const struct control_domain *was,
			   const struct control_domain *now)
{
	if (strcmp(was->name, now->name) != 0) {
		tell_domain(e, MONITOR_RENAMED, now, was->name);
	}
	walk_states(e, was->state, now);
}

size_t monitor_domains(const struct monitor_domains *before, const struct monitor_domains *now,
		       struct monitor_event *out)
{
	struct events e = { out };
	size_t a = 0, b = 0;

	while (a < before->count || b < now->count) {
		const struct control_domain *was = a < before->count ? &before->list[a] : NULL;
		const struct control_domain *is = b < now->count ? &now->list[b] : NULL;

		if (is == NULL || (was != NULL && was->id < is->id)) {
			tell_domain(&e, MONITOR_GONE, was, NULL);
			a++;
		} else if (was == NULL || is->id < was->id) {
			tell_domain(&e, MONITOR_CREATED, is, NULL);
			if (is->state != CONTROL_DOMAIN_STATE_BUILDING) {
				walk_states(&e, CONTROL_DOMAIN_STATE_BUILDING, is);
			}
			b++;
		} else {
			compare_domain(&e, was, is);
			a++;
			b++;
		}
	}
	return (size_t)(e.next - out);
}

static void tell_function(struct events *e, enum monitor_kind kind,
			  const struct control_function *f, uint32_t user, uint64_t count)
{
	*e->next++ = (struct monitor_event){
		.kind = kind, .function = f, .user = user, .count = count
	};
}

static bool lent(const struct control_function *f)
{
	return f->state == CONTROL_FUNCTION_LENT;
}

static void compare_state(struct events *e, const struct control_function *was,
			  const struct control_function *now)
{
	bool same_user = lent(was) && lent(now) && was->user == now->user;

	if (lent(was) && !same_user) {
		tell_function(e, MONITOR_TAKEN_BACK, now, was->user, 0);
	}
	if (lent(now) && !same_user) {
		tell_function(e, MONITOR_LENT, now, now->user, 0);
	}
	if (was->state == now->state) {
		return;
	}
	switch (now->state) {
	case CONTROL_FUNCTION_OWNED:
		tell_function(e, MONITOR_RETURNED, now, 0, 0);
		break;
	case CONTROL_FUNCTION_QUARANTINED:
		tell_function(e, MONITOR_ASSIGNABLE, now, 0, 0);
		break;
	case CONTROL_FUNCTION_BROKEN:
		tell_function(e, MONITOR_BROKEN, now, 0, 0);
		break;
	default:
		break;
	}
}

static void compare_count(struct events *e, enum monitor_kind kind,
			  const struct control_function *now, uint64_t before, uint64_t count)
{
	if (count > before) {
		tell_function(e, kind, now, 0, count - before);
	}
}

static void compare_function(struct events *e, const struct control_function *was,
			     const struct control_function *now)
{
	if (now->state == CONTROL_FUNCTION_ABSENT || was->state == CONTROL_FUNCTION_ABSENT) {
		if (was->state != now->state) {
			tell_function(e, now->state == CONTROL_FUNCTION_ABSENT ?
					 MONITOR_DISAPPEARED : MONITOR_APPEARED, now, 0, 0);
		}
		return;
	}
	/* Why, before what came of it. */
	compare_count(e, MONITOR_FAULTS, now, was->faults, now->faults);
	compare_count(e, MONITOR_STORMS, now, was->storms, now->storms);
	compare_count(e, MONITOR_ERRORS, now, was->errors_corrected + was->errors_uncorrected,
		      now->errors_corrected + now->errors_uncorrected);
	compare_state(e, was, now);
}

size_t monitor_functions(const struct monitor_functions *before,
			 const struct monitor_functions *now, struct monitor_event *out)
{
	struct events e = { out };
	size_t a = 0, b = 0;

	while (a < before->count || b < now->count) {
		const struct control_function *was = a < before->count ? &before->list[a] : NULL;
		const struct control_function *is = b < now->count ? &now->list[b] : NULL;

		if (is == NULL || (was != NULL && was->sbdf < is->sbdf)) {
			tell_function(&e, MONITOR_DISAPPEARED, was, 0, 0);
			a++;
		} else if (was == NULL || is->sbdf < was->sbdf) {
			tell_function(&e, MONITOR_APPEARED, is, 0, 0);
			b++;
		} else {
			compare_function(&e, was, is);
			a++;
			b++;
		}
	}
	return (size_t)(e.next - out);
}
