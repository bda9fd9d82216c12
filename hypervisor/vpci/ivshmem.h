/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A function that shows memory guests share, as data: config space, registers and MSI-X table of
 * QEMU's ivshmem-plain and ivshmem-doorbell, revision 1. No hardware is behind it. Pure.
 */
#ifndef VPCI_IVSHMEM_H
#define VPCI_IVSHMEM_H

#include "vpci/shadow.h"

enum ivshmem_bar { IVSHMEM_REGISTERS, IVSHMEM_MSIX, IVSHMEM_MEMORY, IVSHMEM_BARS };

/* BARs 0 and 1 are trapped; no other function's BAR shares their page. */
#define IVSHMEM_PAGE        SZ_4K
#define IVSHMEM_VECTORS_MAX 32U
/* Of the memory; a power of two. The largest is mapped within one trap, in blocks of 2 MiB. */
#define IVSHMEM_SIZE_MIN SZ_4K
#define IVSHMEM_SIZE_MAX SZ_1G

/* Words of an entry of the table (PCIe 6.0 7.7.2.4). */
#define IVSHMEM_ENTRY_WORDS 4U

struct ivshmem {
	struct vpci_shadow shadow;
	uint64_t size;     /* of the memory, in bytes */
	uint32_t vectors;  /* 0: plain, nobody interrupts anybody */
	uint32_t position; /* IVPosition, if it has vectors */
	uint32_t table[IVSHMEM_VECTORS_MAX][IVSHMEM_ENTRY_WORDS];
	uint32_t pending; /* vectors whose message waits for its mask, by bit */
};

/* What follows from an access. */
struct ivshmem_plan {
	/* VPCI_MAP, VPCI_UNMAP: what memory decode is now; or VPCI_NOTHING */
	enum vpci_effect effect;
	uint32_t messages;       /* of these vectors go out now, by bit */
	bool rings;              /* the doorbell was written: */
	uint16_t peer, vector;
};

/* *s is zero. size and vectors are within the bounds above. -ENOMEM: nothing is kept. */
int ivshmem_build(struct ivshmem *s, uint64_t size, uint32_t vectors, uint32_t position);
void ivshmem_free(struct ivshmem *s);

/* size 1, 2 or 4, offset naturally aligned and < 4096; for config space and trapped BARs alike. */
uint32_t ivshmem_config_read(const struct ivshmem *s, uint32_t offset, uint32_t size);
struct ivshmem_plan ivshmem_config_write(struct ivshmem *s, uint32_t offset, uint32_t size,
					 uint32_t value);
uint32_t ivshmem_bar_read(const struct ivshmem *s, enum ivshmem_bar bar, uint32_t offset,
			  uint32_t size);
struct ivshmem_plan ivshmem_bar_write(struct ivshmem *s, enum ivshmem_bar bar, uint32_t offset,
				      uint32_t size, uint32_t value);

/* A peer rings. A vector that is not there is ignored, as one whose messages are off. */
struct ivshmem_plan ivshmem_ring(struct ivshmem *s, uint32_t vector);
void ivshmem_message(const struct ivshmem *s, uint32_t vector, uint64_t *address, uint32_t *data);

/* PCI bus address and size of a BAR. False: it is not there, or not decoded. */
bool ivshmem_decodes(const struct ivshmem *s, enum ivshmem_bar bar, uint64_t *address,
		     uint64_t *size);

#endif
