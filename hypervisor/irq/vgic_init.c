/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual GIC's share of each pCPU: its maintenance interrupt. */
#include "core/log.h"
#include "core/machine.h"
#include "core/percpu.h"
#include "irq/irq.h"
#include "irq/vgic_state.h"

static enum irq_result maintenance_irq(uint32_t intid, void *arg)
{
	struct vcpu *v = this_cpu()->loaded;

	if (v != NULL) {
		vgic_maintenance(v->vgic);
	}
	return IRQ_HANDLED;
}

int vgic_init(void)
{
	return irq_request(machine.gic.maintenance_intid, false, maintenance_irq, NULL);
}

void vgic_init_cpu(void)
{
	vgic_hw_init();
	irq_enable(machine.gic.maintenance_intid);
}
