/* SPDX-License-Identifier: BSD-2-Clause */
/* The program's entry, apart from the rest so that tests can have their own. */
#include "via.h"

int main(int argc, char **argv)
{
	return via_main(argc, argv);
}
