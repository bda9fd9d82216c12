/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about vCPUs: what they do, where they may be, what they get of the pCPUs. */
#include "control/control_request.h"
#include "core/sched.h"
#include "lib/errno.h"
#include "lib/string.h"

#define STATE_IS(hv, abi) _Static_assert((int)(hv) == (int)(abi), "ABI")

STATE_IS(VCPU_OFF, CONTROL_VCPU_OFF);
STATE_IS(VCPU_READY, CONTROL_VCPU_READY);
STATE_IS(VCPU_RUNNING, CONTROL_VCPU_RUNNING);
STATE_IS(VCPU_BLOCKED, CONTROL_VCPU_BLOCKED);
STATE_IS(VCPU_PARKED, CONTROL_VCPU_PARKED);
STATE_IS(VCPU_STOPPED, CONTROL_VCPU_STOPPED);
STATE_IS(DOMAIN_VCPUS_MAX, CONTROL_VCPUS_MAX);
STATE_IS(CPUS_MAX, CONTROL_CPUS_MAX);
STATE_IS(SCHED_ANY_CPU, CONTROL_ANY_CPU);
STATE_IS(SCHED_WEIGHT_MAX, CONTROL_WEIGHT_MAX);
STATE_IS(SCHED_WEIGHT_DEFAULT, CONTROL_WEIGHT_DEFAULT);
STATE_IS(SCHED_CAP_MAX, CONTROL_CAP_MAX);

int control_domain_vcpus(struct control_call *call)
{
	const struct control_domain_id *in = call->in;
	struct domain *d = domain_by_id(in->id);
	struct control_count reply = { 0 };

	if (d == NULL) {
		return -ENOENT;
	}
	for (uint32_t i = 0; i < domain_vcpu_count(d) && i < DOMAIN_VCPUS_MAX; i++) {
		struct vcpu *v = d->vcpus[i];
		struct control_vcpu entry = {
			.index = i,
			.state = (uint32_t)__atomic_load_n(&v->state, __ATOMIC_RELAXED),
			.cpu = __atomic_load_n(&v->pcpu, __ATOMIC_RELAXED),
			.allowed = __atomic_load_n(&v->allowed, __ATOMIC_RELAXED),
			.cpu_ns = control_ticks_to_ns(sched_cpu_ticks(v)),
		};

		memcpy(call->out + sizeof(reply) + i * sizeof(entry), &entry, sizeof(entry));
		reply.count++;
	}
	control_reply(call, &reply, sizeof(reply));
	call->out_size += reply.count * (uint32_t)sizeof(struct control_vcpu);
	return 0;
}

int control_vcpu_pin(struct control_call *call)
{
	const struct control_vcpu_pin *in = call->in;
	struct domain *d = domain_by_id(in->id);

	if (d == NULL) {
		return -ENOENT;
	}
	/* Made in a moment, or never. */
	if (in->vcpu >= domain_vcpu_count(d)) {
		call->again = in->vcpu < d->vcpus_wanted && job_active(&d->populate);
		return -EINVAL;
	}
	return sched_pin(d->vcpus[in->vcpu], in->allowed);
}

int control_domain_share(struct control_call *call)
{
	const struct control_domain_share *in = call->in;
	struct domain *d = domain_by_id(in->id);
	struct control_domain_share reply = { .id = in->id };
	int err = 0;

	if (d == NULL) {
		return -ENOENT;
	}
	if ((in->flags & ~(CONTROL_SHARE_WEIGHT | CONTROL_SHARE_CAP)) != 0) {
		return -EINVAL;
	}
	reply.weight = (in->flags & CONTROL_SHARE_WEIGHT) != 0 ? in->weight :
								 sched_share_weight(&d->share);
	reply.cap = (in->flags & CONTROL_SHARE_CAP) != 0 ? in->cap : sched_share_cap(&d->share);
	if (in->flags != 0) {
		err = sched_set_share(d, reply.weight, reply.cap);
	}
	if (err == 0) {
		control_reply(call, &reply, sizeof(reply));
	}
	return err;
}
