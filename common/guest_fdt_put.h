/* SPDX-License-Identifier: BSD-2-Clause */
/* Words a guest's device tree is written in. Private to common/guest_fdt*.c. */
#ifndef COMMON_GUEST_FDT_PUT_H
#define COMMON_GUEST_FDT_PUT_H

#include "common/guest_fdt.h"

#include <libfdt.h>
#include <string.h>

#define PHANDLE_GIC   1U
#define PHANDLE_MSI   2U /* ITS or frame */
#define PHANDLE_CLOCK 3U
#define PHANDLE_GPIO  4U

#define IRQ_SPI        0U
#define IRQ_PPI        1U
#define IRQ_LEVEL_HIGH 4U
#define SPI(intid)     ((intid) - 32U)
#define PPI(intid)     ((intid) - 16U)

#define HI(v) ((uint32_t)((uint64_t)(v) >> 32))
#define LO(v) ((uint32_t)(v))

/* libfdt's calls return 0 or an error: stop at the first. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		int err_ = (call);                                                                 \
		if (err_ != 0) {                                                                   \
			return err_;                                                               \
		}                                                                                  \
	} while (0)

static inline int put_cells(void *fdt, const char *name, const uint32_t *cells, size_t count)
{
	fdt32_t out[32];

	if (count > sizeof(out) / sizeof(out[0])) {
		return -FDT_ERR_INTERNAL;
	}
	for (size_t i = 0; i < count; i++) {
		out[i] = cpu_to_fdt32(cells[i]);
	}
	return fdt_property(fdt, name, out, (int)(count * sizeof(out[0])));
}

#define PUT_CELLS(fdt, name, ...)                                                                  \
	put_cells(fdt, name, (const uint32_t[]){ __VA_ARGS__ },                                    \
		  sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static inline int put_string(void *fdt, const char *name, const char *text)
{
	return fdt_property(fdt, name, text, (int)strlen(text) + 1);
}

static inline int put_flag(void *fdt, const char *name)
{
	return fdt_property(fdt, name, NULL, 0);
}

/* Several strings: the terminating 0 of the literal is the last one's. */
#define PUT_STRINGS(fdt, name, literal) fdt_property(fdt, name, literal, (int)sizeof(literal))

static inline bool guest_fdt_has_its(const struct guest_fdt *g)
{
	return g->gic_version != 2 && !g->msi_frame;
}

/* Its PCI: its own empty bus, or the bridges it owns. */
int guest_fdt_put_pci(void *fdt, const struct guest_fdt *g);

#endif
