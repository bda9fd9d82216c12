/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual PL011 of a domain (Arm DDI0183): what QEMU's virt board has. Output of the control domain
 * goes to the physical console when it has the focus; a guest's goes to its ring, which `via
 * console` reads.
 */
#ifndef CORE_VUART_H
#define CORE_VUART_H

#include "core/domain.h"

int vuart_create(struct domain *d, ipaddr_t base, uint32_t intid);
void vuart_destroy(struct domain *d);

/* Console characters for the domain; what does not fit is dropped. Returns characters taken. */
uint32_t vuart_input(struct domain *d, const char *s, uint32_t size);
/*
 * What the domain printed, from byte position *pos (monotonic; lost text is skipped). Advances
 * *pos.
 */
uint32_t vuart_output(struct domain *d, uint64_t *pos, char *buf, uint32_t size);

#endif
