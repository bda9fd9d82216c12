/* SPDX-License-Identifier: BSD-2-Clause */
/* panic() as a failed assertion of the test: expect_assert_failure() takes it where wanted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/panic.h"

void panic(const char *fmt, ...)
{
	static char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mock_assert(0, text, __FILE__, __LINE__);
	abort();
}
