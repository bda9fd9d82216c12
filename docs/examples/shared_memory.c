/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory shared with other guests, and their doorbells. In a guest whose configuration has
 * shared_memory, as root, where BDF is the function 1af4:1110 as lspci -D lists it:
 *
 *     cc -static -o shared_memory shared_memory.c
 *     modprobe uio_pci_generic
 *     echo 1af4 1110 >/sys/bus/pci/drivers/uio_pci_generic/new_id
 *     ./shared_memory BDF number              this guest's number, which others ring for
 *     ./shared_memory BDF put SLOT TEXT       write a line into one of the slots of 256 bytes
 *     ./shared_memory BDF get SLOT            wait until there is one, and print it
 *     ./shared_memory BDF ring NUMBER VECTOR  interrupt another guest
 *     ./shared_memory BDF heard COUNT         wait until that one has counted so far
 *
 * uio_pci_generic turns the function on; all else is done through its BARs. Being interrupted is
 * for a driver in the kernel, or an RTOS: doorbells are MSI-X, which uio_pci_generic has none of.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE  4096
#define SLOT  256
#define SLOTS (PAGE / SLOT - 1)

/* Words of BAR 0. */
enum { NUMBER = 2, DOORBELL = 3 };
/* Of BAR 2: here who is rung for counts that it listens, and each ring. */
enum { HEARD = PAGE / 4 - 1 };

/* The first page of a BAR. _wc: BAR 2 is memory, BAR 0 registers. */
static volatile void *map(const char *bdf, const char *resource)
{
	char path[128];
	void *at = MAP_FAILED;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, resource);
	fd = open(path, O_RDWR | O_SYNC);
	if (fd >= 0) {
		at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (at == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	return at;
}

static volatile char *slot(const char *bdf, const char *number)
{
	return (volatile char *)map(bdf, "resource2_wc") +
	       SLOT * (strtoul(number, NULL, 0) % SLOTS);
}

/* The first byte comes last: who sees it sees all. */
static void put(volatile char *at, const char *text)
{
	for (size_t i = strnlen(text, SLOT - 1); i > 0; i--) {
		at[i] = i == SLOT - 1 ? '\0' : text[i];
	}
	__sync_synchronize();
	at[0] = text[0];
	__sync_synchronize();
}

static void get(volatile const char *at)
{
	while (at[0] == '\0') {
		usleep(1000);
	}
	__sync_synchronize();
	for (size_t i = 0; i < SLOT && at[i] != '\0'; i++) {
		putchar(at[i]);
	}
	putchar('\n');
}

static void wait_heard(volatile uint32_t *memory, uint32_t count)
{
	while (memory[HEARD] < count) {
		usleep(1000);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";

	if (argc == 3 && strcmp(what, "number") == 0) {
		printf("%u\n", ((volatile uint32_t *)map(argv[1], "resource0"))[NUMBER]);
	} else if (argc == 5 && strcmp(what, "put") == 0) {
		put(slot(argv[1], argv[3]), argv[4]);
	} else if (argc == 4 && strcmp(what, "get") == 0) {
		get(slot(argv[1], argv[3]));
	} else if (argc == 5 && strcmp(what, "ring") == 0) {
		((volatile uint32_t *)map(argv[1], "resource0"))[DOORBELL] =
			(uint32_t)strtoul(argv[3], NULL, 0) << 16 | strtoul(argv[4], NULL, 0);
	} else if (argc == 4 && strcmp(what, "heard") == 0) {
		wait_heard(map(argv[1], "resource2_wc"), (uint32_t)strtoul(argv[3], NULL, 0));
	} else {
		fprintf(stderr, "usage: shared_memory BDF number | put SLOT TEXT | get SLOT | "
				"ring NUMBER VECTOR | heard COUNT\n");
		return 2;
	}
	return 0;
}
