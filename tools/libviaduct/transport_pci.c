/* SPDX-License-Identifier: BSD-2-Clause */
/* The control function through sysfs: its BARs mapped, one request page claimed by a file lock. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <viaduct/control.h>

#include "transport.h"

#define SYSFS_DEVICES "/sys/bus/pci/devices"

struct pci_transport {
	struct transport t;
	char device[64];  /* directory name below SYSFS_DEVICES */
	int registers_fd; /* holds the lock of our page */
	volatile uint8_t *registers;
	uint32_t page_index;
	uint8_t *slot; /* NULL: none mapped */
	uint32_t slot_index;
};

static int fail(char *why, size_t size, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int fail(char *why, size_t size, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, size, fmt, ap);
	va_end(ap);
	return err;
}

static int open_file(const struct pci_transport *p, const char *file, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), SYSFS_DEVICES "/%s/%s", p->device, file);
	return open(path, flags | O_CLOEXEC);
}

/* A number in a one-line sysfs file; -1: no such file, or no number. */
static long read_number(const struct pci_transport *p, const char *file)
{
	char text[32];
	char *end;
	long value;
	ssize_t n;
	int fd = open_file(p, file, O_RDONLY);

	if (fd < 0) {
		return -1;
	}
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0) {
		return -1;
	}
	text[n] = '\0';
	value = strtol(text, &end, 0);
	return end == text ? -1 : value;
}

static bool find_device(struct pci_transport *p)
{
	DIR *dir = opendir(SYSFS_DEVICES);
	const struct dirent *e;
	bool found = false;

	if (dir == NULL) {
		return false;
	}
	while (!found && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' || strlen(e->d_name) >= sizeof(p->device)) {
			continue;
		}
		memcpy(p->device, e->d_name, strlen(e->d_name) + 1);
		found = read_number(p, "vendor") == CONTROL_VENDOR_ID &&
			read_number(p, "device") == CONTROL_DEVICE_ID;
	}
	closedir(dir);
	return found;
}

/* Memory decode on: the kernel hands out no mapping of a BAR it believes to be off. */
static int enable(const struct pci_transport *p)
{
	int fd;
	int err = 0;

	if (read_number(p, "enable") > 0) {
		return 0;
	}
	fd = open_file(p, "enable", O_WRONLY);
	if (fd < 0) {
		return -errno;
	}
	if (write(fd, "1", 1) != 1) {
		err = -errno;
	}
	close(fd);
	return err;
}

static void *map_file(const struct pci_transport *p, const char *file, size_t size, off_t offset)
{
	int fd = open_file(p, file, O_RDWR);
	void *map;
	int saved;

	if (fd < 0) {
		return MAP_FAILED;
	}
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	saved = errno;
	close(fd);
	errno = saved;
	return map;
}

static uint32_t register_read(const struct pci_transport *p, uint32_t offset)
{
	return *(volatile uint32_t *)(p->registers + offset);
}

/*
 * Byte n of the register file is locked while page n has a client. The lock belongs to the open
 * file, so the kernel drops it when the client ends, however it ends.
 */
static int claim_page(struct pci_transport *p)
{
	for (uint32_t i = 0; i < CONTROL_PAGES; i++) {
		struct flock lock = {
			.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = i, .l_len = 1
		};

		if (fcntl(p->registers_fd, F_OFD_SETLK, &lock) == 0) {
			p->page_index = i;
			return 0;
		}
		if (errno != EAGAIN && errno != EACCES) {
			return -errno;
		}
	}
	return -EBUSY;
}

static void pci_ring(struct transport *t)
{
	struct pci_transport *p = (struct pci_transport *)t;

	/* The request is in memory before the doorbell, and nothing of the reply is read early. */
	__asm__ volatile("dsb sy" : : : "memory");
	*(volatile uint32_t *)(p->registers + CONTROL_REG_DOORBELL) = p->page_index;
	__asm__ volatile("dsb sy" : : : "memory");
}

static void unmap(volatile uint8_t *map, size_t size)
{
	if (map != NULL) {
		munmap((void *)(uintptr_t)map, size);
	}
}

/* One at a time and only when it is wanted: the kernel fills in every page of a mapping at once. */
static uint8_t *pci_slot(struct transport *t, uint32_t index)
{
	struct pci_transport *p = (struct pci_transport *)t;
	void *map;

	if (p->slot != NULL && p->slot_index == index) {
		return p->slot;
	}
	unmap(p->slot, CONTROL_SLOT_SIZE);
	p->slot = NULL;
	map = map_file(p, "resource2_wc", CONTROL_SLOT_SIZE, (off_t)(index * CONTROL_SLOT_SIZE));
	if (map == MAP_FAILED) {
		return NULL;
	}
	p->slot = map;
	p->slot_index = index;
	return p->slot;
}

static void pci_close(struct transport *t)
{
	struct pci_transport *p = (struct pci_transport *)t;

	unmap(p->slot, CONTROL_SLOT_SIZE);
	unmap(t->page, CONTROL_PAGE_SIZE);
	unmap(p->registers, CONTROL_REGISTERS_SIZE);
	if (p->registers_fd >= 0) {
		close(p->registers_fd);
	}
	free(p);
}

static const struct transport_ops pci_ops = { .ring = pci_ring,
					      .slot = pci_slot,
					      .close = pci_close };

static int explain_access(char *why, size_t size, int err)
{
	if (err == -EPERM && geteuid() == 0) {
		return fail(why, size, err,
			    "the kernel does not let root map PCI devices: lockdown is on "
			    "(Secure Boot, or lockdown= on its command line)");
	}
	if (err == -EACCES || err == -EPERM) {
		return fail(why, size, err, "only root may administer domains");
	}
	return fail(why, size, err, "the control function cannot be used: %s", strerror(-err));
}

static int map_registers(struct pci_transport *p, char *why, size_t size)
{
	void *map;

	p->registers_fd = open_file(p, "resource1", O_RDWR);
	if (p->registers_fd < 0) {
		return explain_access(why, size, -errno);
	}
	map = mmap(NULL, CONTROL_REGISTERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		   p->registers_fd, 0);
	if (map == MAP_FAILED) {
		return explain_access(why, size, -errno);
	}
	p->registers = map;
	if (register_read(p, CONTROL_REG_MAGIC) != CONTROL_MAGIC) {
		return fail(why, size, -EPROTO, "%s does not answer as a control function",
			    p->device);
	}
	return transport_check_abi(register_read(p, CONTROL_REG_ABI), why, size);
}

static int map_page(struct pci_transport *p, char *why, size_t size)
{
	void *map = map_file(p, "resource0_wc", CONTROL_PAGE_SIZE,
			     (off_t)p->page_index * CONTROL_PAGE_SIZE);

	if (map == MAP_FAILED) {
		return explain_access(why, size, -errno);
	}
	p->t.page = map;
	return 0;
}

static int connect_device(struct pci_transport *p, char *why, size_t size)
{
	int err;

	if (sysconf(_SC_PAGESIZE) != CONTROL_PAGE_SIZE) {
		return fail(why, size, -EOPNOTSUPP,
			    "the control domain's kernel must use 4 KiB pages");
	}
	if (!find_device(p)) {
		return fail(
			why, size, -ENODEV,
			"no control function: this is not the control domain of a Viaduct machine");
	}
	err = enable(p);
	if (err != 0) {
		return explain_access(why, size, err);
	}
	err = map_registers(p, why, size);
	if (err != 0) {
		return err;
	}
	err = claim_page(p);
	if (err == -EBUSY) {
		return fail(why, size, err, "all %u clients of the hypervisor are in use",
			    CONTROL_PAGES);
	}
	if (err != 0) {
		return explain_access(why, size, err);
	}
	return map_page(p, why, size);
}

int transport_open(struct transport **out, char *why, size_t why_size)
{
	struct pci_transport *p = calloc(1, sizeof(*p));
	int err;

	if (p == NULL) {
		return fail(why, why_size, -ENOMEM, "out of memory");
	}
	p->t.ops = &pci_ops;
	p->registers_fd = -1;
	err = connect_device(p, why, why_size);
	if (err != 0) {
		pci_close(&p->t);
		return err;
	}
	*out = &p->t;
	return 0;
}
