/* SPDX-License-Identifier: BSD-2-Clause */
/* What CPUs record of their exits. */
#include <errno.h>
#include <string.h>

#include "client.h"

_Static_assert(sizeof(struct control_trace_reply) +
			       VIADUCT_TRACE_MAX * sizeof(struct control_trace_record) <=
		       CONTROL_BODY_SIZE,
	       "a reply holds so many");
_Static_assert(sizeof(struct control_trace_reply) +
			       (VIADUCT_TRACE_MAX + 1) * sizeof(struct control_trace_record) >
		       CONTROL_BODY_SIZE,
	       "and no more");

int viaduct_trace_start(struct viaduct *v)
{
	struct control_trace in = { .action = CONTROL_TRACE_START };

	return client_call_patiently(v, CONTROL_TRACE, &in, sizeof(in), NULL, 0);
}

int viaduct_trace_stop(struct viaduct *v)
{
	struct control_trace in = { .action = CONTROL_TRACE_STOP };

	return client_call(v, CONTROL_TRACE, &in, sizeof(in), NULL, 0, NULL);
}

int viaduct_trace_read(struct viaduct *v, uint32_t cpu, uint64_t *position,
		       struct control_trace_record records[VIADUCT_TRACE_MAX], size_t *count,
		       uint64_t *lost)
{
	struct control_trace_read in = { .cpu = cpu, .position = *position };
	struct control_trace_reply reply;
	uint8_t body[CONTROL_BODY_SIZE];
	size_t length;
	int err = client_call(v, CONTROL_TRACE_READ, &in, sizeof(in), body, sizeof(body), &length);

	if (err != 0) {
		return err;
	}
	if (length < sizeof(reply)) {
		return client_fail(v, -EPROTO, "the hypervisor's reply has the wrong size");
	}
	memcpy(&reply, body, sizeof(reply));
	if (reply.count > VIADUCT_TRACE_MAX ||
	    length - sizeof(reply) != reply.count * sizeof(*records)) {
		return client_fail(v, -EPROTO, "the hypervisor's records make no sense");
	}
	memcpy(records, body + sizeof(reply), reply.count * sizeof(*records));
	*position = reply.position;
	*count = reply.count;
	*lost = reply.lost;
	return 0;
}
