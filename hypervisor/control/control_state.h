/* SPDX-License-Identifier: BSD-2-Clause */
/* The control function's state, shared by the files of this folder. */
#ifndef CONTROL_CONTROL_STATE_H
#define CONTROL_CONTROL_STATE_H

#include <viaduct/control.h>

#include "control/control.h"
#include "control/control_config.h"
#include "core/spinlock.h"

/* One 2 MiB slot of the aperture. */
struct control_slot {
	uint16_t domain;  /* whose memory shows; DOMAIN_ID_NONE: closed */
	uint8_t page;     /* the client */
	uint32_t block;   /* of that domain's RAM */
	uint32_t flushed; /* bytes of it out of the caches; CONTROL_SLOT_SIZE: the slot is open */
};

struct control {
	struct domain *domain; /* who has the function */
	struct control_layout layout;
	struct spinlock config_lock;
	struct control_config config;
	uint8_t *pages; /* CONTROL_PAGES pages, shared with the control domain */
	/* Slots, and the beginning and end of the BUILDING state. Class control: outermost. */
	struct spinlock aperture_lock;
	struct control_slot slots[CONTROL_SLOTS];
};

/* Where the BARs are, in the control domain's IPA space and on its bus alike. */
static inline ipaddr_t control_pages_base(const struct control_layout *l)
{
	return l->mmio32_base;
}

static inline ipaddr_t control_registers_base(const struct control_layout *l)
{
	return ipa_add(l->mmio32_base, CONTROL_PAGES_SIZE);
}

static inline ipaddr_t control_aperture_base(const struct control_layout *l)
{
	return l->aperture_base;
}

#endif
