/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection from the inside. */
#ifndef LIBVIADUCT_CLIENT_H
#define LIBVIADUCT_CLIENT_H

#include "transport.h"
#include "viaduct.h"

struct viaduct {
	struct transport *transport;
	char error[256];
};

/*
 * One request: body in, and up to out_size bytes of the reply out; *got (may be NULL) is the
 * reply's length. A reply of another length than out_size is an error unless got is given.
 */
int client_call(struct viaduct *v, uint32_t op, const void *in, size_t in_size, void *out,
		size_t out_size, size_t *got);
/* Set the error text; returns err. */
int client_fail(struct viaduct *v, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same again while the answer is -EAGAIN, for at most a minute. */
int client_call_patiently(struct viaduct *v, uint32_t op, const void *in, size_t in_size, void *out,
			  size_t out_size);
/* Sleep between two looks at something that takes time. */
void client_pause(unsigned int ms);
uint64_t client_now_ms(void);

#endif
