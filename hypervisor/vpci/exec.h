/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses of a domain, carried out. Private to vpci/. */
#ifndef VPCI_EXEC_H
#define VPCI_EXEC_H

#include "vpci/bus.h"

/* function->lock held, vf neither gone nor busy. size 1, 2, 4, aligned. */
uint32_t vpci_exec_read(struct vpci_function *vf, uint32_t offset, uint32_t size);
void vpci_exec_write(struct vpci_function *vf, uint32_t offset, uint32_t size, uint32_t value);

/*
 * An access to a port in the domain's I/O space: true when an I/O BAR of vf decodes all of it.
 * function->lock held.
 */
bool vpci_exec_port(struct vpci_function *vf, uint64_t port, uint32_t size, bool write,
		    uint32_t *value);

#endif
