/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hot-plug slot of a hardware port (PCIe 6.0 6.7.3), as a state machine: what the port shows
 * and the time in, one thing to do out. Pure; pci_slots.c looks and does.
 */
#ifndef PCI_PCI_SLOT_H
#define PCI_PCI_SLOT_H

#include "lib/types.h"

#define PCI_SLOT_DEBOUNCE_MS 200   /* presence is to stay for that long... */
#define PCI_SLOT_FLAPS_MAX   4     /* ...doubled so often at most, each time it did not last... */
#define PCI_SLOT_FLAP_MS     2000  /* ...this long */
#define PCI_SLOT_LINK_MS     1000  /* from power to a link (6.7.3.3) */
#define PCI_SLOT_SETTLE_MS   100   /* from the link to the first config access (6.6.1) */
#define PCI_SLOT_ANSWER_MS   1000  /* and to an answer */
#define PCI_SLOT_PRESSED_MS  5000  /* to press the button again (6.7.1.5) */
#define PCI_SLOT_ASKED_MS    15000 /* for users to let go: a guest's own five seconds, and ten */

enum pci_slot_stage {
	PCI_SLOT_EMPTY,    /* or what is in it is not used */
	PCI_SLOT_DEBOUNCE, /* something is there, and not for long */
	PCI_SLOT_LINK,     /* it has power */
	PCI_SLOT_SETTLE,
	PCI_SLOT_ANSWER,
	PCI_SLOT_COMING,   /* its functions become known */
	PCI_SLOT_FULL,
	PCI_SLOT_PRESSED,  /* somebody wants to take it out, and may change their mind */
	PCI_SLOT_ASKED,    /* its users are to let go */
	PCI_SLOT_GOING,    /* it is taken from them */
};

enum pci_slot_do {
	PCI_SLOT_WAIT,
	PCI_SLOT_POWER_ON,
	PCI_SLOT_POWER_OFF,
	PCI_SLOT_BLINK,  /* the power indicator */
	PCI_SLOT_STEADY, /* the same, on */
	PCI_SLOT_ADD,    /* a step of making its functions known */
	PCI_SLOT_ASK,    /* all users that can be asked, once */
	PCI_SLOT_TAKE,   /* a step of taking its functions away */
};

/* What there is to be seen. Events are those since the last look. */
struct pci_slot_look {
	bool there;   /* a card is present, or a link active */
	bool link;    /* active; of a port that does not say: as there */
	bool swapped; /* event: presence changed */
	bool dropped; /* event: the link's state changed */
	bool button;  /* event: pressed */
	bool fault;   /* event: no power */
	bool held;    /* the hypervisor resets what is below: that changes links, and is no event */
	bool answers; /* config space of function 0; looked at in stage ANSWER only */
	bool done;    /* nothing is left of ADD, ASK or TAKE */
	bool failed;  /* ADD found no function it could add */
};

struct pci_slot {
	enum pci_slot_stage stage;
	uint64_t since_ms; /* start of this stage */
	uint32_t flaps;    /* times in a row that it did not last */
	bool refused;      /* what is there is not used until it goes, or the button is pressed */
	const char *why;   /* it went, or is refused; a constant */
};

/* Of a port with a device that was found at boot, or without. */
void pci_slot_init(struct pci_slot *s, bool full, uint64_t now_ms);
/* At most one change of stage. */
enum pci_slot_do pci_slot_step(struct pci_slot *s, const struct pci_slot_look *look,
			       uint64_t now_ms);

/* Nothing is under way: to be looked at now and then. */
static inline bool pci_slot_quiet(const struct pci_slot *s)
{
	return s->stage == PCI_SLOT_EMPTY || s->stage == PCI_SLOT_FULL;
}

#endif
