/* SPDX-License-Identifier: BSD-2-Clause */
/* The plugin of bench/run, with two vCPUs of QEMU in it at the same time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../bench/plugin/qemu_plugin.h"

#define HINT_END_OPCODE 0xd5032e3fU
#define CPUS            2

struct qemu_plugin_register {
	uint64_t value;
};

struct qemu_plugin_scoreboard {
	uint64_t values[CPUS][16];
};

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

static struct qemu_plugin_register cpsr = { 0x3c5 }; /* EL1 */
static struct qemu_plugin_register name_low = { 0x6574616c }; /* "late" */
static struct qemu_plugin_register name_high, operations = { 7 };
static struct qemu_plugin_scoreboard board;
static GByteArray arrays[CPUS + 1];
static uint8_t array_bytes[CPUS + 1][64];
static unsigned int arrays_made;
static qemu_plugin_vcpu_cb *vcpu_init;
static qemu_plugin_tb_cb *translate;
static qemu_plugin_insn_cb *marker;
static void *marker_hint;
static struct qemu_plugin_register *meanwhile; /* while it is read, the other vCPU translates */

GByteArray *g_byte_array_new(void)
{
	assert_true(arrays_made < CPUS + 1);
	arrays[arrays_made].data = array_bytes[arrays_made];
	return &arrays[arrays_made++];
}

GByteArray *g_byte_array_set_size(GByteArray *array, unsigned int length)
{
	array->len = length;
	return array;
}

char *g_array_free(GArray *array, int free_segment)
{
	(void)array;
	(void)free_segment;
	return NULL;
}

void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_cb *cb)
{
	(void)id;
	vcpu_init = cb;
}

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_tb_cb *cb)
{
	(void)id;
	translate = cb;
}

void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, qemu_plugin_insn_cb *cb,
					    enum qemu_plugin_cb_flags flags, void *user)
{
	(void)insn;
	(void)flags;
	marker = cb;
	marker_hint = user;
}

void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn,
							 enum qemu_plugin_op op,
							 qemu_plugin_u64 entry, uint64_t value)
{
	(void)insn;
	(void)op;
	(void)entry;
	(void)value;
}

void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_insn_cb *cb,
					  enum qemu_plugin_cb_flags flags, void *user)
{
	(void)tb;
	(void)cb;
	(void)flags;
	(void)user;
}

uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb)
{
	(void)tb;
	return 0x1000;
}

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb)
{
	(void)tb;
	return 1;
}

struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index)
{
	(void)tb;
	(void)index;
	return NULL;
}

size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *data, size_t size)
{
	uint32_t opcode = HINT_END_OPCODE;

	(void)insn;
	assert_int_equal(size, sizeof(opcode));
	memcpy(data, &opcode, size);
	return size;
}

uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn)
{
	(void)insn;
	return 0x1000;
}

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size)
{
	assert_true(element_size <= sizeof(board.values[0]));
	return &board;
}

void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu)
{
	return score->values[vcpu];
}

GArray *qemu_plugin_get_registers(void)
{
	static qemu_plugin_reg_descriptor list[] = {
		{ &cpsr, "cpsr", "" },
		{ &name_low, "x0", "" },
		{ &name_high, "x1", "" },
		{ &operations, "x2", "" },
	};
	static GArray array = { (char *)list, sizeof(list) / sizeof(list[0]) };

	return &array;
}

static void *translate_something(void *unused)
{
	(void)unused;
	translate(0, NULL);
	return NULL;
}

int qemu_plugin_read_register(struct qemu_plugin_register *handle, GByteArray *bytes)
{
	pthread_t other;

	if (handle == meanwhile) {
		meanwhile = NULL;
		assert_int_equal(pthread_create(&other, NULL, translate_something, NULL), 0);
		assert_int_equal(pthread_join(other, NULL), 0);
	}
	memcpy(bytes->data + bytes->len, &handle->value, sizeof(handle->value));
	bytes->len += sizeof(handle->value);
	return sizeof(handle->value);
}

/* The line 'm' of the mark that the second vCPU makes while the first one translates. */
static void test_a_mark_keeps_its_name(void **state)
{
	char path[] = "/tmp/bench-count-XXXXXX";
	char argument[64], line[128] = "";
	char *arguments[] = { argument };
	int fd = mkstemp(path);
	FILE *out;

	(void)state;
	assert_true(fd >= 0);
	snprintf(argument, sizeof(argument), "out=%s", path);
	assert_int_equal(qemu_plugin_install(0, NULL, 1, arguments), 0);
	vcpu_init(0, 0);
	vcpu_init(0, 1);
	translate(0, NULL);
	meanwhile = &name_low;
	marker(1, marker_hint);
	assert_null(meanwhile);

	out = fdopen(fd, "r");
	while (line[0] != 'm' && fgets(line, sizeof(line), out) != NULL) {
	}
	fclose(out);
	unlink(path);
	assert_string_equal(line, "m\t1\tlate\t7\t0\t0\t0\t0\t0\t0\t0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mark_keeps_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
