/* SPDX-License-Identifier: BSD-2-Clause */
/* The control domain's own drivers: unbound before a function is taken away, bound afterwards. */
#ifndef VIA_PCI_SYSFS_H
#define VIA_PCI_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DRIVER_NAME_SIZE 64

/* Name of the driver bound to the function; false: none is. */
bool pci_sysfs_driver(uint32_t sbdf, char name[DRIVER_NAME_SIZE]);
/* 0 or a negative errno. */
int pci_sysfs_unbind(uint32_t sbdf, const char *driver);
/* Let the kernel look for a driver. 0 or a negative errno. */
int pci_sysfs_probe(uint32_t sbdf);
/* Is a disk of the function mounted? Says which, and where. */
bool pci_sysfs_mounted(uint32_t sbdf, char *what, size_t size);

#endif
