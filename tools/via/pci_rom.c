/* SPDX-License-Identifier: BSD-2-Clause */
#include "pci_rom.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <viaduct/control.h>

/* Every image in a ROM begins with these two bytes. */
static int check(const uint8_t *data, size_t size, char *why, size_t why_size)
{
	if (size > CONTROL_ROM_MAX) {
		snprintf(why, why_size, "bigger than %u KiB", CONTROL_ROM_MAX / 1024);
		return -EFBIG;
	}
	if (size < 2 || data[0] != 0x55 || data[1] != 0xaa) {
		snprintf(why, why_size, "not an expansion ROM: does not begin with 55 aa");
		return -ENOEXEC;
	}
	return 0;
}

int pci_rom_read(const char *path, uint8_t **data, size_t *size, char *why, size_t why_size)
{
	FILE *f = fopen(path, "re");
	int err = 0;

	*data = malloc(CONTROL_ROM_MAX + 1);
	if (*data == NULL) {
		abort();
	}
	if (f == NULL) {
		err = -errno;
	} else {
		*size = fread(*data, 1, CONTROL_ROM_MAX + 1, f);
		err = ferror(f) ? -EIO : 0;
		fclose(f);
	}
	if (err != 0) {
		snprintf(why, why_size, "%s", strerror(-err));
	} else {
		err = check(*data, *size, why, why_size);
	}
	if (err != 0) {
		free(*data);
	}
	return err;
}
