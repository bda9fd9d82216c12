/* SPDX-License-Identifier: BSD-2-Clause */
/* See vpci_case.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_heap.h"
#include "vpci_case.h"

struct vpci_rig rig;

int vpci_case_setup(void **state)
{
	(void)state;
	rig_init(&rig);
	return 0;
}

int vpci_case_teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	assert_int_equal(fake_heap_live, 0);
	return 0;
}
