/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One function's virtual config space over a byte array that stands for its hardware. The hardware
 * is as permissive as can be: every byte it is asked to write is written, except that STATUS-like
 * bits clear by writing one. What must not be written is therefore seen to be written.
 */
#ifndef FAKE_VPCI_RIG_H
#define FAKE_VPCI_RIG_H

#include "vpci/build.h"

struct vpci_rig {
	uint8_t hw[4096];
	uint8_t hw_w1c[4096];
	uint8_t hw_changed[4096]; /* bits that ever changed by a write */
	uint32_t hw_writes;
	uint32_t maps;   /* MAP and UNMAP effects seen */
	uint32_t unmaps;
	uint32_t io_changes;
	uint32_t intx_changes;
	uint32_t resets;
	uint32_t wakes;
	uint32_t vfs;
	uint32_t laters;
	const char *refused; /* of the last write */
	struct pci_function f;
	struct vpci_image image;
	struct vpci_build build;
	struct vpci_shadow s;
	uint8_t last_cap; /* of rig_cap() */
	uint16_t last_ext;
};

/* An endpoint with IDs 8086:10d3 class 020000, nothing else. */
void rig_init(struct vpci_rig *r);
void rig_free(struct vpci_rig *r);
void rig_set(struct vpci_rig *r, uint32_t offset, uint32_t size, uint32_t value);
uint32_t rig_hw(const struct vpci_rig *r, uint32_t offset, uint32_t size);
/* Append a capability at a place. Its body is what rig_set() put there. */
void rig_cap(struct vpci_rig *r, uint8_t at, uint8_t id);
void rig_ext_cap(struct vpci_rig *r, uint16_t at, uint16_t id);
void rig_bar(struct vpci_rig *r, uint32_t i, enum bar_kind kind, bool prefetchable, uint64_t size,
	     uint64_t host, uint64_t initial);
/* PM 0x40, MSI-X (entries, BAR 0) 0x50, MSI 64-bit maskable 0x60, Express v2 endpoint 0x80. */
void rig_typical(struct vpci_rig *r);
/* Take the image of the hardware as it is now and build the view. */
int rig_build(struct vpci_rig *r, enum vpci_view view, bool msi);

/* As the executor does it. */
uint32_t rig_read(struct vpci_rig *r, uint32_t offset, uint32_t size);
void rig_write(struct vpci_rig *r, uint32_t offset, uint32_t size, uint32_t value);

/* Offset of a capability in the list the domain sees, 0: not in it. Fails when the list loops. */
uint32_t rig_seen_cap(struct vpci_rig *r, uint8_t id);
/* The same of the extended list. */
uint32_t rig_seen_ext_cap(struct vpci_rig *r, uint16_t id);

/* Repeatable noise. */
uint32_t rig_random(uint32_t *state);

#endif
