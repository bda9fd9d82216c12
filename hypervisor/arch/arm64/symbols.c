/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/arm64/symbols.h"

struct symbol {
	uint32_t address; /* from image_start */
	uint32_t name;    /* offset in symbol_names */
};

extern char image_start[];
extern const struct symbol symbol_table[];
extern const uint32_t symbol_count;
extern const char symbol_names[];

const char *symbol_find(uint64_t pc, uint64_t *offset)
{
	uint64_t at = pc - (uint64_t)image_start;
	uint32_t low = 0;
	uint32_t high = symbol_count;

	/* The last symbol at or below pc. */
	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (symbol_table[mid].address <= at) {
			low = mid + 1;
		} else {
			high = mid;
		}
	}
	if (low == 0) {
		*offset = 0;
		return "?";
	}
	*offset = at - symbol_table[low - 1].address;
	return &symbol_names[symbol_table[low - 1].name];
}
