/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests for what CPUs record of their exits. */
#include "control/control_request.h"
#include "core/exit.h"
#include "core/trace.h"
#include "lib/errno.h"
#include "lib/string.h"

#define IS(hv, abi) _Static_assert((hv) == (abi), "ABI")
#define FIELD(name) \
	IS(offsetof(struct trace_record, name), offsetof(struct control_trace_record, name))

IS((int)TRACE_EXIT, (int)CONTROL_TRACE_EXIT);
IS((int)TRACE_INJECT, (int)CONTROL_TRACE_INJECT);
IS((int)TRACE_KINDS, (int)CONTROL_TRACE_KINDS);
IS(TRACE_IDLE_MS, CONTROL_TRACE_IDLE_MS);
IS(TRACE_RING_RECORDS, CONTROL_TRACE_KEPT);
IS(sizeof(struct trace_record), sizeof(struct control_trace_record));
FIELD(ticks);
FIELD(kind);
FIELD(reason);
FIELD(vcpu);
FIELD(next_vcpu);
FIELD(domain);
FIELD(next_domain);
FIELD(intid);
FIELD(detail);

#define RECORDS_MAX                                           \
	((CONTROL_BODY_SIZE - sizeof(struct control_trace_reply)) / sizeof(struct trace_record))

int control_trace(struct control_call *call)
{
	const struct control_trace *in = call->in;

	switch (in->action) {
	case CONTROL_TRACE_START:
		return trace_start();
	case CONTROL_TRACE_STOP:
		trace_stop();
		return 0;
	default:
		return -EINVAL;
	}
}

int control_trace_read(struct control_call *call)
{
	const struct control_trace_read *in = call->in;
	struct control_trace_reply reply = { .position = in->position };
	/* Straight into the reply, behind what tells of them. */
	struct trace_record *records = (void *)(call->out + sizeof(reply));
	int count = trace_read(in->cpu, &reply.position, records, (uint32_t)RECORDS_MAX,
			       &reply.lost);

	if (count < 0) {
		return count;
	}
	reply.count = (uint32_t)count;
	control_reply(call, &reply, sizeof(reply));
	call->out_size += (uint32_t)((uint32_t)count * sizeof(struct trace_record));
	return 0;
}
