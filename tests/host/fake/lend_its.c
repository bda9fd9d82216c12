/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's ITS and domains' virtual ones: which function has which events. */
#include "lend_books.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "irq/its.h"
#include "irq/vits.h"
#include "lib/errno.h"
#include "pci/registry.h"

#define ITTS_MAX 512

struct its_device {
	bool used;
	bool here; /* the vITS was told */
	uint32_t id;
	uint32_t events;
};

static struct its_device itts[ITTS_MAX];

paddr_t its_doorbell(const struct its *its)
{
	(void)its;
	return pa(0x8090000);
}

/* Do several functions have this DeviceID? */
static bool has_alias(device_id_t id)
{
	uint32_t count = 0;

	for (struct pci_function *f = pci_function_first(); f; f = f->next) {
		count += f->header_type == 0 && f->device_id.v == id.v;
	}
	return count > 1;
}

int its_device_map(struct its *its, device_id_t id, uint32_t event_count, struct irq_meter *meter,
		   struct its_device **out)
{
	uint32_t at = 0;

	(void)its;
	assert_in_range(event_count, 1, 2048);
	if (lend_world.fail[STEP_ITS_MAP]) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < ITTS_MAX; i++) {
		if (itts[i].used && itts[i].id == id.v) {
			assert_true(has_alias(id));
			return -EBUSY;
		}
	}
	while (itts[at].used) {
		assert_true(++at < ITTS_MAX);
	}
	itts[at] = (struct its_device){ .used = true, .id = id.v, .events = event_count };
	lend_world.itts++;
	*out = &itts[at];
	return 0;
}

void its_event_mask(struct its_device *dev, uint32_t event)
{
	assert_true(dev->used && event < dev->events);
	lend_world.masked++;
}

bool its_device_unmask(struct its_device *dev, uint32_t max)
{
	assert_true(dev->used);
	lend_world.masked -= MIN(lend_world.masked, max);
	return lend_world.masked != 0;
}

void its_device_unmap(struct its_device *dev)
{
	assert_true(dev->used);
	assert_false(dev->here); /* the vITS must have let go of it */
	dev->used = false;
	lend_world.itts--;
}

bool vits_device_update(struct domain *d, uint32_t vdevice, uint32_t max)
{
	struct its_device *dev = vpci_host_device(d, vdevice);

	if (dev) {
		lend_world.routes = dev->here ? lend_world.routes : lend_world.mapped_before;
		lend_world.mapped_before -= MIN(lend_world.mapped_before, max);
		dev->here = true;
		return lend_world.mapped_before == 0;
	}
	assert_int_not_equal(max, 0);
	if (lend_world.routes > max) {
		lend_world.routes -= max;
		return false;
	}
	lend_world.routes = 0;
	for (struct pci_function *f = pci_function_first(); f; f = f->next) {
		if (f->itt && f->vpci && f->vpci->domain == d &&
		    vpci_device_id(f->vpci->where) == vdevice) {
			/* Nothing may be signalled by a device that still can. */
			assert_true(lend_maps_quiet(f));
			f->itt->here = false;
		}
	}
	return true;
}

/* Of functions behind root ports, whichever requester they are just now. */
bool vits_devices_update(struct domain *d, uint32_t max)
{
	for (struct pci_function *f = pci_function_first(); f; f = f->next) {
		struct vpci_function *vf = f->vpci;

		if (!f->itt || !vf || vf->domain != d || !vf->slot) {
			continue;
		}
		if (vf->itt) {
			f->itt->here = true;
		} else if (lend_world.routes > max) {
			lend_world.routes -= max;
			return false;
		} else {
			assert_true(lend_maps_quiet(f));
			lend_world.routes = 0;
			f->itt->here = false;
		}
	}
	return true;
}

int vits_msi(struct domain *d, uint32_t vdevice, uint32_t event)
{
	lend_world.messages++;
	lend_world.message_to = d->id;
	lend_world.message_from = vdevice;
	lend_world.message = event;
	return 0;
}

void lend_its_reset(void)
{
	memset(itts, 0, sizeof(itts));
}
