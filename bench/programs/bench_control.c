/* SPDX-License-Identifier: BSD-2-Clause */
/* What requests to the hypervisor cost: one that does nothing, and those that lend a function. */
#include <stdio.h>

#include "bench.h"
#include "libviaduct/viaduct.h"
#include "marker.h"

#define REQUESTS 200
#define RESET_MS 20000

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

/* Once there and back. */
static int lend_once(struct viaduct *v, const struct control_pci_attach *attach)
{
	struct marker there = marker_name("lend", "attach"), back = marker_name("lend", "detach");
	struct control_function f;
	uint32_t vsbdf;
	int err;

	marker_begin(&there);
	err = viaduct_pci_attach(v, attach, &vsbdf);
	marker_end(&there, 1);
	if (err != 0) {
		return err;
	}
	marker_begin(&back);
	err = viaduct_pci_detach(v, attach->sbdf);
	marker_end(&back, 1);
	return err != 0 ? err : viaduct_pci_wait(v, attach->sbdf, RESET_MS, &f);
}

int bench_lend(const char *domain, const char *function)
{
	struct control_pci_attach attach = { 0 };
	unsigned int segment, bus, device, number;
	struct control_domain d;
	struct viaduct *v;
	int err = -1;

	if (sscanf(function, "%x:%x:%x.%x", &segment, &bus, &device, &number) != 4) {
		fprintf(stderr, "viaduct-bench: %s is no function\n", function);
		return -1;
	}
	if (viaduct_open(&v) == 0 && viaduct_domain_find(v, domain, &d) == 0) {
		attach.domain = d.id;
		attach.sbdf = segment << 16 | bus << 8 | device << 3 | number;
		err = 0;
	}
	for (int sample = 0; sample < BENCH_SAMPLES && err == 0; sample++) {
		err = lend_once(v, &attach);
	}
	if (err != 0) {
		fprintf(stderr, "viaduct-bench: %s\n", viaduct_error(v));
	}
	viaduct_close(v);
	return err;
}
