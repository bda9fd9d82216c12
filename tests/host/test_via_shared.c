/* SPDX-License-Identifier: BSD-2-Clause */
/* shared_memory in configurations, what create makes of it, shared-memory-list. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "via/shared_spec.h"
#include "via_run.h"

static void test_specs(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
		uint32_t vectors;
	} good[] = {
		{ "name=a,size=4K", 4096, 0 },
		{ "size=1m,name=a", 1 << 20, 0 },
		{ "name=a,size=1G,vectors=32,", 1 << 30, 32 },
		{ "name=a,size=65536,vectors=1", 65536, 1 },
	};
	struct shared_memory spec;
	char why[96];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(shared_spec_parse(good[i].text, &spec, why, sizeof(why)), 0);
		assert_string_equal(spec.name, "a");
		assert_int_equal(spec.bytes, good[i].bytes);
		assert_int_equal(spec.vectors, good[i].vectors);
	}
}

static void test_bad_specs(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} bad[] = {
		{ "", "\"\" is not KEY=VALUE" },
		{ "a", "\"a\" is not KEY=VALUE" },
		{ "name=a,,size=4K", "\"\" is not KEY=VALUE" },
		{ "name=a", "name and size are needed" },
		{ "size=4K", "name and size are needed" },
		{ "name=,size=4K", "1 to 63 printable characters" },
		{ "name=a b,size=4K", "1 to 63 printable characters" },
		{ "name=a,size=", "power of two between 4K and 1G" },
		{ "name=a,size=2K", "power of two between 4K and 1G" },
		{ "name=a,size=3M", "power of two between 4K and 1G" },
		{ "name=a,size=2G", "power of two between 4K and 1G" },
		{ "name=a,size=-4096", "power of two between 4K and 1G" },
		{ "name=a,size=4KB", "power of two between 4K and 1G" },
		{ "name=a,size=4T", "power of two between 4K and 1G" },
		{ "name=a,size=18014398509481985K", "power of two between 4K and 1G" },
		{ "name=a,size=99999999999999999999", "power of two between 4K and 1G" },
		{ "name=a,size=4K,vectors=0", "vectors must be between 1 and 32" },
		{ "name=a,size=4K,vectors=33", "vectors must be between 1 and 32" },
		{ "name=a,size=4K,vectors=x", "vectors must be between 1 and 32" },
		{ "name=a,size=4K,doorbell=1", "are all there is to set" },
	};
	struct shared_memory spec;
	char why[96], text[400];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(shared_spec_parse(bad[i].text, &spec, why, sizeof(why)), -EINVAL);
		assert_says(why, bad[i].says);
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(shared_spec_parse(text, &spec, why, sizeof(why)), -EINVAL);
	assert_says(why, "longer than 255 characters");
}

static void test_bad_settings(void **state)
{
	assert_int_equal(
		create_with("memory = 32\nshared_memory = [ 'name=a,size=4K', 'size=5' ]", ""), 1);
	assert_says(err, "guest.cfg:5: shared_memory: \"size=5\": size must be a power of two");
	assert_int_equal(create_with("memory = 32\nshared_memory = 'name=a,size=4K'", ""), 1);
	assert_says(err, "guest.cfg:5: shared_memory must be a list");
	assert_int_equal(create_with("memory = 32\nshared_memory = [ 'name=a,size=4K',"
				     "'name=a,size=8K' ]", ""), 1);
	assert_says(err, "shared_memory: \"a\" is there twice");
	assert_int_equal(world_domains(), 1);
}

static void test_list(void **state)
{
	assert_int_equal(via("shared-memory-list"), 0);
	assert_string_equal(out, "Name                                  KiB Vectors Members\n");
	assert_int_equal(via("shared-memory-list --json"), 0);
	assert_string_equal(out, "[]\n");
	world.share_slices = 3;
	assert_int_equal(create_with("memory = 32; shared_memory = [ 'name=ring,size=1M,vectors=2',"
				     "'name=log,size=4K' ]", ""), 0);
	assert_int_equal(world.share_slices, 0);
	assert_int_equal(
		create_with("memory = 32; shared_memory = [ 'name=ring,size=1M,vectors=2' ]",
			    "name='other'"),
		0);
	assert_int_equal(via("shared-memory-list"), 0);
	assert_string_equal(out,
			    "Name                                  KiB Vectors Members\n"
			    "ring                                 1024       2 0=guest 1=other\n"
			    "log                                     4       0 0=guest\n");
	assert_int_equal(via("shared-memory-list --json"), 0);
	assert_says(out, "\"name\": \"ring\"");
	assert_says(out, "\"bytes\": 1048576");
	assert_says(out, "\"position\": 1");
	assert_says(out, "\"domain\": \"other\"");
	assert_int_equal(via("metrics"), 0);
	assert_says(out, "\nviaduct_shared_memory_bytes{name=\"ring\"} 1048576\n"
			 "viaduct_shared_memory_bytes{name=\"log\"} 4096\n");
	assert_int_equal(via("shared-memory-list ring"), 2);
	assert_int_equal(via("destroy guest"), 0);
	assert_int_equal(via("destroy other"), 0);
}

/* Nothing is left of a domain that cannot have what it is to share. */
static void test_refused(void **state)
{
	static const struct {
		int error;
		const char *says;
	} cases[] = {
		{ EEXIST,
		  "shared memory \"ring\": it is there with another size or number of vectors" },
		{ EOPNOTSUPP, "shared memory \"ring\": the domain has no ITS" },
		{ ENOMEM, "shared memory \"ring\": not enough free memory" },
		{ ENOSPC, "shared memory \"ring\": all device numbers of the domain are taken" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world.fail_share = cases[i].error;
		assert_int_equal(
			create_with("memory = 32; shared_memory = [ 'name=ring,size=1M' ]", ""), 1);
		assert_says(err, cases[i].says);
		world_reap();
		assert_int_equal(world_domains(), 1);
	}
}

/* What the control domain itself may ask for. */
static void test_requests(void **state)
{
	struct control_shared_join in = { .domain = 0, .bytes = 4096, .name = "a" };
	struct control_list all = { .from = 7 };
	struct control_list_reply reply;

	assert_int_equal(world_request(0, CONTROL_SHARED_JOIN, &in, sizeof(in), NULL, 0), -EPERM);
	in.domain = 99;
	assert_int_equal(world_request(0, CONTROL_SHARED_JOIN, &in, sizeof(in), NULL, 0), -ENOENT);
	memset(in.name, 'a', sizeof(in.name));
	assert_int_equal(world_request(0, CONTROL_SHARED_JOIN, &in, sizeof(in), NULL, 0), -EINVAL);
	in.name[0] = '\0';
	assert_int_equal(world_request(0, CONTROL_SHARED_JOIN, &in, sizeof(in), NULL, 0), -EINVAL);
	assert_int_equal(world_request(0, CONTROL_SHARED_LIST, &all, sizeof(all), &reply,
				       sizeof(reply)), 0);
	assert_int_equal(reply.count, 0);
	assert_int_equal(reply.next, CONTROL_LIST_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_specs),
		cmocka_unit_test(test_bad_specs),
		cmocka_unit_test_setup_teardown(test_bad_settings, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_list, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_refused, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_requests, via_setup, via_teardown),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
