/* SPDX-License-Identifier: BSD-2-Clause */
/* The control function's header as a table: what each word is at reset, which bits may change. */
#include "control/control_config.h"

#include <viaduct/control.h>

#define BAR_PREFETCHABLE BIT(3)
#define BAR_64BIT        BIT(2)

#define COMMAND_MEMORY     BIT(1)
#define COMMAND_BUS_MASTER BIT(2)
#define COMMAND_INTX_OFF   BIT(10)

struct config_word {
	uint32_t reset;
	uint32_t writable;
};

#define WORD(offset) [(offset) / 4]

static const struct config_word header[CONTROL_CONFIG_WORDS] = {
	WORD(0x00) = { CONTROL_DEVICE_ID << 16 | CONTROL_VENDOR_ID, 0 },
	WORD(0x04) = { 0, COMMAND_MEMORY | COMMAND_BUS_MASTER | COMMAND_INTX_OFF },
	WORD(0x08) = { CONTROL_CLASS_CODE << 8 | CONTROL_ABI_VERSION, 0 },
	WORD(0x0c) = { 0, 0xff }, /* cache line size: read-write, no effect (7.5.1.1.7) */
	WORD(0x10) = { BAR_PREFETCHABLE, ~(CONTROL_PAGES_SIZE - 1) },
	WORD(0x14) = { 0, ~(CONTROL_REGISTERS_SIZE - 1) },
	WORD(0x18) = { BAR_PREFETCHABLE | BAR_64BIT, (uint32_t)~(CONTROL_APERTURE_SIZE - 1) },
	WORD(0x1c) = { 0, (uint32_t)(~(CONTROL_APERTURE_SIZE - 1) >> 32) },
	WORD(0x2c) = { CONTROL_DEVICE_ID << 16 | CONTROL_VENDOR_ID, 0 },
	WORD(0x3c) = { 0, 0xff }, /* interrupt line: scratch; pin 0: none */
};

static void set_bits(struct control_config *c, uint32_t word, uint32_t bits, uint32_t mask)
{
	mask &= header[word].writable;
	c->words[word] = (c->words[word] & ~mask) | (bits & mask);
}

void control_config_init(struct control_config *c, uint32_t pages, uint32_t registers,
			 uint64_t aperture)
{
	for (uint32_t i = 0; i < CONTROL_CONFIG_WORDS; i++) {
		c->words[i] = header[i].reset;
	}
	/* Decoding from the start, as firmware leaves a function it has placed. */
	set_bits(c, 0x04 / 4, COMMAND_MEMORY, COMMAND_MEMORY);
	set_bits(c, 0x10 / 4, pages, ~0U);
	set_bits(c, 0x14 / 4, registers, ~0U);
	set_bits(c, 0x18 / 4, (uint32_t)aperture, ~0U);
	set_bits(c, 0x1c / 4, (uint32_t)(aperture >> 32), ~0U);
}

uint32_t control_config_read(const struct control_config *c, uint32_t offset, uint32_t size)
{
	uint32_t word = offset / 4;

	if (word >= CONTROL_CONFIG_WORDS) {
		return 0;
	}
	return (uint32_t)BITS((uint64_t)c->words[word] >> (offset % 4 * 8), size * 8 - 1, 0);
}

void control_config_write(struct control_config *c, uint32_t offset, uint32_t size,
			  uint32_t value)
{
	uint32_t word = offset / 4;
	uint32_t shift = offset % 4 * 8;

	if (word >= CONTROL_CONFIG_WORDS) {
		return;
	}
	set_bits(c, word, value << shift, (uint32_t)(GENMASK(size * 8 - 1, 0) << shift));
}
