/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests as a hostile client writes them, lists, text and what CPUs recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "fake_log.h"
#include "lib/errno.h"

static void test_registers(void **state)
{
	uint64_t base = WORLD_MMIO + CONTROL_PAGES_SIZE;

	assert_int_equal(world_load(base + CONTROL_REG_MAGIC, 4), CONTROL_MAGIC);
	assert_int_equal(world_load(base + CONTROL_REG_ABI, 4), CONTROL_ABI_VERSION);
	world_store(base + CONTROL_REG_ABI, 4, 99);
	assert_int_equal(world_load(base + CONTROL_REG_ABI, 4), CONTROL_ABI_VERSION);
	assert_int_equal(world_load(base + CONTROL_REG_ABI, 1), 0);
	assert_int_equal(world_load(base + 0xffc, 4), 0);
}

/* One function on the segment, and no more bits than asked for. */
static void test_config_window(void **state)
{
	assert_int_equal(world_load(WORLD_ECAM, 4), CONTROL_DEVICE_ID << 16 | CONTROL_VENDOR_ID);
	assert_int_equal(world_load(WORLD_ECAM, 2), CONTROL_VENDOR_ID);
	assert_int_equal(world_load(WORLD_ECAM, 8) & 0xffffffff, world_load(WORLD_ECAM, 4));
	assert_int_equal(world_load(WORLD_ECAM, 8) >> 32, world_load(WORLD_ECAM + 4, 4));
	assert_int_equal(world_load(WORLD_ECAM + 0x1000, 1), 0xff);
	assert_int_equal(world_load(WORLD_ECAM + 0x8000, 4), 0xffffffff);
	assert_int_equal(world_load(WORLD_ECAM + 0xffff8, 8), ~0ULL);
	world_store(WORLD_ECAM + 0x8000, 4, 0);
	assert_int_equal(world_load(WORLD_ECAM, 2), CONTROL_VENDOR_ID);
}

static void test_only_the_control_domain(void **state)
{
	struct domain guest = { .id = 9, .name = "guest" };
	struct domain *control = world.vcpu.domain;

	fake_log_clear();
	world.vcpu.domain = &guest;
	for (uint32_t op = 0; op < CONTROL_OPS + 2; op++) {
		/* The page is not even answered. */
		assert_int_equal(world_request(3, op, NULL, 0, NULL, 0), 12345);
	}
	world.vcpu.domain = control;
	assert_true(fake_log_has("not the control domain"));
	assert_int_equal(world_request(3, CONTROL_NULL, NULL, 0, NULL, 0), 0);
}

static void test_bad_page(void **state)
{
	uint64_t doorbell = WORLD_MMIO + CONTROL_PAGES_SIZE + CONTROL_REG_DOORBELL;

	world_store(doorbell, 4, CONTROL_PAGES);
	world_store(doorbell, 4, 0xffffffff);
	world_store(doorbell, 8, 0);
	world_store(doorbell, 1, 0);
	world_store(doorbell + 4, 4, 0);
	assert_int_equal(world_request(CONTROL_PAGES - 1, CONTROL_NULL, NULL, 0, NULL, 0), 0);
}

static void test_bad_op_and_size(void **state)
{
	static const uint8_t junk[CONTROL_BODY_SIZE];

	assert_int_equal(world_request(0, CONTROL_OPS, NULL, 0, NULL, 0), -ENOSYS);
	assert_int_equal(world_request(0, 0xffffffff, NULL, 0, NULL, 0), -ENOSYS);
	for (uint32_t op = 0; op < CONTROL_OPS; op++) {
		/* No request is of 4, 1000, or all the bytes of a page, let alone 4 GiB. */
		assert_int_equal(world_request(0, op, junk, 4, NULL, 0), -E2BIG);
		assert_int_equal(world_request(0, op, junk, 1000, NULL, 0), -E2BIG);
		assert_int_equal(world_request(0, op, junk, CONTROL_BODY_SIZE, NULL, 0), -E2BIG);
	}
	for (uint32_t op = 0; op < CONTROL_OPS; op++) {
		struct control_header header = { .op = op, .size = 0xffffffff };

		memcpy(world_page(0), &header, sizeof(header));
		world_store(WORLD_MMIO + CONTROL_PAGES_SIZE + CONTROL_REG_DOORBELL, 4, 0);
		memcpy(&header, world_page(0), sizeof(header));
		assert_int_equal(header.result, -E2BIG);
		assert_int_equal(header.size, 0);
	}
}

/* Every request with a body of one repeated byte: nothing dies, every result is an errno or 0. */
static void test_junk(void **state)
{
	static const uint32_t sizes[] = { 0, 8, 16, 24, 72, 80, 264 };
	uint8_t junk[264];
	struct control_header header;

	for (uint32_t op = 0; op < CONTROL_OPS; op++) {
		for (uint32_t byte = 0; byte < 256; byte++) {
			memset(junk, (int)byte, sizeof(junk));
			for (uint32_t i = 0; i < ARRAY_SIZE(sizes); i++) {
				int err = world_request(1, op, junk, sizes[i], NULL, 0);

				assert_true(err <= 0 && err >= -200);
				memcpy(&header, world_page(1), sizeof(header));
				assert_true(header.size <= CONTROL_BODY_SIZE);
			}
		}
	}
	assert_int_equal(world_domains(), 1);
}

/* What is written to the page while a request is carried out changes nothing about it. */
static void test_single_fetch(void **state)
{
	struct control_domain_create in = { .name = "g", .vcpu_count = 3, .ram_bytes = SZ_2M };
	struct control_domain_id out;
	struct control_header header;

	world.scribble = true;
	assert_int_equal(
		world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), &out, sizeof(out)), 0);
	memcpy(&header, world_page(0), sizeof(header));
	assert_int_equal(header.op, CONTROL_DOMAIN_CREATE);
	assert_int_equal(header.size, sizeof(out));
	assert_string_equal(domain_by_id(out.id)->name, "g");
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, out.id), 0);
}

static void test_lists(void **state)
{
	struct control_list in = { .from = 0 };
	struct {
		struct control_list_reply head;
		struct control_domain entries[2];
	} domains;
	struct {
		struct control_list_reply head;
		struct control_function entries[4];
	} pci;
	uint32_t id = world_create("g", SZ_2M);

	assert_int_equal(
		world_request(0, CONTROL_DOMAIN_LIST, &in, sizeof(in), &domains, sizeof(domains)),
		0);
	assert_int_equal(domains.head.count, 2);
	assert_int_equal(domains.head.next, CONTROL_LIST_END);
	assert_string_equal(domains.entries[0].name, "control");
	assert_int_equal(domains.entries[0].flags, CONTROL_DOMAIN_IS_CONTROL);
	assert_int_equal(domains.entries[0].vcpus_running, 1);
	assert_int_equal(domains.entries[1].state, CONTROL_DOMAIN_STATE_BUILDING);
	in.max = 1;
	assert_int_equal(world_request(0, CONTROL_DOMAIN_LIST, &in, sizeof(in), &domains,
				       sizeof(domains.head)),
			 0);
	assert_int_equal(domains.head.count, 1);
	assert_int_equal(domains.head.next, id);
	in = (struct control_list){ .from = 0xffffffff };
	assert_int_equal(world_request(0, CONTROL_DOMAIN_LIST, &in, sizeof(in), &domains,
				       sizeof(domains.head)),
			 0);
	assert_int_equal(domains.head.count, 0);

	in = (struct control_list){ .from = 0 };
	assert_int_equal(world_request(0, CONTROL_PCI_LIST, &in, sizeof(in), &pci, sizeof(pci)), 0);
	assert_int_equal(pci.head.count, 4);
	assert_int_equal(pci.entries[0].flags & CONTROL_FUNCTION_IS_BRIDGE, 1);
	assert_int_equal(pci.entries[1].sbdf, WORLD_DISK);
	assert_int_equal(pci.entries[1].vsbdf, CONTROL_NO_SLOT);
	assert_string_equal(pci.entries[3].broken_why, "identity changed over reset");
	in = (struct control_list){ .from = WORLD_DISK + 1, .max = 1 };
	assert_int_equal(world_request(0, CONTROL_PCI_LIST, &in, sizeof(in), &pci,
				       sizeof(pci.head) + sizeof(pci.entries[0])),
			 0);
	assert_int_equal(pci.head.count, 1);
	assert_int_equal(pci.entries[0].sbdf, WORLD_NIC);
	assert_int_equal(pci.head.next, WORLD_BROKEN);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
}

static void test_console(void **state)
{
	uint32_t id = world_create("g", SZ_2M);
	struct control_text_read read = { .id = id };
	struct control_console_write write = { .id = id, .size = 300 };
	struct {
		struct control_text_reply head;
		char text[5];
	} reply;

	world.printed = "hello";
	assert_int_equal(world_request(0, CONTROL_CONSOLE_READ, &read, sizeof(read), &reply,
				       sizeof(reply.head) + 5),
			 0);
	assert_int_equal(reply.head.size, 5);
	assert_int_equal(reply.head.position, 5);
	assert_memory_equal(reply.text, "hello", 5);
	read.position = ~0ULL;
	assert_int_equal(world_request(0, CONTROL_CONSOLE_READ, &read, sizeof(read), &reply,
				       sizeof(reply.head)),
			 0);
	assert_int_equal(reply.head.size, 0);
	assert_int_equal(world_request(0, CONTROL_CONSOLE_WRITE, &write, sizeof(write), NULL, 0),
			 -EINVAL);
	read.id = write.id = 0;
	assert_int_equal(world_request(0, CONTROL_CONSOLE_READ, &read, sizeof(read), NULL, 0),
			 -EPERM);
	write.size = 1;
	assert_int_equal(world_request(0, CONTROL_CONSOLE_WRITE, &write, sizeof(write), NULL, 0),
			 -EPERM);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
}

static void fill_trace(uint32_t cpu, struct trace_ring *ring)
{
	assert_int_equal(cpu, 1);
	while (ring->head < 200) {
		trace_ring_put(ring, &(struct trace_record){ .time = ring->head, .domain = 3 });
	}
}

/* As many as fit into a reply, with positions that go on where the last one ended. */
static void test_trace(void **state)
{
	struct control_trace set = { .action = CONTROL_TRACE_START };
	struct control_trace_read in = { .cpu = 1 };
	struct {
		struct control_trace_reply reply;
		struct control_trace_record records[126];
	} out;

	assert_int_equal(world_request(0, CONTROL_TRACE_READ, &in, sizeof(in), NULL, 0), -ENOENT);
	assert_int_equal(world_request(0, CONTROL_TRACE, &set, sizeof(set), NULL, 0), 0);
	assert_int_equal(world_request(0, CONTROL_TRACE, &set, sizeof(set), NULL, 0), -EBUSY);
	world.on_trace_read = fill_trace;
	assert_int_equal(world_request(0, CONTROL_TRACE_READ, &in, sizeof(in), &out, sizeof(out)),
			 0);
	assert_int_equal(out.reply.count, 126);
	assert_int_equal(out.reply.position, 126);
	assert_int_equal(out.reply.lost, 0);
	assert_int_equal(out.records[125].time, 125);
	assert_int_equal(out.records[125].domain, 3);
	in.position = 126;
	assert_int_equal(world_request(0, CONTROL_TRACE_READ, &in, sizeof(in), &out,
				       (uint32_t)offsetof(__typeof__(out), records[74])), 0);
	assert_int_equal(out.reply.count, 74);
	assert_int_equal(out.records[73].time, 199);
	in.position = ~0ULL;
	assert_int_equal(world_request(0, CONTROL_TRACE_READ, &in, sizeof(in), &out,
				       sizeof(out.reply)), 0);
	assert_int_equal(out.reply.count, 0);
	in.cpu = 0xffffffff;
	assert_int_equal(world_request(0, CONTROL_TRACE_READ, &in, sizeof(in), NULL, 0), -EINVAL);
	set.action = 2;
	assert_int_equal(world_request(0, CONTROL_TRACE, &set, sizeof(set), NULL, 0), -EINVAL);
	assert_true(world.tracing);
	set.action = CONTROL_TRACE_STOP;
	assert_int_equal(world_request(0, CONTROL_TRACE, &set, sizeof(set), NULL, 0), 0);
	assert_int_equal(world_request(0, CONTROL_TRACE, &set, sizeof(set), NULL, 0), 0);
	assert_false(world.tracing);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, control_world_setup, control_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_registers),
		TEST(test_config_window),
		TEST(test_only_the_control_domain),
		TEST(test_bad_page),
		TEST(test_bad_op_and_size),
		TEST(test_junk),
		TEST(test_single_fetch),
		TEST(test_lists),
		TEST(test_console),
		TEST(test_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
