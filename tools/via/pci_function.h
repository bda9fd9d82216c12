/* SPDX-License-Identifier: BSD-2-Clause */
/* What several commands do with a PCI function. */
#ifndef VIA_PCI_FUNCTION_H
#define VIA_PCI_FUNCTION_H

#include "json.h"
#include "pci_spec.h"
#include "via.h"

const char *function_state_name(uint32_t state);
/* "quirk no-reset, ...": one or more. buf of at least 64 bytes. Returns buf. */
const char *function_quirks(uint32_t quirks, char *buf);
/* "quirks": an array of their names. */
void function_json_quirks(struct json *j, uint32_t quirks);
/* What ties virtual functions to their physical function. */
void function_json_virtual(struct json *j, const struct control_function *f);
/* The function a specification without '*' means. 0, or VIA_FAILED, reported. */
int function_find(const struct command *c, struct viaduct *v, const struct pci_spec *spec,
		  struct control_function *out);
/* " (not isolated)" where no IOMMU confines its DMA, else "". */
const char *function_isolation(const struct control_function *f);
/* By name; -ENODEV: none has it. */
int function_by_name(struct viaduct *v, const char *name, struct control_function *out);
/*
 * Take it away from its driver here and into quarantine, under a name if it is not empty. Done, or
 * as before: 0, or VIA_FAILED, reported.
 */
int function_make_assignable(const struct command *c, struct viaduct *v,
			     const struct control_function *f, const char *name);

/*
 * End a domain and wait until it is gone and its functions have been reset. 0, or VIA_FAILED,
 * reported.
 */
int function_end_domain(const struct command *c, struct viaduct *v,
			const struct control_domain *d);

#endif
