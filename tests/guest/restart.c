/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks for a reboot at once. */
#include "guest.h"

void test_main(void)
{
	hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
}
