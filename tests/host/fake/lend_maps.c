/* SPDX-License-Identifier: BSD-2-Clause */
/* Who reaches whose memory: domains' stage 2 and the streams of the IOMMU. */
#include "lend_books.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <viaduct/guest_map.h>

#include "fake_ram.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

#define PAGES_MAX   16384
#define STREAMS_MAX 0x40000

struct page {
	uint64_t ipa;
	uint64_t pa;
	enum p2m_type type;
};

static struct {
	struct page pages[PAGES_MAX];
	uint32_t count;
} stage2[WORLD_DOMAINS];

static uint8_t streams[STREAMS_MAX]; /* domain + 1; 0: aborts */
static bool silent[STREAMS_MAX]; /* blocked accesses are not recorded */
/* Nobody confirmed that it aborts: the end of its domain hears that again, and keeps the memory. */
static bool stuck[STREAMS_MAX];

static uint32_t domain_of(const struct p2m *p)
{
	for (uint32_t i = 0; i < WORLD_DOMAINS; i++) {
		if (p == &lend_world.domains[i].p2m) {
			return i;
		}
	}
	fail_msg("stage 2 of no domain");
	return 0;
}

/* Stage 2. */

static struct page *find_page(uint32_t domain, uint64_t ipa)
{
	for (uint32_t i = 0; i < stage2[domain].count; i++) {
		if (stage2[domain].pages[i].ipa == ipa) {
			return &stage2[domain].pages[i];
		}
	}
	return NULL;
}

/* What a domain may have mapped by its BARs, and nothing else. */
static void check_place(uint32_t domain, uint64_t ipa)
{
	if (domain != WORLD_CONTROL && !lend_world.domains[domain].drives) {
		assert_true((ipa >= GUEST_PCI_MEM32_BASE &&
			     ipa < GUEST_PCI_MEM32_BASE + GUEST_PCI_MEM32_SIZE) ||
			    (ipa >= GUEST_PCI_MEM64_BASE &&
			     ipa < GUEST_PCI_MEM64_BASE + GUEST_PCI_MEM64_SIZE));
	}
}

int p2m_map_slice(struct p2m *p, ipaddr_t ipa, paddr_t to, uint64_t size, enum p2m_type type,
		  uint32_t max_entries, uint64_t *done)
{
	uint32_t d = domain_of(p);

	assert_true(type == P2M_MMIO || type == P2M_MMIO_NC || type == P2M_ROM ||
		    type == P2M_RAM_SHARED);
	assert_true(IS_ALIGNED(ipa.v | to.v | size, SZ_4K));
	for (; *done < size && max_entries > 0; *done += SZ_4K, max_entries--) {
		if (find_page(d, ipa.v + *done)) {
			return -EEXIST;
		}
		if (lend_world.page_limit && stage2[d].count >= lend_world.page_limit) {
			return -ENOMEM;
		}
		check_place(d, ipa.v + *done);
		assert_true(stage2[d].count < PAGES_MAX);
		stage2[d].pages[stage2[d].count++] = (struct page){ ipa.v + *done, to.v + *done,
								   type };
	}
	return *done < size ? -EAGAIN : 0;
}

int p2m_map(struct p2m *p, ipaddr_t ipa, paddr_t to, uint64_t size, enum p2m_type type)
{
	uint64_t done = 0;
	int r;

	assert_int_equal(type, P2M_RAM_SHARED);
	assert_true(fake_ram_is_clean(to.v));
	r = p2m_map_slice(p, ipa, to, size, type, ~0U, &done);
	if (r) {
		p2m_unmap(p, ipa, done);
	}
	return r;
}

void p2m_unmap(struct p2m *p, ipaddr_t ipa, uint64_t size)
{
	uint32_t d = domain_of(p);

	for (uint64_t done = 0; done < size; done += SZ_4K) {
		struct page *page = find_page(d, ipa.v + done);

		if (page) {
			*page = stage2[d].pages[--stage2[d].count];
		}
	}
}

void cache_clean(const void *va, uint64_t size)
{
	(void)va;
	lend_world.cleaned += size;
}

int p2m_map_doorbell(struct p2m *p, ipaddr_t ipa, paddr_t to)
{
	(void)p;
	(void)ipa;
	(void)to;
	return 0;
}

uint32_t world_pages(uint32_t domain)
{
	return stage2[domain].count;
}

enum p2m_type world_page_type(uint32_t domain, uint64_t ipa)
{
	const struct page *page = find_page(domain, ALIGN_DOWN(ipa, SZ_4K));

	return page ? page->type : P2M_INVALID;
}

uint64_t world_translate(uint32_t domain, uint64_t ipa)
{
	const struct page *page = find_page(domain, ALIGN_DOWN(ipa, SZ_4K));

	return page ? page->pa + (ipa & (SZ_4K - 1)) : ~0ULL;
}

bool lend_maps_reachable(const struct pci_function *f)
{
	for (uint32_t d = 0; d < WORLD_DOMAINS; d++) {
		for (uint32_t i = 0; i < stage2[d].count; i++) {
			for (uint32_t b = 0; b < PCI_BARS; b++) {
				uint64_t at = f->bars[b].cpu.v;

				if (vpci_bar_usable(&f->bars[b]) && stage2[d].pages[i].pa >= at &&
				    stage2[d].pages[i].pa - at < vpci_bar_size(&f->bars[b])) {
					return true;
				}
			}
		}
	}
	return false;
}

bool lend_maps_quiet(struct pci_function *f)
{
	uint32_t command = pci_read(f, PCI_COMMAND, 2);

	return command == 0xffff || !(command & PCI_COMMAND_MASTER);
}

/* All functions that speak with this StreamID are quiet. */
static void check_quiet(stream_id_t stream)
{
	uint32_t count = 0;

	for (struct pci_function *f = pci_function_first(); f; f = f->next) {
		if (f->stream.v == stream.v && f->header_type == 0) {
			assert_true(lend_maps_quiet(f));
			count++;
		}
	}
	assert_true(count > 0);
}

static void check_unreachable(stream_id_t stream)
{
	for (struct pci_function *f = pci_function_first(); f; f = f->next) {
		assert_false(f->stream.v == stream.v && lend_maps_reachable(f));
	}
}

/* IOMMU. */

int iommu_attach(struct iommu *iommu, stream_id_t stream, struct p2m *p2m)
{
	assert_ptr_equal(iommu, &world_iommu);
	assert_int_equal(streams[stream.v], 0);
	/* A function must be quiet when memory opens to it. */
	check_quiet(stream);
	if (lend_world.fail[STEP_ATTACH]) {
		return -EIO;
	}
	streams[stream.v] = (uint8_t)(domain_of(p2m) + 1);
	lend_world.streams_open++;
	return 0;
}

int iommu_abort(struct iommu *iommu, stream_id_t stream)
{
	assert_ptr_equal(iommu, &world_iommu);
	check_unreachable(stream);
	check_quiet(stream);
	stuck[stream.v] = lend_world.fail[STEP_ABORT];
	if (stuck[stream.v]) {
		return -EIO;
	}
	lend_world.streams_open -= streams[stream.v] != 0;
	streams[stream.v] = 0;
	silent[stream.v] = false;
	return 0;
}

int iommu_silence(struct iommu *iommu, stream_id_t stream)
{
	assert_ptr_equal(iommu, &world_iommu);
	lend_world.streams_open -= streams[stream.v] != 0;
	streams[stream.v] = 0;
	silent[stream.v] = true;
	return 0;
}

bool world_silent(const struct pci_function *f)
{
	return silent[f->stream.v];
}

uint32_t world_dma(const struct pci_function *f)
{
	return streams[f->stream.v] ? streams[f->stream.v] - 1U : ~0U;
}

void lend_maps_check(const struct domain *d)
{
	const uint8_t *end = streams + STREAMS_MAX;

	/* Thousands of interleavings come here: not a call for each stream. */
	for (const uint8_t *s = memchr(streams, d->id + 1, STREAMS_MAX); s;
	     s = memchr(s + 1, d->id + 1, (size_t)(end - s - 1))) {
		assert_true(stuck[s - streams]);
	}
}

void lend_maps_reset(void)
{
	memset(streams, 0, sizeof(streams));
	memset(silent, 0, sizeof(silent));
	memset(stuck, 0, sizeof(stuck));
}
