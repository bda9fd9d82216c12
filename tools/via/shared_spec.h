/* SPDX-License-Identifier: BSD-2-Clause */
/* What a configuration file says of a region of shared memory. Pure. */
#ifndef VIA_SHARED_SPEC_H
#define VIA_SHARED_SPEC_H

#include <stddef.h>
#include <stdint.h>

#include <viaduct/control.h>

struct shared_memory {
	char name[CONTROL_NAME_SIZE];
	uint64_t bytes;
	uint32_t vectors; /* 0: none given */
};

/*
 * KEY=VALUE[','KEY=VALUE]*: name and size, which K, M or G may follow, and perhaps vectors. 0, or
 * -EINVAL with a sentence in why.
 */
int shared_spec_parse(const char *text, struct shared_memory *out, char *why, size_t why_size);

#endif
