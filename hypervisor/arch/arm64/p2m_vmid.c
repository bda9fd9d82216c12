/* SPDX-License-Identifier: BSD-2-Clause */
/* VMIDs. Eight bits are common to every CPU and SMMU; 0 is for a CPU that runs no domain. */
#include "arch/arm64/p2m.h"
#include "core/panic.h"
#include "lib/bitmap.h"
#include "lib/errno.h"

#define VMID_COUNT 256

static struct spinlock lock;
static uint64_t used[BITMAP_WORDS(VMID_COUNT)];

int p2m_vmid_alloc(uint16_t *vmid)
{
	uint32_t found;

	spin_lock(&lock);
	found = bitmap_find_clear(used, VMID_COUNT, 1);
	if (found != BITMAP_NONE) {
		bitmap_set(used, found);
	}
	spin_unlock(&lock);
	if (found == BITMAP_NONE) {
		return -ENOSPC;
	}
	*vmid = (uint16_t)found;
	return 0;
}

void p2m_vmid_free(uint16_t vmid)
{
	ASSERT(vmid != 0 && vmid < VMID_COUNT);
	spin_lock(&lock);
	ASSERT(bitmap_test(used, vmid));
	bitmap_clear(used, vmid);
	spin_unlock(&lock);
}
