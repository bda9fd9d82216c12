/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of controllers this build shows to owners. A new one is one file and one line here. */
#include "vpci/front_dw.h"

const struct vpci_front_ops *const vpci_front_table[] = {
	&front_dw_ops,
	NULL,
};
