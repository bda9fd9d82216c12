/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of the control interface's numbers about domains, as JSON and metrics have them. */
#ifndef VIA_DOMAIN_NAMES_H
#define VIA_DOMAIN_NAMES_H

#include <stdint.h>

/*
 * Of enum control_domain_state, control_shutdown, control_exit, control_vcpu_state; of other
 * numbers "unknown".
 */
const char *domain_state_name(uint32_t state);
const char *domain_shutdown_name(uint32_t reason);
const char *domain_exit_name(uint32_t kind);
const char *vcpu_state_name(uint32_t state);

#endif
