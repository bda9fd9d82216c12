/* SPDX-License-Identifier: BSD-2-Clause */
/* The function of shared memory as data: what QEMU's ivshmem-spec says, MSI-X, hostile writes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "fake_heap.h"
#include "vpci/ivshmem.h"

#define MIB 0x100000ULL

static struct ivshmem plain, bell;
static uint32_t msix; /* where the capability list says it is */

static uint32_t rd(const struct ivshmem *s, uint32_t at, uint32_t size)
{
	return ivshmem_config_read(s, at, size);
}

static struct ivshmem_plan wr(struct ivshmem *s, uint32_t at, uint32_t size, uint32_t value)
{
	return ivshmem_config_write(s, at, size, value);
}

/* A word of an entry of the table, in BAR 1. */
static struct ivshmem_plan entry(uint32_t vector, uint32_t word, uint32_t value)
{
	return ivshmem_bar_write(&bell, IVSHMEM_MSIX, 16 * vector + 4 * word, 4, value);
}

static struct ivshmem_plan control(uint32_t value)
{
	return wr(&bell, msix + 2, 2, value);
}

static uint32_t pending(void)
{
	uint32_t at = rd(&bell, msix + 8, 4);

	assert_int_equal(at & 7, 1);
	return ivshmem_bar_read(&bell, IVSHMEM_MSIX, at & ~7U, 4);
}

static int setup(void **state)
{
	memset(&plain, 0, sizeof(plain));
	memset(&bell, 0, sizeof(bell));
	assert_int_equal(ivshmem_build(&plain, MIB, 0, 3), 0);
	assert_int_equal(ivshmem_build(&bell, 1024 * MIB, 5, 3), 0);
	msix = rd(&bell, 0x34, 1);
	assert_int_equal(rd(&bell, msix, 2), 0x0011); /* and no other capability */
	return 0;
}

static int teardown(void **state)
{
	ivshmem_free(&plain);
	ivshmem_free(&bell);
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

static void test_identity(void **state)
{
	const struct ivshmem *const both[] = { &plain, &bell };

	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(rd(both[i], 0x00, 4), 0x11101af4);
		assert_int_equal(rd(both[i], 0x08, 4), 0x05000001);
		assert_int_equal(rd(both[i], 0x0e, 1), 0);
		assert_int_equal(rd(both[i], 0x2c, 4), 0x11001af4);
		assert_int_equal(rd(both[i], 0x3d, 1), 0);
		assert_int_equal(rd(both[i], 0x100, 4), 0);
	}
	assert_int_equal(rd(&plain, 0x34, 1), 0);
	assert_int_equal(rd(&plain, 0x06, 2), 0);
	assert_int_equal(rd(&bell, 0x06, 2), 0x10);
	assert_int_equal(rd(&bell, msix + 2, 2), 4); /* five vectors */
	assert_int_equal(rd(&bell, msix + 4, 4), 1);
}

/* One dword by what is read before any write, after all ones and after all zeros. */
struct dword {
	uint32_t at, first, ones, zeros;
};

/* All that a driver of a function with doorbell finds below 256 that is not zero for good. */
static const struct dword config[] = {
	{ 0x00, 0x11101af4, 0x11101af4, 0x11101af4 },
	{ 0x04, 0x00100000, 0x00100406, 0x00100000 },
	{ 0x08, 0x05000001, 0x05000001, 0x05000001 },
	{ 0x0c, 0, 0x000000ff, 0 },
	{ 0x10, 0, 0xfffff000, 0 },
	{ 0x14, 0, 0xfffff000, 0 },
	{ 0x18, 0x0000000c, 0xc000000c, 0x0000000c },
	{ 0x1c, 0, 0xffffffff, 0 },
	{ 0x2c, 0x11001af4, 0x11001af4, 0x11001af4 },
	{ 0x34, 0x00000040, 0x00000040, 0x00000040 },
	{ 0x3c, 0, 0x000000ff, 0 },
	{ 0x40, 0x00040011, 0xc0040011, 0x00040011 },
	{ 0x44, 0x00000001, 0x00000001, 0x00000001 },
	{ 0x48, 0x00000801, 0x00000801, 0x00000801 },
};

static struct dword dword_at(uint32_t at)
{
	for (uint32_t i = 0; i < sizeof(config) / sizeof(config[0]); i++) {
		if (config[i].at == at) {
			return config[i];
		}
	}
	return (struct dword){ at, 0, 0, 0 };
}

/* Which bits a write changes, and that only COMMAND's has consequences. */
static void test_every_bit(void **state)
{
	for (uint32_t at = 0; at < 0x100; at += 4) {
		struct dword want = dword_at(at);
		uint32_t on = at == 4 ? VPCI_MAP : VPCI_NOTHING;
		uint32_t off = at == 4 ? VPCI_UNMAP : VPCI_NOTHING;

		assert_int_equal(rd(&bell, at, 4), want.first);
		assert_int_equal(wr(&bell, at, 4, 0xffffffff).effect, on);
		assert_int_equal(rd(&bell, at, 4), want.ones);
		assert_int_equal(wr(&bell, at, 4, 0).effect, off);
		assert_int_equal(rd(&bell, at, 4), want.zeros);
	}
}

/* With memory decode on BARs stay where they are, and all else is written as before. */
static void test_every_bit_decoding(void **state)
{
	wr(&bell, 0x04, 2, 0x0002);
	for (uint32_t at = 8; at < 0x100; at += 4) {
		struct dword want = dword_at(at);
		bool bar = at >= 0x10 && at < 0x28;

		assert_int_equal(wr(&bell, at, 4, 0xffffffff).effect, VPCI_NOTHING);
		assert_int_equal(rd(&bell, at, 4), bar ? want.first : want.ones);
		wr(&bell, at, 4, 0);
	}
}

/* What sizing finds: PCIe 6.0 7.5.1.2.1. */
static void test_bars(void **state)
{
	static const uint32_t sizes[2][6] = {
		{ 0xfffff000, 0, 0xfff0000c, 0xffffffff, 0, 0 },
		{ 0xfffff000, 0xfffff000, 0xc000000c, 0xffffffff, 0, 0 },
	};

	for (uint32_t i = 0; i < 6; i++) {
		wr(&plain, 0x10 + 4 * i, 4, 0xffffffff);
		wr(&bell, 0x10 + 4 * i, 4, 0xffffffff);
		assert_int_equal(rd(&plain, 0x10 + 4 * i, 4), sizes[0][i]);
		assert_int_equal(rd(&bell, 0x10 + 4 * i, 4), sizes[1][i]);
	}
	wr(&bell, 0x30, 4, 0xffffffff);
	assert_int_equal(rd(&bell, 0x30, 4), 0);
}

static void test_decode(void **state)
{
	uint64_t at, size;

	wr(&plain, 0x10, 4, 0x10000000);
	wr(&plain, 0x14, 4, 0x20000000);
	wr(&plain, 0x18, 4, 0x00300000);
	wr(&plain, 0x1c, 4, 0x81);
	assert_false(ivshmem_decodes(&plain, IVSHMEM_MEMORY, &at, &size));
	assert_int_equal(wr(&plain, 0x04, 2, 0x0002).effect, VPCI_MAP);
	assert_int_equal(wr(&plain, 0x04, 2, 0x0006).effect, VPCI_NOTHING);
	assert_true(ivshmem_decodes(&plain, IVSHMEM_MEMORY, &at, &size));
	assert_true(at == 0x8100300000ULL && size == MIB);
	assert_true(ivshmem_decodes(&plain, IVSHMEM_REGISTERS, &at, &size));
	assert_true(at == 0x10000000 && size == 0x1000);
	assert_false(ivshmem_decodes(&plain, IVSHMEM_MSIX, &at, &size));
	/* It stays where it is while it decodes. */
	wr(&plain, 0x18, 4, 0x00500000);
	wr(&plain, 0x10, 4, 0x20000000);
	ivshmem_decodes(&plain, IVSHMEM_MEMORY, &at, &size);
	assert_true(at == 0x8100300000ULL);
	ivshmem_decodes(&plain, IVSHMEM_REGISTERS, &at, &size);
	assert_true(at == 0x10000000);
	assert_int_equal(wr(&plain, 0x04, 2, 0).effect, VPCI_UNMAP);
}

static void test_registers(void **state)
{
	struct ivshmem_plan plan;

	for (uint32_t at = 0; at < 0x1000; at += 4) {
		uint32_t want = at == 8 ? 3 : 0;

		plan = ivshmem_bar_write(&bell, IVSHMEM_REGISTERS, at, 4, 0x0007000b);
		assert_int_equal(plan.rings, at == 12);
		assert_true(!plan.rings || (plan.peer == 7 && plan.vector == 11));
		assert_int_equal(plan.messages, 0);
		assert_false(ivshmem_bar_write(&plain, IVSHMEM_REGISTERS, at, 4, 0).rings);
		assert_int_equal(ivshmem_bar_read(&bell, IVSHMEM_REGISTERS, at, 4), want);
		assert_int_equal(ivshmem_bar_read(&bell, IVSHMEM_REGISTERS, at, 1), want);
		assert_int_equal(ivshmem_bar_read(&plain, IVSHMEM_REGISTERS, at, 4), 0);
	}
	/* A part of it is no doorbell. */
	assert_false(ivshmem_bar_write(&bell, IVSHMEM_REGISTERS, 12, 2, 0).rings);
	assert_false(ivshmem_bar_write(&bell, IVSHMEM_REGISTERS, 14, 2, 0).rings);
}

static void test_table(void **state)
{
	uint64_t address;
	uint32_t data;

	/* As after a reset: 7.7.2.4. */
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(ivshmem_bar_read(&bell, IVSHMEM_MSIX, 16 * i + 12, 4), 1);
	}
	entry(4, 0, 0x08090043);
	entry(4, 1, 0x12);
	entry(4, 2, 77);
	entry(4, 3, 0xfffffffe);
	ivshmem_message(&bell, 4, &address, &data);
	assert_true(address == 0x1208090040ULL && data == 77);
	assert_int_equal(ivshmem_bar_read(&bell, IVSHMEM_MSIX, 64 + 12, 4), 0);
	assert_int_equal(ivshmem_bar_read(&bell, IVSHMEM_MSIX, 64 + 2, 2), 0x0809);
	/* There is no sixth, and what lies behind is not written. */
	for (uint32_t at = 5 * 16; at < 0x1000; at += 4) {
		ivshmem_bar_write(&bell, IVSHMEM_MSIX, at, 4, 0xffffffff);
		assert_int_equal(ivshmem_bar_read(&bell, IVSHMEM_MSIX, at, 4), 0);
	}
	ivshmem_bar_write(&bell, IVSHMEM_MSIX, 64 + 8, 2, 0);
	ivshmem_message(&bell, 4, &address, &data);
	assert_int_equal(data, 77);
}

static void test_messages(void **state)
{
	/* Off: it is lost. */
	entry(1, 3, 0);
	assert_int_equal(ivshmem_ring(&bell, 1).messages, 0);
	assert_int_equal(control(0x8000).messages, 0);
	/* On, without bus mastering: it waits. */
	assert_int_equal(ivshmem_ring(&bell, 1).messages, 0);
	assert_int_equal(pending(), 2);
	assert_int_equal(wr(&bell, 0x04, 2, 4).messages, 2);
	assert_int_equal(pending(), 0);
	assert_int_equal(ivshmem_ring(&bell, 1).messages, 2);
	/* Masked, once for all its rings. */
	assert_int_equal(ivshmem_ring(&bell, 3).messages, 0);
	assert_int_equal(ivshmem_ring(&bell, 3).messages, 0);
	assert_int_equal(pending(), 8);
	assert_int_equal(entry(3, 0, 0x40).messages, 0);
	assert_int_equal(entry(3, 3, 0).messages, 8);
	assert_int_equal(entry(3, 3, 0).messages, 0);
	/* All masked. */
	assert_int_equal(control(0xc000).messages, 0);
	assert_int_equal(ivshmem_ring(&bell, 1).messages, 0);
	assert_int_equal(ivshmem_ring(&bell, 3).messages, 0);
	assert_int_equal(control(0x8000).messages, 10);
	/* Turned off, nothing is left. */
	control(0xc000);
	ivshmem_ring(&bell, 1);
	assert_int_equal(pending(), 2);
	control(0);
	assert_int_equal(pending(), 0);
	assert_int_equal(control(0x8000).messages, 0);
}

static void test_no_such_vector(void **state)
{
	control(0x8000);
	wr(&bell, 0x04, 2, 4);
	for (uint32_t i = 0; i < 5; i++) {
		entry(i, 3, 0);
	}
	for (uint32_t v = 0; v <= 0xffff; v++) {
		assert_int_equal(ivshmem_ring(&bell, v).messages, v < 5 ? 1U << v : 0);
		assert_int_equal(ivshmem_ring(&plain, v).messages, 0);
	}
	assert_int_equal(pending(), 0);
}

/* Whatever is written: the function stays what it is, and no message leaves but of its vectors. */
static void test_hostile(void **state)
{
	uint32_t seed = 1;

	for (uint32_t i = 0; i < 300000; i++) {
		uint32_t size, at, value;
		struct ivshmem_plan plan;

		seed = seed * 1664525 + 1013904223;
		size = 1U << (seed >> 8) % 3;
		at = (seed >> 12 & 0xfff) & ~(size - 1);
		value = seed * 2654435761U;
		switch (seed >> 24 & 3) {
		case 0:
			plan = wr(&bell, (seed & 0x80) ? at & 0x7f : at, size, value);
			break;
		case 1:
			plan = ivshmem_bar_write(&bell, IVSHMEM_MSIX, at & 0x1ff,
						 4 > size ? size : 4, value);
			break;
		case 2:
			plan = ivshmem_bar_write(&bell, IVSHMEM_REGISTERS, at, size, value);
			assert_int_equal(plan.rings, at == 12 && size == 4);
			break;
		default:
			plan = ivshmem_ring(&bell, value >> 28);
			break;
		}
		assert_int_equal(plan.messages & ~0x1fU, 0);
		assert_int_equal(bell.pending & ~0x1fU, 0);
		assert_int_equal(plan.messages & bell.pending, 0);
	}
	assert_int_equal(rd(&bell, 0x00, 4), 0x11101af4);
	assert_int_equal(rd(&bell, 0x34, 4), msix);
	assert_int_equal(rd(&bell, msix, 4) & 0x3fffffff, 0x00040011);
	assert_int_equal(ivshmem_bar_read(&bell, IVSHMEM_REGISTERS, 8, 4), 3);
}

/* The size of the table is what MSI-X says, less one. */
static void test_vectors(void **state)
{
	for (uint32_t vectors = 1; vectors <= IVSHMEM_VECTORS_MAX; vectors++) {
		struct ivshmem s = { .vectors = 0 };

		assert_int_equal(ivshmem_build(&s, MIB, vectors, 0), 0);
		assert_int_equal(rd(&s, msix + 2, 2), vectors - 1);
		ivshmem_free(&s);
	}
}

static void test_no_memory(void **state)
{
	struct ivshmem s = { .vectors = 0 };

	fake_heap_fail_in = 1;
	assert_int_equal(ivshmem_build(&s, MIB, 1, 0), -12);
	fake_heap_fail_in = 0;
	ivshmem_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_bit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_bit_decoding, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bars, setup, teardown),
		cmocka_unit_test_setup_teardown(test_decode, setup, teardown),
		cmocka_unit_test_setup_teardown(test_registers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_such_vector, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vectors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
