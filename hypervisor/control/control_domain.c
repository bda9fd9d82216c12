/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about domains: made, started, stopped, listed. */
#include "control/control_aperture.h"
#include "control/control_request.h"
#include "core/sched.h"
#include "lib/errno.h"
#include "lib/string.h"

#define STATE_IS(hv, abi) _Static_assert((int)(hv) == (int)(abi), "ABI")

STATE_IS(DOMAIN_BUILDING, CONTROL_DOMAIN_STATE_BUILDING);
STATE_IS(DOMAIN_RUNNING, CONTROL_DOMAIN_STATE_RUNNING);
STATE_IS(DOMAIN_PAUSED, CONTROL_DOMAIN_STATE_PAUSED);
STATE_IS(DOMAIN_SHUTDOWN, CONTROL_DOMAIN_STATE_SHUTDOWN);
STATE_IS(DOMAIN_DYING, CONTROL_DOMAIN_STATE_DYING);
STATE_IS(SHUTDOWN_POWEROFF, CONTROL_POWEROFF);
STATE_IS(SHUTDOWN_REBOOT, CONTROL_REBOOT);
STATE_IS(SHUTDOWN_CRASH, CONTROL_CRASH);
STATE_IS(SHUTDOWN_WATCHDOG, CONTROL_WATCHDOG);
STATE_IS(DOMAIN_NAME_MAX, CONTROL_NAME_SIZE);
STATE_IS(DOMAIN_ID_NONE, CONTROL_NO_DOMAIN);

#define FLAGS                                                                \
	(CONTROL_CREATE_UNSAFE_INTERRUPTS | CONTROL_CREATE_UNPROTECTED_DMA | \
	 CONTROL_CREATE_WATCHDOG)

int control_domain_create(struct control_call *call)
{
	const struct control_domain_create *in = call->in;
	struct control *c = call->control;
	struct control_domain_id reply = { 0 };
	struct domain_spec spec = {
		.vcpu_count = in->vcpu_count,
		.ram_size = in->ram_bytes,
		.table_size = in->table_bytes,
		.flash_size = in->flash_bytes,
		.unprotected_dma = (in->flags & CONTROL_CREATE_UNPROTECTED_DMA) != 0,
		.unsafe_interrupts = (in->flags & CONTROL_CREATE_UNSAFE_INTERRUPTS) != 0,
		.has_watchdog = (in->flags & CONTROL_CREATE_WATCHDOG) != 0,
	};
	struct domain *d;
	int err;

	if (!control_name_ok(in->name, false) || in->vcpu_count == 0 ||
	    in->vcpu_count > DOMAIN_VCPUS_MAX || (in->flags & ~FLAGS) != 0) {
		return -EINVAL;
	}
	memcpy(spec.name, in->name, sizeof(spec.name));
	/* Its name is known before it is complete: nobody may start or destroy it meanwhile. */
	spin_lock(&c->aperture_lock);
	err = domain_create(&spec, &d);
	if (err == 0) {
		reply.id = d->id;
		control_reply(call, &reply, sizeof(reply));
	}
	spin_unlock(&c->aperture_lock);
	return err;
}

int control_find_guest(uint32_t id, struct domain **out)
{
	struct domain *d = domain_by_id(id);

	if (d == NULL) {
		return -ENOENT;
	}
	if (d->control) {
		return -EPERM;
	}
	*out = d;
	return 0;
}

int control_domain_start(struct control_call *call)
{
	const struct control_domain_start *in = call->in;
	struct control *c = call->control;
	struct domain *d;
	int err;

	spin_lock(&c->aperture_lock);
	err = control_find_guest(in->id, &d);
	if (err == 0 && (d->state != DOMAIN_BUILDING || (in->flags & ~CONTROL_START_PAUSED) != 0)) {
		err = -EINVAL;
	}
	if (err == 0) {
		control_aperture_close(c, d->id);
		err = (in->flags & CONTROL_START_PAUSED) != 0
			      ? domain_start_paused(d, ipa(in->pc), in->arg)
			      : domain_start(d, ipa(in->pc), in->arg);
	}
	spin_unlock(&c->aperture_lock);
	return err;
}

int control_domain_destroy(struct control_call *call)
{
	const struct control_domain_id *in = call->in;
	struct control *c = call->control;
	struct domain *d;
	int err;

	spin_lock(&c->aperture_lock);
	err = control_find_guest(in->id, &d);
	if (err == 0) {
		control_aperture_close(c, d->id);
		err = domain_destroy(d);
	}
	spin_unlock(&c->aperture_lock);
	return err;
}

int control_domain_pause(struct control_call *call)
{
	const struct control_domain_id *in = call->in;
	struct domain *d;
	int err = control_find_guest(in->id, &d);

	return err != 0 ? err : domain_pause(d);
}

int control_domain_unpause(struct control_call *call)
{
	const struct control_domain_id *in = call->in;
	struct domain *d;
	int err = control_find_guest(in->id, &d);

	return err != 0 ? err : domain_unpause(d);
}

int control_domain_rename(struct control_call *call)
{
	const struct control_domain_rename *in = call->in;
	struct domain *d;
	int err = control_find_guest(in->id, &d);

	if (err == 0 && !control_name_ok(in->name, false)) {
		err = -EINVAL;
	}
	return err != 0 ? err : domain_rename(d, in->name);
}

/* A snapshot for people: the counters move on while it is taken. */
static void describe(struct domain *d, struct control_domain *out)
{
	domain_copy_name(d, out->name);
	out->id = d->id;
	out->state = (uint32_t)d->state;
	out->shutdown = (uint32_t)d->reason;
	out->flags = (d->control ? CONTROL_DOMAIN_IS_CONTROL : 0) |
		     (d->unprotected_dma ? CONTROL_DOMAIN_UNPROTECTED_DMA : 0) |
		     (d->unsafe_interrupts ? CONTROL_DOMAIN_UNSAFE_INTERRUPTS : 0) |
		     (d->has_watchdog ? CONTROL_DOMAIN_WATCHDOG : 0);
	out->vcpu_count = d->vcpus_wanted;
	out->ram_base = d->ram_base.v;
	out->ram_bytes = d->ram_size;
	out->cpu_ns = control_ticks_to_ns(domain_cpu_ticks(d));
	out->life_ns = control_ticks_to_ns(domain_life_ticks(d));
	for (uint32_t i = 0; i < domain_vcpu_count(d) && i < DOMAIN_VCPUS_MAX; i++) {
		if (d->vcpus[i]->state == VCPU_RUNNING) {
			out->vcpus_running++;
		}
	}
}

/* Domains that a request describes: as many as interrupts may wait for. */
#define LIST_MAX 12U

int control_domain_list(struct control_call *call)
{
	const struct control_list *in = call->in;
	struct control_list_reply reply = { 0 };
	uint32_t max = in->max == 0 ? LIST_MAX : MIN(in->max, LIST_MAX);
	uint32_t id = DOMAIN_ID_NONE;

	_Static_assert(sizeof(reply) + LIST_MAX * sizeof(struct control_domain) <=
		       CONTROL_BODY_SIZE, "a request's reply");
	if (in->from < DOMAIN_ID_NONE) {
		id = domain_next_id(in->from);
	}
	for (; id != DOMAIN_ID_NONE && reply.count < max; id = domain_next_id(id + 1)) {
		struct control_domain entry = { 0 };
		struct domain *d = domain_by_id(id);

		if (d == NULL) {
			continue;
		}
		describe(d, &entry);
		memcpy(call->out + sizeof(reply) + reply.count * sizeof(entry), &entry,
		       sizeof(entry));
		reply.count++;
	}
	reply.next = id == DOMAIN_ID_NONE ? CONTROL_LIST_END : id;
	control_reply(call, &reply, sizeof(reply));
	call->out_size += reply.count * (uint32_t)sizeof(struct control_domain);
	return 0;
}
