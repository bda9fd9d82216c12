/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about memory that domains share. */
#include "control/control_request.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "vpci/ivshmem.h"
#include "vpci/vpci.h"

#define IS(hv, abi) _Static_assert((hv) == (abi), "ABI")

IS(SHARED_NAME_MAX, CONTROL_NAME_SIZE);
IS(DOMAINS_MAX, CONTROL_SHARED_MEMBERS_MAX);
IS(IVSHMEM_SIZE_MIN, CONTROL_SHARED_SIZE_MIN);
IS(IVSHMEM_SIZE_MAX, CONTROL_SHARED_SIZE_MAX);
IS(IVSHMEM_VECTORS_MAX, CONTROL_SHARED_VECTORS_MAX);

/* Under the lock of making and starting domains: one caller at a time, none while it starts. */
int control_shared_join(struct control_call *call)
{
	const struct control_shared_join *in = call->in;
	struct shared_spec spec = { .size = in->bytes, .vectors = in->vectors };
	struct control_count reply = { 0 };
	struct vsbdf where = { 0 };
	struct domain *d;
	int err;

	if (!control_name_ok(in->name, false)) {
		return -EINVAL;
	}
	memcpy(spec.name, in->name, sizeof(spec.name));
	spin_lock(&call->control->aperture_lock);
	err = control_find_guest(in->domain, &d);
	if (err == 0) {
		err = vpci_share(d, &spec, &where);
	}
	spin_unlock(&call->control->aperture_lock);
	if (err == -EAGAIN) {
		call->again = true;
		return 0;
	}
	if (err == 0) {
		reply.count = where.v;
		control_reply(call, &reply, sizeof(reply));
	}
	return err;
}

int control_shared_list(struct control_call *call)
{
	const struct control_list *in = call->in;
	struct control_list_reply reply = { .next = in->from };
	uint32_t room = (CONTROL_BODY_SIZE - sizeof(reply)) / sizeof(struct control_shared);
	uint32_t max = in->max == 0 ? room : MIN(in->max, room);
	struct shared_look look;

	while (reply.next != CONTROL_LIST_END && reply.count < max) {
		struct control_shared entry = { 0 };

		if (!shared_look(reply.next, &look)) {
			reply.next = CONTROL_LIST_END;
			break;
		}
		memcpy(entry.name, look.spec.name, sizeof(entry.name));
		entry.bytes = look.spec.size;
		entry.id = look.id;
		entry.vectors = look.spec.vectors;
		memcpy(entry.members, look.members, sizeof(entry.members));
		memcpy(call->out + sizeof(reply) + reply.count * sizeof(entry), &entry,
		       sizeof(entry));
		reply.count++;
		reply.next = look.next != 0 ? look.next : CONTROL_LIST_END;
	}
	control_reply(call, &reply, sizeof(reply));
	call->out_size += reply.count * (uint32_t)sizeof(struct control_shared);
	return 0;
}
