/* SPDX-License-Identifier: BSD-2-Clause */
/* How requests reach EL2: one request page, one doorbell, one aperture. Tests bring their own. */
#ifndef LIBVIADUCT_TRANSPORT_H
#define LIBVIADUCT_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

struct transport;

struct transport_ops {
	/* The request in page is complete; on return so is the reply. */
	void (*ring)(struct transport *t);
	void (*close)(struct transport *t);
};

struct transport {
	const struct transport_ops *ops;
	uint8_t *page;
	uint8_t *aperture; /* CONTROL_APERTURE_SIZE bytes, write-only in effect */
};

/*
 * Find the control function, claim a free page. why gets a sentence on failure. The caller ends it
 * with ops->close.
 */
int transport_open(struct transport **out, char *why, size_t why_size);

#endif
