/* SPDX-License-Identifier: BSD-2-Clause */
/* SMMUv3 command words, event records and ID registers, bit for bit from IHI0070 4, 7.3 and 6.3. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "iommu/smmuv3_cmd.h"
#include "iommu/smmuv3_event.h"
#include "iommu/smmuv3_probe.h"

static void expect_cmd(struct smmuv3_cmd cmd, uint64_t w0, uint64_t w1)
{
	assert_int_equal(cmd.word[0], w0);
	assert_int_equal(cmd.word[1], w1);
}

static void test_commands(void **state)
{
	expect_cmd(smmuv3_cmd_cfgi_ste((stream_id_t){ 0xfedcba98 }), 0xfedcba9800000003, 0);
	expect_cmd(smmuv3_cmd_cfgi_all(), 0x04, 31);
	expect_cmd(smmuv3_cmd_tlbi_vmid(0xa5), 0x000000a500000028, 0);
	expect_cmd(smmuv3_cmd_tlbi_all(), 0x30, 0);
	expect_cmd(smmuv3_cmd_tlbi_el2_all(), 0x20, 0);
	/* Completion signal: none. */
	expect_cmd(smmuv3_cmd_sync(), 0x46, 0);
}

static void test_translation_fault(void **state)
{
	uint64_t record[4] = { 0x0000020000000010, 0, 0x000000dead000040, 0x0000001234000000 };
	struct iommu_fault f = smmuv3_event_decode(record);

	assert_int_equal(f.code, 0x10);
	assert_int_equal(f.stream.v, 0x200);
	assert_int_equal(f.address, 0xdead000040);
	assert_true(f.write);
	assert_int_equal(strncmp(f.name, "F_TRANSLATION", 13), 0);
	record[1] = 1ULL << 35; /* RnW */
	assert_false(smmuv3_event_decode(record).write);
}

/* Records without an address have other things, or nothing, in its place. */
static void test_configuration_faults(void **state)
{
	static const uint8_t codes[] = { 0x02, 0x03, 0x04, 0x06, 0x08, 0x09, 0x0a };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		uint64_t record[4] = { 0x0001234500000800ULL | codes[i], 0, ~0ULL, ~0ULL };
		struct iommu_fault f = smmuv3_event_decode(record);

		assert_int_equal(f.code, codes[i]);
		assert_int_equal(f.stream.v, 0x12345);
		assert_int_equal(f.address, 0);
		assert_false(f.write);
		assert_non_null(f.name);
	}
}

/* The record comes from hardware: any of its 256 numbers has a name. */
static void test_every_code_has_a_name(void **state)
{
	for (uint64_t code = 0; code < 256; code++) {
		uint64_t record[4] = { code, ~0ULL, ~0ULL, ~0ULL };

		assert_true(strlen(smmuv3_event_decode(record).name) > 5);
	}
}

/* The numbers of QEMU's machine, all three forms of it. */
static void test_probe_qemu(void **state)
{
	struct smmuv3_features f;

	assert_null(smmuv3_probe(0x0d44101b, 0x02730010, 0x74, &f));
	assert_true(f.stage1 && f.coherent && f.two_level);
	assert_false(f.hyp || f.msi);
	assert_int_equal(f.stream_bits, 16);
	assert_int_equal(f.address_bits, 44);
	assert_int_equal(f.cmdq_log2, 19);
	assert_int_equal(f.eventq_log2, 19);
	assert_null(smmuv3_probe(0x0d441019, 0x02730010, 0x74, &f));
	assert_false(f.stage1);
	assert_string_equal(smmuv3_probe(0x0d44101a, 0x02730010, 0x74, &f),
			    "stage 2 translation is not implemented (IDR0.S2P = 0)");
}

static void test_probe_refuses(void **state)
{
	struct smmuv3_features f;

	/* AArch32 tables only; big-endian tables; no 4 KiB pages; 36 address bits. */
	assert_non_null(smmuv3_probe(0x0d441017, 0x02730010, 0x74, &f));
	assert_non_null(smmuv3_probe(0x0d64101b, 0x02730010, 0x74, &f));
	assert_non_null(smmuv3_probe(0x0d44101b, 0x02730010, 0x64, &f));
	assert_non_null(smmuv3_probe(0x0d44101b, 0x02730010, 0x71, &f));
	assert_null(smmuv3_probe(0x0d44101b, 0x02730010, 0x72, &f));
	/* Preset tables, preset queues, a queue of one command. */
	assert_non_null(smmuv3_probe(0x0d44101b, 0x42730010, 0x74, &f));
	assert_non_null(smmuv3_probe(0x0d44101b, 0x22730010, 0x74, &f));
	assert_non_null(smmuv3_probe(0x0d44101b, 0x00130010, 0x74, &f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_translation_fault),
		cmocka_unit_test(test_configuration_faults),
		cmocka_unit_test(test_every_code_has_a_name),
		cmocka_unit_test(test_probe_qemu),
		cmocka_unit_test(test_probe_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
