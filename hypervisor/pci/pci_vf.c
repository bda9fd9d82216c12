/* SPDX-License-Identifier: BSD-2-Clause */
/* VFs at the hardware and in the registry. */
#include "pci/pci_vf.h"

#include "core/domain.h"
#include "core/heap.h"
#include "pci/pci_acs.h"
#include "pci/pci_bar.h"
#include "pci/pci_caps.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/pci_scan.h"
#include "pci/registry.h"
#include "pci/registry_list.h"

struct sbdf pci_vf_sbdf(const struct pci_function *pf, uint32_t i)
{
	uint32_t rid = SBDF_RID(pf->sbdf) + pf->sriov.first + i * pf->sriov.stride;

	return (struct sbdf){ (uint32_t)SBDF_SEG(pf->sbdf) << 16 | (rid & 0xffff) };
}

/* Each register is written and read back: two functions at one address would be worse than none. */
static bool place(struct pci_function *pf)
{
	uint32_t at = pf->cap_sriov + PCI_SRIOV_BAR0;
	bool held = true;
	uint32_t i;

	for (i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *b = &pf->sriov.bars[i];
		uint32_t high = (uint32_t)(b->address >> 32);

		if (!pci_bar_is_memory(b)) {
			continue;
		}
		held = held && b->address != 0;
		pci_write(pf, at + 4 * i, 4, (uint32_t)b->address);
		held = held && (pci_read(pf, at + 4 * i, 4) & ~PCI_BAR_MEM_FLAGS) ==
				       (uint32_t)b->address;
		if (b->kind == BAR_MEM64) {
			pci_write(pf, at + 4 * (i + 1), 4, high);
			held = held && pci_read(pf, at + 4 * (i + 1), 4) == high;
		}
	}
	return held;
}

/* Where the port above leads, and nobody else is. */
static bool free_number(const struct pci_function *pf, uint32_t i)
{
	uint32_t rid = SBDF_RID(pf->sbdf) + pf->sriov.first + i * pf->sriov.stride;
	uint32_t last = pf->parent != NULL ? pf->parent->bus_subordinate : SBDF_BUS(pf->sbdf);
	const struct pci_function *there;

	if (rid >> 8 > last) {
		return false;
	}
	there = registry_find_any(pci_vf_sbdf(pf, i));
	return there == NULL || (there->pf == pf && there->state == FUNCTION_ABSENT);
}

const char *pci_vfs_prepare(struct pci_function *pf, uint32_t count)
{
	uint32_t cap = pf->cap_sriov;
	struct pci_sriov *s = &pf->sriov;
	uint32_t i;

	if (pf->cap_pm != 0 &&
	    (pci_read(pf, pf->cap_pm + PCI_PM_CONTROL, 2) & PCI_PM_STATE) != PCI_PM_D0) {
		return "it is not in D0";
	}
	pci_write(pf, cap + PCI_SRIOV_PAGE_SIZE, 4, 1);
	if (!place(pf)) {
		return "no room for their BARs";
	}
	pci_write(pf, cap + PCI_SRIOV_NUM, 2, count);
	s->first = (uint16_t)pci_read(pf, cap + PCI_SRIOV_FIRST, 2);
	s->stride = (uint16_t)pci_read(pf, cap + PCI_SRIOV_STRIDE, 2);
	if (s->first == 0 || (count > 1 && s->stride == 0)) {
		return "they have no requester IDs of their own";
	}
	for (i = 0; i < count; i++) {
		if (!free_number(pf, i)) {
			return "their requester IDs are not free";
		}
	}
	return NULL;
}

static void set_control(struct pci_function *pf, uint32_t bits)
{
	pci_write(pf, pf->cap_sriov + PCI_SRIOV_CONTROL, 2,
		  bits | (pf->sriov.ari ? PCI_SRIOV_CONTROL_ARI : 0));
}

void pci_vfs_turn_on(struct pci_function *pf)
{
	set_control(pf, PCI_SRIOV_CONTROL_VFE | PCI_SRIOV_CONTROL_MSE);
}

void pci_vfs_turn_off(struct pci_function *pf)
{
	set_control(pf, 0);
}

struct pci_function *pci_vf_find(const struct pci_function *pf, uint32_t i)
{
	struct pci_function *f = registry_find_any(pci_vf_sbdf(pf, i));

	return f != NULL && f->pf == pf ? f : NULL;
}

struct pci_function *pci_vf_entry(struct pci_function *pf, uint32_t i)
{
	struct pci_function *f = pci_vf_find(pf, i);

	if (f != NULL) {
		return f;
	}
	f = heap_alloc(sizeof(*f));
	if (f == NULL) {
		return NULL;
	}
	f->sbdf = pci_vf_sbdf(pf, i);
	f->bridge = pf->bridge;
	f->parent = pf->parent;
	f->pf = pf;
	f->depth = pf->depth;
	f->user = DOMAIN_ID_NONE;
	pci_function_set_state(f, FUNCTION_ABSENT);
	f->group = PCI_GROUP_NONE;
	/* For good: whoever contains it may look at its stream while it is being enabled again. */
	pci_identify(f);
	registry_insert(f);
	return f;
}

/* The vendor ID says nothing: it is all ones for good (9.3.4.1.1), but for a retry (2.3.2). */
bool pci_vf_ready(struct pci_function *vf)
{
	return pci_read(vf, PCI_VENDOR_ID, 2) != PCI_VENDOR_RETRY &&
	       pci_read(vf, PCI_COMMAND, 4) != 0xffffffffU;
}

/* BAR n of all VFs lie in a row (9.3.3.14). */
static void take_bars(struct pci_function *vf, uint32_t i)
{
	uint32_t n;

	for (n = 0; n < PCI_BARS; n++) {
		struct pci_bar *b = &vf->bars[n];

		*b = vf->pf->sriov.bars[n];
		if (pci_bar_is_memory(b)) {
			b->address += i * b->size;
			b->cpu = pa(b->cpu.v + i * b->size);
		}
	}
}

bool pci_vf_read(struct pci_function *vf, uint32_t i)
{
	registry_forget(vf);
	pci_header_read(vf);
	vf->vendor = vf->pf->vendor;
	vf->device = vf->pf->sriov.device;
	vf->interrupt_pin = 0;
	if (vf->header_type != 0) {
		return false;
	}
	pci_caps_read(vf);
	vf->cap_sriov = 0;
	take_bars(vf, i);
	pci_msix_read(vf);
	pci_quiesce(vf);
	pci_acs_enable(vf);
	pci_groups_add(vf);
	vf->placed = true;
	vf->reset_methods = pci_reset_probe(vf);
	pci_reset_remember(vf);
	return true;
}
