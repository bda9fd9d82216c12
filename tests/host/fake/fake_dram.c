/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_dram.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arm64/cpu.h"

#define LINE      64
#define LINES_MAX 65536

struct line {
	uint64_t address;
	uint8_t bytes[LINE];
};

static struct line *lines;
static uint32_t line_count;
static uint64_t now;

uint64_t ticks_now(void)
{
	return now++;
}

void fake_dram_reset(void)
{
	if (lines == NULL) {
		lines = malloc(LINES_MAX * sizeof(*lines));
		assert(lines != NULL);
	}
	line_count = 0;
}

void cache_clean(const void *va, uint64_t size)
{
	uint64_t end = (uint64_t)(uintptr_t)va + size;

	for (uint64_t at = ALIGN_DOWN((uintptr_t)va, LINE); at < end; at += LINE) {
		uint32_t i = 0;

		while (i < line_count && lines[i].address != at) {
			i++;
		}
		if (i == line_count) {
			assert(line_count < LINES_MAX);
			lines[line_count++].address = at;
		}
		memcpy(lines[i].bytes, (const void *)(uintptr_t)at, LINE);
	}
}

void cache_zero(void *va, uint64_t size)
{
	memset(va, 0, size);
}

void cache_clean_invalidate(const void *va, uint64_t size)
{
}

uint64_t fake_dram_read(uint64_t address, bool snoops, uint64_t junk)
{
	uint64_t v;

	assert(address % 8 == 0);
	if (snoops) {
		memcpy(&v, (const void *)(uintptr_t)address, sizeof(v));
		return v;
	}
	for (uint32_t i = 0; i < line_count; i++) {
		if (lines[i].address == ALIGN_DOWN(address, LINE)) {
			memcpy(&v, lines[i].bytes + address % LINE, sizeof(v));
			return v;
		}
	}
	return junk;
}
