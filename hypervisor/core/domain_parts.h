/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of a domain's life share among themselves. */
#ifndef CORE_DOMAIN_PARTS_H
#define CORE_DOMAIN_PARTS_H

#include "core/domain.h"

/*
 * Enter d, not visible yet, into the table under a fresh id; its slot gives the VMID. -EEXIST: the
 * name is in use. -ENOSPC: table full.
 */
int domain_table_add(struct domain *d, uint16_t *vmid);
void domain_table_remove(struct domain *d);

/*
 * All blocks are promised at once, so that a guest that does not fit is refused; those of one with
 * unprotected_dma are taken, at ram_base unless that is 0. -ENOMEM; -ERANGE: not in one piece.
 */
int domain_ram_promise(struct domain *d, uint64_t size, uint64_t flash_size);
/*
 * At most one block of them, and part of a dirty one, taken, cleaned and mapped. -EAGAIN: there is
 * more; -ENOMEM.
 */
int domain_ram_populate(struct domain *d);
/* Give back at most max blocks a call. True: all gone. */
bool domain_ram_free(struct domain *d, uint32_t max);

/* Start the job that makes all of a guest that is more than its place in the table. */
void domain_make(struct domain *d);
/* The next vCPU. -ENOMEM. */
int domain_add_vcpu(struct domain *d);

/* d is in no table, nobody looks at it, its devices are gone. */
void domain_free(struct domain *d);

#endif
