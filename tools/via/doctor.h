/* SPDX-License-Identifier: BSD-2-Clause */
/* Can a PCI function be lent? All functions examined together, because groups join them. */
#ifndef VIA_DOCTOR_H
#define VIA_DOCTOR_H

#include "pci_sysfs.h"
#include "via.h"

struct patient {
	struct control_function f;
	struct control_pci_report report;
	bool bound; /* to driver, in this domain */
	char driver[DRIVER_NAME_SIZE];
	bool mounted; /* a disk of it is; what says which, and where */
	char what[256];
};

struct doctor {
	struct patient *patients; /* SBDF order */
	size_t count;
	struct control_domain *domains;
	size_t domain_count;
};

/* One thing that is in a function's way. */
struct reason {
	const char *code; /* for programs */
	char text[320];   /* a clause */
};

#define REASONS_MAX 16

/* 0, or a negative errno that viaduct_error() explains. End it with doctor_free() either way. */
int doctor_examine(struct viaduct *v, struct doctor *out);
void doctor_free(struct doctor *d);

const struct patient *doctor_find(const struct doctor *d, uint32_t sbdf);
/* Everything that keeps p from being lent; how many there are. 0: it can be lent. */
size_t doctor_reasons(const struct doctor *d, const struct patient *p, struct reason *out,
		      size_t max);
/* "used by disk", "assignable", ...: a clause. buf of at least 160 bytes. Returns buf. */
const char *doctor_state(const struct doctor *d, const struct patient *p, char *buf, size_t size);
/* Name of a domain, or its number. buf as above. */
const char *doctor_domain(const struct doctor *d, uint32_t id, char *buf, size_t size);
/* Do the DMA of a and b carry one StreamID? Never true of a function and itself. */
bool doctor_same_stream(const struct patient *a, const struct patient *b);

#endif
