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
	uint32_t code;    /* the hardware's own: SMMUv3: event number, IHI0070 7.3; IPMMU: IMSTR */
	uint64_t address; /* input address (IPA) */
	bool write;
	const char *name; /* text of code */
};

struct iommu_ops {
	const char *const *compatibles; /* NULL-terminated */
	/*
	 * Probe one instance, all streams abort, faults on, usable set. Otherwise why is set and
	 * logged; -EOPNOTSUPP: lacks stage 2, streams are left untranslated.
	 */
	int (*init)(struct iommu *iommu, const struct machine_smmu *desc);
	/*
	 * abort -> stage 2 by p2m_smmu_root(). What is cached of its VMID is of these tables, since
	 * flush_vmid() ended the last ones, and may stay: other streams use it. -ENOMEM, -EIO (not
	 * confirmed), -ERANGE (stream), -ENOSPC (as many streams translated as it can).
	 */
	int (*attach)(struct iommu *iommu, stream_id_t stream, struct p2m *p2m);
	/* any -> abort. -EIO: hardware did not confirm; the caller takes the function as broken. */
	int (*abort)(struct iommu *iommu, stream_id_t stream);
	/* The same, and faults of the stream are no longer recorded. */
	int (*silence)(struct iommu *iommu, stream_id_t stream);
	/* Forget all cached translations of a VMID. Before its RAM is given to anyone else. */
	int (*flush_vmid)(struct iommu *iommu, uint16_t vmid);
};

struct iommu {
	const struct iommu_ops *ops;
	const struct machine_smmu *desc;
	bool usable; /* stage 2 works; false: lending refused, reason in why */
	const char *why;
	bool whole_bridge; /* a host bridge is one stream, whatever the requester ID */
	uint64_t overflows; /* times recorded faults were lost: those counted are then too few */
	void *priv;
};

/*
 * Bring up every IOMMU of the machine. Streams abort from here on. Missing or unusable ones are
 * said in the log. After heap_init() and gic_init(), before any bus master can be on.
 */
void iommu_init(void);
/* The IOMMU of a phandle, or NULL. */
struct iommu *iommu_by_phandle(uint32_t phandle);

/* As the operations above; -EOPNOTSUPP when the IOMMU is not usable and DMA is as it ever was. */
int iommu_attach(struct iommu *iommu, stream_id_t stream, struct p2m *p2m);
/* Aborts, and each attempt is reported to pci_iommu_fault(). */
int iommu_abort(struct iommu *iommu, stream_id_t stream);
/* Aborts silently: for a function whose faults flood the event queue. iommu_abort() ends it. */
int iommu_silence(struct iommu *iommu, stream_id_t stream);
/* On every IOMMU; goes on past an error and returns the last one. */
int iommu_flush_vmid(uint16_t vmid);

/* A job looks for faults so often where no interrupt tells of them. */
#define IOMMU_LOOK_MS 100

/*
 * Faults are delivered to this one function, in pci/ (counts per function, logs with rate limit),
 * from interrupt context or a job.
 */
void pci_iommu_fault(struct iommu *iommu, const struct iommu_fault *fault);

#endif
