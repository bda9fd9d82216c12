/* SPDX-License-Identifier: BSD-2-Clause */
/* Host stand-in for the real header: register accesses go to a model. */
#ifndef FAKE_ARCH_ARM64_MMIO_H
#define FAKE_ARCH_ARM64_MMIO_H

#include "lib/types.h"

volatile void *mmio_map_device(uint64_t base, uint64_t size);
uint8_t mmio_read8(const volatile void *p);
uint16_t mmio_read16(const volatile void *p);
uint32_t mmio_read32(const volatile void *p);
uint64_t mmio_read64(const volatile void *p);
void mmio_write8(volatile void *p, uint8_t v);
void mmio_write16(volatile void *p, uint16_t v);
void mmio_write32(volatile void *p, uint32_t v);
void mmio_write64(volatile void *p, uint64_t v);

#endif
