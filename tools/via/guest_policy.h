/* SPDX-License-Identifier: BSD-2-Clause */
/* What is to be done when a domain has shut down. Pure. */
#ifndef VIA_GUEST_POLICY_H
#define VIA_GUEST_POLICY_H

#include <stddef.h>

#include <viaduct/control.h>

enum guest_policy { GUEST_DESTROY, GUEST_RESTART, GUEST_PRESERVE };

#define GUEST_ENDS (CONTROL_WATCHDOG + 1)

/* Those of xl, by enum control_shutdown. */
void guest_policy_defaults(enum guest_policy policies[GUEST_ENDS]);
/* 0, or -EINVAL with a sentence in why, of at least 1 byte. */
int guest_policy_parse(const char *word, enum guest_policy *out, char *why, size_t size);

#endif
