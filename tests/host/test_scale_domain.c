/* SPDX-License-Identifier: BSD-2-Clause */
/* What a domain costs beside 62 others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "domain_world.h"
#include "work.h"

#define OTHERS (DOMAINS_MAX - 2U)

struct figures {
	uint64_t create;
	uint64_t by_id;
	uint64_t next_id;
	uint64_t start;
	uint64_t destroy;
};

static void measure(struct figures *w, uint32_t others)
{
	struct domain *other[OTHERS], *d = NULL;
	char name[8];

	for (uint32_t i = 0; i < others; i++) {
		snprintf(name, sizeof(name), "o%u", i);
		other[i] = created(name, 2);
	}
	w->create = WORK(d = created("d", 2));
	w->by_id = WORK(assert_ptr_equal(domain_by_id(d->id), d));
	w->next_id = WORK(assert_int_equal(domain_next_id(d->id), d->id));
	w->start = WORK(assert_int_equal(domain_start(d, ipa(0x40080000), 0), 0));
	w->destroy = WORK({
		domain_shutdown(d, SHUTDOWN_POWEROFF);
		stop_now(d);
		end(d);
	});
	for (uint32_t i = 0; i < others; i++) {
		end(other[i]);
	}
	assert_nothing_left();
}

/* Names are compared with all others', at two blocks each. */
static void domains_cost_only_themselves(void **state)
{
	struct figures alone = { 0 }, among = { 0 };

	(void)state;
	measure(&alone, 0);
	measure(&among, OTHERS);
	assert_int_equal(among.by_id, alone.by_id);
	assert_in_range(among.next_id, alone.next_id, alone.next_id + 4 * OTHERS);
	assert_in_range(among.create, alone.create, alone.create + 8 * OTHERS);
	assert_flat("start", alone.start, among.start);
	assert_flat("destroy", alone.destroy, among.destroy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(domains_cost_only_themselves, domain_world_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
