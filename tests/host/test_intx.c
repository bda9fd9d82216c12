/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INTx wires: who may share, and a model machine with random histories. The model has the real
 * handler's rules (vpci/intx_share.c): devices that assert and are served, domains that take their
 * time, and a physical line that is the or of all who are not silenced.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lib/types.h"
#include "vpci/intx_wire.h"

static uint8_t places[2]; /* stand for domains: only their addresses count */
#define D0 ((struct domain *)&places[0])
#define D1 ((struct domain *)&places[1])

static void only_the_maskable_share(void **state)
{
	struct intx_line line = { .unmaskable = 0 };
	struct intx_route r = { .domain = D0 };

	(void)state;
	list_init(&line.routes);
	list_add_tail(&line.routes, &r.of_line);
	assert_true(intx_can_join(&line, D1, true));
	assert_false(intx_can_join(&line, D1, false));
	assert_true(intx_can_join(&line, D0, false));
	line.unmaskable = 1;
	assert_false(intx_can_join(&line, D1, true));
	assert_true(intx_can_join(&line, D0, false));
	assert_true(intx_can_join(NULL, D1, false));
}

static void decisions(void **state)
{
	(void)state;
	for (uint32_t bits = 0; bits < 16; bits++) {
		bool masked = bits & 1, off = bits & 2, storms = bits & 4, asserted = bits & 8;
		enum intx_action action = intx_decide(masked, off, storms, asserted);

		/* Silence lasts until the storm is over; no longer. */
		if (masked && storms) {
			assert_int_equal(action, INTX_HOLD);
		} else if (masked) {
			assert_int_equal(action, asserted && !off ? INTX_RAISE : INTX_UNMASK);
		} else if (asserted && !off) {
			assert_int_equal(action, storms ? INTX_HOLD : INTX_MASK);
		} else {
			assert_int_equal(action, INTX_LEAVE);
		}
	}
}

/* Interrupts until it is too many, of which so many in ten are empty; 0: it never is. */
static uint32_t judged(uint32_t empty_of_ten)
{
	uint32_t empty = 0;

	for (uint32_t n = 1; n <= 1000; n++) {
		if (intx_judge(&empty, n % 10 >= empty_of_ten)) {
			return n;
		}
	}
	return 0;
}

static void too_many_for_nobody(void **state)
{
	(void)state;
	assert_int_equal(judged(0), 0);
	assert_int_equal(judged(4), 0);
	assert_in_range(judged(6), 50, 300);
	assert_in_range(judged(10), 10, 100);
}

/* The model. */

#define DEVICES 6U
#define PLACES  4U /* (domain, virtual INTID) */
#define STEPS   200000U

struct device {
	bool asserts; /* Status.Interrupt */
	bool off;     /* its domain's INTxDisable */
	bool masked;
	bool storms;
	uint32_t place;
	uint32_t waiting; /* steps since it asserted, not off */
};

struct place {
	bool high;
	bool handling; /* acknowledged */
	bool lazy;     /* never ends its handling */
	uint32_t taken;
};

static struct device devices[DEVICES];
static struct place virtuals[PLACES];
static bool software_pending; /* set by the end of a handling */
static uint32_t physical;     /* interrupts taken */
static uint32_t eois;
static uint32_t assertions;
static uint32_t storms_over;

static uint32_t random_next(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

static bool line_high(void)
{
	for (uint32_t i = 0; i < DEVICES; i++) {
		if (devices[i].asserts && !devices[i].off && !devices[i].masked) {
			return true;
		}
	}
	return false;
}

/* False: there was nothing to do. */
static bool look_at(struct device *d)
{
	struct place *p = &virtuals[d->place];

	switch (intx_decide(d->masked, d->off, d->storms, d->asserts)) {
	case INTX_MASK:
		d->masked = true;
		p->high = true;
		return true;
	case INTX_HOLD:
		d->masked = true;
		return true;
	case INTX_RAISE:
		p->high = true;
		return true;
	case INTX_UNMASK:
		d->masked = false;
		return true;
	case INTX_LEAVE:
	default:
		return false;
	}
}

static void take_physical(void)
{
	bool asserted = line_high();

	software_pending = false;
	physical++;
	for (uint32_t i = 0; i < DEVICES; i++) {
		if (devices[i].masked && !virtuals[devices[i].place].high) {
			look_at(&devices[i]);
		}
	}
	for (uint32_t i = 0; asserted && i < DEVICES; i++) {
		if (!devices[i].masked && look_at(&devices[i])) {
			break;
		}
	}
}

static void end_handling(struct place *p)
{
	eois++;
	p->handling = false;
	if (p->high) {
		p->high = false;
		software_pending = true;
	}
}

/* The domain's handler for a place serves devices on it; a careless one not all of them. */
static void serve(uint32_t place, uint32_t chance, uint32_t *seed)
{
	for (uint32_t i = 0; i < DEVICES; i++) {
		if (devices[i].place == place && random_next(seed) % 8 < chance) {
			devices[i].asserts = false;
			devices[i].waiting = 0;
		}
	}
}

static void step_place(uint32_t n, uint32_t *seed)
{
	struct place *p = &virtuals[n];

	if (p->handling) {
		if (!p->lazy) {
			serve(n, 6, seed);
			end_handling(p);
		}
	} else if (p->high) {
		p->handling = true;
		p->taken++;
	}
}

static void run_model(uint32_t seed, bool lazy)
{
	memset(devices, 0, sizeof(devices));
	memset(virtuals, 0, sizeof(virtuals));
	software_pending = false;
	physical = eois = assertions = storms_over = 0;
	for (uint32_t i = 0; i < DEVICES; i++) {
		devices[i].place = i % PLACES;
		devices[i].masked = true; /* as joined: until the handler looks */
	}
	virtuals[0].lazy = lazy;
	software_pending = true;
	for (uint32_t n = 0; n < STEPS; n++) {
		struct device *d = &devices[random_next(&seed) % DEVICES];

		switch (random_next(&seed) % 8) {
		case 0:
		case 1:
			assertions += !d->asserts;
			d->asserts = true;
			break;
		case 2: /* withdrawn by a driver that polls */
			if (random_next(&seed) % 4 == 0) {
				d->asserts = false;
			}
			/* Storms begin whenever the meter says so, and end by a job. */
			if (random_next(&seed) % (d->storms ? 2 : 32) == 0) {
				storms_over += d->storms;
				software_pending |= d->storms;
				d->storms = !d->storms;
			}
			break;
		case 3: /* a driver that masks for itself */
			if (random_next(&seed) % 4 == 0) {
				d->off = !d->off;
				assertions += !d->off;
			}
			break;
		case 4:
		case 5:
			step_place(random_next(&seed) % PLACES, &seed);
			break;
		default:
			if (line_high() || software_pending) {
				take_physical();
			}
			break;
		}
		for (uint32_t i = 0; i < DEVICES; i++) {
			struct device *w = &devices[i];

			w->waiting = w->asserts && !w->off && !w->storms ? w->waiting + 1 : 0;
			/* Lost means that it asks, is silenced, and nothing is on its way. */
			if (w->asserts && !w->off && w->masked && !w->storms && !software_pending) {
				assert_true(virtuals[w->place].high);
			}
			if (!virtuals[w->place].lazy) {
				assert_true(w->waiting < 2000);
			}
		}
	}
	/* No storm: each interrupt is a device's assertion, a domain's EOI, or a storm's end. */
	assert_true(physical <= assertions + eois + storms_over + 1);
	assert_true(storms_over > 100);
}

static void no_level_is_lost_and_nothing_storms(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 10; seed++) {
		run_model(seed, false);
		for (uint32_t i = 0; i < PLACES; i++) {
			assert_true(virtuals[i].taken > 1000);
		}
	}
}

static void a_domain_that_never_answers_holds_up_only_itself(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 10; seed++) {
		run_model(seed, true);
		assert_int_equal(virtuals[0].taken, 1);
		for (uint32_t i = 1; i < PLACES; i++) {
			assert_true(virtuals[i].taken > 1000);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_maskable_share),
		cmocka_unit_test(decisions),
		cmocka_unit_test(too_many_for_nobody),
		cmocka_unit_test(no_level_is_lost_and_nothing_storms),
		cmocka_unit_test(a_domain_that_never_answers_holds_up_only_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
