/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_intx.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/spinlock.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "lib/errno.h"
#include "model_pci.h"
#include "pci/registry.h"
#include "vpci/intx_wire.h"

#define LINES 128
#define WIRES 128

bool fake_intx_refuse;

static struct {
	irq_handler handler;
	void *arg;
	struct domain *domain;
	uint32_t vintid;
	struct irq_meter *meter;
	bool enabled;
	bool pending;
	bool asserted; /* if not by functions */
	bool running;
	uint32_t cpu;
} lines[LINES];

static struct {
	struct domain *domain;
	uint32_t vintid;
	uint32_t resample;
	bool high;
} wires[WIRES];

static uint32_t wire_of(struct domain *d, uint32_t vintid)
{
	uint32_t i = 0;

	while (wires[i].domain && (wires[i].domain != d || wires[i].vintid != vintid)) {
		i++;
		assert_true(i < WIRES);
	}
	wires[i].domain = d;
	wires[i].vintid = vintid;
	return i;
}

int irq_request(uint32_t intid, bool edge, irq_handler handler, void *arg)
{
	assert_true(intid < LINES && !edge);
	if (fake_intx_refuse || lines[intid].handler || lines[intid].domain) {
		return -EBUSY;
	}
	lines[intid].handler = handler;
	lines[intid].arg = arg;
	return 0;
}

void irq_release(uint32_t intid)
{
	assert_non_null(lines[intid].handler);
	while (lines[intid].running) {
		spin_wait();
	}
	memset(&lines[intid], 0, sizeof(lines[intid]));
}

void irq_enable(uint32_t intid)
{
	assert_true(lines[intid].handler || lines[intid].domain);
	lines[intid].enabled = true;
}

void irq_disable(uint32_t intid)
{
	lines[intid].enabled = false;
}

void irq_set_pending(uint32_t intid)
{
	assert_non_null(lines[intid].handler);
	lines[intid].pending = true;
}

bool irq_is_pending(uint32_t intid)
{
	const struct pci_function *f;

	for (f = pci_function_first(); f; f = f->next) {
		const struct intx_route *r = f->intx ? f->intx->route : NULL;

		if (r && r->line->intid == intid && model_pin(f->bridge, f->sbdf)) {
			return true;
		}
	}
	return lines[intid].asserted || lines[intid].pending;
}

void irq_set_affinity(uint32_t intid, uint32_t cpu)
{
	assert_non_null(lines[intid].handler);
	lines[intid].cpu = cpu;
}

int vgic_route_spi(struct domain *d, uint32_t host_intid, uint32_t vintid, bool edge)
{
	assert_true(host_intid < LINES && !edge);
	/* The hardware bit leads one virtual interrupt to one physical. */
	for (uint32_t i = 0; i < LINES; i++) {
		assert_false(lines[i].domain == d && lines[i].vintid == vintid);
	}
	assert_false(wires[wire_of(d, vintid)].high);
	if (lines[host_intid].handler || lines[host_intid].domain) {
		return -EBUSY;
	}
	lines[host_intid].domain = d;
	lines[host_intid].vintid = vintid;
	lines[host_intid].enabled = true;
	return 0;
}

void vgic_unroute_spi(struct domain *d, uint32_t host_intid)
{
	assert_ptr_equal(lines[host_intid].domain, d);
	memset(&lines[host_intid], 0, sizeof(lines[host_intid]));
}

void vgic_route_meter(struct domain *d, uint32_t host_intid, struct irq_meter *meter)
{
	assert_ptr_equal(lines[host_intid].domain, d);
	lines[host_intid].meter = meter;
}

void vgic_set_level(struct domain *d, struct vcpu *v, uint32_t intid, bool high)
{
	uint32_t w = wire_of(d, intid);

	assert_null(v);
	/* Without it the end of the handling would go unheard. */
	assert_true(!high || wires[w].resample != 0);
	wires[w].high = high;
}

void vgic_set_resample(struct domain *d, uint32_t vintid, uint32_t host_intid)
{
	uint32_t w = wire_of(d, vintid);

	wires[w].resample = host_intid;
	if (host_intid == 0) {
		wires[w].high = false;
	}
}

bool vgic_level(struct domain *d, uint32_t vintid)
{
	return wires[wire_of(d, vintid)].high;
}

void fake_intx_eoi(struct domain *d, uint32_t vintid)
{
	uint32_t w = wire_of(d, vintid);

	if (wires[w].high && wires[w].resample != 0) {
		wires[w].high = false;
		irq_set_pending(wires[w].resample);
	}
}

struct domain *fake_intx_forwarded(uint32_t intid, uint32_t *vintid)
{
	*vintid = lines[intid].vintid;
	return lines[intid].domain;
}

struct irq_meter *fake_intx_meter(uint32_t intid)
{
	return lines[intid].meter;
}

bool fake_intx_has_handler(uint32_t intid)
{
	return lines[intid].handler != NULL;
}

bool fake_intx_enabled(uint32_t intid)
{
	return lines[intid].enabled;
}

uint32_t fake_intx_cpu(uint32_t intid)
{
	return lines[intid].cpu;
}

static void handle(uint32_t intid)
{
	lines[intid].pending = false;
	lines[intid].running = true;
	assert_int_equal(lines[intid].handler(intid, lines[intid].arg), IRQ_HANDLED);
	lines[intid].running = false;
}

void fake_intx_fire(uint32_t intid)
{
	assert_true(lines[intid].enabled);
	lines[intid].asserted = true;
	handle(intid);
	lines[intid].asserted = false;
}

uint32_t fake_intx_run_pending(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < LINES; i++) {
		if (lines[i].handler && lines[i].enabled && irq_is_pending(i)) {
			handle(i);
			count++;
		}
	}
	return count;
}

void fake_intx_end(void)
{
	for (uint32_t i = 0; i < LINES; i++) {
		assert_null(lines[i].domain);
		assert_null(lines[i].handler);
	}
	for (uint32_t i = 0; i < WIRES; i++) {
		assert_false(wires[i].high);
	}
	memset(wires, 0, sizeof(wires));
}
