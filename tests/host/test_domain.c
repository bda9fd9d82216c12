/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains made, started and found: ids, names, states, refusals. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/domain_build.h"
#include "core/job.h"
#include "core/ram.h"
#include "domain_world.h"
#include "fake_cpus.h"
#include "fake_heap.h"
#include "fake_log.h"
#include "lib/errno.h"

/* Not one instruction before it is unpaused. */
static void test_start_paused(void **state)
{
	struct domain *d = NULL;

	assert_int_equal(create("a", 7, &d), 0);
	assert_int_equal(domain_start_paused(d, ipa(0x40080000), 5), -EAGAIN);
	run_jobs();
	assert_int_equal(domain_start_paused(d, ipa(0x40080000), 5), 0);
	assert_int_equal(d->state, DOMAIN_PAUSED);
	assert_int_equal(d->vcpus[0]->state, VCPU_STOPPED);
	assert_true(d->vcpus[1]->stop_wanted);
	assert_int_equal(domain_start(d, ipa(0), 0), -EINVAL);
	assert_int_equal(domain_unpause(d), 0);
	assert_int_equal(d->vcpus[0]->state, VCPU_RUNNING);
	assert_int_equal(d->vcpus[0]->regs.pc, 0x40080000);
	assert_false(d->vcpus[1]->stop_wanted);
	end(d);
}

static void test_life(void **state)
{
	struct domain *d = NULL;

	assert_int_equal(create("a", 7, &d), 0);
	assert_int_equal(d->ram_size, 8 << 20);
	assert_ptr_equal(named("a"), d);
	assert_ptr_equal(domain_by_id(d->id), d);
	assert_int_equal(domain_start(d, ipa(0x40080000), 5), -EAGAIN);
	run_jobs();
	assert_int_equal(domain_world.cleaned, 4);
	assert_int_equal(domain_world.mapped, 4);
	assert_int_equal(domain_unpause(d), -EINVAL);
	assert_int_equal(domain_pause(d), -EINVAL);
	fake_now = 777;
	assert_int_equal(domain_start(d, ipa(0x40080000), 5), 0);
	assert_int_equal(d->vcpus[0]->regs.pc, 0x40080000);
	assert_int_equal(d->vcpus[0]->regs.x[0], 5);
	assert_int_equal(d->vcpus[0]->sys.cntvoff, 777);
	assert_int_equal(d->vcpus[1]->sys.cntvoff, 777);
	assert_false(d->vcpus[1]->online);
	assert_int_equal(domain_start(d, ipa(0), 0), -EINVAL);
	assert_int_equal(domain_pause(d), 0);
	stop_now(d);
	assert_int_equal(domain_pause(d), -EINVAL);
	assert_int_equal(domain_unpause(d), 0);
	assert_int_equal(d->vcpus[0]->state, VCPU_RUNNING);
	domain_shutdown(d, SHUTDOWN_REBOOT);
	stop_now(d);
	/* Over is over, and the first reason stands. */
	domain_shutdown(d, SHUTDOWN_CRASH);
	assert_int_equal(d->state, DOMAIN_SHUTDOWN);
	assert_int_equal(d->reason, SHUTDOWN_REBOOT);
	assert_int_equal(domain_world.restarts, 1);
	assert_int_equal(domain_unpause(d), -EINVAL);
	assert_int_equal(domain_pause(d), -EINVAL);
	end(d);
	assert_nothing_left();
}

static void test_bad_specs(void **state)
{
	struct domain_spec spec = { .name = "x", .vcpu_count = 1, .ram_size = 1 << 20 };
	struct domain *d = NULL;

	spec.vcpu_count = 0;
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	spec.vcpu_count = DOMAIN_VCPUS_MAX + 1;
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	spec.vcpu_count = 1;
	spec.ram_size = 0;
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	spec.ram_size = ~0ULL; /* rounds up to 0 */
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	spec.ram_size = 1 << 20;
	spec.name[0] = '\0';
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	memset(spec.name, 'n', sizeof(spec.name));
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	assert_int_equal(create("big", 2 * (BLOCKS + 1), &d), -ENOMEM);
	assert_null(d);
	assert_nothing_left();
}

static void test_name_in_use(void **state)
{
	struct domain *a = created("a", 2);
	struct domain *b = NULL;

	assert_int_equal(create("a", 2, &b), -EEXIST);
	assert_int_equal(domain_destroy(a), 0);
	/* Still going: the name is not free yet. */
	assert_int_equal(create("a", 2, &b), -EEXIST);
	assert_int_equal(domain_destroy(a), -EBUSY);
	run_jobs();
	end(created("a", 2));
	assert_nothing_left();
}

static void test_rename(void **state)
{
	char name[DOMAIN_NAME_MAX], longest[DOMAIN_NAME_MAX];
	struct domain *a = created("a", 2), *b = created("b", 2);

	assert_int_equal(domain_rename(a, "b"), -EEXIST);
	assert_ptr_equal(named("a"), a);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(domain_rename(a, longest), 0);
	assert_ptr_equal(named(longest), a);
	assert_null(named("a"));
	assert_int_equal(domain_rename(a, "c"), 0);
	domain_copy_name(a, name);
	assert_memory_equal(name, (char[DOMAIN_NAME_MAX]){ "c" }, sizeof(name));
	assert_int_equal(domain_rename(b, "a"), 0);
	end(created("b", 2));
	end(a);
	end(b);
	assert_nothing_left();
}

/* Whatever allocation fails, when it is asked for or later, nothing stays but a word in the log. */
static void test_out_of_memory(void **state)
{
	struct domain *d = NULL;
	uint32_t later = 0;

	for (int64_t n = 1;; n++) {
		int err;

		fake_heap_fail_in = n;
		err = create("a", 8, &d);
		if (err == 0) {
			run_jobs();
		}
		fake_heap_fail_in = 0;
		if (err == 0 && domain_start(d, ipa(0), 0) == 0) {
			assert_true(n > later + 2);
			break;
		}
		if (err == 0) {
			later++;
			assert_int_equal(domain_start(d, ipa(0), 0), -ENOMEM);
			assert_true(fake_log_has("a: no memory for its"));
			end(d);
		}
		assert_null(named("a"));
		assert_nothing_left();
		fake_log_clear();
	}
	/* Its vCPUs, and the list of its RAM. */
	assert_int_equal(later, 3);
	end(d);
	assert_nothing_left();
}

/* Found at once, complete later: it can be looked at, and ended, with whatever there is of it. */
static void test_comes_in_parts(void **state)
{
	for (uint32_t parts = 0; parts < 10; parts++) {
		struct domain *d = NULL;

		assert_int_equal(create("a", 2, &d), 0);
		assert_ptr_equal(named("a"), d);
		assert_int_equal(domain_vcpu_count(d), 0);
		for (uint32_t i = 0; i < parts; i++) {
			assert_int_equal(domain_start(d, ipa(0), 0), -EAGAIN);
			assert_true(job_step_one());
			assert_int_equal(domain_vcpu_count(d), MIN(i + 1, 2));
			assert_int_equal(domain_world.built, i >= 4 ? 1 : 0);
			assert_int_equal(domain_cpu_ticks(d), 0);
		}
		assert_int_equal(domain_start(d, ipa(0), 0), parts == 9 ? 0 : -EAGAIN);
		end(d);
		assert_nothing_left();
	}
}

static void test_a_part_that_cannot_be_had(void **state)
{
	int *const answers[] = { &domain_world.gic_answer, &domain_world.build_answer,
				 &domain_world.pci_answer };

	for (uint32_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct domain *d = NULL;

		*answers[i] = -ENOMEM;
		d = created("a", 2);
		assert_int_equal(d->ram_populated, 0);
		assert_int_equal(domain_start(d, ipa(0), 0), -ENOMEM);
		*answers[i] = 0;
		end(d);
		assert_nothing_left();
	}
	domain_world.check_answer = -EINVAL;
	assert_int_equal(create("a", 2, &(struct domain *){ NULL }), -EINVAL);
	assert_nothing_left();
}

static int make_devices(struct domain *d)
{
	int err;

	do {
		err = domain_make_devices(d);
	} while (err == -EAGAIN);
	return err;
}

/* Who made it does not wait for its job, which does the rest. */
static void test_devices_first(void **state)
{
	struct domain *d = NULL;

	assert_int_equal(create("a", 2, &d), 0);
	assert_int_equal(domain_make_devices(d), -EAGAIN);
	assert_int_equal(d->vcpu_count, 1);
	assert_int_equal(make_devices(d), 0);
	assert_int_equal(domain_world.built, 1);
	assert_int_equal(domain_make_devices(d), 0);
	assert_int_equal(d->ram_taken, 0);
	run_jobs();
	assert_int_equal(domain_start(d, ipa(0), 0), 0);
	end(d);
	domain_world.build_answer = -ENOMEM;
	assert_int_equal(create("a", 2, &d), 0);
	assert_int_equal(make_devices(d), -ENOMEM);
	end(d);
	/* What its job failed at is not made after all: its RAM would never come. */
	d = created("a", 2);
	domain_world.build_answer = 0;
	assert_int_equal(make_devices(d), -ENOMEM);
	end(d);
	assert_nothing_left();
}

/* Ids start again after the last one, past those that are still in use. */
static void test_ids(void **state)
{
	struct domain *old = created("old", 2);
	uint32_t last = old->id;
	bool wrapped = false;

	for (uint32_t i = 0; i < DOMAIN_ID_LAST + 10U; i++) {
		struct domain *d = created("a", 2);
		uint32_t id = d->id;

		assert_int_not_equal(id, old->id);
		assert_in_range(id, 1, DOMAIN_ID_LAST);
		wrapped = wrapped || id < last;
		last = id;
		assert_ptr_equal(domain_by_id(old->id), old);
		end(d);
	}
	assert_true(wrapped);
	end(old);
}

/* As many as there may be, and each is found; one more is refused. */
static void test_full_table(void **state)
{
	struct domain *all[DOMAINS_MAX], *one_more = NULL;
	char name[8];

	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		all[i] = created(name, 2);
	}
	assert_int_equal(create("x", 2, &one_more), -ENOSPC);
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		assert_ptr_equal(domain_by_id(all[i]->id), all[i]);
		snprintf(name, sizeof(name), "d%u", i);
		assert_ptr_equal(named(name), all[i]);
	}
	end(all[17]);
	/* The only place that is free. */
	all[17] = created("x", 2);
	assert_ptr_equal(domain_by_id(all[17]->id), all[17]);
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		end(all[i]);
	}
	assert_nothing_left();
}

static void test_walk(void **state)
{
	struct domain *a = created("a", 2);
	struct domain *b = created("b", 2);
	uint32_t low = MIN(a->id, b->id);
	uint32_t high = MAX(a->id, b->id);

	assert_int_equal(domain_next_id(low), low);
	assert_int_equal(domain_next_id(low + 1), high);
	assert_int_equal(domain_next_id(high + 1), DOMAIN_ID_NONE);
	assert_null(domain_by_id(DOMAIN_ID_NONE));
	end(a);
	end(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_start_paused, domain_world_setup),
		cmocka_unit_test_setup(test_life, domain_world_setup),
		cmocka_unit_test_setup(test_bad_specs, domain_world_setup),
		cmocka_unit_test_setup(test_name_in_use, domain_world_setup),
		cmocka_unit_test_setup(test_rename, domain_world_setup),
		cmocka_unit_test_setup(test_out_of_memory, domain_world_setup),
		cmocka_unit_test_setup(test_comes_in_parts, domain_world_setup),
		cmocka_unit_test_setup(test_a_part_that_cannot_be_had, domain_world_setup),
		cmocka_unit_test_setup(test_devices_first, domain_world_setup),
		cmocka_unit_test_setup(test_ids, domain_world_setup),
		cmocka_unit_test_setup(test_full_table, domain_world_setup),
		cmocka_unit_test_setup(test_walk, domain_world_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
