/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual GIC's share of each pCPU: its maintenance interrupt. */
#include "core/machine.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "irq/irq.h"
#include "irq/vgic_state.h"

static enum irq_result maintenance_irq(uint32_t intid, void *arg)
{
	struct vcpu *v = this_cpu()->loaded;

	if (v != NULL) {
		vgic_maintenance(v->vgic);
	}
	vgic_hw_maintained();
	return IRQ_HANDLED;
}

void vgic_init(bool unwired)
{
	uint32_t intid = machine.gic.maintenance_intid;

	vgic_hw_choose(machine.gic.version, unwired);
	if (irq_request(intid, false, maintenance_irq, NULL) != 0) {
		panic("GIC maintenance interrupt %u cannot be requested", intid);
	}
}

void vgic_init_cpu(void)
{
	vgic_hw_init();
	irq_enable(machine.gic.maintenance_intid);
}
