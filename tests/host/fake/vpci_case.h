/* SPDX-License-Identifier: BSD-2-Clause */
/* cmocka's setup and teardown for tests of one config space: each begins with a new rig. */
#ifndef FAKE_VPCI_CASE_H
#define FAKE_VPCI_CASE_H

#include "vpci_rig.h"

extern struct vpci_rig rig;

int vpci_case_setup(void **state);
/* And nothing of it is left. */
int vpci_case_teardown(void **state);

#endif
