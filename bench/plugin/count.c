/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU TCG plugin that counts what a machine executes: instructions by exception level, returns
 * from exceptions, WFIs. A guest at any exception level writes a record with HINT #0x70..#0x7f,
 * which no CPU does anything about and no hypervisor sees: x0 and x1 hold a name of up to 16
 * characters, x2 a number of operations.
 *
 * Arguments: out=FILE; for a profile of EL2 base=ADDRESS,size=BYTES of the code to look at; for
 * exits vectors=ADDRESS, what VBAR_EL2 is, or the table behind it while via trace records.
 * Records, fields separated by tabs:
 *   m HINT NAME OPERATIONS EL0 EL1 EL2 ERET1 ERET2 WFI1 WFI2     all counted since power-on
 *   p NAME ADDRESS COUNT    EL2 instructions since the last BEGIN marker, before an END marker's m
 *   s NAME LENGTH ADDRESS   the longest stretch of EL2 instructions since the last BEGIN marker in
 *                           which no interrupt was looked for, and where it ended; before END's m.
 *                           ERET, WFI, and reads of ISR_EL1 and ICC_IAR1_EL1 end a stretch; not a
 *                           read of ISR_EL1 whose bit 8 is tested next: that looks for an SError
 *   w NAME LENGTH           the longest one since the first marker; before END's m
 *   r NAME ADDRESS COUNT    what was executed in that stretch, by block of instructions; before
 *                           END's m
 *   e NAME KIND LENGTH COUNT  exits since the last BEGIN marker that took so many EL2 instructions;
 *                           before END's m
 *
 * Counts are those of the vCPU with the marker; p, s, w, r and e are the first vCPU's.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exits.h"
#include "qemu_plugin.h"

#define OPCODE_SIZE 4
#define HINT_MASK 0xfffffe1fU /* all but the low four bits of the hint's number */
#define HINT_70 0xd5032e1fU
#define HINT_BEGIN 0
#define HINT_END 1
#define WFI 0xd503207fU
#define ERET 0xd69f03e0U
#define ERETAA 0xd69f0bffU
#define ERETAB 0xd69f0fffU
#define MRS_MASK 0xffffffe0U /* all but the register */
#define MRS_ISR 0xd538c100U
#define MRS_IAR1 0xd538cc00U
#define TBNZ_8_MASK 0xfff80000U /* all but register and distance */
#define TBNZ_8 0x37400000U

#define NAME_SIZE 16
#define EL_COUNT 4
#define CPSR_AARCH32 (1U << 4)

/* Counted by code that QEMU generates: no call per instruction. */
struct counters {
	uint64_t executed[EL_COUNT];
	uint64_t eret[EL_COUNT];
	uint64_t wfi[EL_COUNT];
};

int qemu_plugin_version = 4;

static struct qemu_plugin_scoreboard *counters;
static struct qemu_plugin_register *cpsr, *name_low, *name_high, *operations, *esr_el2;
/* Of this thread: vCPUs translate and mark at the same time. */
static _Thread_local GByteArray *bytes;
static FILE *out;

static struct {
	uint64_t began; /* EL2 instructions executed then */
	uint64_t longest;
	uint64_t end;   /* address */
	uint64_t longest_ever;
	bool marked; /* the first marker was there */
} stretch;

/* Blocks of EL2 code in the order they were entered: of this stretch, and of the longest. */
#define TRACE_BLOCKS 65536
struct block {
	uint64_t address;
	uint64_t count; /* instructions */
};
static struct block trace[TRACE_BLOCKS];
static struct block longest_trace[TRACE_BLOCKS];
static size_t trace_count;
static size_t longest_count;

static uint64_t vectors; /* 0: exits are not counted */

static struct qemu_plugin_scoreboard *profile;
static uint64_t profile_base;
static uint64_t profile_size;
static uint64_t *profile_before;

static uint64_t read_register(struct qemu_plugin_register *handle)
{
	uint64_t value = 0;

	if (handle == NULL) {
		return 0;
	}
	if (bytes == NULL) {
		bytes = g_byte_array_new();
	}
	g_byte_array_set_size(bytes, 0);
	qemu_plugin_read_register(handle, bytes);
	memcpy(&value, bytes->data, bytes->len < sizeof(value) ? bytes->len : sizeof(value));
	return value;
}

/* QEMU keeps translations for each exception level apart, so the level now is the level then. */
static unsigned int exception_level(void)
{
	uint32_t value = (uint32_t)read_register(cpsr);

	return (value & CPSR_AARCH32) != 0 ? 0 : value >> 2 & 3;
}

static void read_name(char *name)
{
	uint64_t words[2] = { read_register(name_low), read_register(name_high) };

	memcpy(name, words, NAME_SIZE);
	name[NAME_SIZE] = '\0';
	for (char *p = name; *p != '\0'; p++) {
		if (*p <= ' ' || *p > '~') {
			*p = '?';
		}
	}
}

static void profile_mark(const char *name, bool print)
{
	const uint64_t *now = qemu_plugin_scoreboard_find(profile, 0);

	for (uint64_t i = 0; i < profile_size / OPCODE_SIZE; i++) {
		if (print && now[i] != profile_before[i]) {
			fprintf(out, "p\t%s\t%" PRIx64 "\t%" PRIu64 "\n", name,
				profile_base + i * OPCODE_SIZE, now[i] - profile_before[i]);
		}
		profile_before[i] = now[i];
	}
}

static int by_address(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static void print_longest(const char *name)
{
	fprintf(out, "s\t%s\t%" PRIu64 "\t%" PRIx64 "\n", name, stretch.longest, stretch.end);
	fprintf(out, "w\t%s\t%" PRIu64 "\n", name, stretch.longest_ever);
	qsort(longest_trace, longest_count, sizeof(struct block), by_address);
	for (size_t i = 0; i < longest_count;) {
		uint64_t address = longest_trace[i].address;
		uint64_t sum = 0;

		for (; i < longest_count && longest_trace[i].address == address; i++) {
			sum += longest_trace[i].count;
		}
		fprintf(out, "r\t%s\t%" PRIx64 "\t%" PRIu64 "\n", name, address, sum);
	}
}

/* A block of EL2 code is entered. What does not fit is the end of a stretch far too long. */
static void enter_block(unsigned int vcpu, void *block)
{
	if (vcpu == 0 && trace_count < TRACE_BLOCKS) {
		trace[trace_count++] = *(struct block *)block;
	}
}

/* Before the instruction at this address. */
static void stretch_end(unsigned int vcpu, void *address)
{
	const struct counters *c = qemu_plugin_scoreboard_find(counters, vcpu);
	uint64_t length = c->executed[2] - stretch.began;

	if (vcpu != 0) {
		return;
	}
	if (stretch.marked && length > stretch.longest_ever) {
		stretch.longest_ever = length;
	}
	if (length > stretch.longest) {
		stretch.longest = length;
		stretch.end = (uint64_t)(uintptr_t)address;
		memcpy(longest_trace, trace, trace_count * sizeof(trace[0]));
		longest_count = trace_count;
	}
	stretch.began = c->executed[2];
	trace_count = 0;
}

static void vector_entered(unsigned int vcpu, void *vector)
{
	const struct counters *c = qemu_plugin_scoreboard_find(counters, vcpu);

	if (vcpu == 0) {
		exits_begin((uint32_t)(uintptr_t)vector, read_register(esr_el2), c->executed[2]);
	}
}

static void interrupts_looked_for(unsigned int vcpu, void *unused)
{
	const struct counters *c = qemu_plugin_scoreboard_find(counters, vcpu);

	(void)unused;
	if (vcpu == 0) {
		exits_look(c->executed[2]);
	}
}

static void guest_entered(unsigned int vcpu, void *unused)
{
	const struct counters *c = qemu_plugin_scoreboard_find(counters, vcpu);

	(void)unused;
	if (vcpu == 0) {
		exits_end(c->executed[2]);
	}
}

static void marker(unsigned int vcpu, void *hint)
{
	const struct counters *c = qemu_plugin_scoreboard_find(counters, vcpu);
	unsigned int number = (unsigned int)(uintptr_t)hint;
	char name[NAME_SIZE + 1];

	read_name(name);
	flockfile(out);
	stretch.marked = true;
	if (profile != NULL && (number == HINT_BEGIN || number == HINT_END)) {
		profile_mark(name, number == HINT_END);
	}
	if (number == HINT_END) {
		print_longest(name);
		exits_print(out, name);
	}
	if (number == HINT_BEGIN) {
		stretch.longest = 0;
		longest_count = 0;
		exits_reset();
	}
	fprintf(out, "m\t%u\t%s\t%" PRIu64, number, name, read_register(operations));
	for (int el = 0; el <= 2; el++) {
		fprintf(out, "\t%" PRIu64, c->executed[el]);
	}
	fprintf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", c->eret[1],
		c->eret[2], c->wfi[1], c->wfi[2]);
	fflush(out);
	funlockfile(out);
}

static void count(struct qemu_plugin_insn *insn, struct qemu_plugin_scoreboard *board,
		  size_t offset)
{
	qemu_plugin_u64 entry = { board, offset };

	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64, entry,
							    1);
}

static uint32_t opcode_of(struct qemu_plugin_insn *insn)
{
	uint32_t opcode = 0;

	qemu_plugin_insn_data(insn, &opcode, sizeof(opcode));
	return opcode;
}

/* next: NULL at the end of a block. */
static bool ends_stretch(uint32_t opcode, struct qemu_plugin_insn *next)
{
	if ((opcode & MRS_MASK) == MRS_ISR) {
		return next == NULL || (opcode_of(next) & TBNZ_8_MASK) != TBNZ_8;
	}
	return opcode == WFI || opcode == ERET || (opcode & MRS_MASK) == MRS_IAR1;
}

static void watch_exits(struct qemu_plugin_insn *insn, struct qemu_plugin_insn *next,
			uint32_t opcode)
{
	uint64_t offset = qemu_plugin_insn_vaddr(insn) - vectors;

	if (offset >= EXITS_TABLE_SIZE) {
		offset -= EXITS_TABLE_SIZE;
	}
	if (offset == EXITS_SYNC || offset == EXITS_IRQ || offset == EXITS_FIQ ||
	    offset == EXITS_SERROR) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, vector_entered, QEMU_PLUGIN_CB_R_REGS,
						       (void *)(uintptr_t)offset);
	} else if (opcode == ERET) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, guest_entered, QEMU_PLUGIN_CB_NO_REGS,
						       NULL);
	} else if (ends_stretch(opcode, next) && (opcode & MRS_MASK) != MRS_IAR1) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, interrupts_looked_for,
						       QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
}

static void translate_insn(struct qemu_plugin_insn *insn, struct qemu_plugin_insn *next,
			   unsigned int el)
{
	size_t of_el = el * sizeof(uint64_t);
	uint64_t at = qemu_plugin_insn_vaddr(insn) - profile_base;
	uint32_t opcode = opcode_of(insn);

	if (el == 2 && ends_stretch(opcode, next)) {
		qemu_plugin_register_vcpu_insn_exec_cb(
			insn, stretch_end, QEMU_PLUGIN_CB_NO_REGS,
			(void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
	}
	if (el == 2 && vectors != 0) {
		watch_exits(insn, next, opcode);
	}
	count(insn, counters, offsetof(struct counters, executed) + of_el);
	if (opcode == WFI) {
		count(insn, counters, offsetof(struct counters, wfi) + of_el);
	} else if (opcode == ERET || opcode == ERETAA || opcode == ERETAB) {
		count(insn, counters, offsetof(struct counters, eret) + of_el);
	} else if ((opcode & HINT_MASK) == HINT_70) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, marker, QEMU_PLUGIN_CB_R_REGS,
						       (void *)(uintptr_t)(opcode >> 5 & 0xf));
	}
	if (profile != NULL && el == 2 && at < profile_size) {
		count(insn, profile, at / OPCODE_SIZE * sizeof(uint64_t));
	}
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	unsigned int el = exception_level();
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (el == 2) {
		struct block *block = malloc(sizeof(*block)); /* for as long as QEMU may run it */

		if (block != NULL) {
			*block = (struct block){ qemu_plugin_tb_vaddr(tb), n };
			qemu_plugin_register_vcpu_tb_exec_cb(tb, enter_block,
							     QEMU_PLUGIN_CB_NO_REGS, block);
		}
	}
	for (size_t i = 0; i < n; i++) {
		translate_insn(qemu_plugin_tb_get_insn(tb, i),
			       i + 1 < n ? qemu_plugin_tb_get_insn(tb, i + 1) : NULL, el);
	}
}

static void find_registers(qemu_plugin_id_t id, unsigned int vcpu)
{
	const struct {
		const char *name;
		struct qemu_plugin_register **handle;
	} wanted[] = {
		{ "cpsr", &cpsr },
		{ "x0", &name_low },
		{ "x1", &name_high },
		{ "x2", &operations },
		{ "ESR_EL2", &esr_el2 },
	};
	GArray *registers = qemu_plugin_get_registers();
	const qemu_plugin_reg_descriptor *list = (const void *)registers->data;

	(void)id;
	(void)vcpu;
	for (unsigned int i = 0; i < registers->len; i++) {
		for (size_t j = 0; j < sizeof(wanted) / sizeof(wanted[0]); j++) {
			if (strcmp(list[i].name, wanted[j].name) == 0) {
				*wanted[j].handle = list[i].handle;
			}
		}
	}
	g_array_free(registers, 1);
}

static bool take_argument(const char *argument)
{
	if (strncmp(argument, "out=", 4) == 0) {
		out = fopen(argument + 4, "w");
		return out != NULL;
	}
	if (strncmp(argument, "base=", 5) == 0) {
		profile_base = strtoull(argument + 5, NULL, 0);
		return true;
	}
	if (strncmp(argument, "size=", 5) == 0) {
		profile_size = strtoull(argument + 5, NULL, 0);
		return true;
	}
	if (strncmp(argument, "vectors=", 8) == 0) {
		vectors = strtoull(argument + 8, NULL, 0);
		return true;
	}
	return false;
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!take_argument(argv[i])) {
			fprintf(stderr, "count: cannot use argument %s\n", argv[i]);
			return -1;
		}
	}
	if (out == NULL) {
		fprintf(stderr, "count: out=FILE is missing\n");
		return -1;
	}
	counters = qemu_plugin_scoreboard_new(sizeof(struct counters));
	if (profile_size != 0) {
		profile = qemu_plugin_scoreboard_new(profile_size / OPCODE_SIZE * sizeof(uint64_t));
		profile_before = calloc(profile_size / OPCODE_SIZE, sizeof(uint64_t));
	}
	qemu_plugin_register_vcpu_init_cb(id, find_registers);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	return 0;
}
