/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happened between two looks at the machine. Nothing in it can make more of these than it has
 * domains and functions, however often they change: what came and went in between is not seen, but
 * what is told was so. Pure.
 */
#ifndef VIA_MONITOR_H
#define VIA_MONITOR_H

#include <stddef.h>

#include <viaduct/control.h>

enum monitor_kind {
	MONITOR_CREATED,
	MONITOR_STARTED,
	MONITOR_PAUSED,
	MONITOR_UNPAUSED,
	MONITOR_RENAMED,
	MONITOR_SHUT_DOWN,
	MONITOR_GONE,
	MONITOR_APPEARED, /* a function: this and all that follow */
	MONITOR_TAKEN_BACK,
	MONITOR_ASSIGNABLE,
	MONITOR_RETURNED,
	MONITOR_LENT,
	MONITOR_BROKEN,
	MONITOR_FAULTS,
	MONITOR_STORMS,
	MONITOR_ERRORS,
	MONITOR_DISAPPEARED,
};

struct monitor_event {
	enum monitor_kind kind;
	/* of a domain's: as it is now, or was when it is gone */
	const struct control_domain *domain;
	const struct control_function *function; /* the same of a function's */
	const char *old_name;                    /* MONITOR_RENAMED */
	uint32_t user; /* MONITOR_LENT, MONITOR_TAKEN_BACK: domain id */
	uint64_t count; /* MONITOR_FAULTS, _STORMS, _ERRORS: how many more */
};

struct monitor_domains {
	struct control_domain *list; /* by ascending id */
	size_t count;
};

struct monitor_functions {
	struct control_function *list; /* by ascending SBDF */
	size_t count;
};

/* Events of one domain, or function, at most. */
#define MONITOR_EVENTS_MAX 7

/*
 * Into out, which has room for MONITOR_EVENTS_MAX for each entry of both lists. Returns how many.
 * They point into the lists.
 */
size_t monitor_domains(const struct monitor_domains *before, const struct monitor_domains *now,
		       struct monitor_event *out);
size_t monitor_functions(const struct monitor_functions *before,
			 const struct monitor_functions *now, struct monitor_event *out);

#endif
