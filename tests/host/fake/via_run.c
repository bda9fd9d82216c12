/* SPDX-License-Identifier: BSD-2-Clause */
#include "via_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "via/pci_sysfs.h"
#include "via/via.h"

#define MIB (1024ULL * 1024)

char out[65536], err[65536];
static char directory[] = "/tmp/viaduct-test-XXXXXX";

bool bound;
bool mounted;
int unbind_error;

bool pci_sysfs_driver(uint32_t sbdf, char name[DRIVER_NAME_SIZE])
{
	strcpy(name, "nvme");
	return bound;
}

int pci_sysfs_unbind(uint32_t sbdf, const char *driver)
{
	assert_string_equal(driver, "nvme");
	bound = unbind_error == 0 ? false : bound;
	return unbind_error;
}

int pci_sysfs_probe(uint32_t sbdf)
{
	bound = true;
	return 0;
}

bool pci_sysfs_mounted(uint32_t sbdf, char *what, size_t size)
{
	snprintf(what, size, "/dev/nvme1n1 is mounted on /mnt");
	return mounted;
}

static void read_back(FILE *f, char *buf, size_t size)
{
	rewind(f);
	buf[fread(buf, 1, size - 1, f)] = '\0';
	fclose(f);
}

int via(const char *arguments)
{
	static char copy[4096];
	char *argv[16] = { (char[]){ "via" } };
	FILE *o = tmpfile(), *e = tmpfile();
	int saved_out, saved_err, status, argc = 1;

	snprintf(copy, sizeof(copy), "%s", arguments);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
		argv[argc++] = word;
	}
	fflush(stdout);
	fflush(stderr);
	saved_out = dup(1);
	saved_err = dup(2);
	dup2(fileno(o), 1);
	dup2(fileno(e), 2);
	status = via_main(argc, argv);
	fflush(stdout);
	fflush(stderr);
	dup2(saved_out, 1);
	dup2(saved_err, 2);
	close(saved_out);
	close(saved_err);
	read_back(o, out, sizeof(out));
	read_back(e, err, sizeof(err));
	world_reap();
	return status;
}

const char *path_of(const char *name)
{
	static char paths[4][64];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

void write_file(const char *name, const void *data, size_t size)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	fclose(f);
}

int create_with(const char *more, const char *arguments)
{
	char text[1024], line[256];
	int length =
		snprintf(text, sizeof(text), "name = 'guest'\nkernel = '%s'\nramdisk = '%s'\n%s\n",
			 path_of("Image"), path_of("initrd"), more);

	write_file("guest.cfg", text, (size_t)length);
	snprintf(line, sizeof(line), "create %s %s", path_of("guest.cfg"), arguments);
	return via(line);
}

int create(const char *more)
{
	return create_with(more, "");
}

uint8_t *image;
const size_t image_size = 5 * MIB + 123;
const char initrd[20] = "this is the ramdisk";

int via_group_setup(void **state)
{
	assert_non_null(mkdtemp(directory));
	image = malloc(image_size);
	for (size_t i = 0; i < image_size; i++) {
		image[i] = (uint8_t)(i * 2654435761U >> 13);
	}
	memset(image, 0, 64);
	image[18] = 0x60; /* 6 MiB in memory */
	memcpy(image + 56, "ARM\x64", 4);
	write_file("Image", image, image_size);
	write_file("initrd", initrd, sizeof(initrd));
	return 0;
}

int via_group_teardown(void **state)
{
	unlink(path_of("Image"));
	unlink(path_of("initrd"));
	unlink(path_of("guest.cfg"));
	free(image);
	return rmdir(directory);
}

int via_setup(void **state)
{
	control_world_init();
	bound = true;
	mounted = false;
	unbind_error = 0;
	return 0;
}

int via_teardown(void **state)
{
	/* Every test leaves the machine as it was. */
	assert_int_equal(world_domains(), 1);
	assert_int_equal(world.free_bytes, 512 * MIB);
	control_world_end();
	return 0;
}
