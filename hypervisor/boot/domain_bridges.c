/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/domain_bridges.h"

#include "arch/arm64/p2m.h"
#include "lib/errno.h"
#include "lib/string.h"

#include <viaduct/guest_map.h>

#define WINDOW_ALIGN SZ_1G

_Static_assert(GUEST_FDT_WINDOWS_MAX >= MACHINE_MAX_RANGES, "a bridge's windows fit");

static uint32_t hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);

	return at == NULL ? 16 : (uint32_t)(at - digits);
}

/* One to digits digits and the character end behind them. Returns behind it, or NULL. */
static const char *take(const char *s, int digits, char end, uint32_t *out)
{
	const char *first = s;

	*out = 0;
	for (; s - first < digits && hex_digit(*s) < 16; s++) {
		*out = *out * 16 + hex_digit(*s);
	}
	return s == first || *s != end ? NULL : s + 1;
}

bool domain_bridges_parse(const char *text, struct machine_owned *out)
{
	uint32_t segment = 0, first, last;
	const char *s = text;

	if (strchr(text, ':') != NULL) {
		s = take(s, 4, ':', &segment);
	}
	s = s != NULL ? take(s, 2, '-', &first) : NULL;
	s = s != NULL ? take(s, 2, '\0', &last) : NULL;
	if (s == NULL || last < first) {
		return false;
	}
	*out = (struct machine_owned){ (uint16_t)segment, (uint8_t)first, (uint8_t)last };
	return true;
}

/* size bytes from *at up, at offset within align. *out: where; *at: behind it. */
static int place(uint64_t *at, uint64_t size, uint64_t align, uint64_t offset, uint64_t *out)
{
	uint64_t base = ALIGN_DOWN(*at, align) + offset;

	if (base < *at) {
		base += align;
	}
	if (size > P2M_IPA_SIZE || base > P2M_IPA_SIZE - size) {
		return -ENOSPC;
	}
	*out = base;
	*at = base + size;
	return 0;
}

static int place_windows(const struct machine_bridge *b, uint64_t *at, struct guest_fdt_bridge *out)
{
	static const enum guest_fdt_space spaces[] = { [WINDOW_IO] = GUEST_FDT_IO,
						       [WINDOW_MEM32] = GUEST_FDT_MEM32,
						       [WINDOW_MEM64] = GUEST_FDT_MEM64 };
	int err = 0;

	for (uint32_t i = 0; err == 0 && i < b->window_count; i++) {
		const struct machine_window *w = &b->windows[i];
		struct guest_fdt_window *v = &out->windows[i];

		*v = (struct guest_fdt_window){ .space = spaces[w->kind],
						.prefetchable = w->prefetchable,
						.pci = w->pci, .size = w->size };
		err = place(at, w->size, WINDOW_ALIGN, w->cpu % WINDOW_ALIGN, &v->cpu);
	}
	out->window_count = b->window_count;
	return err;
}

int domain_bridges_place(const struct machine_bridge *const *bridges, uint32_t count,
			 struct guest_fdt_bridge *out)
{
	uint64_t at = GUEST_PCI_ECAM_BASE;
	int err = 0;

	for (uint32_t i = 0; err == 0 && i < count; i++) {
		const struct machine_bridge *b = bridges[i];

		out[i] = (struct guest_fdt_bridge){
			.segment = b->segment,
			.bus_start = b->bus_start,
			.dma_coherent = b->dma_coherent,
			.ecam_size = (b->bus_end - b->bus_start + 1ULL) * SZ_1M,
		};
		err = place(&at, out[i].ecam_size, SZ_2M, 0, &out[i].ecam);
		if (err == 0) {
			err = place_windows(b, &at, &out[i]);
		}
	}
	return err;
}
