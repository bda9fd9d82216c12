/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing an SMMUv3 up and the operations of iommu.h (IHI0070 3.11, 6.3). */
#include "iommu/smmuv3.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/heap.h"
#include "core/log.h"
#include "iommu/smmuv3_regs.h"
#include "lib/errno.h"

/* Part of a second a register update may take. */
#define UPDATE_TIMEOUT_DIV 10

uint32_t smmuv3_read(struct smmuv3 *smmu, uint32_t offset)
{
	return mmio_read32(smmu->regs + offset);
}

void smmuv3_write(struct smmuv3 *smmu, uint32_t offset, uint32_t value)
{
	mmio_write32(smmu->regs + offset, value);
}

void smmuv3_write64(struct smmuv3 *smmu, uint32_t offset, uint64_t value)
{
	mmio_write64(smmu->regs + offset, value);
}

void smmuv3_make_visible(struct smmuv3 *smmu, const void *p, size_t size)
{
	if (!smmu->coherent) {
		cache_clean(p, size);
	}
}

/* Until (register & mask) == value. */
static int wait_for(struct smmuv3 *smmu, uint32_t offset, uint32_t mask, uint32_t value)
{
	uint64_t deadline = ticks_now() + ticks_per_second() / UPDATE_TIMEOUT_DIV;

	while ((smmuv3_read(smmu, offset) & mask) != value) {
		if (ticks_now() > deadline) {
			return -ETIMEDOUT;
		}
	}
	return 0;
}

int smmuv3_write_acked(struct smmuv3 *smmu, uint32_t offset, uint32_t ack, uint32_t value)
{
	dsb(st);
	smmuv3_write(smmu, offset, value);
	return wait_for(smmu, ack, ~0U, value);
}

/* What happens to transactions while SMMUEN = 0 (6.3.15). */
static int set_gbpa(struct smmuv3 *smmu, uint32_t value)
{
	int ret = wait_for(smmu, SMMU_GBPA, GBPA_UPDATE, 0);

	if (ret == 0) {
		smmuv3_write(smmu, SMMU_GBPA, value | GBPA_UPDATE);
		ret = wait_for(smmu, SMMU_GBPA, GBPA_UPDATE, 0);
	}
	return ret;
}

static int set_cr0(struct smmuv3 *smmu, uint64_t value)
{
	return smmuv3_write_acked(smmu, SMMU_CR0, SMMU_CR0ACK, (uint32_t)value);
}

/* Abort first, then switch off whatever firmware left on. */
static int quiesce(struct smmuv3 *smmu)
{
	int ret = set_gbpa(smmu, GBPA_ABORT);

	return ret != 0 ? ret : set_cr0(smmu, 0);
}

/* Configuration and TLBs may hold anything at this point. */
static int forget_all(struct smmuv3 *smmu)
{
	int ret;

	spin_lock(&smmu->lock);
	ret = smmuv3_run(smmu, smmuv3_cmd_cfgi_all());
	if (ret == 0) {
		ret = smmuv3_run(smmu, smmuv3_cmd_tlbi_all());
	}
	if (ret == 0 && smmu->features.hyp) {
		ret = smmuv3_run(smmu, smmuv3_cmd_tlbi_el2_all());
	}
	spin_unlock(&smmu->lock);
	return ret;
}

static int enable(struct smmuv3 *smmu)
{
	int ret;

	smmuv3_write(smmu, SMMU_CR1, smmu->coherent ? CR1_COHERENT : 0);
	smmuv3_write(smmu, SMMU_CR2, (uint32_t)(CR2_RECINVSID | CR2_PTM));
	ret = smmuv3_table_init(smmu);
	if (ret == 0) {
		ret = smmuv3_cmdq_init(smmu);
	}
	if (ret == 0) {
		ret = smmuv3_eventq_init(smmu);
	}
	if (ret == 0) {
		ret = set_cr0(smmu, CR0_CMDQEN);
	}
	if (ret == 0) {
		ret = forget_all(smmu);
	}
	if (ret == 0) {
		smmuv3_request_irqs(smmu);
		ret = set_cr0(smmu, CR0_CMDQEN | CR0_EVENTQEN);
	}
	if (ret == 0) {
		ret = set_cr0(smmu, CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
	}
	return ret;
}

/* Nothing can be confined, so the control domain's DMA goes through untranslated. */
static int leave_open(struct smmuv3 *smmu, const char *why)
{
	struct iommu *iommu = smmu->iommu;

	iommu->why = why;
	log_warn("smmu", "0x%llx: %s; DMA is not confined, lending is refused "
		 "without unprotected_dma",
		 (unsigned long long)iommu->desc->regs.base, why);
	if (set_cr0(smmu, 0) != 0 || set_gbpa(smmu, GBPA_SHCFG_INCOMING) != 0) {
		log_warn("smmu", "0x%llx: it does not answer either",
			 (unsigned long long)iommu->desc->regs.base);
	}
	return -EOPNOTSUPP;
}

static int smmuv3_init(struct iommu *iommu, const struct machine_smmu *desc)
{
	struct smmuv3 *smmu;
	const char *why;
	int ret;

	if (desc->regs.size < SMMU_REGS_SIZE) {
		iommu->why = "its register frame is too small";
		log_warn("smmu", "0x%llx: %s", (unsigned long long)desc->regs.base, iommu->why);
		return -EOPNOTSUPP;
	}
	smmu = heap_alloc(sizeof(*smmu));
	if (smmu == NULL) {
		return -ENOMEM;
	}
	iommu->priv = smmu;
	smmu->iommu = iommu;
	smmu->regs = mmio_map_device(desc->regs.base, desc->regs.size);
	why = smmuv3_probe(smmuv3_read(smmu, SMMU_IDR0), smmuv3_read(smmu, SMMU_IDR1),
			   smmuv3_read(smmu, SMMU_IDR5), &smmu->features);
	if (why != NULL) {
		return leave_open(smmu, why);
	}
	smmu->coherent = smmu->features.coherent && desc->coherent;
	if (!smmu->coherent) {
		p2m_set_noncoherent_walker();
	}
	ret = quiesce(smmu);
	if (ret == 0) {
		ret = enable(smmu);
	}
	if (ret != 0) {
		iommu->why = "it could not be brought up";
		log_error("smmu", "0x%llx: %s (error %d); its streams abort",
			  (unsigned long long)desc->regs.base, iommu->why, -ret);
		return ret;
	}
	iommu->usable = true;
	log_info("smmu",
		 "0x%llx: stage%s 2, %u-bit StreamIDs, %u-bit addresses%s; all streams abort",
		 (unsigned long long)desc->regs.base, smmu->features.stage1 ? "s 1 and" : "",
		 smmu->stream_bits, smmu->features.address_bits,
		 smmu->coherent ? "" : ", not coherent");
	return 0;
}

static int set_stream(struct iommu *iommu, stream_id_t stream, const struct smmuv3_ste *wanted)
{
	struct smmuv3 *smmu = iommu->priv;
	int ret;

	spin_lock(&smmu->lock);
	ret = smmuv3_table_set(smmu, stream, wanted);
	spin_unlock(&smmu->lock);
	return ret;
}

static int smmuv3_attach(struct iommu *iommu, stream_id_t stream, struct p2m *p2m)
{
	struct smmuv3 *smmu = iommu->priv;
	struct smmuv3_ste ste = smmuv3_ste_stage2(p2m->vmid, p2m_smmu_root(p2m),
						  smmu->features.oas, smmu->coherent);

	return set_stream(iommu, stream, &ste);
}

static int smmuv3_abort(struct iommu *iommu, stream_id_t stream)
{
	struct smmuv3_ste ste = smmuv3_ste_invalid();

	return set_stream(iommu, stream, &ste);
}

static int smmuv3_silence(struct iommu *iommu, stream_id_t stream)
{
	struct smmuv3_ste ste = smmuv3_ste_abort();

	return set_stream(iommu, stream, &ste);
}

static int smmuv3_flush_vmid(struct iommu *iommu, uint16_t vmid)
{
	struct smmuv3 *smmu = iommu->priv;
	int ret;

	/* The cleared entries before the command. */
	dsb(st);
	spin_lock(&smmu->lock);
	ret = smmuv3_run(smmu, smmuv3_cmd_tlbi_vmid(vmid));
	spin_unlock(&smmu->lock);
	return ret;
}

static const char *const smmuv3_compatibles[] = { "arm,smmu-v3", NULL };

const struct iommu_ops smmuv3_ops = {
	.compatibles = smmuv3_compatibles,
	.init = smmuv3_init,
	.attach = smmuv3_attach,
	.abort = smmuv3_abort,
	.silence = smmuv3_silence,
	.flush_vmid = smmuv3_flush_vmid,
};
