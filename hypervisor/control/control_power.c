/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests for a guest's power key. */
#include "control/control_request.h"
#include "core/vgpio.h"
#include "lib/errno.h"

int control_domain_power_key(struct control_call *call)
{
	const struct control_power_key *in = call->in;
	struct control_power_key_state reply = { 0 };
	struct vgpio_key key;
	struct domain *d;
	int err = control_find_guest(in->id, &d);

	if (err != 0) {
		return err;
	}
	if (domain_is_dying(d)) {
		return -ENOENT;
	}
	if (__atomic_load_n(&d->gpio, __ATOMIC_ACQUIRE) == NULL) {
		call->again = job_active(&d->populate); /* in a moment, or never */
		return -EINVAL;
	}
	if (in->action > CONTROL_KEY_RELEASE || in->means > CONTROL_REBOOT) {
		return -EINVAL;
	}
	if (in->action != CONTROL_KEY_LOOK) {
		domain_off_is_reboot(d, in->means == CONTROL_REBOOT);
		vgpio_key_move(d, in->action == CONTROL_KEY_PRESS);
	}
	key = vgpio_key(d);
	reply.flags = (key.down ? CONTROL_KEY_DOWN : 0) | (key.unread ? CONTROL_KEY_UNREAD : 0);
	control_reply(call, &reply, sizeof(reply));
	return 0;
}
