/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host bridges: config access and address windows. One `const` ops table per kind of controller,
 * found by device-tree compatible.
 */
#ifndef PCI_HOST_BRIDGE_H
#define PCI_HOST_BRIDGE_H

#include "core/machine.h"
#include "core/spinlock.h"
#include "lib/types.h"

#define HOST_BRIDGES_MAX MACHINE_MAX_BRIDGES

struct host_bridge;
struct iommu;
struct its;
struct pci_function;
struct msi_controller;

/* Where a controller knows config accesses of whole dwords only. */
enum host_bridge_words {
	HOST_BRIDGE_WORDS_NEVER,
	HOST_BRIDGE_WORDS_AT_PORT, /* on the root bus */
	HOST_BRIDGE_WORDS_ALWAYS,
};

struct host_bridge_ops {
	const char *name;
	const char *const *compatibles; /* NULL-terminated */
	bool indirect; /* config space is no flat window that could be shown at its own address */
	enum host_bridge_words words; /* there the two below are asked for nothing else */
	int (*init)(struct host_bridge *b, const struct machine_bridge *desc);
	/*
	 * Of a bridge that its owner's driver brings up, what init left undone: that touches no
	 * register then. Once, when the link is up. NULL: there are no such bridges.
	 */
	int (*start)(struct host_bridge *b);
	/*
	 * size 1, 2 or 4, naturally aligned, offset < 4096. A read of what is not there gives all
	 * ones. Callers hold b->cfg_lock.
	 */
	uint32_t (*cfg_read)(struct host_bridge *b, struct sbdf where, uint32_t offset,
			     uint32_t size);
	void (*cfg_write)(struct host_bridge *b, struct sbdf where, uint32_t offset, uint32_t size,
			  uint32_t value);
};

struct host_bridge {
	const struct host_bridge_ops *ops;
	const struct machine_bridge *desc;
	uint32_t index;
	struct pci_function *functions; /* the first in the registry: pci_function_next_below() */
	uint16_t owner; /* domain id that owns the bridge's unlent functions, or DOMAIN_ID_NONE */
	bool owner_driven; /* its owner's driver brings it up */
	bool up;           /* and has done so: functions are known; host_bridge_is_up() */
	/* Where its owner sees config space, IPA; size 0: at desc->cfg. */
	struct range ecam;
	/* And each of desc->windows, IPA; 0: where the CPU does. */
	uint64_t windows[MACHINE_MAX_RANGES];
	struct spinlock cfg_lock;
	struct its *its; /* NULL: no ITS behind msi-map */
	struct msi_controller *msi; /* what is there instead: init()'s own; NULL: nothing */
	volatile void *io; /* its I/O window at EL2; NULL: none */
	void *priv;
};

extern struct host_bridge host_bridges[HOST_BRIDGES_MAX];
extern uint32_t host_bridge_count;

/* Every kind of controller this build drives; NULL-terminated. */
extern const struct host_bridge_ops *const host_bridge_table[];

/* Boot: bring up each machine.bridges[] whose compatible is in the table; says which are not. */
void host_bridge_probe_all(void);
/* Are the functions below it known? Once true, always. Any context. */
static inline bool host_bridge_is_up(const struct host_bridge *b)
{
	return !b->owner_driven || __atomic_load_n(&b->up, __ATOMIC_ACQUIRE);
}
static inline void host_bridge_set_up(struct host_bridge *b)
{
	__atomic_store_n(&b->up, true, __ATOMIC_RELEASE);
}
/* The bridge whose segment and bus range hold s, or NULL. */
struct host_bridge *host_bridge_of(struct sbdf s);
/* Any context. Reads of nothing: all ones of that size. */
uint32_t host_bridge_read(struct host_bridge *b, struct sbdf s, uint32_t offset, uint32_t size);
/* Only whole dwords are read and written there. */
bool host_bridge_words(const struct host_bridge *b, struct sbdf s);
/* w1c: bits of offset's dword that a 1 clears; not merged where only dwords are written. */
void host_bridge_write(struct host_bridge *b, struct sbdf s, uint32_t offset, uint32_t size,
		       uint32_t value, uint32_t w1c);
/* Bus address -> CPU address through the windows; false when in none. */
bool host_bridge_to_cpu(const struct host_bridge *b, bool io, uint64_t pci, uint64_t size,
			paddr_t *out);

/* Boot: make b's I/O space reachable for the two below. No-op when it has none. */
void host_bridge_map_io(struct host_bridge *b);
/*
 * size 1, 2 or 4, aligned; port is a PCI I/O address. Outside the window: all ones, dropped. False:
 * answered with an abort; *value is all ones.
 */
bool host_bridge_io_read(struct host_bridge *b, uint64_t port, uint32_t size, uint32_t *value);
bool host_bridge_io_write(struct host_bridge *b, uint64_t port, uint32_t size, uint32_t value);

/* iommu-map and msi-map: the entry that holds rid; NULL: none. Pure. */
const struct machine_id_map *host_bridge_map_entry(const struct machine_id_map *map, uint32_t count,
						   uint32_t mask, uint32_t rid);
/*
 * iommu-map and msi-map: the identifier that rid has behind the map. False: no entry holds it.
 * Pure.
 */
bool host_bridge_map_id(const struct machine_id_map *map, uint32_t count, uint32_t mask,
			uint32_t rid, uint32_t *phandle, uint32_t *id);

#endif
