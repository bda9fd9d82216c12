/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest_policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct word {
	const char *text;
	enum guest_policy policy;
	const char *refusal; /* xl knows it, and it is not served */
};

static const struct word words[] = {
	{ "destroy", GUEST_DESTROY, NULL },
	{ "restart", GUEST_RESTART, NULL },
	{ "preserve", GUEST_PRESERVE, NULL },
	{ "rename-restart", GUEST_RESTART, "what has ended is not kept beside its successor" },
	{ "coredump-destroy", GUEST_DESTROY, "there are no core dumps of domains" },
	{ "coredump-restart", GUEST_RESTART, "there are no core dumps of domains" },
	{ "soft-reset", GUEST_RESTART, "what comes after an end is a new domain" },
};

void guest_policy_defaults(enum guest_policy policies[GUEST_ENDS])
{
	policies[CONTROL_POWEROFF] = GUEST_DESTROY;
	policies[CONTROL_REBOOT] = GUEST_RESTART;
	policies[CONTROL_CRASH] = GUEST_DESTROY;
	policies[CONTROL_WATCHDOG] = GUEST_DESTROY;
}

int guest_policy_parse(const char *word, enum guest_policy *out, char *why, size_t size)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct word *w = &words[i];

		if (strcmp(w->text, word) != 0) {
			continue;
		}
		if (w->refusal != NULL) {
			snprintf(why, size, "\"%s\" is not served: %s", w->text, w->refusal);
			return -EINVAL;
		}
		*out = w->policy;
		return 0;
	}
	snprintf(why, size, "\"%.20s\" is none of destroy, restart, preserve", word);
	return -EINVAL;
}
