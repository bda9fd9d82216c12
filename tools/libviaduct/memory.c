/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing a domain's memory through the aperture, block by block. */
#include <errno.h>
#include <string.h>

#include "client.h"

/* Within one block of the domain's RAM. */
static int write_block(struct viaduct *v, uint32_t id, uint64_t offset, const uint8_t *from,
		       size_t size)
{
	uint64_t start = offset % CONTROL_SLOT_SIZE;
	struct control_aperture_map in = { .domain = id, .offset = offset - start };
	struct control_count slot;
	uint8_t *to;
	int err;

	err = client_call_patiently(v, CONTROL_APERTURE_MAP, &in, sizeof(in), &slot, sizeof(slot));
	if (err != 0) {
		return err;
	}
	if (slot.count >= CONTROL_SLOTS) {
		return client_fail(v, -EPROTO, "the hypervisor's reply makes no sense");
	}
	to = v->transport->ops->slot(v->transport, slot.count);
	if (to == NULL) {
		err = client_fail(v, -errno, "the memory aperture cannot be mapped: %s",
				  strerror(errno));
		client_call(v, CONTROL_APERTURE_UNMAP, &slot, sizeof(slot), NULL, 0, NULL);
		return err;
	}
	memcpy(to + start, from, size);
	return client_call(v, CONTROL_APERTURE_UNMAP, &slot, sizeof(slot), NULL, 0, NULL);
}

int viaduct_memory_write(struct viaduct *v, uint32_t id, uint64_t offset, const void *data,
			 size_t size)
{
	const uint8_t *from = data;
	int err = 0;

	while (size != 0 && err == 0) {
		size_t part = (size_t)(CONTROL_SLOT_SIZE - offset % CONTROL_SLOT_SIZE);

		part = part < size ? part : size;
		err = write_block(v, id, offset, from, part);
		from += part;
		offset += part;
		size -= part;
	}
	return err;
}
