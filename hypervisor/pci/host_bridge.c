/* SPDX-License-Identifier: BSD-2-Clause */
/* Host bridges found in the device tree: drivers chosen by compatible, config access, windows. */
#include "pci/host_bridge.h"

#include "core/domain.h"
#include "core/log.h"
#include "lib/errno.h"
#include "lib/string.h"

struct host_bridge host_bridges[HOST_BRIDGES_MAX];
uint32_t host_bridge_count;

struct host_bridge *host_bridge_of(struct sbdf s)
{
	uint32_t i;

	for (i = 0; i < host_bridge_count; i++) {
		const struct machine_bridge *d = host_bridges[i].desc;

		if (d->segment == SBDF_SEG(s) && SBDF_BUS(s) >= d->bus_start &&
		    SBDF_BUS(s) <= d->bus_end) {
			return &host_bridges[i];
		}
	}
	return NULL;
}

static bool access_ok(uint32_t offset, uint32_t size)
{
	return (size == 1 || size == 2 || size == 4) && offset < 4096 && offset % size == 0;
}

static uint32_t all_ones(uint32_t size)
{
	return 0xffffffffU >> (8 * (4 - size));
}

bool host_bridge_words(const struct host_bridge *b, struct sbdf s)
{
	return b->ops->words == HOST_BRIDGE_WORDS_ALWAYS ||
	       (b->ops->words == HOST_BRIDGE_WORDS_AT_PORT && SBDF_BUS(s) == b->desc->bus_start);
}

uint32_t host_bridge_read(struct host_bridge *b, struct sbdf s, uint32_t offset, uint32_t size)
{
	uint32_t value;

	if (!access_ok(offset, size)) {
		return 0xffffffffU;
	}
	spin_lock(&b->cfg_lock);
	if (host_bridge_words(b, s)) {
		value = b->ops->cfg_read(b, s, offset & ~3U, 4) >> 8 * (offset & 3);
	} else {
		value = b->ops->cfg_read(b, s, offset, size);
	}
	spin_unlock(&b->cfg_lock);
	return value & all_ones(size);
}

/* A narrow write as that of a dword. b->cfg_lock held. */
static void write_word(struct host_bridge *b, struct sbdf s, uint32_t offset, uint32_t size,
		       uint32_t value, uint32_t w1c)
{
	uint32_t shift = 8 * (offset & 3);
	uint32_t mask = all_ones(size) << shift;
	uint32_t word = 0;

	if (size != 4) {
		word = b->ops->cfg_read(b, s, offset & ~3U, 4) & ~mask & ~w1c;
	}
	b->ops->cfg_write(b, s, offset & ~3U, 4, word | (value << shift & mask));
}

void host_bridge_write(struct host_bridge *b, struct sbdf s, uint32_t offset, uint32_t size,
		       uint32_t value, uint32_t w1c)
{
	if (!access_ok(offset, size)) {
		return;
	}
	spin_lock(&b->cfg_lock);
	if (host_bridge_words(b, s)) {
		write_word(b, s, offset, size, value, w1c);
	} else {
		b->ops->cfg_write(b, s, offset, size, value & all_ones(size));
	}
	spin_unlock(&b->cfg_lock);
}

bool host_bridge_to_cpu(const struct host_bridge *b, bool io, uint64_t pci, uint64_t size,
			paddr_t *out)
{
	uint32_t i;

	for (i = 0; i < b->desc->window_count; i++) {
		const struct machine_window *w = &b->desc->windows[i];

		if ((w->kind == WINDOW_IO) == io && pci >= w->pci &&
		    range_ok(pci - w->pci, size, w->size)) {
			*out = pa(w->cpu + (pci - w->pci));
			return true;
		}
	}
	return false;
}

const struct machine_id_map *host_bridge_map_entry(const struct machine_id_map *map, uint32_t count,
						   uint32_t mask, uint32_t rid)
{
	uint32_t i;

	rid &= mask;
	for (i = 0; i < count; i++) {
		if (rid >= map[i].rid_base && rid - map[i].rid_base < map[i].count) {
			return &map[i];
		}
	}
	return NULL;
}

bool host_bridge_map_id(const struct machine_id_map *map, uint32_t count, uint32_t mask,
			uint32_t rid, uint32_t *phandle, uint32_t *id)
{
	const struct machine_id_map *e = host_bridge_map_entry(map, count, mask, rid);

	if (e != NULL) {
		*phandle = e->phandle;
		*id = e->out_base + ((rid & mask) - e->rid_base);
	}
	return e != NULL;
}

static const struct host_bridge_ops *find_ops(const char *compatible)
{
	const struct host_bridge_ops *const *ops;
	const char *const *c;

	for (ops = host_bridge_table; *ops != NULL; ops++) {
		for (c = (*ops)->compatibles; *c != NULL; c++) {
			if (strcmp(*c, compatible) == 0) {
				return *ops;
			}
		}
	}
	return NULL;
}

/* Two bridges of one segment must not answer for one bus: an SBDF would name two functions. */
static bool overlaps_earlier(const struct machine_bridge *desc)
{
	uint32_t i;

	for (i = 0; i < host_bridge_count; i++) {
		const struct machine_bridge *d = host_bridges[i].desc;

		if (d->segment == desc->segment && d->bus_start <= desc->bus_end &&
		    desc->bus_start <= d->bus_end) {
			return true;
		}
	}
	return false;
}

static void log_windows(const struct machine_bridge *desc)
{
	static const char *const kinds[] = { [WINDOW_IO] = "I/O", [WINDOW_MEM32] = "32-bit memory",
					     [WINDOW_MEM64] = "64-bit memory" };
	uint32_t i;

	for (i = 0; i < desc->window_count; i++) {
		const struct machine_window *w = &desc->windows[i];

		log_info("pci", "  %s%s 0x%llx-0x%llx, CPU 0x%llx", kinds[w->kind],
			 w->prefetchable ? " prefetchable" : "", (unsigned long long)w->pci,
			 (unsigned long long)(w->pci + w->size - 1), (unsigned long long)w->cpu);
	}
}

static void probe(const struct machine_bridge *desc)
{
	const struct host_bridge_ops *ops = find_ops(desc->compatible);
	struct host_bridge *b;
	int error;

	if (ops == NULL) {
		log_warn("pci", "%s: no driver for host bridge \"%s\", left alone", desc->path,
			 desc->compatible);
		return;
	}
	if (desc->owner_driven && ops->start == NULL) {
		log_error("pci", "%s: a %s bridge cannot be its owner's to bring up, left alone",
			  desc->path, ops->name);
		return;
	}
	if (desc->bus_end < desc->bus_start || overlaps_earlier(desc)) {
		log_error("pci", "%s: segment %04x buses %02x-%02x are empty or taken, left alone",
			  desc->path, desc->segment, desc->bus_start, desc->bus_end);
		return;
	}
	b = &host_bridges[host_bridge_count];
	*b = (struct host_bridge){ .ops = ops, .desc = desc, .index = host_bridge_count,
				   .owner = DOMAIN_ID_NONE,
				   .owner_driven = desc->owner_driven };
	error = ops->init(b, desc);
	if (error != 0) {
		log_error("pci", "%s: host bridge does not start (%d), left alone", desc->path,
			  error);
		return;
	}
	host_bridge_count++;
	log_info("pci", "%s: %s host bridge, segment %04x, buses %02x-%02x, config at 0x%llx%s",
		 desc->path, ops->name, desc->segment, desc->bus_start, desc->bus_end,
		 (unsigned long long)desc->cfg.base,
		 desc->owner_driven ? ", its owner brings it up" : "");
	log_windows(desc);
}

void host_bridge_probe_all(void)
{
	uint32_t i;

	for (i = 0; i < machine.bridge_count && i < HOST_BRIDGES_MAX; i++) {
		probe(&machine.bridges[i]);
	}
}
