/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Config space by a table, then registers and MSI-X table. The registers' layout is that of QEMU's
 * ivshmem-spec: Interrupt Mask and Status, at 0 and 4, belong to revision 0 and are reserved.
 */
#include "vpci/ivshmem.h"

#include "lib/errno.h"

#define ALL 0xffffffffU

/* BAR 0. */
#define REG_POSITION 0x08U
#define REG_DOORBELL 0x0cU /* peer << 16 | vector */

/* Config space: the one capability (PCIe 6.0 7.7.2), and what BAR 1 holds. */
#define CAP_POINTER   0x34U
#define STATUS_CAPS   0x00100000U
#define MSIX          0x40U
#define MSIX_ENABLE   0x8000U
#define MSIX_MASK_ALL 0x4000U
#define ENTRY_SIZE    (4 * IVSHMEM_ENTRY_WORDS)
#define PENDING       0x800U /* the pending bit array, behind the table */

enum { WORD_LOW, WORD_HIGH, WORD_DATA, WORD_CONTROL };

#define CONTROL_MASKED 1U

/* A word of config space. Registers that are not here read zero. */
struct word {
	uint8_t at;
	uint8_t kind;   /* enum vpci_reg_kind */
	uint32_t value; /* at first */
	uint32_t own;   /* bits the guest writes */
};

static const struct word every[] = {
	{ 0x00, VPCI_PLAIN, 0x11101af4, 0 },
	/* Command: memory, bus master, INTx disable, which there is none of */
	{ VPCI_REG_COMMAND, VPCI_COMMAND, 0, 0x00000406 },
	{ 0x08, VPCI_PLAIN, 0x05000001, 0 },          /* RAM; revision 1 */
	{ 0x0c, VPCI_PLAIN, 0, 0x000000ff },          /* cache line */
	{ VPCI_REG_BAR0, VPCI_BAR_MEM, 0, 0xfffff000 }, /* registers */
	{ 0x18, VPCI_BAR_MEM, 0x0000000c, 0 },        /* memory: 64 bits, prefetchable */
	{ 0x1c, VPCI_BAR_MEM, 0, 0xffffffff },
	{ 0x2c, VPCI_PLAIN, 0x11001af4, 0 },          /* subsystem */
	{ 0x3c, VPCI_PLAIN, 0, 0x000000ff },          /* interrupt line; no pin */
};

static const struct word doorbell[] = {
	{ VPCI_REG_BAR0 + 4, VPCI_BAR_MEM, 0, 0xfffff000 }, /* MSI-X */
	{ CAP_POINTER, VPCI_PLAIN, MSIX, 0 },
	{ MSIX, VPCI_PLAIN, 0x00000011, (MSIX_ENABLE | MSIX_MASK_ALL) << 16 },
	{ MSIX + 4, VPCI_PLAIN, IVSHMEM_MSIX, 0 },
	{ MSIX + 8, VPCI_PLAIN, PENDING | IVSHMEM_MSIX, 0 },
};

static void add_words(struct vpci_shadow *s, const struct word *words, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		*vpci_shadow_reg(s, words[i].at) = (struct vpci_reg){
			.value = words[i].value, .virt = ALL, .write = words[i].own,
			.kind = words[i].kind };
	}
}

int ivshmem_build(struct ivshmem *s, uint64_t size, uint32_t vectors, uint32_t position)
{
	vpci_shadow_reset(&s->shadow, (struct vpci_reg){ .virt = ALL });
	if (!vpci_shadow_reg(&s->shadow, 0)) {
		return -ENOMEM; /* the only allocation of the first 256 bytes */
	}
	add_words(&s->shadow, every, ARRAY_SIZE(every));
	vpci_shadow_reg(&s->shadow, 0x18)->write = (uint32_t)~(size - 1);
	s->size = size;
	s->vectors = vectors;
	s->position = position;
	if (vectors == 0) {
		return 0;
	}
	add_words(&s->shadow, doorbell, ARRAY_SIZE(doorbell));
	vpci_shadow_reg(&s->shadow, VPCI_REG_COMMAND)->value |= STATUS_CAPS;
	vpci_shadow_reg(&s->shadow, MSIX)->value |= (vectors - 1) << 16;
	for (uint32_t i = 0; i < vectors; i++) {
		s->table[i][WORD_CONTROL] = CONTROL_MASKED;
	}
	return 0;
}

void ivshmem_free(struct ivshmem *s)
{
	vpci_shadow_free(&s->shadow);
}

/*
 * Messages that may go now. One that was masked when it came waits (7.7.2.2); one that came while
 * MSI-X was off is lost, and so is what waits when it is turned off.
 */
static uint32_t take_due(struct ivshmem *s)
{
	uint32_t control = vpci_shadow_read(&s->shadow, MSIX + 2, 2, 0);
	uint32_t due = 0;

	if (!(control & MSIX_ENABLE)) {
		s->pending = 0;
	} else if (!(control & MSIX_MASK_ALL) &&
		   (vpci_shadow_command(&s->shadow) & VPCI_COMMAND_MASTER)) {
		for (uint32_t i = 0; i < s->vectors; i++) {
			due |= s->table[i][WORD_CONTROL] & CONTROL_MASKED ? 0 : 1U << i;
		}
		due &= s->pending;
	}
	s->pending &= ~due;
	return due;
}

uint32_t ivshmem_config_read(const struct ivshmem *s, uint32_t offset, uint32_t size)
{
	return vpci_shadow_read(&s->shadow, offset, size, 0);
}

struct ivshmem_plan ivshmem_config_write(struct ivshmem *s, uint32_t offset, uint32_t size,
					 uint32_t value)
{
	enum vpci_effect effect = vpci_shadow_write(&s->shadow, offset, size, value, 0).effect;

	return (struct ivshmem_plan){ .effect = effect, .messages = take_due(s) };
}

/* The table ends where the vectors do; NULL: nothing is there. */
static uint32_t *table_word(struct ivshmem *s, uint32_t offset)
{
	return offset / ENTRY_SIZE < s->vectors
		       ? &s->table[offset / ENTRY_SIZE][offset % ENTRY_SIZE / 4]
		       : NULL;
}

static uint32_t read_word(const struct ivshmem *s, enum ivshmem_bar bar, uint32_t offset)
{
	if (bar == IVSHMEM_REGISTERS) {
		return offset == REG_POSITION && s->vectors != 0 ? s->position : 0;
	}
	if (offset / ENTRY_SIZE < s->vectors) {
		return s->table[offset / ENTRY_SIZE][offset % ENTRY_SIZE / 4];
	}
	return offset == PENDING ? s->pending : 0;
}

uint32_t ivshmem_bar_read(const struct ivshmem *s, enum ivshmem_bar bar, uint32_t offset,
			  uint32_t size)
{
	uint32_t word = read_word(s, bar, (uint32_t)ALIGN_DOWN(offset, 4));

	return word >> 8 * (offset & 3) & (ALL >> (32 - 8 * size));
}

/* Both are for whole words only: 7.7.2.4 says so of the table, the other has 32-bit registers. */
struct ivshmem_plan ivshmem_bar_write(struct ivshmem *s, enum ivshmem_bar bar, uint32_t offset,
				      uint32_t size, uint32_t value)
{
	struct ivshmem_plan plan = { .effect = VPCI_NOTHING };
	uint32_t *word = NULL;

	if (size != 4) {
		return plan;
	}
	if (bar == IVSHMEM_REGISTERS) {
		plan.rings = offset == REG_DOORBELL && s->vectors != 0;
		plan.peer = (uint16_t)(value >> 16);
		plan.vector = (uint16_t)value;
		return plan;
	}
	word = table_word(s, offset);
	if (word) {
		*word = offset % ENTRY_SIZE == 4 * WORD_CONTROL ? value & CONTROL_MASKED
			: offset % ENTRY_SIZE == 4 * WORD_LOW   ? value & ~3U
								: value;
		plan.messages = take_due(s);
	}
	return plan;
}

struct ivshmem_plan ivshmem_ring(struct ivshmem *s, uint32_t vector)
{
	s->pending |= vector < s->vectors ? 1U << vector : 0;
	return (struct ivshmem_plan){ .effect = VPCI_NOTHING, .messages = take_due(s) };
}

void ivshmem_message(const struct ivshmem *s, uint32_t vector, uint64_t *address, uint32_t *data)
{
	const uint32_t *entry = s->table[vector];

	*address = entry[WORD_LOW] | (uint64_t)entry[WORD_HIGH] << 32;
	*data = entry[WORD_DATA];
}

bool ivshmem_decodes(const struct ivshmem *s, enum ivshmem_bar bar, uint64_t *address,
		     uint64_t *size)
{
	*size = bar == IVSHMEM_MEMORY ? s->size : IVSHMEM_PAGE;
	*address = vpci_shadow_bar(&s->shadow, (uint32_t)bar,
				   bar == IVSHMEM_MEMORY ? BAR_MEM64 : BAR_MEM32);
	return (vpci_shadow_command(&s->shadow) & VPCI_COMMAND_MEM) &&
	       (bar != IVSHMEM_MSIX || s->vectors != 0);
}
