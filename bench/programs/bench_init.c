/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a boot ends: the first instructions of the first process. */
#include <stdio.h>
#include <unistd.h>

#include "bench.h"
#include "marker.h"

int bench_init(void)
{
	struct marker m = marker_name("boot", "init");

	marker_end(&m, 1);
	execl("/init.real", "/init", (char *)NULL);
	perror("/init.real");
	return 1;
}
