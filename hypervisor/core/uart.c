/* SPDX-License-Identifier: BSD-2-Clause */
/* Table of UART drivers. Adding one is a file and a line here. */
#include "core/uart.h"

#include "lib/string.h"

static const struct uart_ops *const uart_drivers[] = {
	&uart_pl011_ops,
	&uart_imx_ops,
	&uart_scif_ops,
};

const struct uart_ops *uart_driver(const char *compatible)
{
	for (size_t i = 0; i < ARRAY_SIZE(uart_drivers); i++) {
		if (strcmp(uart_drivers[i]->compatible, compatible) == 0) {
			return uart_drivers[i];
		}
	}
	return NULL;
}
