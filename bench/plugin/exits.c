/* SPDX-License-Identifier: BSD-2-Clause */
#include "exits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define KIND_OTHER "other"
#define KIND_WFX   "wfx"
#define KIND_WAKE  "wake"

/* By ESR_ELx.EC, DDI0487 D24.2.40. */
static const struct {
	uint32_t class_;
	const char *kind;
} sync_kinds[] = {
	{ 0x01, KIND_WFX },  { 0x07, "fp" },	{ 0x16, "hvc" },   { 0x17, "smc" },
	{ 0x18, "sysreg" }, { 0x20, "fetch" }, { 0x24, "abort" },
};

struct exit_count {
	const char *kind;
	uint64_t length;
	uint64_t count;
};

static struct exit_count *counts;
static size_t used, room;
static struct {
	const char *kind; /* NULL: none is under way */
	uint64_t began;
} now_at;

void exits_reset(void)
{
	used = 0;
}

static const char *kind_of(uint32_t vector, uint64_t esr)
{
	if (vector == EXITS_IRQ) {
		return "irq";
	}
	for (size_t i = 0; vector == EXITS_SYNC && i < sizeof(sync_kinds) / sizeof(sync_kinds[0]);
	     i++) {
		if (sync_kinds[i].class_ == (esr >> 26 & 0x3f)) {
			return sync_kinds[i].kind;
		}
	}
	return KIND_OTHER;
}

void exits_begin(uint32_t vector, uint64_t esr, uint64_t now)
{
	now_at.kind = kind_of(vector, esr);
	now_at.began = now;
}

static struct exit_count *find(const char *kind, uint64_t length)
{
	for (size_t i = 0; i < used; i++) {
		if (counts[i].length == length && counts[i].kind == kind) {
			return &counts[i];
		}
	}
	if (used == room) {
		size_t more = room == 0 ? 256 : 2 * room;
		struct exit_count *grown = realloc(counts, more * sizeof(*counts));

		if (grown == NULL) {
			return NULL;
		}
		counts = grown;
		room = more;
	}
	counts[used] = (struct exit_count){ .kind = kind, .length = length };
	return &counts[used++];
}

static void add(uint64_t length)
{
	struct exit_count *e = find(now_at.kind, length);

	if (e != NULL) {
		e->count++;
	}
}

void exits_look(uint64_t now)
{
	if (now_at.kind != NULL && strcmp(now_at.kind, KIND_WFX) == 0) {
		add(now - now_at.began);
		now_at.kind = KIND_WAKE;
	}
	if (now_at.kind != NULL && strcmp(now_at.kind, KIND_WAKE) == 0) {
		now_at.began = now;
	}
}

void exits_end(uint64_t now)
{
	if (now_at.kind != NULL) {
		add(now - now_at.began + 1); /* the ERET is the last of them */
		now_at.kind = NULL;
	}
}

void exits_print(FILE *out, const char *name)
{
	for (size_t i = 0; i < used; i++) {
		fprintf(out, "e\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\n", name, counts[i].kind,
			counts[i].length, counts[i].count);
	}
}
