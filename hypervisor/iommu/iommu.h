/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DMA isolation. A stream aborts unless attached. One IOMMU may serve several bridges; a stream is
 * named by (iommu, stream id). Calls return only after the hardware confirmed (CMD_SYNC).
 */
#ifndef IOMMU_IOMMU_H
#define IOMMU_IOMMU_H

#include "arch/arm64/p2m.h"
#include "core/machine.h"
#include "lib/types.h"

struct iommu;

struct iommu_fault {
	stream_id_t stream;
	uint32_t code;    /* event number, IHI0070 7.3 */
	uint64_t address; /* input address (IPA) */
	bool write;
	const char *name; /* text of code */
};

struct iommu_ops {
	const char *compatible;
	/* Probe one instance, all streams abort, faults on. -EOPNOTSUPP: lacks stage 2 (reason logged). */
	int (*init)(struct iommu *iommu, const struct machine_smmu *desc);
	/* abort -> stage 2 through p2m_smmu_root(). -ENOMEM, -EIO (command time-out), -ERANGE (stream). */
	int (*attach)(struct iommu *iommu, stream_id_t stream, struct p2m *p2m);
	/* any -> abort. -EIO: hardware did not confirm; the caller must treat the function as broken. */
	int (*abort)(struct iommu *iommu, stream_id_t stream);
	/* Forget all cached translations of a VMID. Before its RAM is given to anyone else. */
	int (*flush_vmid)(struct iommu *iommu, uint16_t vmid);
	/* An IOMMU that only aborts unknown streams and leaves these through untranslated: not used. */
};

struct iommu {
	const struct iommu_ops *ops;
	const struct machine_smmu *desc;
	bool usable; /* stage 2 works; false: lending refused, reason in why */
	const char *why;
	void *priv;
};

/* Bring up every IOMMU of the machine. Streams abort from here on. Missing or unusable ones are said in the log. */
void iommu_init(void);
/* The IOMMU of a phandle, or NULL. */
struct iommu *iommu_by_phandle(uint32_t phandle);

int iommu_attach(struct iommu *iommu, stream_id_t stream, struct p2m *p2m);
int iommu_abort(struct iommu *iommu, stream_id_t stream);
int iommu_flush_vmid(uint16_t vmid);

/*
 * Faults are delivered from interrupt context to this one function, in pci/ (counts per function,
 * logs with rate limit).
 */
void pci_iommu_fault(struct iommu *iommu, const struct iommu_fault *fault);

#endif
