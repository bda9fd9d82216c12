/* SPDX-License-Identifier: BSD-2-Clause */
/* core/log.h into one buffer that tests can look at. */
#ifndef FAKE_LOG_H
#define FAKE_LOG_H

#include <stdbool.h>

extern unsigned int fake_log_lines;

/* Since the last clear: does any line hold this text? */
bool fake_log_has(const char *text);
void fake_log_clear(void);

#endif
