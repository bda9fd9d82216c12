/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing IPMMUs up, and the operations of iommu.h by the plans of ipmmu_plan.h. */
#include "iommu/ipmmu.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/heap.h"
#include "core/log.h"
#include "lib/errno.h"

/* Part of a second a flush may take; silicon does it within 100 us. */
#define FLUSH_TIMEOUT_DIV 100

static int wait_flushed(const struct ipmmu_root *root, uint32_t offset)
{
	uint64_t deadline = ticks_now() + ticks_per_second() / FLUSH_TIMEOUT_DIV;

	while ((mmio_read32(root->regs + offset) & IMCTR_FLUSH) != 0) {
		if (ticks_now() > deadline) {
			return -EIO;
		}
	}
	return 0;
}

static void write_step(volatile char *regs, const struct ipmmu_step *s)
{
	uint32_t old = s->clear == ~0U ? 0 : mmio_read32(regs + s->offset) & ~s->clear;

	mmio_write32(regs + s->offset, old | s->value);
}

/* unit may be NULL for plans of the root's. Lock held, but at boot. */
static int run(struct ipmmu_root *root, const struct ipmmu_unit *unit,
	       const struct ipmmu_plan *plan)
{
	int ret = 0;

	/* Tables, cleaned to memory, before the walker is told of them. */
	dsb(sy);
	for (uint32_t i = 0; i < plan->count && ret == 0; i++) {
		const struct ipmmu_step *s = &plan->steps[i];

		if (s->op == IPMMU_FLUSHED) {
			ret = wait_flushed(root, s->offset);
		} else {
			write_step(s->op == IPMMU_ROOT ? root->regs : unit->regs, s);
		}
	}
	if (ret != 0 && !root->broken) {
		root->broken = true;
		log_error("ipmmu", "0x%llx: a flush does not end; its streams stay blocked",
			  (unsigned long long)root->iommu->desc->regs.base);
	}
	return ret;
}

/* Nothing can be confined, so micro-TLBs are left as they are. */
static int leave_open(struct iommu *iommu, const char *why)
{
	iommu->why = why;
	log_warn("ipmmu", "0x%llx: %s; DMA is not confined, lending is refused "
		 "without unprotected_dma",
		 (unsigned long long)iommu->desc->regs.base, why);
	return -EOPNOTSUPP;
}

static const char *why_not(const struct machine_smmu *desc)
{
	if (desc->regs.size < IPMMU_REGS_SIZE) {
		return "its register frame is too small";
	}
	if (machine.product.size < 4) {
		return "the device tree has no product register (renesas,prr) to tell the SoC by";
	}
	return ipmmu_product(mmio_read32(mmio_map_device(machine.product.base, 4)));
}

static int init_root(struct iommu *iommu, const struct machine_smmu *desc)
{
	struct ipmmu_root *root;
	struct ipmmu_plan plan;
	const char *why = why_not(desc);
	int ret;

	if (why != NULL) {
		return leave_open(iommu, why);
	}
	root = heap_alloc(sizeof(*root));
	if (root == NULL) {
		return -ENOMEM;
	}
	/* As a domain's root table: two pages, for 40 bits. */
	root->empty = heap_pages(1);
	if (root->empty == NULL) {
		heap_free(root);
		return -ENOMEM;
	}
	cache_clean(root->empty, 2 * SZ_4K);
	p2m_set_noncoherent_walker();
	root->iommu = iommu;
	root->regs = mmio_map_device(desc->regs.base, IPMMU_REGS_SIZE);
	ipmmu_plan_root(heap_pa(root->empty), &plan);
	ret = run(root, NULL, &plan);
	if (ret != 0) {
		iommu->why = "it could not be brought up";
		return ret;
	}
	iommu->why = "the root of others: no bus master is behind it";
	iommu->priv = root;
	ipmmu_request_irq(root);
	return 0;
}

/* Every micro-TLB, also those of no host bridge: what they do is not for Viaduct to say. */
static int park_all(struct ipmmu_unit *unit)
{
	struct ipmmu_plan plan;
	int ret;

	ipmmu_plan_unit(&plan);
	ret = run(unit->root, unit, &plan);
	for (uint32_t n = 0; n < IPMMU_UTLBS && ret == 0; n++) {
		ipmmu_plan_park(n, &plan);
		ret = run(unit->root, unit, &plan);
	}
	return ret;
}

static int init_unit(struct iommu *iommu, const struct machine_smmu *desc)
{
	const struct iommu *root = iommu_by_phandle(desc->root);
	struct ipmmu_unit *unit;
	int ret;

	if (root == NULL || root->priv == NULL) {
		return leave_open(iommu, root != NULL && root->why != NULL ?
						 root->why :
						 "its root unit is not in use");
	}
	if (desc->regs.size < IPMMU_REGS_SIZE) {
		return leave_open(iommu, "its register frame is too small");
	}
	unit = heap_alloc(sizeof(*unit));
	if (unit == NULL) {
		return -ENOMEM;
	}
	unit->root = root->priv;
	unit->regs = mmio_map_device(desc->regs.base, IPMMU_REGS_SIZE);
	ret = park_all(unit);
	if (ret != 0) {
		iommu->why = "it could not be brought up";
		heap_free(unit);
		return ret;
	}
	iommu->priv = unit;
	iommu->whole_bridge = true;
	iommu->usable = true;
	log_info("ipmmu", "0x%llx: behind 0x%llx, one stream a host bridge, not coherent; all "
		 "streams abort", (unsigned long long)desc->regs.base,
		 (unsigned long long)root->desc->regs.base);
	return 0;
}

static int ipmmu_init(struct iommu *iommu, const struct machine_smmu *desc)
{
	return desc->root != 0 ? init_unit(iommu, desc) : init_root(iommu, desc);
}

/* The context of a micro-TLB, or a free one; IPMMU_PARKED: all are taken. */
static uint32_t context_of(const struct ipmmu_root *root, const struct iommu *unit, uint32_t utlb)
{
	uint32_t unused = IPMMU_PARKED;

	for (uint32_t c = IPMMU_CONTEXTS - 1; c != IPMMU_PARKED; c--) {
		const struct ipmmu_context *x = &root->contexts[c];

		if (x->unit == unit && x->utlb == utlb) {
			return c;
		}
		unused = x->unit == NULL ? c : unused;
	}
	return unused;
}

/* vmid 0: the empty table. */
static int set_stream(struct iommu *iommu, stream_id_t stream, uint16_t vmid, paddr_t table,
		      bool faults)
{
	struct ipmmu_unit *unit = iommu->priv;
	struct ipmmu_root *root = unit->root;
	struct ipmmu_plan plan;
	uint32_t context;
	int ret;

	if (stream.v >= IPMMU_UTLBS) {
		return -ERANGE;
	}
	spin_lock(&root->lock);
	context = context_of(root, iommu, stream.v);
	if (context == IPMMU_PARKED || root->broken) {
		/* It stays, or comes, where nothing is mapped. */
		ipmmu_plan_park(stream.v, &plan);
		(void)run(root, unit, &plan);
		ret = root->broken ? -EIO : vmid == 0 ? 0 : -ENOSPC;
	} else {
		bool live = root->contexts[context].unit != NULL;

		root->contexts[context] = (struct ipmmu_context){
			.unit = iommu, .utlb = stream.v, .vmid = vmid, .silent = !faults,
		};
		ipmmu_plan_stream(context, stream.v, table, live, faults, &plan);
		ret = run(root, unit, &plan);
	}
	spin_unlock(&root->lock);
	return ret;
}

static int ipmmu_attach(struct iommu *iommu, stream_id_t stream, struct p2m *p2m)
{
	return set_stream(iommu, stream, p2m->vmid, p2m_smmu_root(p2m), true);
}

static paddr_t empty_table(const struct iommu *iommu)
{
	const struct ipmmu_unit *unit = iommu->priv;

	return heap_pa(unit->root->empty);
}

static int ipmmu_abort(struct iommu *iommu, stream_id_t stream)
{
	return set_stream(iommu, stream, 0, empty_table(iommu), true);
}

static int ipmmu_silence(struct iommu *iommu, stream_id_t stream)
{
	return set_stream(iommu, stream, 0, empty_table(iommu), false);
}

static int ipmmu_flush_vmid(struct iommu *iommu, uint16_t vmid)
{
	struct ipmmu_unit *unit = iommu->priv;
	struct ipmmu_root *root = unit->root;
	int ret = 0;

	spin_lock(&root->lock);
	for (uint32_t c = 0; c < IPMMU_CONTEXTS; c++) {
		if (root->contexts[c].unit == iommu && root->contexts[c].vmid == vmid) {
			struct ipmmu_plan plan;

			ipmmu_plan_flush(c, &plan);
			ret = root->broken ? -EIO : run(root, unit, &plan);
		}
	}
	spin_unlock(&root->lock);
	return ret;
}

static const char *const ipmmu_compatibles[] = {
	"renesas,ipmmu-r8a7795",  "renesas,ipmmu-r8a7796",  "renesas,ipmmu-r8a77961",
	"renesas,ipmmu-r8a77965", "renesas,ipmmu-r8a774a1", "renesas,ipmmu-r8a774b1",
	"renesas,ipmmu-r8a774e1", NULL,
};

const struct iommu_ops ipmmu_ops = {
	.compatibles = ipmmu_compatibles,
	.init = ipmmu_init,
	.attach = ipmmu_attach,
	.abort = ipmmu_abort,
	.silence = ipmmu_silence,
	.flush_vmid = ipmmu_flush_vmid,
};
