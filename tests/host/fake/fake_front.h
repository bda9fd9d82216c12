/* SPDX-License-Identifier: BSD-2-Clause */
/* A front end for tests: config space behind an address register and a data register. */
#ifndef FAKE_FRONT_H
#define FAKE_FRONT_H

#include <stdbool.h>

#define FAKE_FRONT_BASE    0x4010000000ULL
#define FAKE_FRONT_SIZE    0x1000
#define FAKE_FRONT_ADDRESS 0x0 /* bus 31:24, device and function 23:16, register 11:0 */
#define FAKE_FRONT_DATA    0x8 /* reading or writing it is the access */
#define FAKE_FRONT_STATUS  0xc /* 1: nobody answered since it was last read */
#define FAKE_FRONT_DEVICE  0x10 /* a register of the controller itself */

extern bool fake_front_on;           /* bridges given to owners from now on have it */
extern bool fake_front_late;         /* with it, functions are found when the owner looks */
extern unsigned fake_front_aer;      /* bridges whose error messages are looked at since then */
extern unsigned fake_front_register; /* FAKE_FRONT_DEVICE */

#endif
