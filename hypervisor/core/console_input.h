/* SPDX-License-Identifier: BSD-2-Clause */
/* Console input: the focus, and the keys the hypervisor itself understands. */
#ifndef CORE_CONSOLE_INPUT_H
#define CORE_CONSOLE_INPUT_H

#include "core/domain.h"

/* One received character, from the UART's interrupt. */
void console_input_char(char c);
/* Boot, without a control domain: the first domain there is gets the focus. */
void console_input_first(void);
/* Does d have the focus? Any context. */
bool console_input_focused(const struct domain *d);

#endif
