/* SPDX-License-Identifier: BSD-2-Clause */
/* viaduct-bench: the same program on bare metal, in the control domain and in a guest. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "marker.h"

#define SETTLE_SECONDS 5

struct marker marker_name(const char *prefix, const char *row)
{
	char text[64];
	struct marker m = { 0 };
	int length = snprintf(text, sizeof(text), "%s:%s", prefix, row);

	memcpy(m.name, text, length < (int)sizeof(m.name) ? (size_t)length : sizeof(m.name));
	return m;
}

/* viaduct-bench begin NAME, end NAME: a script's own interval. */
static int mark(const char *which, const char *name)
{
	struct marker m = { 0 };

	memcpy(m.name, name, strnlen(name, sizeof(m.name)));
	if (strcmp(which, "begin") == 0) {
		marker_begin(&m);
	} else {
		marker_end(&m, 1);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *prefix = argc > 1 ? argv[1] : "";
	int failed = 0;

	if (getpid() == 1) {
		return bench_init();
	}
	if (argc == 3 && (strcmp(argv[1], "begin") == 0 || strcmp(argv[1], "end") == 0)) {
		return mark(argv[1], argv[2]);
	}
	if (argc == 3 && strcmp(argv[1], "net") == 0) {
		sleep(SETTLE_SECONDS);
		return bench_net(argv[2]) != 0 ? 1 : 0;
	}
	if (argc == 4 && strcmp(argv[1], "lend") == 0) {
		return bench_lend(argv[2], argv[3]) != 0 ? 1 : 0;
	}
	if (argc != 2) {
		fprintf(stderr, "usage: viaduct-bench PREFIX\n"
				"       viaduct-bench net PREFIX\n"
				"       viaduct-bench lend DOMAIN FUNCTION\n"
				"       viaduct-bench begin|end NAME\n");
		return 2;
	}
	/* A kernel goes on working for a while after it has booted. */
	sleep(SETTLE_SECONDS);
	failed |= bench_pci(prefix);
	failed |= bench_time(prefix);
	if (strcmp(prefix, "control") == 0) {
		failed |= bench_control(prefix);
	}
	failed |= bench_disk(prefix);
	return failed != 0 ? 1 : 0;
}
