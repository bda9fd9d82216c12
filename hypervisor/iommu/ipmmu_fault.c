/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults of an IPMMU: each context records one until it is cleared, so that the work of one
 * interrupt is bounded whatever devices do.
 */
#include "arch/arm64/mmio.h"
#include "core/log.h"
#include "iommu/ipmmu.h"
#include "irq/irq.h"

/* The stream's unit and the fault; NULL: none recorded. */
static struct iommu *take_fault(struct ipmmu_root *root, uint32_t context,
				struct iommu_fault *fault)
{
	const struct ipmmu_context *x = &root->contexts[context];
	struct iommu *unit = NULL;
	uint32_t status;

	spin_lock(&root->lock);
	status = mmio_read32(root->regs + IMSTR(context));
	if (status != 0) {
		*fault = ipmmu_fault_decode(status, mmio_read32(root->regs + IMELAR(context)),
					    mmio_read32(root->regs + IMEUAR(context)));
		fault->stream = (stream_id_t){ x->utlb };
		mmio_write32(root->regs + IMSTR(context), 0);
		unit = x->silent ? NULL : x->unit;
	}
	spin_unlock(&root->lock);
	return unit;
}

/* Deliver the fault each context has recorded, if any. */
static void scan_faults(struct ipmmu_root *root)
{
	for (uint32_t c = 0; c < IPMMU_CONTEXTS; c++) {
		struct iommu_fault fault;
		struct iommu *unit = take_fault(root, c, &fault);

		if (unit != NULL) {
			pci_iommu_fault(unit, &fault);
		}
	}
}

static enum irq_result fault_irq(uint32_t intid, void *arg)
{
	scan_faults(arg);
	return IRQ_HANDLED;
}

static enum job_status look_step(struct job *j)
{
	scan_faults(container_of(j, struct ipmmu_root, look));
	j->wait_ms = IOMMU_LOOK_MS;
	return JOB_WAIT;
}

static void look_finish(struct job *j, bool cancelled)
{
}

static const struct job_ops look_ops = {
	.name = "ipmmu-faults",
	.step = look_step,
	.finish = look_finish,
};

void ipmmu_request_irq(struct ipmmu_root *root)
{
	uint32_t intid = root->iommu->desc->eventq_intid;

	if (intid == 0 || irq_request(intid, false, fault_irq, root) != 0) {
		log_warn("ipmmu", "0x%llx: no interrupt for faults: they are looked for",
			 (unsigned long long)root->iommu->desc->regs.base);
		job_init(&root->look, &look_ops);
		job_start(&root->look);
		return;
	}
	irq_enable(intid);
}
