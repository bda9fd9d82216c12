/* SPDX-License-Identifier: BSD-2-Clause */
/* lend_rig.h's machine with one card that has virtual functions, and another one. */
#ifndef FAKE_VFS_RIG_H
#define FAKE_VFS_RIG_H

#include "lend_rig.h"

#define VFS     4U
#define SIZE    0x4000U /* of a VF BAR */
#define ENABLE  1U
#define MSE     8U

extern struct model_function *card;
extern struct model_function *models[VFS];
extern struct pci_function *pf; /* 0000:01:00.0; VFs at 01:10.0, .2, .4, .6 */
extern uint32_t cap;            /* its SR-IOV capability */

/* cmocka's. */
int vfs_rig_setup(void **state);
int vfs_rig_teardown(void **state);

/* NULL: it is not there. */
struct pci_function *vf(uint8_t i);
/* The owner's config space of it, whether it is there or not. */
uint64_t vf_cfg(uint8_t i, uint32_t reg);
/* SR-IOV Control, as the owner writes and reads it. */
void control(uint32_t bits);
uint32_t control_now(void);
/* As a driver turns them on. */
void enable(uint16_t count);
/* No VF is there, and nothing of one. */
void nothing_is_left(void);

#endif
