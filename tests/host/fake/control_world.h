/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine behind the control function: domains, functions, consoles and memory as plain books,
 * the control folder over them, and clients that reach it through its BARs. An aperture slot that
 * is not open cannot be touched: the test program would die of it.
 */
#ifndef FAKE_CONTROL_WORLD_H
#define FAKE_CONTROL_WORLD_H

#include <viaduct/control.h>

#include "core/domain.h"
#include "core/trace_ring.h"
#include "core/vgpio.h"
#include "pci/function.h"
#include "vpci/vpci.h"

#define WORLD_ECAM     0x3f000000ULL
#define WORLD_MMIO     0x3e000000ULL
#define WORLD_APERTURE 0x4000000000ULL

#define WORLD_DISK    0x200U /* 0000:02:00.0 */
#define WORLD_DISK_1  0x201U /* its second function */
#define WORLD_NIC     0x300U
#define WORLD_PORT    0x008U /* a bridge */
#define WORLD_BROKEN  0x400U

struct control_world {
	struct vcpu vcpu;          /* of the control domain, or of who is made to ring */
	uint64_t free_bytes;
	int fail_return;           /* an error number: giving back fails with it */
	bool reset_fails;          /* the next quarantine ends broken */
	int fail_attach, fail_start; /* errno to fail with; 0: succeed */
	uint32_t attach_spare;     /* attaches that succeed all the same */
	uint32_t attached[8];      /* functions in the order they were attached */
	uint32_t attach_count;
	uint8_t rom[LEND_ROM_MAX]; /* loaded last */
	int fail_share;            /* errno of what joins a region; 0: succeed */
	uint32_t share_slices;     /* of its memory are to be cleaned first */
	uint32_t slots_open;
	uint32_t slots_opened;     /* since the start */
	uint64_t bytes_flushed;    /* of blocks before they show */
	uint32_t rings_again;      /* times the doorbell was to ring once more */
	bool gives_up;             /* the client does not let it: it is killed */
	char typed[256];           /* into the guest's console */
	const char *printed;       /* what it prints; sent when asked for */
	uint64_t started_pc, started_arg;
	uint8_t *started_ram;      /* copy of its RAM then, and of its flash behind that */
	uint32_t making; /* looks at its job until a domain has what it is made of */
	bool making_fails;
	uint32_t cleaning; /* blocks a domain begins with; one more at each request after */
	bool scribble; /* another CPU overwrites page 0 while a domain is created */
	struct vgpio_key key;     /* of whatever guest there is */
	uint32_t key_looks;       /* at it until the guest has read it; 0: it never does */
	uint32_t key_looks_again; /* and the next time */
	bool key_seen_down;
	bool key_obeyed;    /* the guest powers off */
	bool key_destroyed; /* and somebody destroys it at once */
	bool tracing;
	/* Before each look at what a CPU recorded. */
	void (*on_trace_read)(uint32_t cpu, struct trace_ring *ring);
	void (*on_ring)(uint32_t op); /* before each request of libviaduct's */
};

extern struct control_world world;

void control_world_init(void);
void control_world_end(void);
/* The same, for cmocka. */
int control_world_setup(void **state);
int control_world_teardown(void **state);

/* An access to one of the control function's trapped regions. */
uint64_t world_load(uint64_t address, uint8_t size);
void world_store(uint64_t address, uint8_t size, uint64_t value);
/* The request page as the control domain has it mapped. */
uint8_t *world_page(uint32_t page);
/* Put a request into a page, ring, and return its result; the reply's body into out. */
int world_request(uint32_t page, uint32_t op, const void *in, uint32_t in_size, void *out,
		  uint32_t out_size);
/* A guest of one vCPU and ram bytes is made: its id. */
uint32_t world_create(const char *name, uint64_t ram);
/* A request whose body is a domain's id. */
int world_domain_op(uint32_t op, uint32_t id);

struct pci_function *world_pci(uint32_t sbdf);
/* Two that are alone become one isolation group. */
void world_join(struct pci_function *f, struct pci_function *with);
/* The disk has a second function. */
void world_add_disk_1(void);
/* Domains being torn down go. */
void world_reap(void);
uint32_t world_domains(void);

#endif
