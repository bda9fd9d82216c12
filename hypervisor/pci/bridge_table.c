/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kinds of host bridge this build drives. A new one is one file in bridges/ and one line here.
 */
#include "pci/bridges/bridges.h"

const struct host_bridge_ops *const host_bridge_table[] = {
	&ecam_ops,
	&rcar_gen3_ops,
	&designware_ops,
	NULL,
};
