/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest memory by IPA, one window at a time. */
#include "core/guest_copy.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmu.h"
#include "core/domain.h"
#include "lib/errno.h"
#include "lib/string.h"

/* p2m lock held. Where the RAM at ipa is and how far it goes on; RAM is entered in 2 MiB blocks. */
static bool find_ram(const struct p2m *p, ipaddr_t ipa, size_t left, paddr_t *at, size_t *step)
{
	uint64_t run;

	if (p2m_lookup(p, ipa, at, &run) != P2M_RAM) {
		return false;
	}
	*step = MIN(left, run);
	return true;
}

/* p2m lock held. Is all of it RAM? The first piece, which mostly is all, is given back. */
static bool check(const struct p2m *p, ipaddr_t ipa, size_t size, paddr_t *at, size_t *step)
{
	paddr_t ignored;
	size_t run;

	if (!range_ok(ipa.v, size, P2M_IPA_SIZE) || !find_ram(p, ipa, size, at, step)) {
		return false;
	}
	for (size_t done = *step; done < size; done += run) {
		if (!find_ram(p, ipa_add(ipa, done), size - done, &ignored, &run)) {
			return false;
		}
	}
	return true;
}

/* One of from_guest and to_guest is NULL. */
static void copy_piece(paddr_t at, void *from_guest, const void *to_guest, size_t size, bool clean)
{
	void *window = mmu_map_window(at);

	if (from_guest != NULL) {
		memcpy(from_guest, window, size);
	} else {
		memcpy(window, to_guest, size);
		if (clean) {
			cache_clean_invalidate(window, size);
		}
	}
	mmu_unmap_window();
}

static int copy(struct domain *d, ipaddr_t ipa, void *from_guest, const void *to_guest, size_t size)
{
	bool clean = to_guest != NULL && d->state == DOMAIN_BUILDING;
	int ret = -EFAULT;
	size_t step;
	paddr_t at;

	if (size == 0) {
		return 0;
	}
	spin_lock(&d->p2m.lock);
	if (!check(&d->p2m, ipa, size, &at, &step)) {
		goto out;
	}
	for (size_t done = 0; done < size;) {
		copy_piece(at, from_guest != NULL ? (char *)from_guest + done : NULL,
			   to_guest != NULL ? (const char *)to_guest + done : NULL, step, clean);
		done += step;
		if (done < size &&
		    !find_ram(&d->p2m, ipa_add(ipa, done), size - done, &at, &step)) {
			goto out;
		}
	}
	ret = 0;
out:
	spin_unlock(&d->p2m.lock);
	return ret;
}

int guest_copy_from(struct domain *d, void *dst, ipaddr_t src, size_t size)
{
	return copy(d, src, dst, NULL, size);
}

int guest_copy_to(struct domain *d, ipaddr_t dst, const void *src, size_t size)
{
	return copy(d, dst, NULL, src, size);
}
