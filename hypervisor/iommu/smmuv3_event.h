/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding of event records (IHI0070 7.3). Pure. */
#ifndef IOMMU_SMMUV3_EVENT_H
#define IOMMU_SMMUV3_EVENT_H

#include "iommu/iommu.h"

#define SMMUV3_EVENT_BYTES 32
#define SMMUV3_EVENT_WORDS 4

/* address and write are 0 for events whose record has none. */
struct iommu_fault smmuv3_event_decode(const uint64_t record[SMMUV3_EVENT_WORDS]);

#endif
