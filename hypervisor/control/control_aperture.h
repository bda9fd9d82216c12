/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The window through which the control domain fills a new domain's memory. A slot never outlives
 * the BUILDING state of the domain it shows: who ends that state holds c->aperture_lock, and closes
 * the domain's slots before.
 */
#ifndef CONTROL_CONTROL_APERTURE_H
#define CONTROL_CONTROL_APERTURE_H

#include "control/control_state.h"

void control_aperture_init(struct control *c);
/* Close every slot that shows the domain. The caller holds c->aperture_lock. */
void control_aperture_close(struct control *c, uint16_t domain);

#endif
