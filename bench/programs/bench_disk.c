/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads of a raw disk, past the page cache, one at a time. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"
#include "marker.h"

#define SMALL_SIZE 4096
#define SMALL_READS 200
#define LARGE_SIZE (128 * 1024)
#define LARGE_READS 100
/* Steps through the disk by a size that never repeats within a sample. */
#define SMALL_STRIDE (17 * SMALL_SIZE)

static int read_samples(int fd, void *buffer, const struct marker *m, size_t size, off_t stride,
			unsigned int reads)
{
	for (int sample = 0; sample < BENCH_SAMPLES; sample++) {
		marker_begin(m);
		for (unsigned int i = 0; i < reads; i++) {
			if (pread(fd, buffer, size, (off_t)i * stride) != (ssize_t)size) {
				perror("viaduct-bench: read");
				return -1;
			}
		}
		marker_end(m, reads);
	}
	return 0;
}

int bench_disk(const char *prefix, const char *device)
{
	struct marker small = marker_name(prefix, "nvme");
	struct marker large = marker_name(prefix, "seq");
	int fd = open(device, O_RDONLY | O_DIRECT | O_CLOEXEC);
	void *buffer = NULL;
	int failed;

	if (fd < 0 || posix_memalign(&buffer, SMALL_SIZE, LARGE_SIZE) != 0) {
		perror(device);
		return -1;
	}
	failed = pread(fd, buffer, LARGE_SIZE, 0) != LARGE_SIZE;
	failed = failed || read_samples(fd, buffer, &small, SMALL_SIZE, SMALL_STRIDE, SMALL_READS);
	failed = failed || read_samples(fd, buffer, &large, LARGE_SIZE, LARGE_SIZE, LARGE_READS);
	free(buffer);
	close(fd);
	return failed ? -1 : 0;
}
