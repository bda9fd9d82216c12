/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secondary bus reset (PCIe 6.0 7.5.1.3.13) hits every function below the port. It is done when all
 * of them are nobody's: those in quarantine are held in state RESETTING meanwhile and restored
 * afterwards, each broken by itself should it not come back.
 */
#include "core/log.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_reset_method.h"
#include "pci/registry.h"

/* A port that can do it, and no bridge below whose bus numbers and windows would be lost. */
bool pci_reset_bus_able(const struct pci_function *f)
{
	const struct pci_function *other;

	if (f->pf != NULL || f->parent == NULL || f->header_type != 0 ||
	    f->parent->cap_express == 0 ||
	    (f->parent->express_type != PCI_EXP_TYPE_ROOT_PORT &&
	     f->parent->express_type != PCI_EXP_TYPE_DOWNSTREAM &&
	     f->parent->express_type != PCI_EXP_TYPE_PCI_BRIDGE)) {
		return false;
	}
	for (other = pci_function_children(f->parent); other != NULL; other = other->sibling) {
		if (other->header_type != 0 && !pci_function_gone(other)) {
			return false;
		}
	}
	return true;
}

/* The next neighbour of f after at; at NULL: the first. */
static struct pci_function *neighbour(const struct pci_function *f, const struct pci_function *at)
{
	struct pci_function *n = at == NULL ? pci_function_children(f->parent) : at->sibling;

	return n == f ? n->sibling : n;
}

/*
 * Of neighbours that are reset at one time the last one does it for all: each waits for those
 * before it and gives way to those behind it.
 */
static int may_reset(const struct pci_function *f, const struct pci_function *n)
{
	switch (n->state) {
	case FUNCTION_QUARANTINED:
	case FUNCTION_BROKEN:
	case FUNCTION_ABSENT:
		return 0;
	case FUNCTION_RESETTING:
		return n->sbdf.v < f->sbdf.v ? -EAGAIN : -EBUSY;
	case FUNCTION_OWNED:
	case FUNCTION_LENT:
	default:
		return -EBUSY;
	}
}

int pci_reset_bus_claim(struct pci_function *f)
{
	struct pci_function *n;
	int r = 0;

	spin_lock(&pci_registry_lock);
	for (n = neighbour(f, NULL); n != NULL && r != -EBUSY; n = neighbour(f, n)) {
		int one = may_reset(f, n);

		r = one != 0 ? one : r;
	}
	for (n = neighbour(f, NULL); n != NULL && r == 0; n = neighbour(f, n)) {
		if (n->state == FUNCTION_QUARANTINED) {
			pci_function_set_state(n, FUNCTION_RESETTING);
			n->reset.neighbour_of = f;
		}
	}
	spin_unlock(&pci_registry_lock);
	for (n = neighbour(f, NULL); n != NULL && r == 0; n = neighbour(f, n)) {
		if (n->reset.neighbour_of == f) {
			pci_reset_save(n, false);
		}
	}
	return r;
}

/* Its slot is not to take the link that goes and comes for a card that does. */
static void note(struct pci_function *port, enum pci_bus_reset now)
{
	__atomic_store_n(&port->bus_reset, now, __ATOMIC_RELEASE);
}

void pci_reset_bus_unclaim(struct pci_function *f, bool reset)
{
	struct pci_function *n;

	note(f->parent, PCI_BUS_RESET_OVER);
	for (n = neighbour(f, NULL); n != NULL; n = neighbour(f, n)) {
		const char *why = NULL;
		int error;

		if (n->reset.neighbour_of != f) {
			continue;
		}
		error = pci_reset_restore(n, &why);
		spin_lock(&pci_registry_lock);
		n->reset.neighbour_of = NULL;
		pci_function_set_state(n, error == 0 ? FUNCTION_QUARANTINED : FUNCTION_BROKEN);
		n->broken_why = why;
		if (error == 0 && reset) {
			n->lent_once = false;
			n->reset_count++;
		}
		spin_unlock(&pci_registry_lock);
		if (error != 0) {
			log_error("pci", SBDF_FMT ": broken by the reset of " SBDF_FMT ": %s",
				  SBDF_ARG(n->sbdf), SBDF_ARG(f->sbdf), why);
		}
	}
}

static void set(struct pci_function *port, bool on)
{
	uint32_t control = pci_read(port, PCI_BRIDGE_CONTROL, 2);

	control &= ~(uint32_t)PCI_BRIDGE_CONTROL_RESET;
	pci_write(port, PCI_BRIDGE_CONTROL, 2, control | (on ? PCI_BRIDGE_CONTROL_RESET : 0));
}

void pci_reset_bus_assert(struct pci_function *f)
{
	note(f->parent, PCI_BUS_RESET_ON);
	set(f->parent, true);
}

bool pci_reset_bus_release(struct pci_function *f)
{
	set(f->parent, false);
	return true;
}

/* A port that does not report its link is believed; polling the function decides. */
bool pci_reset_bus_link_up(struct pci_function *f)
{
	struct pci_function *port = f->parent;

	if ((pci_read(port, port->cap_express + PCI_EXP_LNKCAP, 4) & PCI_EXP_LNKCAP_ACTIVE) &&
	    !(pci_read(port, port->cap_express + PCI_EXP_LNKSTA, 2) & PCI_EXP_LNKSTA_ACTIVE)) {
		return false;
	}
	note(port, PCI_BUS_RESET_OVER);
	return true;
}
