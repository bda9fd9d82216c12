/* SPDX-License-Identifier: BSD-2-Clause */
/* Says hello with its arguments and powers off: the runtime itself works. */
#include "guest.h"

void test_main(void)
{
	say("hello, value 0x%x", argument("value", 0));
	check("runs at EL1", read_sysreg(currentel) == 4);
	check_equal("PSCI is 1.1", (uint64_t)hvc(PSCI_VERSION, 0, 0, 0), 0x10001);
	check_equal("an unknown call is not supported", (uint64_t)hvc(0x84001234, 0, 0, 0), ~0ULL);
	check_equal("by SMC too", (uint64_t)smc(0xc6001234), ~0ULL);
}
