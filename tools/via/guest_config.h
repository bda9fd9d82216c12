/* SPDX-License-Identifier: BSD-2-Clause */
/* What a configuration file, and perhaps a command line, say of a domain (via.cfg(5)). Pure. */
#ifndef VIA_GUEST_CONFIG_H
#define VIA_GUEST_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <viaduct/control.h>

#include "config_parse.h"
#include "guest_policy.h"
#include "pci_spec.h"
#include "shared_spec.h"

#define GUEST_CONFIG_PCI_MAX 31 /* device numbers of a bus, without 0 */
#define GUEST_CONFIG_SHARED_MAX 27 /* of them, those no root port has */

struct guest_pci {
	struct pci_spec spec;
	const char *text; /* as written */
};

struct guest_config {
	struct config parsed; /* strings below point into it */
	const char *name;
	const char *firmware; /* this or kernel */
	const char *kernel;
	const char *ramdisk; /* NULL: none */
	const char *extra;   /* NULL: none */
	const char *device_tree; /* overlay; NULL: none */
	long long memory;    /* MiB */
	long long shadow_memory; /* MiB, 0: default */
	long long vcpus;
	long long unprotected_dma; /* 1: functions that no IOMMU confines may be lent to it */
	long long unsafe_interrupts; /* 0 or 1 */
	long long watchdog;          /* 0 or 1 */
	long long cpu_weight; /* 0: as usual */
	long long cap;        /* percent of a CPU; 0: none */
	uint32_t cpus[CONTROL_VCPUS_MAX]; /* of each vCPU, by bit; 0: any */
	enum guest_policy policies[GUEST_ENDS]; /* by enum control_shutdown */
	bool watched; /* it has one of the keys that set them */
	struct guest_pci pci[GUEST_CONFIG_PCI_MAX];
	size_t pci_count;
	struct shared_memory shared[GUEST_CONFIG_SHARED_MAX];
	size_t shared_count;
};

/* The file's text, and settings of the command line, which override the file's and earlier ones. */
struct guest_config_text {
	const char *file;
	size_t size;
	char *const *arguments; /* stay where they are as long as what is read from them */
	size_t argument_count;
};

/* 0, or a negative errno with *error filled and *g empty. */
int guest_config_read(struct guest_config *g, const struct guest_config_text *text,
		      struct config_error *error);
void guest_config_free(struct guest_config *g);

#endif
