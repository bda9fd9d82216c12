/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * via's command lines, run in the test over control_world.h: what they print, the control domain's
 * drivers, and a directory of files for a guest.
 */
#ifndef FAKE_VIA_RUN_H
#define FAKE_VIA_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the last command printed. */
extern char out[65536], err[65536];

/* The control domain's drivers. */
extern bool bound;
extern bool mounted;
extern int unbind_error; /* unbinding ends with it */

/* Run "via ARGUMENTS", split at blanks. Its exit status. */
int via(const char *arguments);

/* A file of the test's directory; four names are valid at a time. */
const char *path_of(const char *name);
void write_file(const char *name, const void *data, size_t size);

/* The contents of the files Image and initrd. */
extern uint8_t *image;
extern const size_t image_size;
extern const char initrd[20];

/* "via create" of a configuration of "guest" with a kernel and a ramdisk, which exist, and more. */
int create(const char *more);
/* The same, with arguments behind the file's name. */
int create_with(const char *more, const char *arguments);

/* The files, for all tests of a program; the machine, for each: it ends as it began. */
int via_group_setup(void **state);
int via_group_teardown(void **state);
int via_setup(void **state);
int via_teardown(void **state);

#define assert_says(text, part)                                    \
	do {                                                       \
		if (strstr(text, part) == NULL) {                  \
			fail_msg("\"%s\" not in: %s", part, text); \
		}                                                  \
	} while (0)

#endif
