/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of functions. */
#include "pci/registry.h"

#include "lib/string.h"
#include "pci/pci_index.h"
#include "pci/registry_list.h"

struct spinlock pci_registry_lock;

struct pci_function *registry_functions;
struct pci_function *registry_newest;

/* Where the way to f's place begins: mostly it comes right behind who came before it. */
static struct pci_function **start_of(const struct pci_function *f)
{
	struct pci_function *first = f->bridge->functions;

	if (registry_newest != NULL && registry_newest->sbdf.v < f->sbdf.v) {
		return &registry_newest->next;
	}
	return first != NULL && first->sbdf.v < f->sbdf.v ? &first->next : &registry_functions;
}

void registry_insert(struct pci_function *f)
{
	struct pci_function **at = start_of(f);
	struct pci_function **first = &f->bridge->functions;

	while (*at != NULL && (*at)->sbdf.v < f->sbdf.v) {
		at = &(*at)->next;
	}
	f->next = *at;
	if (f->parent != NULL) {
		f->sibling = f->parent->children;
	}
	/* Others walk the lists without the lock. */
	__atomic_store_n(at, f, __ATOMIC_RELEASE);
	if (*first == NULL || f->sbdf.v < (*first)->sbdf.v) {
		__atomic_store_n(first, f, __ATOMIC_RELEASE);
	}
	if (f->parent != NULL) {
		__atomic_store_n(&f->parent->children, f, __ATOMIC_RELEASE);
	}
	pci_index_add(PCI_BY_SBDF, f, f->sbdf.v);
	registry_newest = f;
}

void registry_forget(struct pci_function *f)
{
	f->cap_pm = f->cap_express = f->cap_af = f->cap_vpd = 0;
	f->cap_acs = f->cap_sriov = f->cap_ari = f->cap_aer = f->cap_dsn = f->cap_dpc = 0;
	f->express_type = 0;
	f->flr = f->af_flr = f->pm_reset = f->hotplug = false;
	f->msi = (struct pci_msi){ 0 };
	f->msix = (struct pci_msix){ 0 };
	f->sriov = (struct pci_sriov){ 0 };
	memset(f->bars, 0, sizeof(f->bars));
	f->rom_size = 0;
	f->placed = false;
	f->subsystem_vendor = f->subsystem = 0;
	f->reports_errors = false;
	f->lent_once = false;
	f->owner_ended = false;
	f->broken_why = NULL;
	f->quirks = 0;
	f->name[0] = '\0';
	f->reset.remembered = false;
	spin_lock(&f->fault_lock);
	f->fault_window = (struct pci_fault_window){ 0 };
	spin_unlock(&f->fault_lock);
}

static struct pci_function *follow(struct pci_function *const *link)
{
	return __atomic_load_n(link, __ATOMIC_ACQUIRE);
}

struct pci_function *registry_find_any(struct sbdf s)
{
	struct pci_function *f;

	pci_index_for_each(f, PCI_BY_SBDF, s.v) {
		if (f->sbdf.v == s.v) {
			break;
		}
	}
	return f;
}

struct pci_function *pci_function_first(void)
{
	return registry_functions;
}

struct pci_function *pci_function_find(struct sbdf s)
{
	struct pci_function *f = registry_find_any(s);

	return f != NULL && pci_function_state(f) != FUNCTION_ABSENT ? f : NULL;
}

struct pci_function *pci_function_by_name(const char *name)
{
	struct pci_function *f = NULL;

	if (name[0] == '\0') {
		return NULL;
	}
	spin_lock(&pci_registry_lock);
	for (f = registry_functions; f != NULL && strcmp(f->name, name) != 0; f = f->next) {
	}
	spin_unlock(&pci_registry_lock);
	return f;
}

bool pci_any_lent(const struct host_bridge *b)
{
	const struct pci_function *f;

	for (f = follow(&b->functions); f != NULL; f = pci_function_next_below(f)) {
		enum function_state state = pci_function_state(f);

		if (state == FUNCTION_LENT || state == FUNCTION_RESETTING) {
			return true;
		}
	}
	return false;
}
