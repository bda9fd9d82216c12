/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests for a guest's console: what it printed, what it is to read. */
#include "control/control_request.h"
#include "core/vuart.h"
#include "lib/errno.h"

static int find_console(uint32_t id, struct domain **out)
{
	struct domain *d = domain_by_id(id);

	if (d == NULL || domain_is_dying(d)) {
		return -ENOENT;
	}
	/* The control domain's console is the machine's; it does not read itself. */
	if (d->control || d->uart == NULL) {
		return -EPERM;
	}
	*out = d;
	return 0;
}

int control_console_read(struct control_call *call)
{
	const struct control_text_read *in = call->in;
	struct control_text_reply reply = { .position = in->position };
	char *text = (char *)call->out + sizeof(reply);
	struct domain *d;
	int err = find_console(in->id, &d);

	if (err != 0) {
		return err;
	}
	reply.size = vuart_output(d, &reply.position, text, CONTROL_TEXT_MAX);
	control_reply(call, &reply, sizeof(reply));
	call->out_size += reply.size;
	return 0;
}

int control_console_write(struct control_call *call)
{
	const struct control_console_write *in = call->in;
	struct control_count reply = { 0 };
	struct domain *d;
	int err = find_console(in->id, &d);

	if (err != 0) {
		return err;
	}
	if (in->size > CONTROL_CONSOLE_WRITE_MAX) {
		return -EINVAL;
	}
	reply.count = vuart_input(d, in->text, in->size);
	control_reply(call, &reply, sizeof(reply));
	return 0;
}
