/* SPDX-License-Identifier: BSD-2-Clause */
/* Host bridge drivers, for bridge_table.c. */
#ifndef PCI_BRIDGES_BRIDGES_H
#define PCI_BRIDGES_BRIDGES_H

#include "pci/host_bridge.h"

extern const struct host_bridge_ops ecam_ops;
extern const struct host_bridge_ops rcar_gen3_ops;
extern const struct host_bridge_ops designware_ops;

#endif
