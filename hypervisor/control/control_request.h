/* SPDX-License-Identifier: BSD-2-Clause */
/* Carrying out the requests of include/viaduct/control.h. */
#ifndef CONTROL_CONTROL_REQUEST_H
#define CONTROL_CONTROL_REQUEST_H

#include "control/control_state.h"

/* One request on its way. */
struct control_call {
	struct control *control;
	struct domain *caller;
	uint32_t page;
	const void *in;    /* EL2's own copy of the body, of exactly the size the request has */
	uint8_t *out;      /* reply's body, in the shared page: written, never read */
	uint32_t out_size; /* set by the handler */
	bool again;        /* set by a handler that has done a part only: to be called again */
};

/*
 * The doorbell rang for a page: check the caller's right, copy the request in once, carry it out.
 * Any page number. True: a part is done, and the doorbell is to ring again. The caller lets
 * interrupts in meanwhile, and the client cannot tell.
 */
bool control_request_run(struct control *c, struct domain *caller, uint32_t page);

/* Bytes of text in one reply: a client that wants more asks again. */
#define CONTROL_TEXT_MAX 1024U

/* Reply with a structure. */
void control_reply(struct control_call *call, const void *body, uint32_t size);
/* A string field that arrived: printable, not empty unless allowed, terminated inside its field. */
bool control_name_ok(const char *name, bool allow_empty);

/* A domain its administrator may stop and start: not the one that asks. -ENOENT, -EPERM. */
int control_find_guest(uint32_t id, struct domain **out);

/* Generic timer counts as nanoseconds. */
uint64_t control_ticks_to_ns(uint64_t ticks);

/* Handlers: 0 or a negative errno. */
int control_null(struct control_call *call);
int control_info(struct control_call *call);
int control_log_read(struct control_call *call);
int control_domain_create(struct control_call *call);
int control_domain_start(struct control_call *call);
int control_domain_pause(struct control_call *call);
int control_domain_unpause(struct control_call *call);
int control_domain_destroy(struct control_call *call);
int control_domain_list(struct control_call *call);
int control_domain_vcpus(struct control_call *call);
int control_domain_power_key(struct control_call *call);
int control_domain_rename(struct control_call *call);
int control_vcpu_pin(struct control_call *call);
int control_domain_share(struct control_call *call);
int control_domain_stats(struct control_call *call);
int control_console_read(struct control_call *call);
int control_console_write(struct control_call *call);
int control_pci_list(struct control_call *call);
int control_pci_quarantine(struct control_call *call);
int control_pci_return(struct control_call *call);
int control_pci_attach(struct control_call *call);
int control_pci_detach(struct control_call *call);
int control_pci_eject(struct control_call *call);
int control_pci_examine(struct control_call *call);
int control_pci_rom(struct control_call *call);
int control_shared_join(struct control_call *call);
int control_shared_list(struct control_call *call);
int control_trace(struct control_call *call);
int control_trace_read(struct control_call *call);
int control_aperture_claim(struct control_call *call);
int control_aperture_map(struct control_call *call);
int control_aperture_unmap(struct control_call *call);

#endif
