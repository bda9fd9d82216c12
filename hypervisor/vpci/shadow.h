/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual config space of one function, as data: per dword which bits are answered from the
 * shadow, which a domain may change and which clear by writing one. Pure: hardware values come in
 * as arguments, hardware writes go out in a plan.
 */
#ifndef VPCI_SHADOW_H
#define VPCI_SHADOW_H

#include "lib/types.h"
#include "pci/function.h"

#define VPCI_CFG_SIZE    4096U
#define VPCI_BLOCK_SIZE  256U
#define VPCI_BLOCKS      (VPCI_CFG_SIZE / VPCI_BLOCK_SIZE)
#define VPCI_BLOCK_REGS  (VPCI_BLOCK_SIZE / 4)

/* Header registers the state machine itself looks at (PCIe 6.0 7.5.1). */
#define VPCI_REG_COMMAND 0x04U
#define VPCI_REG_TYPE    0x0cU /* header type in its third byte */
#define VPCI_REG_BAR0    0x10U
#define VPCI_REG_ROM     0x30U
#define VPCI_COMMAND_IO     0x0001U
#define VPCI_COMMAND_MEM    0x0002U
#define VPCI_COMMAND_MASTER 0x0004U
#define VPCI_COMMAND_INTX_OFF 0x0400U
#define VPCI_TYPE_MULTIFUNCTION 0x00800000U
#define VPCI_ROM_ENABLE  0x00000001U
#define VPCI_ROM_ADDRESS 0xfffff800U

/* A register whose write does more than change bits. */
enum vpci_reg_kind {
	VPCI_PLAIN,
	VPCI_COMMAND,  /* MEM maps and unmaps, IO opens and closes ports, INTx disable */
	VPCI_BAR_MEM,  /* fixed while memory decode is on */
	VPCI_BAR_IO,   /* fixed while I/O decode is on */
	VPCI_BAR_ROM,  /* fixed while memory decode and its own are on; its own maps and unmaps */
	VPCI_PM_STATE, /* no D1, no D2; BARs are mapped in D0; leaving D3hot may lose all */
	VPCI_EXPRESS_CONTROL, /* starts a reset if the dword before says it can; MRRS is bounded */
	VPCI_AF_CONTROL,      /* starts a reset if the dword before says it can */
	VPCI_MSI_CONTROL,     /* no more messages in use than there are; vectors follow */
	VPCI_VPD,             /* only reads of the device's memory may be asked for */
	VPCI_MSI_MESSAGE,     /* vectors follow where MSIs are trapped */
	VPCI_MSIX_CONTROL,    /* the same */
	VPCI_SRIOV_CONTROL,   /* vpci_sriov.c, from here on */
	VPCI_SRIOV_NUM,
	VPCI_SRIOV_PAGE,
	VPCI_SRIOV_BAR,
};

/* A bit that is in neither virt nor write is read from hardware and never written. */
struct vpci_reg {
	uint32_t value; /* of the virt bits */
	uint32_t virt;  /* answered from value, never written to hardware */
	uint32_t write; /* the domain may change: value where virt, hardware elsewhere */
	uint32_t w1c;   /* clears by writing 1 (if in write); merges write 0 here */
	uint32_t kind;  /* enum vpci_reg_kind */
	uint32_t unused[3]; /* 32 bytes are found by a shift; a block takes as much of the heap */
};

struct vpci_block {
	struct vpci_reg regs[VPCI_BLOCK_REGS];
};

/* What keeps a physical function's owner from doing as it likes. */
#define VPCI_HOLD_VFS  (1U << 0) /* its VFs are enabled */
#define VPCI_HOLD_LENT (1U << 1) /* one is lent to someone else */
#define VPCI_HOLD_BUSY (1U << 2) /* they are being enabled or disabled */

/* An SR-IOV capability the domain may use. */
struct vpci_sriov {
	uint16_t cap;   /* offset; 0: none */
	uint16_t total; /* VFs there can be */
	uint32_t pages; /* system page sizes there can be: bit n means 2^(n+12) */
	uint32_t hold;  /* VPCI_HOLD_* */
	uint8_t bar_bits[PCI_BARS]; /* a VF's BAR has 2^this bytes; 0: no BAR, or an upper half */
};

struct vpci_shadow {
	struct vpci_sriov sriov;
	struct vpci_reg fallback; /* what a register of an absent block is */
	bool asleep; /* in D3hot, where a function answers nothing but config accesses */
	struct vpci_block *blocks[VPCI_BLOCKS];
};

enum vpci_effect {
	VPCI_NOTHING,
	VPCI_MAP,   /* unless asleep, the ROM only if enabled; then memory decode on */
	VPCI_UNMAP, /* then memory decode off */
	VPCI_MAP_ROM,   /* the ROM alone, unless asleep */
	VPCI_UNMAP_ROM,
	VPCI_SLEEP, /* unmap, then the hardware write of the plan */
	VPCI_RISE,  /* after the hardware write: map */
	VPCI_RESET, /* unmap, then pci_reset_start_for_user() */
	VPCI_WAKE,  /* the same, out of D3hot */
	VPCI_VFS,   /* VF Enable or VF MSE has changed */
	VPCI_LATER, /* nothing was written: the access is made again when VFs have settled */
};

struct vpci_plan {
	bool hw_write;     /* write hw_value to hardware, same offset and size as the access */
	uint32_t hw_value;
	enum vpci_effect effect;
	bool io_changed; /* I/O decode is to become io_decode */
	bool io_decode;
	bool intx_changed; /* the domain's INTx disable */
	bool msi_changed; /* the domain wrote to what MSIs depend on */
	bool lost; /* hardware decodes less than the domain left on: it has reset itself */
	const char *refused; /* why the write was dropped, when that is worth a line */
};

/* Everything below: size 1, 2 or 4, offset naturally aligned and < 4096. */

/* A read that needs no value of the hardware's: its value. False: it needs one, see below. */
bool vpci_shadow_read_own(const struct vpci_shadow *s, uint32_t offset, uint32_t size,
			  uint32_t *value);
/* hw: hardware's value of the same bytes (any when not needed). Never more bits than size. */
uint32_t vpci_shadow_read(const struct vpci_shadow *s, uint32_t offset, uint32_t size, uint32_t hw);
/* Must a write be merged with the hardware's value? */
bool vpci_shadow_write_reads_hw(const struct vpci_shadow *s, uint32_t offset, uint32_t size);
/* A write that changes the shadow at most is carried out. False: it takes more, see below. */
bool vpci_shadow_write_own(struct vpci_shadow *s, uint32_t offset, uint32_t size, uint32_t value);
struct vpci_plan vpci_shadow_write(struct vpci_shadow *s, uint32_t offset, uint32_t size,
				   uint32_t value, uint32_t hw);

/* The register of an aligned offset, its block made when absent. NULL: out of memory. */
struct vpci_reg *vpci_shadow_reg(struct vpci_shadow *s, uint32_t offset);
/* As after a reset: what the domain wrote to virtual bits is zero again, the rest stays. */
void vpci_shadow_initial(struct vpci_shadow *s);
/* Forget all contents; blocks stay allocated and take the fallback. */
void vpci_shadow_reset(struct vpci_shadow *s, struct vpci_reg fallback);
void vpci_shadow_free(struct vpci_shadow *s);

/* The header's multi-function bit; s was built. */
void vpci_shadow_set_multifunction(struct vpci_shadow *s, bool on);

/* Virtual COMMAND, and the PCI bus address in BAR i (both halves when it is 64 bits wide). */
uint32_t vpci_shadow_command(const struct vpci_shadow *s);
uint64_t vpci_shadow_bar(const struct vpci_shadow *s, uint32_t bar, enum bar_kind kind);
/* PCI bus address of the expansion ROM. False: it is not enabled. */
bool vpci_shadow_rom(const struct vpci_shadow *s, uint64_t *address);

#endif
