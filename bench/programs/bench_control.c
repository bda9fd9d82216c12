/* SPDX-License-Identifier: BSD-2-Clause */
/* What a request to the hypervisor costs when it does nothing. */
#include <stdio.h>

#include "bench.h"
#include "libviaduct/viaduct.h"
#include "marker.h"

#define REQUESTS 200

int bench_control(const char *prefix)
{
	struct marker m = marker_name(prefix, "null");
	struct viaduct *v;

	if (viaduct_open(&v) != 0 || viaduct_null(v) != 0) {
		fprintf(stderr, "viaduct-bench: %s\n", viaduct_error(v));
		viaduct_close(v);
		return -1;
	}
	for (int sample = 0; sample < BENCH_SAMPLES; sample++) {
		marker_begin(&m);
		for (int i = 0; i < REQUESTS; i++) {
			viaduct_null(v);
		}
		marker_end(&m, REQUESTS);
	}
	viaduct_close(v);
	return 0;
}
