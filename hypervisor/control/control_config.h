/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Config space of the control function: a type 0 header (PCIe 6.0 7.5.1) without capabilities.
 * Pure; the caller serialises.
 */
#ifndef CONTROL_CONTROL_CONFIG_H
#define CONTROL_CONTROL_CONFIG_H

#include "lib/types.h"

#define CONTROL_CONFIG_WORDS 16 /* the header; everything above reads zero */

struct control_config {
	uint32_t words[CONTROL_CONFIG_WORDS];
};

/*
 * The state at reset, with the BARs where boot placed them: they read back what is written, as any
 * BAR does when it is sized, but what they decode stays where it is.
 */
void control_config_init(struct control_config *c, uint32_t pages, uint32_t registers,
			 uint64_t aperture);
/* offset < 4096, size 1, 2 or 4, naturally aligned. */
uint32_t control_config_read(const struct control_config *c, uint32_t offset, uint32_t size);
void control_config_write(struct control_config *c, uint32_t offset, uint32_t size,
			  uint32_t value);

#endif
