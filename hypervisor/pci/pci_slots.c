/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots' registers, and what the slots want done. */
#include "pci/pci_slots.h"

#include "core/heap.h"
#include "core/log.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "pci/registry_list.h"

/* A port that never says so has completed a command after a second (6.7.3.2). */
#define COMMAND_MS 1000

#define FUNCTIONS_AT_ONCE 32U

static bool has_power_control(const struct pci_slots_port *p)
{
	return (p->capabilities & PCI_EXP_SLTCAP_POWER) != 0;
}

/* Interrupts of the port stay off. */
static void command(struct pci_function *port, uint32_t indicator, bool power, uint64_t now_ms)
{
	struct pci_slots_port *p = port->slot;
	uint32_t off = power || !has_power_control(p) ? 0 : PCI_EXP_SLTCTL_POWER_OFF;

	pci_write(port, port->cap_express + PCI_EXP_SLTCTL, 2,
		  PCI_EXP_SLTCTL_ATTENTION_OFF | indicator | off);
	p->commanded = !(p->capabilities & PCI_EXP_SLTCAP_SILENT);
	p->command_ms = now_ms;
}

/* Is our own reset of what is below to blame? */
static bool held(struct pci_function *port)
{
	enum pci_bus_reset over = PCI_BUS_RESET_OVER;

	/* Its events are those of this look, and the last ones. */
	return __atomic_load_n(&port->bus_reset, __ATOMIC_ACQUIRE) == PCI_BUS_RESET_ON ||
	       __atomic_compare_exchange_n(&port->bus_reset, &over, PCI_BUS_RESET_NONE, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static bool answers(struct pci_function *port)
{
	struct sbdf first = sbdf_make(SBDF_SEG(port->sbdf), port->bus_secondary, 0, 0);
	uint32_t vendor = host_bridge_read(port->bridge, first, PCI_VENDOR_ID, 2);

	return vendor != PCI_VENDOR_NONE && vendor != 0 && vendor != PCI_VENDOR_RETRY;
}

/* False: the port itself does not answer. */
static bool look_at(struct pci_function *port, struct pci_slot_look *look)
{
	struct pci_slots_port *p = port->slot;
	bool quiet = held(port);
	uint32_t status = pci_read(port, port->cap_express + PCI_EXP_SLTSTA, 2);
	uint32_t link = pci_read(port, port->cap_express + PCI_EXP_LNKSTA, 2);
	bool tells = (pci_read(port, port->cap_express + PCI_EXP_LNKCAP, 4) &
		      PCI_EXP_LNKCAP_ACTIVE) != 0;

	if (status == 0xffff) {
		return false;
	}
	/* Only those that were seen: another may come this moment. */
	if (status & PCI_EXP_SLTSTA_EVENTS) {
		pci_write(port, port->cap_express + PCI_EXP_SLTSTA, 2,
			  status & PCI_EXP_SLTSTA_EVENTS);
	}
	p->events |= status & PCI_EXP_SLTSTA_EVENTS;
	look->there = (status & PCI_EXP_SLTSTA_PRESENT) ||
		      (tells && (link & PCI_EXP_LNKSTA_ACTIVE));
	look->link = tells ? (link & PCI_EXP_LNKSTA_ACTIVE) != 0 : look->there;
	look->held = quiet;
	look->swapped = (p->events & PCI_EXP_SLTSTA_CHANGED) != 0;
	look->dropped = (p->events & PCI_EXP_SLTSTA_LINK) != 0;
	look->button = (p->events & PCI_EXP_SLTSTA_BUTTON) != 0;
	look->fault = (p->events & PCI_EXP_SLTSTA_FAULT) != 0;
	look->answers = p->slot.stage == PCI_SLOT_ANSWER && answers(port);
	look->done = p->slot.stage == PCI_SLOT_ASKED ? pci_unplug_asked(port) : p->done;
	look->failed = p->failed;
	return true;
}

/* What changed, for whoever reads the log. */
static void tell(const struct pci_function *port, enum pci_slot_stage before)
{
	const struct pci_slot *s = &port->slot->slot;

	if (s->stage == before) {
		return;
	}
	if (s->stage == PCI_SLOT_FULL && before == PCI_SLOT_COMING) {
		log_info("pci", SBDF_FMT ": a device came into its slot, %u functions",
			 SBDF_ARG(port->sbdf), port->slot->plug.given);
	} else if (s->stage == PCI_SLOT_PRESSED) {
		log_info("pci", SBDF_FMT ": its slot's button was pressed", SBDF_ARG(port->sbdf));
	} else if (s->stage == PCI_SLOT_GOING) {
		log_warn("pci", SBDF_FMT ": what is in its slot goes: %s", SBDF_ARG(port->sbdf),
			 s->why);
	} else if (s->stage == PCI_SLOT_EMPTY && before == PCI_SLOT_GOING) {
		log_info("pci", SBDF_FMT ": its slot is %s", SBDF_ARG(port->sbdf),
			 s->refused ? "off" : "empty");
	} else if (s->stage == PCI_SLOT_EMPTY && s->refused) {
		log_warn("pci", SBDF_FMT ": what came into its slot is not used: %s",
			 SBDF_ARG(port->sbdf), s->why);
	}
}

/* True: more of it at once. */
static bool carry_out(struct pci_function *port, enum pci_slot_do what, uint64_t now_ms)
{
	struct pci_slots_port *p = port->slot;
	enum job_status status;

	switch (what) {
	case PCI_SLOT_POWER_ON:
		command(port, PCI_EXP_SLTCTL_BLINK, true, now_ms);
		pci_plug_begin(&p->plug);
		return false;
	case PCI_SLOT_POWER_OFF:
		command(port, PCI_EXP_SLTCTL_OFF, false, now_ms);
		return false;
	case PCI_SLOT_BLINK:
		command(port, PCI_EXP_SLTCTL_BLINK, true, now_ms);
		return false;
	case PCI_SLOT_STEADY:
		command(port, PCI_EXP_SLTCTL_ON, true, now_ms);
		return false;
	case PCI_SLOT_ADD:
		p->done = pci_plug_step(port, &p->plug);
		p->failed = p->done && p->plug.given == 0;
		return true;
	case PCI_SLOT_ASK:
		pci_unplug_ask(port);
		return false;
	case PCI_SLOT_TAKE:
		status = pci_unplug_step(port, p->slot.why);
		p->done = status == JOB_DONE;
		return status != JOB_WAIT;
	case PCI_SLOT_WAIT:
	default:
		return false;
	}
}

static bool step(struct pci_function *port, uint64_t now_ms)
{
	struct pci_slots_port *p = port->slot;
	enum pci_slot_stage before = p->slot.stage;
	struct pci_slot_look look;
	enum pci_slot_do what;

	if (!look_at(port, &look)) {
		return false;
	}
	p->commanded = p->commanded && !(p->events & PCI_EXP_SLTSTA_COMPLETE) &&
		       now_ms - p->command_ms < COMMAND_MS;
	if (p->commanded) {
		return false; /* one at a time */
	}
	p->events = 0;
	what = pci_slot_step(&p->slot, &look, now_ms);
	if (p->slot.stage != before) {
		p->done = p->failed = false;
		if (before == PCI_SLOT_COMING) {
			pci_plug_end(&p->plug);
		}
		tell(port, before);
		if (what == PCI_SLOT_TAKE) {
			return true; /* a line takes its time, so does that */
		}
	}
	return carry_out(port, what, now_ms);
}

static bool watched(const struct pci_function *f)
{
	return f->slot != NULL && !pci_function_gone(f);
}

/* A round of looks, one port a step, or as many functions without a slot. */
static struct {
	struct pci_function *next; /* NULL: it is over */
	uint32_t wait_ms;
	bool more;
} look_round;

/* The next one that is watched, or where the step's share of functions ended. */
static struct pci_function *watched_from(struct pci_function *f, uint32_t *passed)
{
	while (f != NULL && !watched(f) && *passed < FUNCTIONS_AT_ONCE) {
		f = f->next;
		++*passed;
	}
	return f;
}

bool pci_slots_step(uint64_t now_ms, uint32_t *wait_ms)
{
	struct pci_function *f = look_round.next;
	uint32_t passed = 0;

	if (f == NULL) {
		f = pci_function_first();
		look_round.wait_ms = PCI_SLOTS_PERIOD_MS;
		look_round.more = false;
	}
	f = watched_from(f, &passed);
	if (f != NULL && watched(f)) {
		look_round.more = step(f, now_ms) || look_round.more;
		if (!pci_slot_quiet(&f->slot->slot) || f->slot->commanded) {
			look_round.wait_ms = PCI_SLOTS_BUSY_MS;
		}
		f = watched_from(f->next, &passed);
	}
	look_round.next = f;
	*wait_ms = look_round.wait_ms;
	return look_round.next != NULL || look_round.more;
}

static void start(struct pci_function *port, uint64_t now_ms)
{
	bool full = port->children != NULL;
	struct pci_slot_look look;

	port->slot = heap_alloc(sizeof(*port->slot));
	if (port->slot == NULL) {
		log_error("pci", SBDF_FMT ": out of memory, its slot is not watched",
			  SBDF_ARG(port->sbdf));
		return;
	}
	port->slot->capabilities = pci_read(port, port->cap_express + PCI_EXP_SLTCAP, 4);
	pci_slot_init(&port->slot->slot, full, now_ms);
	/* What happened before does not count. */
	if (!look_at(port, &look) || (full && !(look.there && look.link))) {
		log_warn("pci", SBDF_FMT ": its slot does not show what is there, not watched",
			 SBDF_ARG(port->sbdf));
		heap_free(port->slot);
		port->slot = NULL;
		return;
	}
	port->slot->events = 0;
	command(port, full ? PCI_EXP_SLTCTL_ON : PCI_EXP_SLTCTL_OFF, full, now_ms);
}

/* Behind a port without a bus nothing could be found. */
void pci_slots_start(const struct host_bridge *b, uint64_t now_ms)
{
	for (struct pci_function *f = b->functions; f != NULL; f = pci_function_next_below(f)) {
		if (f->hotplug && f->bus_secondary != 0) {
			start(f, now_ms);
		}
	}
}
