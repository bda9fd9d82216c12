/* SPDX-License-Identifier: BSD-2-Clause */
/* Lending and giving back in parts: who stops after any of them has lost and changed nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "fake_heap.h"
#include "fake_log.h"
#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/registry.h"
#include "vpci/vpci.h"

#define PARTS_MOST 8

static const struct lend_options anywhere;

/* That many parts, unless it is over before: what the last one said. */
static int some_parts(struct domain *d, struct pci_function *f, uint32_t count)
{
	struct vsbdf where;
	int r = -EAGAIN;

	for (uint32_t i = 0; i < count && r == -EAGAIN; i++) {
		r = lend_attach_step(d, f, &anywhere, &where);
	}
	return r;
}

static void still_in_quarantine(const struct pci_function *f)
{
	assert_int_equal(f->state, FUNCTION_QUARANTINED);
	assert_int_equal(f->user, DOMAIN_ID_NONE);
	assert_int_equal(world_dma(f), 0xffffffff);
	assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
}

/* How many parts there are before the last one. */
static uint32_t parts(void)
{
	uint32_t count = 1;

	while (some_parts(GUEST1, nvme, 1) == -EAGAIN) {
		count++;
		assert_in_range(count, 1, PARTS_MOST);
	}
	assert_int_equal(nvme->state, FUNCTION_LENT);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	return count;
}

static void nobody_has_it_before_the_last_part(void **state)
{
	(void)state;
	quarantine(nvme);
	assert_in_range(parts(), 3, PARTS_MOST);
	for (uint32_t n = parts() - 1, i = 1; i <= n; i++) {
		assert_int_equal(some_parts(GUEST1, nvme, 1), -EAGAIN);
		still_in_quarantine(nvme);
	}
	assert_int_equal(some_parts(GUEST1, nvme, 1), 0);
	assert_int_equal(guest_read(1, 0, 4), 0x00101b36);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	assert_null(nvme->prepared);
}

/* A client that was killed in between: what follows goes as if it had never been there. */
static void left_after_any_part(void **state)
{
	uint32_t n;

	(void)state;
	quarantine(nvme);
	n = parts();
	for (uint32_t i = 0; i < n; i++) {
		int64_t live = fake_heap_live;
		uint32_t itts = lend_world.itts;

		/* The owner gets it back, */
		assert_int_equal(some_parts(GUEST1, nvme, i), -EAGAIN);
		assert_int_equal(lend_return_to_owner(nvme), 0);
		assert_int_equal(owner_read(nvme, 0, 4), 0x00101b36);
		assert_int_equal(lend_world.itts, itts + 1);
		quarantine(nvme);
		assert_int_equal(fake_heap_live, live);
		/* another guest gets it, */
		assert_int_equal(some_parts(GUEST1, nvme, i), -EAGAIN);
		lend_to(GUEST2, nvme, 0);
		assert_int_equal(world_dma(nvme), WORLD_GUEST2);
		assert_int_equal(lend_detach(nvme), 0);
		world_run_resets();
		/* the guest it was for ends, */
		assert_int_equal(some_parts(GUEST1, nvme, i), -EAGAIN);
		while (lend_reclaim(GUEST1) != JOB_DONE) {
			world_run_resets();
		}
		still_in_quarantine(nvme);
		assert_null(nvme->prepared);
		assert_int_equal(lend_world.itts, itts);
		/* or it does harm. */
		assert_int_equal(some_parts(GUEST1, nvme, i), -EAGAIN);
		contain(nvme, PCI_CONTAIN_FATAL);
		assert_int_equal(nvme->state, FUNCTION_BROKEN);
		assert_int_equal(lend_world.itts, itts);
		quarantine(nvme);
	}
}

/* The log says of each function that is lent that it is, whoever stops; and takes back the rest. */
static void said_before_it_is_so(void **state)
{
	uint32_t n;

	(void)state;
	quarantine(nvme);
	n = parts();
	fake_log_clear();
	assert_int_equal(some_parts(GUEST1, nvme, n - 1), -EAGAIN);
	still_in_quarantine(nvme);
	assert_true(fake_log_has("lent to d1 "));
	assert_int_equal(fake_log_lines, 1);
	assert_int_equal(some_parts(GUEST1, nvme, 1), 0);
	assert_int_equal(fake_log_lines, 1);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	for (uint32_t i = 1; i < n; i++) {
		bool said;

		fake_log_clear();
		assert_int_equal(some_parts(GUEST1, nvme, i), -EAGAIN);
		said = fake_log_has("lent to d1 ");
		assert_true(said == (i == n - 1));
		lend_to(GUEST2, nvme, 0);
		assert_true(fake_log_has("lent to d2 "));
		assert_true(fake_log_has("not lent after all") == said);
		assert_int_equal(lend_detach(nvme), 0);
		world_run_resets();
	}
}

/* Said, then refused what the last part needs: the log does not end with what is not so. */
static void said_in_vain(void **state)
{
	int r = -ENOMEM;

	(void)state;
	quarantine(nvme);
	for (int64_t n = 1; r != 0; n++) {
		struct vsbdf where;

		fake_log_clear();
		fake_heap_fail_in = n;
		do {
			r = lend_attach_step(GUEST1, nvme, &anywhere, &where);
		} while (r == -EAGAIN);
		fake_heap_fail_in = 0;
		assert_true(fake_log_has("not lent after all") ==
			    (r != 0 && fake_log_has("lent to d1 ")));
	}
}

/* Two clients at once: addresses of one are not the other's, and both get what they want. */
static void two_at_once(void **state)
{
	const uint64_t none = 15;
	int first = -EAGAIN, second_one = -EAGAIN;

	(void)state;
	quarantine(nvme);
	quarantine(nic);
	for (uint32_t i = 0; i < 4 * PARTS_MOST && (first || second_one); i++) {
		if (first) {
			first = some_parts(GUEST1, nvme, 1);
		}
		if (second_one) {
			second_one = some_parts(GUEST1, nic, 1);
		}
	}
	assert_int_equal(first, 0);
	assert_int_equal(second_one, 0);
	assert_int_not_equal(guest_read(1, 0, 4), guest_read(2, 0, 4));
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		uint32_t one = guest_read(SBDF_DEV(nvme->user_view), 0x10 + 4 * i, 4);

		for (uint32_t k = 0; k < PCI_BARS; k++) {
			uint32_t other = guest_read(SBDF_DEV(nic->user_view), 0x10 + 4 * k, 4);

			assert_true((one & ~none) == 0 || (one & ~none) != (other & ~none));
		}
	}
}

/* Each allocation refused once: an error, and nothing is left; then it succeeds. */
static void without_memory(void **state)
{
	int64_t live;
	int r = -ENOMEM;

	(void)state;
	quarantine(nvme);
	(void)parts(); /* the guest's bus has its page */
	live = fake_heap_live;
	for (int64_t n = 1; r != 0 && n < 100; n++) {
		struct vsbdf where;

		fake_heap_fail_in = n;
		do {
			r = lend_attach_step(GUEST1, nvme, &anywhere, &where);
		} while (r == -EAGAIN);
		fake_heap_fail_in = 0;
		if (r != 0) {
			assert_int_equal(r, -ENOMEM);
			still_in_quarantine(nvme);
			assert_int_equal(fake_heap_live, live);
		}
	}
	assert_int_equal(r, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_has_it_before_the_last_part, lend_rig_setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(left_after_any_part, lend_rig_setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(said_before_it_is_so, lend_rig_setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(said_in_vain, lend_rig_setup, lend_rig_teardown),
		cmocka_unit_test_setup_teardown(two_at_once, lend_rig_setup, lend_rig_teardown),
		cmocka_unit_test_setup_teardown(without_memory, lend_rig_setup, lend_rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
