/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vgic_world.h's domain with a virtual ITS, its queue, and what is behind its devices on the host's
 * ITS (fake_its.h).
 */
#ifndef FAKE_VITS_RIG_H
#define FAKE_VITS_RIG_H

#include "fake_its.h"
#include "vgic_world.h"

#define LPI      8192u
#define QUEUE    0x10000u /* 64 KiB: 2048 commands */
#define LENT_DEV 0x8u

extern struct its_device lent;  /* behind virtual DeviceID 8 */
extern struct its_device other; /* somebody else's */
extern struct its_device *behind;
extern uint32_t behind_number;
extern uint64_t write_at;

void start(uint32_t vcpus);
int vits_rig_teardown(void **state); /* cmocka's */

/* The function of a virtual device has changed: as its users do, at most 16 host events a call. */
void update(uint32_t vdevice);

/* Put a command into the queue. */
void queue(uint64_t a, uint64_t b, uint64_t c, uint64_t d);
void mapd(uint32_t device, uint32_t bits, bool valid);
void mapc(uint32_t collection, uint32_t target, bool valid);
void mapti(uint32_t device, uint32_t event, uint32_t lpi, uint32_t collection);
void event_cmd(uint8_t opcode, uint32_t device, uint32_t event, uint32_t collection);
/* All that is in it is carried out. */
void run(void);

/* Commands that were skipped. */
uint64_t bad(void);
/* In the guest's table; an INV makes it known. */
void set_config(uint32_t lpi, uint8_t config);

#endif
