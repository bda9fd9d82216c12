/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PCI hierarchy in memory, under the same host_bridge_ops as a real one. Every function has 4 KiB
 * of config space, a mask of writable bits and one of write-one-to-clear bits; bridges route by the
 * bus numbers written to them. Values set through model_set*() are also the values after a reset.
 */
#ifndef FAKE_MODEL_PCI_H
#define FAKE_MODEL_PCI_H

#include "pci/function.h"
#include "pci/host_bridge.h"

#define MODEL_FUNCTIONS_MAX 320
#define MODEL_WRITES_MAX    4096

#define MODEL_RESET_FLR 1U
#define MODEL_RESET_AF  2U
#define MODEL_RESET_PM  4U
#define MODEL_RESET_BUS 8U

struct model_pci;

struct model_function {
	struct model_pci *pci;
	struct model_function *parent; /* the bridge above; NULL: root bus */
	uint8_t devfn;
	bool bridge;
	uint8_t config[4096];
	uint8_t initial[4096];
	uint8_t writable[4096];
	uint8_t clear[4096]; /* write one to clear */
	uint16_t last_cap;
	uint16_t next_cap_at;
	uint16_t last_ext_cap;
	uint16_t next_ext_cap_at;
	uint16_t express; /* offsets of those with side effects */
	uint16_t af;
	uint16_t pm;
	uint16_t aer;

	/* Behaviour of resets. */
	bool gone;                 /* answers nothing */
	uint32_t busy_reads;       /* config reads after a reset that say "not there" ... */
	bool busy_crs;             /* ... or "retry" when the vendor ID is read */
	uint32_t busy_left;
	bool never_returns;        /* gone after a reset */
	uint32_t hangs;            /* gone after a reset of these MODEL_RESET_* kinds */
	bool ignores_d3;           /* stays in D0 whatever is written */
	bool changes_identity;     /* another device ID after a reset */
	bool bars_stuck;           /* BARs cannot be written after a reset */
	uint32_t flr_count;
	uint32_t bus_reset_count;
	uint32_t af_reset_count;
	uint32_t pm_reset_count;
	struct model_function *pf; /* of a VF: it is there while the PF's VF Enable is set */
	uint16_t vf;               /* its number, from 0 */
	uint16_t sriov;            /* offset of the capability of a PF */
	uint32_t reads;            /* config reads that reached it */
	bool restless;             /* Status.Interrupt is another at each read */
	uint32_t decode_on_sizing; /* BAR writes that came while memory or I/O decode was on */
};

struct model_write {
	struct model_function *f;
	uint16_t offset;
	uint8_t size;
	uint32_t value;
};

struct model_pci {
	struct model_function *functions[MODEL_FUNCTIONS_MAX];
	uint32_t count;
	uint8_t bus_start;
	uint32_t reads;
	struct model_write writes[MODEL_WRITES_MAX]; /* the first ones, in order */
	uint32_t write_count;
};

extern const struct host_bridge_ops model_pci_ops;

/*
 * Make *b a bridge over *m for segment and buses of *desc (the caller fills windows and maps of
 * desc before or after). Both stay the caller's.
 */
void model_pci_init(struct model_pci *m, struct host_bridge *b, struct machine_bridge *desc,
		    uint16_t segment, uint8_t bus_start, uint8_t bus_end);
void model_pci_free(struct model_pci *m);

struct model_function *model_endpoint(struct model_pci *m, struct model_function *parent,
				      uint8_t dev, uint8_t fn, uint32_t vendor_device,
				      uint32_t class_code);
struct model_function *model_bridge(struct model_pci *m, struct model_function *parent, uint8_t dev,
				    uint8_t fn, uint32_t vendor_device);
/* A root, upstream or downstream port: bridge with PCI Express capability; ACS when acs. */
struct model_function *model_port(struct model_pci *m, struct model_function *parent, uint8_t dev,
				  uint8_t fn, uint8_t express_type, bool hotplug, bool acs);

/* size 0 or any power of two; kind BAR_MEM64 takes index and index + 1. */
void model_bar(struct model_function *f, uint32_t index, enum bar_kind kind, bool prefetchable,
	       uint64_t size);

/* Raw registers: value now and after a reset, and which bits can be written. */
void model_set8(struct model_function *f, uint32_t offset, uint8_t value, uint8_t writable);
void model_set16(struct model_function *f, uint32_t offset, uint16_t value, uint16_t writable);
void model_set32(struct model_function *f, uint32_t offset, uint32_t value, uint32_t writable);
uint32_t model_get(const struct model_function *f, uint32_t offset, uint32_t size);

/* Does the function there assert its pin? Not a read of its config space. */
bool model_pin(const struct host_bridge *b, struct sbdf where);

/* Append a capability of len bytes (dword rounded) to the list; its offset. */
uint16_t model_cap(struct model_function *f, uint8_t id, uint32_t len);
uint16_t model_ext_cap(struct model_function *f, uint16_t id, uint32_t len);
uint16_t model_express(struct model_function *f, uint8_t type, bool flr);
uint16_t model_pm(struct model_function *f);
/* It loses its config on the way from D3hot to D0. After model_pm(). */
void model_pm_resets(struct model_function *f);
uint16_t model_af(struct model_function *f);
uint16_t model_msi(struct model_function *f, uint32_t vectors, bool is_64bit, bool maskable);
uint16_t model_msix(struct model_function *f, uint32_t entries, uint8_t table_bar,
		    uint32_t table_offset, uint8_t pba_bar, uint32_t pba_offset);
uint16_t model_acs(struct model_function *f, uint16_t capable, uint16_t settable);
/* Advanced error reporting; a root port gets the registers of one. */
uint16_t model_aer(struct model_function *f);

enum model_error { MODEL_CORRECTED, MODEL_NONFATAL, MODEL_FATAL };
/*
 * f has an error and says so: a message goes up as far as each function on the way lets it. True:
 * the root port has it.
 */
bool model_error(struct model_function *f, enum model_error error);
/* What a root port makes of a message with that requester ID. */
void model_message(struct model_function *root, enum model_error error, uint16_t requester);

uint16_t model_ari(struct model_function *f);
/* A port can forward by function number; settable: and does when told to. */
void model_ari_port(struct model_function *port, bool settable);
/* VF Enable makes VFs of model_vf() appear, if there are as many by NumVFs. BAR 0 is 64-bit. */
uint16_t model_sriov(struct model_function *f, uint16_t total, uint16_t first, uint16_t stride,
		     uint64_t bar0_size);

/* VF i, from 0, of pf, with Express (FLR) and MSI-X (3 vectors, BAR 0). After model_sriov(). */
struct model_function *model_vf(struct model_function *pf, uint16_t i);

#endif
