/* SPDX-License-Identifier: BSD-2-Clause */
/* A host bridge's I/O space, reached through its memory-mapped window. */
#include "arch/arm64/guarded.h"
#include "arch/arm64/mmio.h"
#include "pci/host_bridge.h"

/* PCI I/O addresses beyond 16 bits are rare, beyond this unheard of. */
#define IO_SIZE_MAX SZ_1M

static const struct machine_window *io_window(const struct host_bridge *b)
{
	for (uint32_t i = 0; i < b->desc->window_count; i++) {
		if (b->desc->windows[i].kind == WINDOW_IO) {
			return &b->desc->windows[i];
		}
	}
	return NULL;
}

void host_bridge_map_io(struct host_bridge *b)
{
	const struct machine_window *w = io_window(b);

	if (w && !b->io) {
		b->io = mmio_map_device(w->cpu, MIN(w->size, IO_SIZE_MAX));
	}
}

/* NULL: outside the window. */
static volatile uint8_t *port_address(const struct host_bridge *b, uint64_t port, uint32_t size)
{
	const struct machine_window *w = io_window(b);

	if (!b->io || port < w->pci || !range_ok(port - w->pci, size, MIN(w->size, IO_SIZE_MAX))) {
		return NULL;
	}
	return (volatile uint8_t *)b->io + (port - w->pci);
}

bool host_bridge_io_read(struct host_bridge *b, uint64_t port, uint32_t size, uint32_t *value)
{
	volatile uint8_t *at = port_address(b, port, size);
	uint32_t read = 0xffffffffU;
	bool answered = !at || guarded_read(at, size, &read);

	*value = read & 0xffffffffU >> (32 - 8 * size);
	return answered;
}

bool host_bridge_io_write(struct host_bridge *b, uint64_t port, uint32_t size, uint32_t value)
{
	volatile uint8_t *at = port_address(b, port, size);

	return !at || guarded_write(at, size, value);
}
