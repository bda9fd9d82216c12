/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals that ask a command to end what it is at; it looks for them where it can stop. */
#ifndef VIA_SIGNALS_H
#define VIA_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

struct signals_saved {
	struct sigaction actions[3];
};

/* SIGINT, SIGTERM and SIGHUP from now on. Not for several at a time. */
void signals_catch(struct signals_saved *saved);
void signals_restore(const struct signals_saved *saved);
/* One came since signals_catch(). */
bool signals_came(void);

#endif
