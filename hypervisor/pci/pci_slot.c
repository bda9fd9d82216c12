/* SPDX-License-Identifier: BSD-2-Clause */
/* A slot's stages: in by presence, power, link and an answer; out by the button or by force. */
#include "pci/pci_slot.h"

static void enter(struct pci_slot *s, enum pci_slot_stage stage, uint64_t now_ms)
{
	s->stage = stage;
	s->since_ms = now_ms;
}

static bool past(const struct pci_slot *s, uint32_t ms, uint64_t now_ms)
{
	return now_ms - s->since_ms >= ms;
}

void pci_slot_init(struct pci_slot *s, bool full, uint64_t now_ms)
{
	*s = (struct pci_slot){ .stage = full ? PCI_SLOT_FULL : PCI_SLOT_EMPTY,
				.since_ms = now_ms };
}

static enum pci_slot_do refuse(struct pci_slot *s, const char *why, uint64_t now_ms)
{
	s->refused = true;
	s->why = why;
	enter(s, PCI_SLOT_EMPTY, now_ms);
	return PCI_SLOT_POWER_OFF;
}

/* It went before it was in use. */
static enum pci_slot_do give_up(struct pci_slot *s, uint64_t now_ms)
{
	s->flaps++;
	s->why = NULL;
	enter(s, PCI_SLOT_EMPTY, now_ms);
	return PCI_SLOT_POWER_OFF;
}

static enum pci_slot_do empty(struct pci_slot *s, const struct pci_slot_look *look, uint64_t now_ms)
{
	/* That the link changes is our own doing: power was turned off. */
	if (!look->there || look->swapped || look->button) {
		s->refused = false;
	}
	if (look->there && !s->refused) {
		enter(s, PCI_SLOT_DEBOUNCE, now_ms);
	}
	return PCI_SLOT_WAIT;
}

static enum pci_slot_do debounce(struct pci_slot *s, const struct pci_slot_look *look,
				 uint64_t now_ms)
{
	uint32_t wait = (uint32_t)PCI_SLOT_DEBOUNCE_MS
			<< (s->flaps < PCI_SLOT_FLAPS_MAX ? s->flaps : PCI_SLOT_FLAPS_MAX);

	if (!look->there) {
		enter(s, PCI_SLOT_EMPTY, now_ms);
	} else if (look->swapped) {
		s->since_ms = now_ms;
	} else if (past(s, wait, now_ms)) {
		enter(s, PCI_SLOT_LINK, now_ms);
		return PCI_SLOT_POWER_ON;
	}
	return PCI_SLOT_WAIT;
}

/* With power on, and before anyone knows of it. */
static enum pci_slot_do rise(struct pci_slot *s, const struct pci_slot_look *look, uint64_t now_ms)
{
	if (look->fault) {
		return refuse(s, "power fault", now_ms);
	}
	if (!look->there || (s->stage != PCI_SLOT_LINK && !look->link)) {
		return give_up(s, now_ms);
	}
	switch (s->stage) {
	case PCI_SLOT_LINK:
		if (look->link) {
			enter(s, PCI_SLOT_SETTLE, now_ms);
		} else if (past(s, PCI_SLOT_LINK_MS, now_ms)) {
			return refuse(s, "no link", now_ms);
		}
		break;
	case PCI_SLOT_SETTLE:
		if (past(s, PCI_SLOT_SETTLE_MS, now_ms)) {
			enter(s, PCI_SLOT_ANSWER, now_ms);
		}
		break;
	case PCI_SLOT_ANSWER:
	default:
		if (look->answers) {
			enter(s, PCI_SLOT_COMING, now_ms);
			return PCI_SLOT_ADD;
		}
		if (past(s, PCI_SLOT_ANSWER_MS, now_ms)) {
			return refuse(s, "it does not answer", now_ms);
		}
		break;
	}
	return PCI_SLOT_WAIT;
}

/* Out it goes, with everything that anyone has of it. */
static enum pci_slot_do leave(struct pci_slot *s, const char *why, uint64_t now_ms)
{
	bool lasted = s->stage != PCI_SLOT_COMING &&
		      (s->stage != PCI_SLOT_FULL || past(s, PCI_SLOT_FLAP_MS, now_ms));

	s->flaps = lasted ? 0 : s->flaps + 1;
	s->why = why;
	enter(s, PCI_SLOT_GOING, now_ms);
	return PCI_SLOT_TAKE;
}

/* NULL: what came is still there. One that went and came between two looks is another one. */
static const char *lost(const struct pci_slot_look *look)
{
	if (look->fault) {
		return "power fault";
	}
	if (!look->there || look->swapped) {
		return "torn out";
	}
	return !look->link || look->dropped ? "link lost" : NULL;
}

static enum pci_slot_do coming(struct pci_slot *s, const struct pci_slot_look *look,
			       uint64_t now_ms)
{
	if (!look->done) {
		return PCI_SLOT_ADD;
	}
	if (look->failed) {
		s->refused = true;
		return leave(s, "it cannot be used", now_ms);
	}
	enter(s, PCI_SLOT_FULL, now_ms);
	return PCI_SLOT_STEADY;
}

/* In use, with somebody at the button. */
static enum pci_slot_do used(struct pci_slot *s, const struct pci_slot_look *look, uint64_t now_ms)
{
	switch (s->stage) {
	case PCI_SLOT_FULL:
		if (look->button) {
			enter(s, PCI_SLOT_PRESSED, now_ms);
			return PCI_SLOT_BLINK;
		}
		break;
	case PCI_SLOT_PRESSED:
		if (look->button) {
			enter(s, PCI_SLOT_FULL, now_ms);
			return PCI_SLOT_STEADY;
		}
		if (past(s, PCI_SLOT_PRESSED_MS, now_ms)) {
			enter(s, PCI_SLOT_ASKED, now_ms);
			return PCI_SLOT_ASK;
		}
		break;
	case PCI_SLOT_ASKED:
	default:
		if (look->done || past(s, PCI_SLOT_ASKED_MS, now_ms)) {
			s->refused = true;
			return leave(s, "the button was pressed", now_ms);
		}
		break;
	}
	return PCI_SLOT_WAIT;
}

static enum pci_slot_do going(struct pci_slot *s, const struct pci_slot_look *look, uint64_t now_ms)
{
	/* Whatever is there now is not what is being taken away. */
	if (!look->there || look->swapped) {
		s->refused = false;
	}
	if (!look->done) {
		return PCI_SLOT_TAKE;
	}
	enter(s, PCI_SLOT_EMPTY, now_ms);
	return PCI_SLOT_POWER_OFF;
}

enum pci_slot_do pci_slot_step(struct pci_slot *s, const struct pci_slot_look *look,
			       uint64_t now_ms)
{
	const char *why = look->held ? NULL : lost(look);

	switch (s->stage) {
	case PCI_SLOT_EMPTY:
		return empty(s, look, now_ms);
	case PCI_SLOT_DEBOUNCE:
		return debounce(s, look, now_ms);
	case PCI_SLOT_LINK:
	case PCI_SLOT_SETTLE:
	case PCI_SLOT_ANSWER:
		return rise(s, look, now_ms);
	case PCI_SLOT_GOING:
		return going(s, look, now_ms);
	case PCI_SLOT_COMING:
		return why != NULL ? leave(s, why, now_ms) : coming(s, look, now_ms);
	case PCI_SLOT_FULL:
	case PCI_SLOT_PRESSED:
	case PCI_SLOT_ASKED:
	default:
		return why != NULL ? leave(s, why, now_ms) : used(s, look, now_ms);
	}
}
