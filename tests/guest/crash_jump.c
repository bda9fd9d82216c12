/* SPDX-License-Identifier: BSD-2-Clause */
/* Jumps to nowhere, its exception vectors nowhere too: it must be ended as crashed. */
#include "guest.h"

void test_main(void)
{
	uint64_t nowhere = argument("to", 0x02000000);

	say("jumping to 0x%x", nowhere);
	write_sysreg(vbar_el1, 0x03000000);
	barrier();
	__asm__ volatile("br %0" : : "r"(nowhere));
}
