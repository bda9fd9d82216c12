/* SPDX-License-Identifier: BSD-2-Clause */
/* The IOMMUs of the machine. */
#include "iommu/iommu.h"

#include "core/log.h"
#include "iommu/ipmmu.h"
#include "iommu/smmuv3.h"
#include "lib/errno.h"
#include "lib/string.h"

static const struct iommu_ops *const drivers[] = {
	&ipmmu_ops,
	&smmuv3_ops,
};

static struct iommu iommus[MACHINE_MAX_SMMUS];

static const struct iommu_ops *find_driver(const char *compatible)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		for (const char *const *c = drivers[i]->compatibles; *c != NULL; c++) {
			if (strcmp(*c, compatible) == 0) {
				return drivers[i];
			}
		}
	}
	return NULL;
}

static void init_one(struct iommu *iommu, const struct machine_smmu *desc)
{
	*iommu = (struct iommu){ .desc = desc, .ops = find_driver(desc->compatible) };
	if (iommu->ops == NULL) {
		iommu->why = "no driver for this IOMMU";
		log_warn("iommu", "0x%llx: no driver for \"%s\"; lending behind it is refused",
			 (unsigned long long)desc->regs.base, desc->compatible);
		return;
	}
	if (iommu->ops->init(iommu, desc) != 0 && iommu->why == NULL) {
		iommu->why = "out of memory at boot";
	}
}

void iommu_init(void)
{
	if (machine.smmu_count == 0) {
		log_warn("iommu",
			 "none in the device tree; DMA is not confined, lending is refused "
			 "without unprotected_dma");
	}
	for (uint32_t i = 0; i < machine.smmu_count; i++) {
		init_one(&iommus[i], &machine.smmus[i]);
	}
}

struct iommu *iommu_by_phandle(uint32_t phandle)
{
	for (uint32_t i = 0; i < machine.smmu_count; i++) {
		if (iommus[i].desc != NULL && iommus[i].desc->phandle == phandle) {
			return &iommus[i];
		}
	}
	return NULL;
}

int iommu_attach(struct iommu *iommu, stream_id_t stream, struct p2m *p2m)
{
	return iommu->usable ? iommu->ops->attach(iommu, stream, p2m) : -EOPNOTSUPP;
}

int iommu_abort(struct iommu *iommu, stream_id_t stream)
{
	return iommu->usable ? iommu->ops->abort(iommu, stream) : -EOPNOTSUPP;
}

int iommu_silence(struct iommu *iommu, stream_id_t stream)
{
	return iommu->usable ? iommu->ops->silence(iommu, stream) : -EOPNOTSUPP;
}

int iommu_flush_vmid(uint16_t vmid)
{
	int worst = 0;

	for (uint32_t i = 0; i < machine.smmu_count; i++) {
		int ret = iommus[i].usable ? iommus[i].ops->flush_vmid(&iommus[i], vmid) : 0;

		worst = ret != 0 ? ret : worst;
	}
	return worst;
}
