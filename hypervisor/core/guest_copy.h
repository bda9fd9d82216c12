/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copy between EL2 and a domain's RAM by IPA. The range must be RAM of that domain for its whole
 * length, else -EFAULT and nothing is copied. Takes the p2m lock; maps pages one at a time, through
 * this pCPU's window (arch/arm64/mmu.h).
 *
 * EL2's alias is Normal write-back, inner shareable, as Linux maps its RAM: no cache maintenance is
 * needed against a running guest. What is written to a domain that never ran is cleaned to DRAM,
 * because its first accesses are made with the MMU off.
 */
#ifndef CORE_GUEST_COPY_H
#define CORE_GUEST_COPY_H

#include "lib/types.h"

struct domain;

int guest_copy_from(struct domain *d, void *dst, ipaddr_t src, size_t size);
int guest_copy_to(struct domain *d, ipaddr_t dst, const void *src, size_t size);

#endif
