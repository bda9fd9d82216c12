/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of a domain's trapped messages has which of the host's vectors, and what it then means. */
#include "vpci/vpci_vectors.h"

#include "core/heap.h"
#include "core/log.h"
#include "irq/irq_meter.h"
#include "irq/vgic.h"
#include "lib/errno.h"
#include "pci/pci_storm.h"
#include "pci/registry.h"

#define NO_VECTOR (~0U)

struct vector {
	struct vpci_function *vf;
	uint32_t host;   /* the controller's number, or NO_VECTOR */
	uint32_t vintid; /* 0: none. Read by the handler without lock */
	bool held;       /* masked till a storm is over; set by the handler */
};

struct vpci_vectors {
	struct msi_controller *controller;
	uint32_t count;
	bool said_none;
	struct vector all[];
};

/* Message index of those that begin with arg fired. */
static void fired(void *arg, uint32_t index)
{
	struct vector *v = (struct vector *)arg + index;
	struct pci_function *f = v->vf->function;
	struct domain *d = v->vf->domain;
	uint32_t vintid = __atomic_load_n(&v->vintid, __ATOMIC_RELAXED);

	if (irq_meter_hit(&f->meter)) {
		pci_msi_storm(&f->meter, f->msi_controller, v->host, &v->held);
	}
	/* It may have been masked while it was on its way. */
	if (vintid != 0) {
		__atomic_fetch_add(&d->interrupts_injected, 1, __ATOMIC_RELAXED);
		vgic_pulse(d, NULL, vintid);
	}
}

int vpci_vectors_create(struct vpci_function *vf)
{
	struct pci_function *f = vf->function;
	uint32_t count = VPCI_MSIX_VECTOR(f->msix_pages != NULL ? f->msix.entries : 0U);
	struct vpci_vectors *all = heap_alloc(sizeof(*all) + count * sizeof(all->all[0]));

	if (all == NULL) {
		return -ENOMEM;
	}
	all->controller = f->msi_controller;
	all->count = count;
	for (uint32_t i = 0; i < count; i++) {
		all->all[i] = (struct vector){ .vf = vf, .host = NO_VECTOR };
	}
	vf->vectors = all;
	return 0;
}

void vpci_vectors_destroy(struct vpci_function *vf)
{
	struct vpci_vectors *all = vf->vectors;

	if (all == NULL) {
		return;
	}
	__atomic_store_n(&vf->function->vectors, NULL, __ATOMIC_RELAXED);
	vpci_vectors_give(vf, 0, all->count);
	vf->vectors = NULL;
	heap_free(all);
}

/* Functions of one domain are here at the same time. NULL, or why there is none. */
static const char *take(struct vpci *vpci, struct msi_controller *c, struct vector *v,
			uint32_t count)
{
	uint32_t host;

	if (__atomic_add_fetch(&vpci->msi_used, count, __ATOMIC_RELAXED) > vpci->msi_quota) {
		__atomic_fetch_sub(&vpci->msi_used, count, __ATOMIC_RELAXED);
		return "the domain has as many MSI vectors as it may have";
	}
	/* They are masked until they are aimed: fired() does not see what is stored here. */
	if (msi_alloc(c, count, fired, v, &host) != 0) {
		__atomic_fetch_sub(&vpci->msi_used, count, __ATOMIC_RELAXED);
		return "no MSI vector is left at the host";
	}
	for (uint32_t i = 0; i < count; i++) {
		v[i].host = host + i;
		__atomic_store_n(&v[i].vintid, 0, __ATOMIC_RELAXED);
	}
	return NULL;
}

bool vpci_vectors_take(struct vpci_function *vf, uint32_t first, uint32_t count)
{
	struct vpci_vectors *all = vf->vectors;
	const char *why = take(vf->domain->vpci, all->controller, &all->all[first], count);

	if (why != NULL && !all->said_none) {
		all->said_none = true;
		log_domain(vf->domain, LOG_WARN, "vpci", SBDF_FMT ": %s, an interrupt stays masked",
			   SBDF_ARG(vf->function->sbdf), why);
	}
	return why == NULL;
}

void vpci_vectors_give(struct vpci_function *vf, uint32_t first, uint32_t count)
{
	struct vpci_vectors *all = vf->vectors;

	for (uint32_t i = first; i < first + count; i++) {
		struct vector *v = &all->all[i];

		if (v->host != NO_VECTOR) {
			/* No handler runs afterwards: it cannot be held again. */
			msi_free(all->controller, v->host, 1);
			__atomic_fetch_sub(&vf->domain->vpci->msi_used, 1, __ATOMIC_RELAXED);
			v->host = NO_VECTOR;
			__atomic_store_n(&v->held, false, __ATOMIC_RELAXED);
		}
	}
}

bool vpci_vector_owned(const struct vpci_function *vf, uint32_t i)
{
	return vf->vectors->all[i].host != NO_VECTOR;
}

/*
 * The doorbell's page is elsewhere for the device than for the CPU if an IOMMU says so. What the
 * bridge takes itself is at the same address for all.
 */
void vpci_vector_message(const struct vpci_function *vf, uint32_t i, struct msi_message *m)
{
	const struct pci_function *f = vf->function;
	const struct vpci_vectors *all = vf->vectors;

	msi_message(all->controller, all->all[i].host, m);
	if (all->controller->doorbell.v != 0 && pci_state_translated(f)) {
		m->address = vf->domain->vpci->msi_doorbell.v + m->address % SZ_4K;
	}
}

void vpci_vector_aim(struct vpci_function *vf, uint32_t i, uint32_t vintid)
{
	struct msi_controller *c = vf->vectors->controller;
	struct vector *v = &vf->vectors->all[i];

	__atomic_store_n(&v->vintid, vintid, __ATOMIC_RELAXED);
	if (vintid == 0) {
		msi_mask(c, v->host);
		return;
	}
	msi_route(c, v->host, vgic_spi_cpu(vf->domain, vintid));
	if (!__atomic_load_n(&v->held, __ATOMIC_ACQUIRE)) {
		msi_unmask(c, v->host);
	}
}

/* A vector that the domain masked in its device meanwhile is open all the same. */
void pci_msi_let_through(struct pci_function *f)
{
	struct vpci_vectors *all = __atomic_load_n(&f->vectors, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; all != NULL && i < all->count; i++) {
		struct vector *v = &all->all[i];

		if (__atomic_exchange_n(&v->held, false, __ATOMIC_ACQ_REL) && v->vintid != 0) {
			msi_unmask(all->controller, v->host);
		}
	}
}
