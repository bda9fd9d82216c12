/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_front.h"

#include "pci/pci_watch.h"
#include "vpci/front.h"

struct regs {
	uint32_t address;
	bool unanswered;
};

bool fake_front_on;
bool fake_front_late;
unsigned fake_front_aer;
unsigned fake_front_register;

static bool fits(const struct host_bridge *b)
{
	(void)b;
	return fake_front_on;
}

static uint32_t regions(const struct host_bridge *b, struct range out[VPCI_FRONT_REGIONS])
{
	(void)b;
	out[0] = (struct range){ FAKE_FRONT_BASE, FAKE_FRONT_SIZE };
	return 1;
}

static struct vpci_front_plan plan(void *opaque, uint32_t region, const struct mmio_access *a)
{
	struct vpci_front_plan p = { .kind = VPCI_FRONT_VALUE, .size = a->size,
				     .write = a->write, .value = (uint32_t)a->value };
	struct regs *regs = opaque;

	(void)region;
	if (a->offset == FAKE_FRONT_ADDRESS && a->write) {
		regs->address = p.value;
	} else if (a->offset == FAKE_FRONT_ADDRESS) {
		p.value = regs->address;
	} else if (a->offset == FAKE_FRONT_STATUS) {
		p.value = regs->unanswered;
		regs->unanswered = false;
	} else if (a->offset == FAKE_FRONT_DEVICE) {
		p.kind = VPCI_FRONT_HARDWARE;
	} else if (a->offset - FAKE_FRONT_DATA < 4) {
		p.kind = VPCI_FRONT_CONFIG;
		p.bus = (uint8_t)(regs->address >> 24);
		p.devfn = (uint8_t)(regs->address >> 16);
		p.offset = (uint16_t)((regs->address & 0xffc) + a->offset - FAKE_FRONT_DATA);
	}
	return p;
}

static uint32_t answer(void *opaque, const struct vpci_front_plan *p, bool answered, uint32_t value)
{
	struct regs *regs = opaque;

	(void)p;
	regs->unanswered = regs->unanswered || !answered;
	return value;
}

static uint32_t hardware(struct vpci_front *front, const struct vpci_front_plan *p)
{
	(void)front;
	if (p->write) {
		fake_front_register = p->value;
	}
	return fake_front_register;
}

void pci_watch_start(const struct host_bridge *b)
{
	(void)b;
	fake_front_aer++;
}

static enum mmio_result enter(struct vpci_front *front, struct vcpu *v,
			      const struct vpci_front_plan *p)
{
	(void)p;
	return !fake_front_late || host_bridge_is_up(front->bridge) ? MMIO_DONE :
								      vpci_front_start(front, v);
}

static const struct vpci_front_ops ops = {
	.name = "fake",
	.fits = fits,
	.regions = regions,
	.regs_size = sizeof(struct regs),
	.plan = plan,
	.answer = answer,
	.enter = enter,
	.hardware = hardware,
};

const struct vpci_front_ops *const vpci_front_table[] = { &ops, NULL };
