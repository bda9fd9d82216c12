/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens when an IOMMU blocks a transaction. The lines are limited per function, not through
 * log_domain(): this runs in interrupt context, where the user's struct domain may be going away.
 */
#include "core/log.h"
#include "iommu/iommu.h"
#include "pci/pci_contain.h"
#include "pci/pci_index.h"
#include "pci/pci_time.h"
#include "pci/registry.h"

/* Faults of streams nobody has: one line a second is plenty. */
static uint64_t unknown_logged_ms;

/* f or the first after it in the index that has the stream; NULL: none. */
static struct pci_function *with_stream(struct pci_function *f, const struct iommu *iommu,
					stream_id_t stream)
{
	for (; f != NULL; f = pci_index_next(PCI_BY_STREAM, f)) {
		if (f->iommu == iommu && f->stream.v == stream.v && f->header_type == 0 &&
		    f->state != FUNCTION_ABSENT) {
			break;
		}
	}
	return f;
}

static struct pci_function *next_with(const struct pci_function *f, stream_id_t stream)
{
	return with_stream(pci_index_next(PCI_BY_STREAM, f), f->iommu, stream);
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

static struct pci_fault_verdict count(struct pci_function *f)
{
	struct pci_fault_verdict v;

	spin_lock(&f->fault_lock);
	f->fault_count++;
	v = pci_fault_account(&f->fault_window, pci_now_ms());
	spin_unlock(&f->fault_lock);
	return v;
}

/*
 * A fault names a stream. Where several functions share it each is counted, since each has a window
 * of its own since its last reset; containing one contains them all.
 */
void pci_iommu_fault(struct iommu *iommu, const struct iommu_fault *fault)
{
	struct pci_function *first = with_stream(
		pci_index_first(PCI_BY_STREAM, fault->stream.v), iommu, fault->stream);
	struct pci_function *f, *cut;
	struct pci_fault_verdict v, other;
	const char *shared = "";

	if (first == NULL) {
		report_unknown(fault);
		return;
	}
	v = count(first);
	cut = v.cut ? first : NULL;
	for (f = next_with(first, fault->stream); f != NULL; f = next_with(f, fault->stream)) {
		other = count(f);
		cut = cut == NULL && other.cut ? f : cut;
		shared = " or another function with its StreamID";
	}
	if (v.log) {
		log_warn("pci", SBDF_FMT "%s: DMA %s 0x%llx blocked (%s)%s", SBDF_ARG(first->sbdf),
			 shared, fault->write ? "to" : "from", (unsigned long long)fault->address,
			 fault->name, v.dropped != 0 ? ", more not shown" : "");
	}
	if (cut != NULL) {
		log_warn("pci", SBDF_FMT "%s: %u faults in a second", SBDF_ARG(cut->sbdf), shared,
			 PCI_FAULT_CUTOFF);
		pci_contain(cut, PCI_CONTAIN_DMA);
	}
}
