/* SPDX-License-Identifier: BSD-2-Clause */
/* Which front end's node a host bridge gets. */
#include "boot/dom0_fdt_front.h"

#include "vpci/front.h"

const struct dom0_fdt_front *dom0_fdt_front_of(const struct host_bridge *b)
{
	const struct vpci_front_ops *ops = vpci_front_of(b);
	const struct dom0_fdt_front *front = dom0_fdt_fronts;

	while (front->ops != NULL && front->ops != ops) {
		front++;
	}
	return front->ops != NULL ? front : NULL;
}
