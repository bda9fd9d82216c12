/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of control_world.h are to each other. */
#ifndef FAKE_CONTROL_WORLD_PARTS_H
#define FAKE_CONTROL_WORLD_PARTS_H

#include "core/domain.h"

/* control_world_guests.c: the control domain alone. */
struct domain *control_world_domains_init(void);
void control_world_domains_end(void);
/* Domains whose memory is being cleaned have one block more. */
void control_world_clean(void);

/* control_world_pci.c. */
void control_world_pci_init(void);
/* d goes: its functions are in quarantine. */
void control_world_reclaim(const struct domain *d);

/* control_world_aperture.c. */
void control_world_aperture_init(void);
void control_world_aperture_end(void);
uint8_t *control_world_slot(uint32_t index);
/* The aperture has a slot open on this block of memory. */
bool control_world_shows(paddr_t block);

/* What of a text is read from *pos on, at most size bytes of it. Returns how many. */
uint32_t control_world_text(const char *text, uint64_t *pos, char *buf, size_t size);

#endif
