/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and stores of a function's config space, through ECAM as its CPU does them, and a BAR's. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "marker.h"

#define DEVICES "/sys/bus/pci/devices"
#define CLASS_NVME 0x010802
#define PAGE 4096
#define ACCESSES 200

#define CONFIG_VENDOR_ID 0x00
#define CONFIG_COMMAND 0x04
#define CONFIG_INTERRUPT_LINE 0x3c

static bool is_nvme(const char *name)
{
	char path[300];
	unsigned int class_code = 0;
	FILE *file;

	snprintf(path, sizeof(path), DEVICES "/%s/class", name);
	file = fopen(path, "r");
	if (file == NULL) {
		return false;
	}
	if (fscanf(file, "%x", &class_code) != 1) {
		class_code = 0;
	}
	fclose(file);
	return class_code == CLASS_NVME;
}

/* The first one's name, and the offset of the function's page in its segment's ECAM. */
static int find_nvme(char *name, size_t size, uint64_t *offset)
{
	unsigned int segment, bus, device, function;
	DIR *dir = opendir(DEVICES);
	const struct dirent *e;
	int err = -1;

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (is_nvme(e->d_name) && (err != 0 || strcmp(e->d_name, name) < 0) &&
		    sscanf(e->d_name, "%x:%x:%x.%x", &segment, &bus, &device, &function) == 4) {
			*offset = (uint64_t)(bus << 8 | device << 3 | function) * PAGE;
			snprintf(name, size, "%s", e->d_name);
			err = 0;
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
	return err;
}

/* Where the window of the function's segment is: Linux names the host bridge by its address. */
static uint64_t find_ecam(const char *name)
{
	char link[300], target[PATH_MAX];
	unsigned long long start = 0;
	const char *bridge;

	snprintf(link, sizeof(link), DEVICES "/%s", name);
	if (realpath(link, target) == NULL) {
		return 0;
	}
	bridge = strstr(target, "/platform/");
	if (bridge == NULL || sscanf(bridge, "/platform/%llx.pcie/", &start) != 1) {
		return 0;
	}
	return start;
}

static volatile uint8_t *map(const char *path, uint64_t offset)
{
	int fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	void *p = MAP_FAILED;

	if (fd >= 0) {
		p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
		close(fd);
	}
	if (p == MAP_FAILED) {
		fprintf(stderr, "viaduct-bench: cannot map %s: %s\n", path, strerror(errno));
		return NULL;
	}
	return p;
}

static void load_samples(volatile uint8_t *at, const struct marker *m)
{
	volatile uint32_t *word = (volatile uint32_t *)(void *)(uintptr_t)at;

	(void)*word;
	for (int sample = 0; sample < BENCH_SAMPLES; sample++) {
		marker_begin(m);
		for (int i = 0; i < ACCESSES; i++) {
			(void)*word;
		}
		marker_end(m, ACCESSES);
	}
}

/* Stores what is there already: the device goes on undisturbed. */
static void store8_samples(volatile uint8_t *at, const struct marker *m)
{
	uint8_t value = *at;

	for (int sample = 0; sample < BENCH_SAMPLES; sample++) {
		marker_begin(m);
		for (int i = 0; i < ACCESSES; i++) {
			*at = value;
		}
		marker_end(m, ACCESSES);
	}
}

static void store16_samples(volatile uint8_t *at, const struct marker *m)
{
	volatile uint16_t *half = (volatile uint16_t *)(void *)(uintptr_t)at;
	uint16_t value = *half;

	for (int sample = 0; sample < BENCH_SAMPLES; sample++) {
		marker_begin(m);
		for (int i = 0; i < ACCESSES; i++) {
			*half = value;
		}
		marker_end(m, ACCESSES);
	}
}

int bench_pci(const char *prefix)
{
	struct marker config_read = marker_name(prefix, "cfgread");
	struct marker config_write = marker_name(prefix, "cfgwrite");
	struct marker command_write = marker_name(prefix, "cmdwrite");
	struct marker bar_read = marker_name(prefix, "barread");
	uint64_t offset = 0, ecam = 0;
	volatile uint8_t *config, *bar;
	char name[256], path[300];

	if (find_nvme(name, sizeof(name), &offset) == 0) {
		ecam = find_ecam(name);
	}
	if (ecam == 0) {
		fprintf(stderr, "viaduct-bench: no NVMe controller, or no ECAM window\n");
		return -1;
	}
	snprintf(path, sizeof(path), DEVICES "/%s/resource0", name);
	config = map("/dev/mem", ecam + offset);
	bar = map(path, 0);
	if (config == NULL || bar == NULL) {
		return -1;
	}
	load_samples(config + CONFIG_VENDOR_ID, &config_read);
	store8_samples(config + CONFIG_INTERRUPT_LINE, &config_write);
	store16_samples(config + CONFIG_COMMAND, &command_write);
	load_samples(bar, &bar_read);
	return 0;
}
