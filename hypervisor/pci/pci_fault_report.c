/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens when an IOMMU blocks a transaction. The lines are limited per function, not through
 * log_domain(): this runs in interrupt context, where the user's struct domain may be going away.
 */
#include "core/log.h"
#include "iommu/iommu.h"
#include "pci/pci_contain.h"
#include "pci/pci_time.h"
#include "pci/registry.h"

/* Faults of streams nobody has: one line a second is plenty. */
static uint64_t unknown_logged_ms;

static struct pci_function *find_by_stream(const struct iommu *iommu, stream_id_t stream)
{
	struct pci_function *f;

	for (f = pci_function_first(); f != NULL; f = f->next) {
		if (f->iommu == iommu && f->stream.v == stream.v && f->header_type == 0 &&
		    f->state != FUNCTION_ABSENT) {
			return f;
		}
	}
	return NULL;
}

static void report_unknown(const struct iommu_fault *fault)
{
	uint64_t now = pci_now_ms();

	if (now - unknown_logged_ms >= 1000) {
		unknown_logged_ms = now;
		log_warn("pci", "stream 0x%x: DMA %s 0x%llx blocked (%s), no such function",
			 fault->stream.v, fault->write ? "to" : "from",
			 (unsigned long long)fault->address, fault->name);
	}
}

void pci_iommu_fault(struct iommu *iommu, const struct iommu_fault *fault)
{
	struct pci_function *f = find_by_stream(iommu, fault->stream);
	struct pci_fault_verdict v;

	if (f == NULL) {
		report_unknown(fault);
		return;
	}
	spin_lock(&f->fault_lock);
	f->fault_count++;
	v = pci_fault_account(&f->fault_window, pci_now_ms());
	spin_unlock(&f->fault_lock);
	if (v.log) {
		log_warn("pci", SBDF_FMT ": DMA %s 0x%llx blocked (%s)%s", SBDF_ARG(f->sbdf),
			 fault->write ? "to" : "from", (unsigned long long)fault->address,
			 fault->name, v.dropped != 0 ? ", more not shown" : "");
	}
	if (v.cut) {
		log_warn("pci", SBDF_FMT ": %u faults in a second", SBDF_ARG(f->sbdf),
			 PCI_FAULT_CUTOFF);
		pci_contain(f, PCI_CONTAIN_DMA);
	}
}
