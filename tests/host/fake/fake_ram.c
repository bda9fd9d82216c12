/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_ram.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/ram.h"
#include "lib/errno.h"

#define BLOCKS 64U
#define BASE   0x100000000ULL
/* As much as one call cleans. */
#define STEP   (RAM_BLOCK_SIZE / 4)

uint32_t fake_ram_free = BLOCKS, fake_ram_dirty;
static uint32_t promised;
static struct {
	bool taken;
	uint64_t cleaned;
} blocks[BLOCKS];

static uint32_t number(uint64_t address)
{
	uint64_t n = (address - BASE) / RAM_BLOCK_SIZE;

	assert_true(address >= BASE && n < BLOCKS);
	return (uint32_t)n;
}

int ram_promise(uint32_t count)
{
	if (count > fake_ram_free - promised) {
		return -ENOMEM;
	}
	promised += count;
	return 0;
}

void ram_promise_end(uint32_t count)
{
	assert_true(count <= promised);
	promised -= count;
}

void ram_block_alloc(paddr_t *block, bool *dirty)
{
	uint32_t i = 0;

	assert_int_not_equal(promised, 0);
	while (blocks[i].taken) {
		assert_true(++i < BLOCKS);
	}
	promised--;
	fake_ram_free--;
	*dirty = fake_ram_dirty != 0;
	fake_ram_dirty -= *dirty;
	blocks[i].taken = true;
	blocks[i].cleaned = *dirty ? 0 : RAM_BLOCK_SIZE;
	*block = pa(BASE + i * RAM_BLOCK_SIZE);
}

uint64_t ram_block_clean(paddr_t block, uint64_t from)
{
	assert_true(blocks[number(block.v)].taken);
	assert_int_equal(blocks[number(block.v)].cleaned, from);
	blocks[number(block.v)].cleaned += STEP;
	return from + STEP;
}

void ram_block_free(paddr_t block)
{
	assert_true(blocks[number(block.v)].taken);
	blocks[number(block.v)].taken = false;
	fake_ram_free++;
}

bool fake_ram_is_clean(uint64_t address)
{
	uint32_t i = number(address);

	return blocks[i].taken && blocks[i].cleaned == RAM_BLOCK_SIZE;
}
