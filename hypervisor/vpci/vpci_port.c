/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a slot does. The guest turns its power indicator on when it uses what is in the slot and off
 * when it has let go: there is no power controller, so that is its word (PCIe 6.0 6.7.1.1.2,
 * 6.7.1.5).
 */
#include "vpci/port.h"

#include "vpci/port_regs.h"

#define EVENTS        0x1fU /* Slot Control's enables, Slot Status's events, at the same bits... */
#define LINK_ENABLE   0x1000U
#define LINK_EVENT    0x0100U /* ...but this one */
#define BUTTON_EVENT  0x0001U
#define PRESENT_EVENT 0x0008U
#define INTERRUPT_ENABLE 0x0020U
#define PRESENT       0x0040U
#define POWER_SHIFT   8
#define LINK_ACTIVE   0x2000U
#define LINK_STATE    0x3ffU /* speed and width */
#define STATUS_SHIFT  16
#define MSI_ENABLE    0x00010000U

enum power { POWER_NONE, POWER_ON, POWER_BLINKS, POWER_OFF };

static uint32_t get(const struct vpci_port *p, uint32_t at)
{
	return vpci_port_read(p, at, 4);
}

static struct vpci_reg *reg(struct vpci_port *p, uint32_t at)
{
	return vpci_shadow_reg(&p->shadow, at); /* in the first block, which is there */
}

static void set_status(struct vpci_port *p, uint32_t at, uint32_t clear, uint32_t set)
{
	struct vpci_reg *r = reg(p, at);

	r->value = (r->value & ~(clear << STATUS_SHIFT)) | set << STATUS_SHIFT;
}

static enum power power_of(const struct vpci_port *p)
{
	return (enum power)(get(p, PORT_SLOT) >> POWER_SHIFT & 3);
}

/* PCIe 6.0 6.7.3.4: events are an interrupt when one of them is there that was not before. */
static bool event_waits(const struct vpci_port *p)
{
	uint32_t control = get(p, PORT_SLOT) & 0xffff;
	uint32_t events = get(p, PORT_SLOT) >> STATUS_SHIFT;

	return (control & INTERRUPT_ENABLE) &&
	       ((control & events & EVENTS) || ((control & LINK_ENABLE) && (events & LINK_EVENT)));
}

static struct vpci_port_plan settle(struct vpci_port *p)
{
	enum power power = power_of(p);
	bool waits = event_waits(p);
	struct vpci_port_plan plan = {
		.interrupt = waits && !p->waiting,
		.let_go = p->asked && p->filled && power != POWER_ON && power != POWER_BLINKS,
	};

	p->waiting = waits;
	return plan;
}

uint32_t vpci_port_read(const struct vpci_port *p, uint32_t offset, uint32_t size)
{
	return vpci_shadow_read(&p->shadow, offset, size, 0);
}

struct vpci_port_plan vpci_port_write(struct vpci_port *p, uint32_t offset, uint32_t size,
				      uint32_t value)
{
	uint32_t buses = get(p, PORT_BUSES);
	enum power power = power_of(p);
	struct vpci_port_plan plan;

	(void)vpci_shadow_write(&p->shadow, offset, size, value, 0); /* all of it is its own */
	/* It was being turned on when it was asked, or somebody had changed their mind. */
	if (p->asked && power != POWER_ON && power_of(p) == POWER_ON) {
		set_status(p, PORT_SLOT, 0, BUTTON_EVENT);
	}
	plan = settle(p);
	plan.buses = get(p, PORT_BUSES) != buses;
	return plan;
}

struct vpci_port_plan vpci_port_fill(struct vpci_port *p, uint32_t link)
{
	if (!p->filled) {
		p->filled = true;
		set_status(p, PORT_LINK, LINK_STATE, (link & LINK_STATE) | LINK_ACTIVE);
		set_status(p, PORT_SLOT, 0, PRESENT | PRESENT_EVENT | LINK_EVENT);
	}
	return settle(p);
}

struct vpci_port_plan vpci_port_empty(struct vpci_port *p)
{
	if (p->filled) {
		p->filled = false;
		p->asked = false;
		set_status(p, PORT_LINK, LINK_STATE | LINK_ACTIVE, 0);
		set_status(p, PORT_SLOT, PRESENT, PRESENT_EVENT | LINK_EVENT);
	}
	return settle(p);
}

/* One that blinks is being turned on; one that was asked may be about to. A press stops that. */
struct vpci_port_plan vpci_port_ask(struct vpci_port *p)
{
	if (p->filled && !p->asked && power_of(p) == POWER_ON) {
		set_status(p, PORT_SLOT, 0, BUTTON_EVENT);
	}
	p->asked = p->filled;
	return settle(p);
}

bool vpci_port_message(const struct vpci_port *p, uint64_t *address, uint32_t *data)
{
	*address = get(p, PORT_MSI + 4) | (uint64_t)get(p, PORT_MSI + 8) << 32;
	*data = get(p, PORT_MSI + 12) & 0xffff;
	/* A message is a memory write: without bus mastering there is none (PCIe 6.0 7.5.1.1.3). */
	return (get(p, PORT_MSI) & MSI_ENABLE) &&
	       (vpci_shadow_command(&p->shadow) & VPCI_COMMAND_MASTER);
}

/* Buses first..last go to the port; first > last: none do. */
static void forwarded(const struct vpci_port *p, uint32_t *first, uint32_t *last)
{
	*first = get(p, PORT_BUSES) >> 8 & 0xff;
	*last = get(p, PORT_BUSES) >> 16 & 0xff;
}

void vpci_ports_decode(const struct vpci_port *const ports[], uint32_t count, uint32_t bus[])
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t first, last, before_first, before_last;

		bus[i] = 0;
		if (!ports[i]) {
			continue;
		}
		forwarded(ports[i], &first, &last);
		bus[i] = first <= last ? first : 0;
		for (uint32_t k = 0; k < i; k++) {
			if (!ports[k]) {
				continue;
			}
			forwarded(ports[k], &before_first, &before_last);
			/* One that would begin with the bus they are on forwards nothing. */
			if (before_first != 0 && before_first <= first && first <= before_last) {
				bus[i] = 0;
			}
		}
	}
}
