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
	/* A slot of the aperture, mapped until the next call; NULL with errno set. */
	uint8_t *(*slot)(struct transport *t, uint32_t index);
	void (*close)(struct transport *t);
};

struct transport {
	const struct transport_ops *ops;
	uint8_t *page;
};

/*
 * Find the control function, claim a free page. why gets a sentence on failure. The caller ends it
 * with ops->close.
 */
int transport_open(struct transport **out, char *why, size_t why_size);
/* The hypervisor's version of the control interface; -EPROTO and a sentence if it is another. */
int transport_check_abi(uint32_t hypervisor, char *why, size_t why_size);

#endif
