/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about PCI functions: the list, and who may use what. */
#include "control/control_request.h"
#include "iommu/iommu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/registry.h"
#include "vpci/vpci.h"

#define STATE_IS(hv, abi) _Static_assert((int)(hv) == (int)(abi), "ABI")

STATE_IS(FUNCTION_ABSENT, CONTROL_FUNCTION_ABSENT);
STATE_IS(FUNCTION_OWNED, CONTROL_FUNCTION_OWNED);
STATE_IS(FUNCTION_RESETTING, CONTROL_FUNCTION_RESETTING);
STATE_IS(FUNCTION_QUARANTINED, CONTROL_FUNCTION_QUARANTINED);
STATE_IS(FUNCTION_LENT, CONTROL_FUNCTION_LENT);
STATE_IS(FUNCTION_BROKEN, CONTROL_FUNCTION_BROKEN);
STATE_IS(PCI_NAME_MAX, CONTROL_NAME_SIZE);
STATE_IS(PCI_QUIRK_NO_RESET, CONTROL_QUIRK_NO_RESET);
STATE_IS(PCI_QUIRK_ALLOW_GAP, CONTROL_QUIRK_ALLOW_GAP);
STATE_IS(LEND_ROM_MIN, CONTROL_ROM_MIN);
STATE_IS(LEND_ROM_MAX, CONTROL_ROM_MAX);

/* Registry lock held. */
static void describe(const struct pci_function *f, struct control_function *out)
{
	memcpy(out->name, f->name, sizeof(out->name));
	if (f->broken_why != NULL) {
		str_copy(out->broken_why, f->broken_why, sizeof(out->broken_why));
	}
	out->sbdf = f->sbdf.v;
	out->vsbdf = f->state == FUNCTION_LENT ? f->user_view.v : CONTROL_NO_SLOT;
	out->vendor = f->vendor;
	out->device = f->device;
	out->subsystem_vendor = f->subsystem_vendor;
	out->subsystem = f->subsystem;
	out->class_code = f->class_code;
	out->state = (uint32_t)f->state;
	out->user = f->user;
	out->owner = f->bridge->owner;
	out->group = f->group;
	out->flags = (f->header_type == 1 ? CONTROL_FUNCTION_IS_BRIDGE : 0) |
		     (f->iommu != NULL ? CONTROL_FUNCTION_HAS_IOMMU : 0) |
		     (f->reset_methods != 0 ? CONTROL_FUNCTION_HAS_RESET : 0) |
		     (f->lent_rom.size != 0 ? CONTROL_FUNCTION_HAS_ROM : 0) |
		     (f->header_type == 0 && !pci_state_translated(f) ?
			      CONTROL_FUNCTION_NOT_ISOLATED : 0) |
		     (f->iommu != NULL && f->iommu->overflows != 0 ?
			      CONTROL_FUNCTION_FAULTS_LOST : 0);
	out->reset_methods = f->reset_methods;
	out->quirks = f->quirks;
	out->pf = f->pf != NULL ? f->pf->sbdf.v : CONTROL_NO_SLOT;
	out->vf_total = f->sriov.total;
	out->vf_count = __atomic_load_n(&f->sriov.count, __ATOMIC_RELAXED);
	out->parent = f->parent != NULL ? f->parent->sbdf.v : CONTROL_NO_SLOT;
	out->bus_first = f->bus_secondary;
	out->bus_last = f->bus_subordinate;
	out->faults = f->fault_count;
	out->resets = f->reset_count;
	out->interrupts = __atomic_load_n(&f->meter.total, __ATOMIC_RELAXED);
	out->direct = (uint16_t)__atomic_load_n(&f->meter.direct, __ATOMIC_RELAXED);
	out->storms = __atomic_load_n(&f->storm.count, __ATOMIC_RELAXED);
	out->errors_corrected = f->errors_corrected;
	out->errors_uncorrected = f->errors_uncorrected;
}

int control_pci_list(struct control_call *call)
{
	const struct control_list *in = call->in;
	struct control_list_reply reply = { .next = CONTROL_LIST_END };
	uint32_t room = (CONTROL_BODY_SIZE - sizeof(reply)) / sizeof(struct control_function);
	uint32_t max = in->max == 0 ? room : MIN(in->max, room);
	const struct pci_function *f;

	spin_lock(&pci_registry_lock);
	/* The page before ended there; should it have gone since, the way is longer. */
	f = in->from != 0 ? pci_function_find((struct sbdf){ in->from }) : NULL;
	for (f = f != NULL ? f : pci_function_first(); f != NULL; f = f->next) {
		struct control_function entry = { 0 };

		if (f->sbdf.v < in->from || f->state == FUNCTION_ABSENT) {
			continue;
		}
		if (reply.count == max) {
			reply.next = f->sbdf.v;
			break;
		}
		describe(f, &entry);
		memcpy(call->out + sizeof(reply) + reply.count * sizeof(entry), &entry,
		       sizeof(entry));
		reply.count++;
	}
	spin_unlock(&pci_registry_lock);
	control_reply(call, &reply, sizeof(reply));
	call->out_size += reply.count * (uint32_t)sizeof(struct control_function);
	return 0;
}

static struct pci_function *find(uint32_t sbdf)
{
	return pci_function_find((struct sbdf){ sbdf });
}

/* A function that is in quarantine already only changes its name. Returns false when it is not. */
static bool rename_quarantined(struct pci_function *f, const char *name)
{
	bool quarantined;

	spin_lock(&pci_registry_lock);
	quarantined = f->state == FUNCTION_QUARANTINED;
	if (quarantined && name[0] != '\0') {
		str_copy(f->name, name, sizeof(f->name));
	}
	spin_unlock(&pci_registry_lock);
	return quarantined;
}

int control_pci_quarantine(struct control_call *call)
{
	const struct control_pci_name *in = call->in;
	struct pci_function *f = find(in->sbdf);
	const struct pci_function *named;

	if (!control_name_ok(in->name, true)) {
		return -EINVAL;
	}
	if (f == NULL) {
		return -ENODEV;
	}
	named = in->name[0] != '\0' ? pci_function_by_name(in->name) : NULL;
	if (named != NULL && named != f) {
		return -EEXIST;
	}
	return rename_quarantined(f, in->name) ? 0 : lend_quarantine(f, in->name);
}

int control_pci_return(struct control_call *call)
{
	const struct control_pci_name *in = call->in;
	struct pci_function *f = find(in->sbdf);

	int err = f == NULL ? -ENODEV : lend_return_step(f);

	call->again = err == -EAGAIN;
	return err;
}

int control_pci_attach(struct control_call *call)
{
	const struct control_pci_attach *in = call->in;
	struct pci_function *f = find(in->sbdf);
	struct domain *d = domain_by_id(in->domain);
	const struct lend_options options = { .vslot = in->vslot, .quirks = in->quirks,
					      .rom = in->flags & CONTROL_ATTACH_ROM };
	struct control_count reply = { 0 };
	struct vsbdf view;
	int err;

	if (f == NULL) {
		return -ENODEV;
	}
	if (d == NULL) {
		return -ENOENT;
	}
	if (in->flags & ~CONTROL_ATTACH_ROM) {
		return -EINVAL;
	}
	err = lend_attach_step(d, f, &options, &view);
	call->again = err == -EAGAIN;
	if (err != 0) {
		return err;
	}
	reply.count = view.v;
	control_reply(call, &reply, sizeof(reply));
	return 0;
}

int control_pci_detach(struct control_call *call)
{
	const struct control_pci_name *in = call->in;
	struct pci_function *f = find(in->sbdf);

	return f == NULL ? -ENODEV : lend_detach(f);
}

int control_pci_eject(struct control_call *call)
{
	const struct control_pci_name *in = call->in;
	struct pci_function *f = find(in->sbdf);

	return f == NULL ? -ENODEV : lend_eject(f);
}

int control_pci_rom(struct control_call *call)
{
	const struct control_pci_rom *in = call->in;
	struct pci_function *f = find(in->sbdf);

	if (f == NULL) {
		return -ENODEV;
	}
	if (in->count > sizeof(in->data)) {
		return -EINVAL;
	}
	return lend_rom_load(f, in->size, in->offset, in->data, in->count);
}
