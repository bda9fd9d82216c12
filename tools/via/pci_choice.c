/* SPDX-License-Identifier: BSD-2-Clause */
#include "pci_choice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "in_the_way.h"
#include "pci_rom.h"

#define RESET_TIMEOUT_MS 70000U

static int add(const struct command *c, const struct pci_spec *spec,
	       const struct control_function *f, struct pci_choices *list)
{
	char bdf[16];

	for (size_t i = 0; i < list->count; i++) {
		if (list->at[i].f.sbdf == f->sbdf) {
			return via_fail(c, "%s: listed twice", via_bdf_text(f->sbdf, bdf));
		}
	}
	if (list->count == PCI_CHOICES_MAX) {
		return via_fail(c, "more than %d functions", PCI_CHOICES_MAX);
	}
	list->at[list->count++] = (struct pci_choice){ spec, *f };
	return VIA_OK;
}

static int add_device(const struct command *c, struct viaduct *v, const struct pci_spec *spec,
		      struct pci_choices *list)
{
	struct control_function *all;
	size_t count, before = list->count;
	int status = VIA_OK;
	char bdf[16];

	if (viaduct_pci_list(v, &all, &count) != 0) {
		return via_fail(c, "%s", viaduct_error(v));
	}
	for (size_t i = 0; i < count && status == VIA_OK; i++) {
		if (all[i].sbdf >> 3 == spec->sbdf >> 3) {
			status = add(c, spec, &all[i], list);
		}
	}
	free(all);
	if (status == VIA_OK && list->count == before) {
		return via_fail(c, "%.10s.*: no such PCI device", via_bdf_text(spec->sbdf, bdf));
	}
	return status;
}

int choices_add(const struct command *c, struct viaduct *v, const struct pci_spec *spec,
		struct pci_choices *list)
{
	struct control_function f;

	if (spec->all_functions) {
		return add_device(c, v, spec, list);
	}
	return function_find(c, v, spec, &f) == VIA_OK ? add(c, spec, &f, list) : VIA_FAILED;
}

/* v NULL: only see that its ROM file is one. */
static int on_rom(const struct command *c, struct viaduct *v, const struct pci_choice *choice)
{
	const char *path = choice->spec->rom;
	int status = VIA_OK;
	char why[64], bdf[16];
	uint8_t *data;
	size_t size;

	if (*path == '\0') {
		return VIA_OK;
	}
	if (pci_rom_read(path, &data, &size, why, sizeof(why)) != 0) {
		return via_fail(c, "%s: %s", path, why);
	}
	if (v != NULL && viaduct_pci_rom(v, choice->f.sbdf, data, size) != 0) {
		status = via_fail(c, "%s: %s: %s", via_bdf_text(choice->f.sbdf, bdf), path,
				  viaduct_error(v));
	}
	free(data);
	return status;
}

static int check(const struct command *c, const struct pci_choice *choice)
{
	const struct control_function *f = &choice->f;
	char bdf[16];

	via_bdf_text(f->sbdf, bdf);
	if (choice->spec->foreign) {
		fprintf(stderr, "%s: msitranslate, power_mgmt and rdm_policy mean nothing here\n",
			bdf);
	}
	if (choice->spec->permissive) {
		return via_fail(c, "%s: permissive is not served; quirk=allow-gap comes near it",
				bdf);
	}
	if (f->state == CONTROL_FUNCTION_LENT) {
		return via_fail(c, "%s: lent to domain %u", bdf, f->user);
	}
	if (f->state == CONTROL_FUNCTION_BROKEN) {
		return via_fail(c, "%s: broken: %s", bdf, f->broken_why);
	}
	if (f->state != CONTROL_FUNCTION_QUARANTINED && !choice->spec->seize) {
		return via_fail(c, "%s: not assignable (see via pci-assignable-add)", bdf);
	}
	return on_rom(c, NULL, choice);
}

int choices_check(const struct command *c, const struct pci_choices *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (check(c, &list->at[i]) != VIA_OK) {
			return VIA_FAILED;
		}
	}
	return VIA_OK;
}

int choices_isolated(const struct command *c, const struct pci_choices *list)
{
	char bdf[16];

	for (size_t i = 0; i < list->count; i++) {
		if (list->at[i].f.flags & CONTROL_FUNCTION_NOT_ISOLATED) {
			return via_fail(c, "%s: no usable IOMMU stands between it and memory, and "
					   "the domain has no unprotected_dma",
					via_bdf_text(list->at[i].f.sbdf, bdf));
		}
	}
	return VIA_OK;
}

/*
 * Who asks for a device number gets it before anyone is given what is free, and function 0 of a
 * device is there before those that join it.
 */
static uint32_t rank(const struct pci_choice *choice)
{
	return (choice->spec->vslot == 0 ? 2U : 0U) | ((choice->f.sbdf & 7) != 0 ? 1U : 0U);
}

/* By rank; those of one rank in the order they were written in. */
static void sort(struct pci_choices *list)
{
	for (size_t i = 1; i < list->count; i++) {
		struct pci_choice moving = list->at[i];
		size_t k = i;

		for (; k > 0 && rank(&list->at[k - 1]) > rank(&moving); k--) {
			list->at[k] = list->at[k - 1];
		}
		list->at[k] = moving;
	}
}

void choices_ask_back(struct viaduct *v, struct pci_choices *list, const char *domain,
		      unsigned int seconds)
{
	char bdf[16];

	for (size_t i = 0; i < list->count; i++) {
		/* What has left meanwhile needs no asking. */
		(void)viaduct_pci_eject(v, list->at[i].f.sbdf);
	}
	for (size_t i = 0; i < list->count; i++) {
		struct control_function *f = &list->at[i].f;

		/* One time for all: for the second nobody waits once the first had its time. */
		if (viaduct_pci_wait_let_go(v, f->sbdf, i == 0 ? 1000 * seconds : 0, f) ==
		    -ETIMEDOUT) {
			fprintf(stderr, "%s: %s has not let go of it in %u s, so it is taken\n",
				via_bdf_text(f->sbdf, bdf), domain, seconds);
		}
	}
}

/* Whoever else takes it away meanwhile does the same. */
static int take_back(const struct command *c, struct viaduct *v, struct control_function *f)
{
	char bdf[16];

	via_bdf_text(f->sbdf, bdf);
	if (viaduct_pci_get(v, f->sbdf, f) != 0 ||
	    (f->state == CONTROL_FUNCTION_LENT && viaduct_pci_detach(v, f->sbdf) != 0 &&
	     (viaduct_pci_get(v, f->sbdf, f) != 0 || f->state == CONTROL_FUNCTION_LENT)) ||
	    viaduct_pci_wait(v, f->sbdf, RESET_TIMEOUT_MS, f) != 0) {
		return via_fail(c, "%s: %s", bdf, viaduct_error(v));
	}
	if (f->state == CONTROL_FUNCTION_BROKEN) {
		return via_fail(c, "%s: broken: %s", bdf, f->broken_why);
	}
	return VIA_OK;
}

int choices_take_back(const struct command *c, struct viaduct *v, struct pci_choices *list)
{
	int status = VIA_OK;

	while (list->count > 0) {
		if (take_back(c, v, &list->at[--list->count].f) != VIA_OK) {
			status = VIA_FAILED;
		}
	}
	return status;
}

static int lend(const struct command *c, struct viaduct *v, const struct pci_choice *choice,
		uint32_t domain)
{
	const struct control_pci_attach options = {
		.domain = domain,
		.sbdf = choice->f.sbdf,
		.vslot = choice->spec->vslot,
		.quirks = choice->spec->quirks,
		.flags = choice->spec->rom[0] != '\0' ? CONTROL_ATTACH_ROM : 0,
	};
	uint32_t vsbdf;
	int err;

	if (on_rom(c, v, choice) != VIA_OK) {
		return VIA_FAILED;
	}
	err = viaduct_pci_attach(v, &options, &vsbdf);
	return err == 0 ? VIA_OK : fail_to_give(c, v, options.sbdf, domain, err);
}

int choices_lend(const struct command *c, struct viaduct *v, struct pci_choices *list,
		 uint32_t domain)
{
	/* All of an isolation group are out of the control domain's hands before any is lent. */
	for (size_t i = 0; i < list->count; i++) {
		if (list->at[i].f.state != CONTROL_FUNCTION_QUARANTINED &&
		    function_make_assignable(c, v, &list->at[i].f, "") != VIA_OK) {
			return VIA_FAILED;
		}
	}
	sort(list);
	for (size_t i = 0; i < list->count; i++) {
		if (lend(c, v, &list->at[i], domain) != VIA_OK) {
			list->count = i;
			choices_take_back(c, v, list);
			return VIA_FAILED;
		}
	}
	return VIA_OK;
}
