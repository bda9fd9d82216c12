/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads of a raw disk, past the page cache, one at a time or many. */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "marker.h"

#define SMALL_SIZE 4096
#define SMALL_READS 200
#define LARGE_SIZE (128 * 1024)
#define LARGE_READS 100
#define DEEP_QUEUE 32
#define DEEP_READS 640
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

/* Of DEEP_READS reads, all of them into one buffer: what is read plays no part. */
static int submit(aio_context_t ring, struct iocb *cb, int fd, void *buffer, unsigned int number)
{
	*cb = (struct iocb){
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = (uint64_t)(uintptr_t)buffer,
		.aio_nbytes = SMALL_SIZE,
		.aio_offset = (int64_t)number * SMALL_STRIDE,
		.aio_data = (uint64_t)(uintptr_t)cb,
	};
	return syscall(SYS_io_submit, ring, 1, &cb) == 1 ? 0 : -1;
}

/* The queue is kept full until the last are under way. */
static int deep_sample(aio_context_t ring, int fd, void *buffer)
{
	struct io_event done[DEEP_QUEUE];
	struct iocb control[DEEP_QUEUE];
	unsigned int started = 0, ended = 0;

	while (started < DEEP_QUEUE) {
		if (submit(ring, &control[started], fd, buffer, started) != 0) {
			return -1;
		}
		started++;
	}
	while (ended < DEEP_READS) {
		long count = syscall(SYS_io_getevents, ring, 1, DEEP_QUEUE, done, NULL);

		for (long i = 0; i < count; i++) {
			struct iocb *cb = (struct iocb *)(uintptr_t)done[i].data;

			if (done[i].res != SMALL_SIZE ||
			    (started < DEEP_READS && submit(ring, cb, fd, buffer, started) != 0)) {
				return -1;
			}
			started += started < DEEP_READS;
		}
		if (count <= 0) {
			return -1;
		}
		ended += (unsigned int)count;
	}
	return 0;
}

static int deep_samples(int fd, void *buffer, const struct marker *m)
{
	aio_context_t ring = 0;
	int err = syscall(SYS_io_setup, DEEP_QUEUE, &ring) == 0 ? 0 : -1;

	for (int sample = 0; err == 0 && sample < BENCH_SAMPLES; sample++) {
		marker_begin(m);
		err = deep_sample(ring, fd, buffer);
		marker_end(m, DEEP_READS);
	}
	if (err != 0) {
		perror("viaduct-bench: many reads");
	}
	syscall(SYS_io_destroy, ring);
	return err;
}

int bench_disk(const char *prefix, const char *device)
{
	struct marker small = marker_name(prefix, "nvme");
	struct marker deep = marker_name(prefix, "qd32");
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
	failed = failed || deep_samples(fd, buffer, &deep);
	failed = failed || read_samples(fd, buffer, &large, LARGE_SIZE, LARGE_SIZE, LARGE_READS);
	free(buffer);
	close(fd);
	return failed ? -1 : 0;
}
