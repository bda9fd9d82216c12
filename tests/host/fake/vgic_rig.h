/* SPDX-License-Identifier: BSD-2-Clause */
/* The domain most tests of the virtual GIC start with, and words to use it. */
#ifndef FAKE_VGIC_RIG_H
#define FAKE_VGIC_RIG_H

#include "vgic_world.h"

#define UART  33u /* its SPI that is enabled */
#define TIMER 27u

/* GICv3: each vCPU loaded, groups and UART enabled. */
void up(uint32_t vcpus);
/* cmocka's: nothing of it is left. */
int vgic_rig_teardown(void **state);

struct vcpu *vcpu(uint32_t n);
/* An edge on an SPI, which is one from now on. */
void pulse_spi(uint32_t intid);

#endif
