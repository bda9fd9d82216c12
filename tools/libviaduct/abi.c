/* SPDX-License-Identifier: BSD-2-Clause */
/* Do this library and the hypervisor that runs mean the same by what they say to each other? */
#include <errno.h>
#include <stdio.h>

#include <viaduct/control.h>

#include "transport.h"

int transport_check_abi(uint32_t hypervisor, char *why, size_t why_size)
{
	if (hypervisor == CONTROL_ABI_VERSION) {
		return 0;
	}
	snprintf(why, why_size,
		 "the hypervisor is %s than this program: it speaks version %u of the control "
		 "interface, this program version %u; use the tools built with the hypervisor that "
		 "runs",
		 hypervisor > CONTROL_ABI_VERSION ? "newer" : "older", hypervisor,
		 CONTROL_ABI_VERSION);
	return -EPROTO;
}
