/* SPDX-License-Identifier: BSD-2-Clause */
/* A function's decoders. Private to vpci/. */
#ifndef VPCI_DECODE_H
#define VPCI_DECODE_H

#include "vpci/bus.h"

/*
 * VPCI_COMMAND_MEM or _IO in the hardware's COMMAND, once stage 2 is as it shall be: last on the
 * way in and on the way out. f->lock held.
 */
void vpci_decode_set(struct pci_function *f, uint32_t bit, bool on);
/*
 * A driver that made the function reset itself restores its COMMAND, for it all there is to it.
 * BARs, decode and INTx are put back. function->lock held.
 */
void vpci_decode_set_up_again(struct vpci_function *vf);

#endif
