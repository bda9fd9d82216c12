/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI addresses and xl's PCI_SPEC_STRING as people write them. Pure. */
#ifndef VIA_PCI_SPEC_H
#define VIA_PCI_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_SPEC_NAME_SIZE 64
#define PCI_SPEC_MAX       512 /* with the terminating 0 */

struct pci_spec {
	bool has_bdf;
	bool all_functions; /* BB:SS.*; sbdf has function 0 */
	uint32_t sbdf;
	char name[PCI_SPEC_NAME_SIZE]; /* or this, not empty */
	uint32_t vslot;                /* 0: none given, or given as 0 */
	bool seize;
	bool permissive;
	uint32_t quirks; /* CONTROL_QUIRK_* */
	char rom[PCI_SPEC_MAX]; /* file with an expansion ROM; empty: none */
	bool foreign; /* has options that mean nothing here: msitranslate, power_mgmt, rdm_policy */
};

/* [DDDD:]BB:SS.F, hexadecimal. Returns false when malformed. */
bool pci_bdf_parse(const char *text, uint32_t *sbdf);
/* The name of quirk number `bit`, counted from the lowest; NULL: there is none. */
const char *pci_quirk_name(unsigned int bit);
/* Printable, 1 to 63 characters. */
bool pci_name_ok(const char *name);
/*
 * BDF['@'VSLOT][','KEY=VALUE]* or KEY=VALUE[','KEY=VALUE]*; exactly one of an address and a name.
 * 0, or -EINVAL with a sentence in why.
 */
int pci_spec_parse(const char *text, struct pci_spec *out, char *why, size_t why_size);

#endif
