/* SPDX-License-Identifier: BSD-2-Clause */
/* Who finds the harm holds locks, or is an interrupt: the IOMMU at once, the rest as a job. */
#include "pci/pci_contain.h"

#include "iommu/iommu.h"
#include "pci/registry.h"

static struct pci_function *function_of(struct job *j)
{
	return container_of(j, struct pci_function, contain.job);
}

/* Whether the IOMMU confirms is asked when f is taken away. */
static void silence(struct pci_function *f)
{
	if (f->iommu != NULL) {
		(void)iommu_silence(f->iommu, f->stream);
	}
}

void pci_contain_stay_silent(struct pci_function *f)
{
	const struct pci_function *m = f;

	spin_lock(&pci_registry_lock);
	/* With the reason, as long as they are broken or on their way there. All are one group. */
	do {
		if (m->broken_why != NULL && !pci_function_gone(m) && pci_same_stream(f, m)) {
			silence(f);
			break;
		}
		m = pci_group_next(m);
	} while (m != f);
	spin_unlock(&pci_registry_lock);
}

static enum job_status contain_step(struct job *j)
{
	struct pci_function *f = function_of(j);

	if (!f->contain.begun) {
		f->contain.begun = true;
		pci_contain_claim(f);
		return JOB_MORE;
	}
	return pci_contain_take(f) ? JOB_DONE : JOB_MORE;
}

static void contain_finish(struct job *j, bool cancelled)
{
	__atomic_store_n(&function_of(j)->contain.why, NULL, __ATOMIC_RELEASE);
}

static const struct job_ops contain_ops = {
	.name = "pci contain",
	.step = contain_step,
	.finish = contain_finish,
};

void pci_contain(struct pci_function *f, const char *why)
{
	const char *idle = NULL;

	if (__atomic_compare_exchange_n(&f->contain.why, &idle, why, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		silence(f);
		f->contain.begun = false;
		job_init(&f->contain.job, &contain_ops);
		job_start(&f->contain.job);
	}
}

void pci_access_failed(struct sbdf where)
{
	struct pci_function *f = pci_function_find(where);

	enum function_state state = f != NULL ? pci_function_state(f) : FUNCTION_ABSENT;

	if (f != NULL && f->header_type == 0 && state != FUNCTION_BROKEN &&
	    state != FUNCTION_RESETTING) {
		pci_contain(f, PCI_CONTAIN_ACCESS);
	}
}
