/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about a domain: what it is made of, who runs it where, its power key and its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "lib/errno.h"

static void test_create_checks(void **state)
{
	struct control_domain_create in = { .name = "g", .vcpu_count = 1, .ram_bytes = SZ_2M };

	in.vcpu_count = 0;
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	in.vcpu_count = DOMAIN_VCPUS_MAX + 1;
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	in.vcpu_count = 1;
	memset(in.name, 'a', sizeof(in.name)); /* not terminated */
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	strcpy(in.name, "a\nb");
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	in.name[0] = '\0';
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	strcpy(in.name, "control");
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EEXIST);
	strcpy(in.name, "g");
	in.flags = CONTROL_CREATE_UNPROTECTED_DMA | 1U << 31;
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
}

static void test_unsafe_interrupts(void **state)
{
	struct control_domain_create in = {
		.name = "g", .vcpu_count = 1, .ram_bytes = SZ_2M, .flags = 1U << 31
	};
	struct control_list list = { .max = 1 };
	struct {
		struct control_list_reply head;
		struct control_domain entry;
	} reply;
	struct control_domain_id out;

	/* Flags nobody knows are not passed over. */
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	in.flags = CONTROL_CREATE_UNSAFE_INTERRUPTS;
	assert_int_equal(
		world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), &out, sizeof(out)), 0);
	assert_true(domain_by_id(out.id)->unsafe_interrupts);
	list.from = out.id;
	assert_int_equal(world_request(0, CONTROL_DOMAIN_LIST, &list, sizeof(list), &reply,
				       sizeof(reply)), 0);
	assert_int_equal(reply.entry.id, out.id);
	assert_int_equal(reply.entry.flags, CONTROL_DOMAIN_UNSAFE_INTERRUPTS);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, out.id), 0);
}

static void test_pin_and_share(void **state)
{
	struct control_vcpu_pin pin = { .allowed = 2 };
	struct control_domain_share share = { .weight = 7, .cap = 9 };

	assert_int_equal(world_request(0, CONTROL_VCPU_PIN, &pin, sizeof(pin), NULL, 0), 0);
	assert_int_equal(world.vcpu.allowed, 2);
	pin.vcpu = 1;
	assert_int_equal(world_request(0, CONTROL_VCPU_PIN, &pin, sizeof(pin), NULL, 0), -EINVAL);
	pin.vcpu = ~0U;
	assert_int_equal(world_request(0, CONTROL_VCPU_PIN, &pin, sizeof(pin), NULL, 0), -EINVAL);
	pin = (struct control_vcpu_pin){ .allowed = 4 };
	assert_int_equal(world_request(0, CONTROL_VCPU_PIN, &pin, sizeof(pin), NULL, 0), -ERANGE);
	pin.id = 99;
	assert_int_equal(world_request(0, CONTROL_VCPU_PIN, &pin, sizeof(pin), NULL, 0), -ENOENT);
	/* Looking sets nothing. */
	assert_int_equal(world_request(0, CONTROL_DOMAIN_SHARE, &share, sizeof(share), &share,
				       sizeof(share)), 0);
	assert_int_equal(share.weight, CONTROL_WEIGHT_DEFAULT);
	assert_int_equal(share.cap, 0);
	share = (struct control_domain_share){ .flags = CONTROL_SHARE_CAP, .weight = 7, .cap = 9 };
	assert_int_equal(world_request(0, CONTROL_DOMAIN_SHARE, &share, sizeof(share), &share,
				       sizeof(share)), 0);
	assert_int_equal(share.weight, CONTROL_WEIGHT_DEFAULT);
	assert_int_equal(share.cap, 9);
	share.flags = 1U << 2;
	assert_int_equal(world_request(0, CONTROL_DOMAIN_SHARE, &share, sizeof(share), NULL, 0),
			 -EINVAL);
	share = (struct control_domain_share){ .id = 99 };
	assert_int_equal(world_request(0, CONTROL_DOMAIN_SHARE, &share, sizeof(share), NULL, 0),
			 -ENOENT);
}

static void test_control_domain_is_safe(void **state)
{
	struct control_domain_start start = { .id = 0 };
	struct control_pci_attach attach = { .domain = 0, .sbdf = WORLD_DISK };
	struct control_aperture_map map = { .domain = 0 };

	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, 0), -EPERM);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_PAUSE, 0), -EPERM);
	assert_int_equal(world_request(0, CONTROL_DOMAIN_START, &start, sizeof(start), NULL, 0),
			 -EPERM);
	assert_int_equal(world_request(0, CONTROL_PCI_ATTACH, &attach, sizeof(attach), NULL, 0),
			 -EINVAL);
	assert_int_equal(world_request(0, CONTROL_APERTURE_MAP, &map, sizeof(map), NULL, 0),
			 -EINVAL);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, 5), -ENOENT);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, 0xffffffff), -ENOENT);
}

static int key(uint32_t id, uint32_t action, uint32_t means, uint32_t *flags)
{
	struct control_power_key in = { .id = id, .action = action, .means = means };
	struct control_power_key_state out = { 0 };
	int err = world_request(0, CONTROL_DOMAIN_POWER_KEY, &in, sizeof(in), &out, sizeof(out));

	*flags = out.flags;
	return err;
}

static void test_power_key(void **state)
{
	uint32_t id = world_create("g", SZ_2M), flags;

	assert_int_equal(key(id, CONTROL_KEY_LOOK, 0, &flags), 0);
	assert_int_equal(flags, 0);
	assert_int_equal(key(id, CONTROL_KEY_PRESS, CONTROL_REBOOT, &flags), 0);
	assert_int_equal(flags, CONTROL_KEY_DOWN | CONTROL_KEY_UNREAD);
	assert_true(domain_by_id(id)->off_is_reboot);
	/* Who only looks changes nothing. */
	assert_int_equal(key(id, CONTROL_KEY_LOOK, CONTROL_POWEROFF, &flags), 0);
	assert_true(domain_by_id(id)->off_is_reboot);
	assert_int_equal(key(id, CONTROL_KEY_RELEASE, CONTROL_POWEROFF, &flags), 0);
	assert_int_equal(flags, CONTROL_KEY_UNREAD);
	assert_false(domain_by_id(id)->off_is_reboot);
	assert_int_equal(key(id, 3, 0, &flags), -EINVAL);
	assert_int_equal(key(id, CONTROL_KEY_PRESS, CONTROL_CRASH, &flags), -EINVAL);
	assert_false(world.key.down);
	assert_int_equal(key(0, CONTROL_KEY_PRESS, 0, &flags), -EPERM);
	assert_int_equal(key(id + 1, CONTROL_KEY_PRESS, 0, &flags), -ENOENT);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
	/* On its way out: there may be no key any more. */
	assert_int_equal(key(id, CONTROL_KEY_PRESS, 0, &flags), -ENOENT);
}

/* What is not there yet is waited for; what cannot be had is not. */
static void test_while_it_is_made(void **state)
{
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t id = world_create("g", SZ_2M), flags;
		struct control_vcpu_pin pin = { .id = id, .allowed = 2 };
		struct domain *d = domain_by_id(id);

		world.making_fails = i != 0;
		d->vcpu_count = 0;
		world.making = 3;
		assert_int_equal(world_request(0, CONTROL_VCPU_PIN, &pin, sizeof(pin), NULL, 0),
				 i == 0 ? 0 : -EINVAL);
		assert_int_equal(world.making, 0);
		world.making = 3;
		pin.vcpu = d->vcpus_wanted;
		assert_int_equal(world_request(0, CONTROL_VCPU_PIN, &pin, sizeof(pin), NULL, 0),
				 -EINVAL);
		assert_int_equal(world.making, 3);
		d->gpio = NULL;
		assert_int_equal(key(id, CONTROL_KEY_LOOK, 0, &flags), i == 0 ? 0 : -EINVAL);
		assert_int_equal(world.making, 0);
		d->vcpu_count = d->vcpus_wanted;
		assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
		world_reap();
	}
}

static void test_rename(void **state)
{
	struct control_domain_rename in = { .id = world_create("g", SZ_2M), .name = "other" };

	assert_int_equal(world_request(0, CONTROL_DOMAIN_RENAME, &in, sizeof(in), NULL, 0), 0);
	assert_string_equal(domain_by_id(in.id)->name, "other");
	strcpy(in.name, "control");
	assert_int_equal(world_request(0, CONTROL_DOMAIN_RENAME, &in, sizeof(in), NULL, 0),
			 -EEXIST);
	strcpy(in.name, "a b");
	assert_int_equal(world_request(0, CONTROL_DOMAIN_RENAME, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	memset(in.name, 'x', sizeof(in.name));
	assert_int_equal(world_request(0, CONTROL_DOMAIN_RENAME, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	memset(in.name, 0, sizeof(in.name));
	assert_int_equal(world_request(0, CONTROL_DOMAIN_RENAME, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	assert_string_equal(domain_by_id(in.id)->name, "other");
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, in.id), 0);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, control_world_setup, control_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create_checks),
		TEST(test_pin_and_share),
		TEST(test_control_domain_is_safe),
		TEST(test_unsafe_interrupts),
		TEST(test_power_key),
		TEST(test_while_it_is_made),
		TEST(test_rename),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
