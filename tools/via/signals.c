/* SPDX-License-Identifier: BSD-2-Clause */
#include "signals.h"

#include <stddef.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

_Static_assert(SIGNALS == sizeof(((struct signals_saved *)0)->actions) / sizeof(struct sigaction),
	       "one each");

static volatile sig_atomic_t came;

static void on_signal(int number)
{
	came = 1;
}

/* One that is ignored stays so: that is how a shell protects its background jobs. */
void signals_catch(struct signals_saved *saved)
{
	struct sigaction action = { .sa_handler = on_signal };

	came = 0;
	for (size_t i = 0; i < SIGNALS; i++) {
		sigaction(signals[i], NULL, &saved->actions[i]);
		if (saved->actions[i].sa_handler != SIG_IGN) {
			sigaction(signals[i], &action, NULL);
		}
	}
}

void signals_restore(const struct signals_saved *saved)
{
	for (size_t i = 0; i < SIGNALS; i++) {
		sigaction(signals[i], &saved->actions[i], NULL);
	}
}

bool signals_came(void)
{
	return came != 0;
}
