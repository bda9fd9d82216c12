/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses of a domain's PCI windows that no mapped BAR takes. */
#include "vpci/bus.h"
#include "vpci/exec.h"
#include "vpci/function.h"
#include "vpci/vpci_msix.h"
#include "vpci/vpci_shared.h"

/* A trapped MSI-X table, registers of shared memory, or what reads as a master abort. */
static enum mmio_result window_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	struct vpci_segment *seg = opaque;
	enum mmio_result r = MMIO_DONE;
	struct vpci_function *vf;
	bool found = false;

	(void)v;
	spin_lock(&seg->domain->vpci->lock);
	for (vf = seg->trapped; vf && !found; vf = vf->next_trapped) {
		spin_lock(&vf->function->lock);
		found = vpci_msix_access(vf, a->ipa, a);
		spin_unlock(&vf->function->lock);
	}
	spin_unlock(&seg->domain->vpci->lock);
	if (!found && !vpci_shared_window(seg, a, &r)) {
		vpci_nobody_answers(a);
	}
	return r;
}

/* A port of the domain's I/O space: whichever function decodes it, or a master abort. */
static bool find_port(struct vpci_segment *seg, uint64_t port, uint32_t size, bool write,
		      uint32_t *value)
{
	struct vpci_function *vf;
	bool found = false;

	spin_lock(&seg->domain->vpci->lock);
	for (vf = seg->trapped; vf && !found; vf = vf->next_trapped) {
		spin_lock(&vf->function->lock);
		found = vpci_exec_port(vf, port, size, write, value);
		spin_unlock(&vf->function->lock);
	}
	spin_unlock(&seg->domain->vpci->lock);
	return found;
}

static enum mmio_result io_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	struct vpci_segment *seg = opaque;
	uint32_t value = (uint32_t)a->value;
	uint64_t port = 0;

	for (uint32_t i = 0; i < seg->aperture_count; i++) {
		const struct vpci_aperture *window = &seg->apertures[i];

		if (window->kind == WINDOW_IO && a->ipa.v - window->ipa.v < window->size) {
			port = window->pci + (a->ipa.v - window->ipa.v);
		}
	}
	if (a->size > 4 || !IS_ALIGNED(port, a->size) ||
	    !find_port(seg, port, a->size, a->write, &value)) {
		vpci_nobody_answers(a);
		return MMIO_DONE;
	}
	a->value = value;
	return MMIO_DONE;
}

const struct mmio_ops vpci_window_ops = {
	.name = "pci-window",
	.kind = EXIT_MMIO_PCI,
	.access = window_access,
};

const struct mmio_ops vpci_io_ops = {
	.name = "pci-ports",
	.kind = EXIT_MMIO_PCI,
	.access = io_access,
};
