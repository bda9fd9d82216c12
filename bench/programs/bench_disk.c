/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads of a raw disk, past the page cache, one at a time or many. */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "marker.h"

/*
 * Namespaces of one controller: one answers at once, the others later and later. Which of them is
 * so late that its reader idles, and idles once, depends on how fast the host is.
 */
#define DISK       "/dev/nvme0n1"
#define LATE_DISKS \
	{ "/dev/nvme0n2", "/dev/nvme0n3", "/dev/nvme0n4", "/dev/nvme0n5", "/dev/nvme0n6" }
#define SMALL_SIZE  4096
#define SMALL_READS 400
#define LATE_READS  100
#define LARGE_SIZE  (128 * 1024)
#define LARGE_READS 200
#define LARGE_PAGE  (2UL << 20)
#define DEEP_QUEUE  32
#define DEEP_BATCHES 400
/* Steps through the disk by a size that never repeats. */
#define SMALL_STRIDE (17 * SMALL_SIZE)

/* Each read is an interval of its own. */
static int read_each(int fd, void *buffer, const struct marker *m, size_t size, off_t stride,
		     unsigned int reads)
{
	for (unsigned int i = 0; i < reads; i++) {
		ssize_t got;

		marker_begin(m);
		got = pread(fd, buffer, size, (off_t)i * stride);
		marker_end(m, 1);
		if (got != (ssize_t)size) {
			perror("viaduct-bench: read");
			return -1;
		}
	}
	return 0;
}

/* DEEP_QUEUE reads by one system call, all of them into one buffer: what is read plays no part. */
static int read_batch(aio_context_t ring, int fd, void *buffer, unsigned int batch,
		      const struct marker *m)
{
	struct io_event done[DEEP_QUEUE];
	struct iocb reads[DEEP_QUEUE];
	struct iocb *list[DEEP_QUEUE];
	bool failed;

	for (unsigned int i = 0; i < DEEP_QUEUE; i++) {
		reads[i] = (struct iocb){
			.aio_lio_opcode = IOCB_CMD_PREAD,
			.aio_fildes = (uint32_t)fd,
			.aio_buf = (uint64_t)(uintptr_t)buffer,
			.aio_nbytes = SMALL_SIZE,
			.aio_offset = (int64_t)(batch * DEEP_QUEUE + i) * SMALL_STRIDE,
		};
		list[i] = &reads[i];
	}
	marker_begin(m);
	failed = syscall(SYS_io_submit, ring, DEEP_QUEUE, list) != DEEP_QUEUE ||
		 syscall(SYS_io_getevents, ring, DEEP_QUEUE, DEEP_QUEUE, done, NULL) != DEEP_QUEUE;
	marker_end(m, DEEP_QUEUE);
	for (unsigned int i = 0; !failed && i < DEEP_QUEUE; i++) {
		failed = done[i].res != SMALL_SIZE;
	}
	return failed ? -1 : 0;
}

static int read_batches(int fd, void *buffer, const struct marker *m)
{
	aio_context_t ring = 0;
	int err = syscall(SYS_io_setup, DEEP_QUEUE, &ring) == 0 ? 0 : -1;

	for (unsigned int batch = 0; err == 0 && batch < DEEP_BATCHES; batch++) {
		err = read_batch(ring, fd, buffer, batch, m);
	}
	if (err != 0) {
		perror("viaduct-bench: many reads");
	}
	syscall(SYS_io_destroy, ring);
	return err;
}

static int open_disk(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);

	if (fd < 0) {
		perror(path);
	}
	return fd;
}

/* In one piece: what a read costs the kernel depends on how many the buffer is in. */
static void *large_page(void)
{
	int pool = open("/proc/sys/vm/nr_hugepages", O_WRONLY | O_CLOEXEC);
	void *page = MAP_FAILED;

	if (pool >= 0 && write(pool, "1", 1) == 1) {
		page = mmap(NULL, LARGE_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	}
	if (page == MAP_FAILED) {
		perror("viaduct-bench: large page");
		page = NULL;
	}
	close(pool);
	return page;
}

static int read_late_disks(void *buffer, const struct marker *m)
{
	static const char *const disks[] = LATE_DISKS;
	int failed = 0;

	for (size_t i = 0; !failed && i < sizeof(disks) / sizeof(disks[0]); i++) {
		int fd = open_disk(disks[i]);

		failed = fd < 0 ||
			 read_each(fd, buffer, m, SMALL_SIZE, SMALL_STRIDE, LATE_READS);
		close(fd);
	}
	return failed;
}

int bench_disk(const char *prefix)
{
	struct marker small = marker_name(prefix, "nvme");
	struct marker deep = marker_name(prefix, "qd32");
	struct marker large = marker_name(prefix, "seq");
	struct marker idle = marker_name(prefix, "late");
	int fd = open_disk(DISK);
	void *buffer = large_page();
	int failed = fd < 0 || buffer == NULL ||
		     pread(fd, buffer, LARGE_SIZE, 0) != LARGE_SIZE;

	failed = failed || read_each(fd, buffer, &small, SMALL_SIZE, SMALL_STRIDE, SMALL_READS);
	failed = failed || read_batches(fd, buffer, &deep);
	failed = failed || read_each(fd, buffer, &large, LARGE_SIZE, LARGE_SIZE, LARGE_READS);
	failed = failed || read_late_disks(buffer, &idle);
	close(fd);
	return failed ? -1 : 0;
}
