/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device registers at EL2: mapped once at boot, Device-nGnRE, reached by 1, 2, 4 or 8 byte accesses
 * that the compiler neither merges nor splits.
 */
#ifndef ARCH_ARM64_MMIO_H
#define ARCH_ARM64_MMIO_H

#include "lib/types.h"

/* Map [base, +size) for EL2; the pointer is to base. Panics when tables run out (boot only). */
volatile void *mmio_map_device(uint64_t base, uint64_t size);

static inline uint8_t mmio_read8(const volatile void *p)
{
	uint8_t v;

	__asm__ volatile("ldrb %w0, %1" : "=r"(v) : "Q"(*(const volatile uint8_t *)p) : "memory");
	return v;
}

static inline uint16_t mmio_read16(const volatile void *p)
{
	uint16_t v;

	__asm__ volatile("ldrh %w0, %1" : "=r"(v) : "Q"(*(const volatile uint16_t *)p) : "memory");
	return v;
}

static inline uint32_t mmio_read32(const volatile void *p)
{
	uint32_t v;

	__asm__ volatile("ldr %w0, %1" : "=r"(v) : "Q"(*(const volatile uint32_t *)p) : "memory");
	return v;
}

static inline uint64_t mmio_read64(const volatile void *p)
{
	uint64_t v;

	__asm__ volatile("ldr %0, %1" : "=r"(v) : "Q"(*(const volatile uint64_t *)p) : "memory");
	return v;
}

static inline void mmio_write8(volatile void *p, uint8_t v)
{
	__asm__ volatile("strb %w1, %0" : "=Q"(*(volatile uint8_t *)p) : "r"(v) : "memory");
}

static inline void mmio_write16(volatile void *p, uint16_t v)
{
	__asm__ volatile("strh %w1, %0" : "=Q"(*(volatile uint16_t *)p) : "r"(v) : "memory");
}

static inline void mmio_write32(volatile void *p, uint32_t v)
{
	__asm__ volatile("str %w1, %0" : "=Q"(*(volatile uint32_t *)p) : "r"(v) : "memory");
}

static inline void mmio_write64(volatile void *p, uint64_t v)
{
	__asm__ volatile("str %1, %0" : "=Q"(*(volatile uint64_t *)p) : "r"(v) : "memory");
}

#endif
