/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types that carry meaning. An address or identifier of one kind cannot be passed where another is
 * wanted: each is a one-field struct, made and opened only by the functions below.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SZ_4K  0x1000ULL
#define SZ_64K 0x10000ULL
#define SZ_1M  0x100000ULL
#define SZ_2M  0x200000ULL
#define SZ_1G  0x40000000ULL

#define BIT(n)          (1ULL << (n))
#define GENMASK(hi, lo) (((~0ULL) >> (63 - (hi))) & ((~0ULL) << (lo)))
/* Extract bits hi..lo of v. */
#define BITS(v, hi, lo) (((uint64_t)(v) & GENMASK(hi, lo)) >> (lo))

#define ARRAY_SIZE(a)       (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(v, a)      (((uint64_t)(v) + ((uint64_t)(a)-1)) & ~((uint64_t)(a)-1))
#define ALIGN_DOWN(v, a)    ((uint64_t)(v) & ~((uint64_t)(a)-1))
#define IS_ALIGNED(v, a)    (((uint64_t)(v) & ((uint64_t)(a)-1)) == 0)
#define MIN(a, b)           ((a) < (b) ? (a) : (b))
#define MAX(a, b)           ((a) > (b) ? (a) : (b))
#define container_of(p, t, m) ((t *)(void *)((char *)(p)-offsetof(t, m)))

/* Host physical address. */
typedef struct {
	uint64_t v;
} paddr_t;

/* Intermediate physical address: what a domain believes is physical. */
typedef struct {
	uint64_t v;
} ipaddr_t;

static inline paddr_t pa(uint64_t v)
{
	return (paddr_t){ v };
}

static inline paddr_t pa_add(paddr_t a, uint64_t n)
{
	return (paddr_t){ a.v + n };
}

static inline ipaddr_t ipa(uint64_t v)
{
	return (ipaddr_t){ v };
}

static inline ipaddr_t ipa_add(ipaddr_t a, uint64_t n)
{
	return (ipaddr_t){ a.v + n };
}

/* Does [a, a+size) wrap or reach past limit? Every guest-supplied range goes through this once. */
static inline bool range_ok(uint64_t base, uint64_t size, uint64_t limit)
{
	return size != 0 && base < limit && size <= limit - base;
}

/* Host segment:bus:device.function, packed seg<<16 | bus<<8 | dev<<3 | fn. */
struct sbdf {
	uint32_t v;
};

/* The same, as one domain sees it. */
struct vsbdf {
	uint32_t v;
};

static inline struct sbdf sbdf_make(uint32_t seg, uint32_t bus, uint32_t dev, uint32_t fn)
{
	return (struct sbdf){ seg << 16 | bus << 8 | dev << 3 | fn };
}

static inline struct vsbdf vsbdf_make(uint32_t seg, uint32_t bus, uint32_t dev, uint32_t fn)
{
	return (struct vsbdf){ seg << 16 | bus << 8 | dev << 3 | fn };
}

#define SBDF_SEG(s)   ((uint16_t)((s).v >> 16))
#define SBDF_BUS(s)   ((uint8_t)((s).v >> 8))
#define SBDF_DEV(s)   ((uint8_t)(((s).v >> 3) & 31))
#define SBDF_FN(s)    ((uint8_t)((s).v & 7))
#define SBDF_DEVFN(s) ((uint8_t)((s).v))
#define SBDF_RID(s)   ((uint16_t)((s).v))
/* printf-style: log_info("pci", SBDF_FMT ": ...", SBDF_ARG(f->sbdf)) */
#define SBDF_FMT    "%04x:%02x:%02x.%x"
#define SBDF_ARG(s) SBDF_SEG(s), SBDF_BUS(s), SBDF_DEV(s), SBDF_FN(s)

/* SMMU stream identifier of a requester. */
typedef struct {
	uint32_t v;
} stream_id_t;

/* ITS device identifier of a requester (host side unless a name says otherwise). */
typedef struct {
	uint32_t v;
} device_id_t;

#endif
