/* SPDX-License-Identifier: BSD-2-Clause */
/* The life cycle's verdicts, one by one and under random histories. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/domain.h"
#include "iommu/iommu.h"
#include "lib/errno.h"
#include "pci/host_bridge.h"
#include "pci/registry.h"

#define FUNCTIONS 8
#define OWNER     0

static struct iommu good = { .usable = true };
static struct iommu stage1_only = { .usable = false };
static struct machine_bridge desc;
static struct host_bridge bridge = { .desc = &desc };
static struct pci_function functions[FUNCTIONS];

static int setup(void **state)
{
	uint32_t i;

	desc = (struct machine_bridge){ 0 };
	memset(functions, 0, sizeof(functions));
	for (i = 0; i < FUNCTIONS; i++) {
		functions[i].next = i + 1 < FUNCTIONS ? &functions[i + 1] : NULL;
		functions[i].state = FUNCTION_OWNED;
		functions[i].user = OWNER;
		functions[i].bridge = &bridge;
		functions[i].iommu = &good;
		functions[i].placed = true;
		functions[i].group = i;
		functions[i].reset_methods = RESET_BIT(RESET_FLR);
	}
	return 0;
}

/* i, which was alone, joins j's group. */
static void join(uint32_t i, uint32_t j)
{
	functions[i].group = functions[j].group;
	functions[i].group_next = pci_group_next(&functions[j]);
	functions[j].group_next = &functions[i];
}

static void set(uint32_t i, enum function_state s, uint16_t user)
{
	functions[i].state = s;
	functions[i].user = user;
}

static int lend(uint32_t i, uint16_t domain)
{
	return pci_state_can_lend(&functions[i], domain, 0, false);
}

/* How far, from where, through which dma-ranges (bus address, address, size). */
static const struct {
	uint64_t from, reach;
	uint32_t count;
	struct machine_window entries[3];
} reaches[] = {
	{ 0x40000000, UINT64_MAX, 0, { { 0 } } },
	/* R-Car H3's tree. */
	{ 0x40000000, 0x40000000, 1,
	  { { WINDOW_MEM32, true, 0x40000000, 0x40000000, 0x40000000 } } },
	{ 0x7ffff000, 0x1000, 1, { { WINDOW_MEM32, true, 0x40000000, 0x40000000, 0x40000000 } } },
	{ 0x80000000, 0, 1, { { WINDOW_MEM32, true, 0x40000000, 0x40000000, 0x40000000 } } },
	{ 0x3ffff000, 0, 1, { { WINDOW_MEM32, true, 0x40000000, 0x40000000, 0x40000000 } } },
	/* One behind the other, in any order; a gap ends it. */
	{ 0x40000000, 0x80000000, 3, { { WINDOW_MEM64, true, 0xa0000000, 0xa0000000, 0x20000000 },
				       { WINDOW_MEM64, true, 0x80000000, 0x80000000, 0x20000000 },
				       { WINDOW_MEM64, true, 0, 0, 0x80000000 } } },
	{ 0x40000000, 0x40000000, 2, { { WINDOW_MEM64, true, 0, 0, 0x80000000 },
				       { WINDOW_MEM64, true, 0x80001000, 0x80001000, 0x1000 } } },
	/* It reaches something there, but something else. */
	{ 0x40000000, 0, 1, { { WINDOW_MEM32, true, 0x40000000, 0x80000000, 0x40000000 } } },
};

static void test_reach(void **state)
{
	uint16_t only;

	for (size_t i = 0; i < ARRAY_SIZE(reaches); i++) {
		desc.dma_count = reaches[i].count;
		memcpy(desc.dma, reaches[i].entries, sizeof(reaches[i].entries));
		if (pci_state_reach(&bridge, reaches[i].from) != reaches[i].reach) {
			print_error("case %zu: 0x%llx\n", i,
				    (unsigned long long)pci_state_reach(&bridge, reaches[i].from));
			fail();
		}
	}
	/* The last one's obstacle, but for who has its memory elsewhere. */
	assert_int_equal(pci_state_obstacles(&functions[0], &only), PCI_OBSTACLE_REACH);
	functions[0].iommu = NULL;
	assert_int_equal(pci_state_obstacles(&functions[0], &only), PCI_OBSTACLE_IOMMU);
}

static void test_by_state(void **state)
{
	static const struct {
		enum function_state s;
		int quarantine, give_back, lend;
	} cases[] = {
		{ FUNCTION_ABSENT, -EINVAL, -EINVAL, -EINVAL },
		{ FUNCTION_OWNED, 0, -EINVAL, -EINVAL },
		{ FUNCTION_RESETTING, -EBUSY, -EBUSY, -EBUSY },
		{ FUNCTION_QUARANTINED, -EINVAL, 0, 0 },
		{ FUNCTION_LENT, -EBUSY, -EBUSY, -EBUSY },
		{ FUNCTION_BROKEN, 0, -EBADF, -EBADF },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		set(0, cases[i].s, DOMAIN_ID_NONE);
		assert_int_equal(pci_state_can_quarantine(&functions[0]), cases[i].quarantine);
		assert_int_equal(pci_state_can_return(&functions[0], OWNER),
				 cases[i].give_back);
		assert_int_equal(lend(0, 1), cases[i].lend);
		functions[0].header_type = 1;
		assert_int_equal(pci_state_can_quarantine(&functions[0]), -EPERM);
		assert_int_equal(pci_state_can_return(&functions[0], OWNER), -EPERM);
		assert_int_equal(pci_state_can_lend(&functions[0], 1, 0, true), -EPERM);
		functions[0].header_type = 0;
	}
}

static void test_iommu(void **state)
{
	uint16_t only;

	set(0, FUNCTION_QUARANTINED, DOMAIN_ID_NONE);
	functions[0].iommu = NULL;
	assert_int_equal(lend(0, 1), -EACCES);
	functions[0].iommu = &stage1_only;
	assert_int_equal(lend(0, 1), -EACCES);
	assert_int_equal(pci_state_can_lend(&functions[0], 1, 0, true), 0);
	functions[0].iommu = &good;
	assert_int_equal(lend(0, 1), 0);
	/*
	 * Groups mean what they always do where something translates, and nothing elsewhere: what
	 * is confined could reach a neighbour's registers that is not.
	 */
	join(1, 0);
	set(1, FUNCTION_LENT, 2);
	assert_int_equal(pci_state_can_lend(&functions[0], 1, 0, true), -EEXIST);
	assert_int_equal(pci_state_can_return(&functions[0], OWNER), -EEXIST);
	functions[0].iommu = NULL;
	assert_int_equal(pci_state_can_lend(&functions[0], 1, 0, true), -EEXIST);
	functions[1].iommu = &stage1_only;
	assert_int_equal(pci_state_can_lend(&functions[0], 1, 0, true), 0);
	assert_int_equal(pci_state_can_return(&functions[0], OWNER), 0);
	assert_int_equal(pci_state_obstacles(&functions[0], &only), PCI_OBSTACLE_IOMMU);
	assert_int_equal(only, DOMAIN_ID_NONE);
}

static void test_not_reset_means_once(void **state)
{
	set(0, FUNCTION_QUARANTINED, DOMAIN_ID_NONE);
	assert_int_equal(lend(0, 1), 0);
	functions[0].lent_once = true;
	assert_int_equal(lend(0, 1), -EOPNOTSUPP);
	/* A quirk counts for the lend it is asked for with, not for the next. */
	assert_int_equal(pci_state_can_lend(&functions[0], 1, PCI_QUIRK_NO_RESET, false),
			 0);
	functions[0].quirks = PCI_QUIRK_NO_RESET;
	assert_int_equal(lend(0, 1), -EOPNOTSUPP);
	functions[0].lent_once = false;
	assert_int_equal(lend(0, 1), 0);
}

static void test_without_addresses(void **state)
{
	set(0, FUNCTION_QUARANTINED, DOMAIN_ID_NONE);
	functions[0].placed = false;
	assert_int_equal(lend(0, 1), -ENOSPC);
}

static void test_group(void **state)
{
	join(1, 0);
	join(2, 0);
	functions[2].header_type = 1;
	set(0, FUNCTION_QUARANTINED, DOMAIN_ID_NONE);
	/* The owner still drives its sibling. */
	assert_int_equal(lend(0, 1), -EEXIST);
	set(1, FUNCTION_QUARANTINED, DOMAIN_ID_NONE);
	assert_int_equal(lend(0, 1), 0);
	set(1, FUNCTION_LENT, 1);
	assert_int_equal(lend(0, 1), 0);
	assert_int_equal(lend(0, 2), -EEXIST);
	assert_int_equal(pci_state_can_return(&functions[0], OWNER), -EEXIST);
	set(1, FUNCTION_BROKEN, DOMAIN_ID_NONE);
	assert_int_equal(lend(0, 1), -EEXIST);
	set(1, FUNCTION_OWNED, OWNER);
	assert_int_equal(pci_state_can_return(&functions[0], OWNER), 0);
}

static uint32_t obstacles(uint32_t i)
{
	uint16_t only;

	return pci_state_obstacles(&functions[i], &only);
}

/* All that is in the way is named, and nothing else. */
static void test_obstacles_by_name(void **state)
{
	uint16_t only;

	/* In the hands of its owner, who can let it go. */
	assert_int_equal(obstacles(0), 0);
	set(0, FUNCTION_BROKEN, DOMAIN_ID_NONE);
	functions[0].placed = false;
	functions[0].iommu = &stage1_only;
	functions[0].reset_methods = 0;
	functions[0].lent_once = true;
	join(1, 0);
	assert_int_equal(obstacles(0), PCI_OBSTACLE_BROKEN | PCI_OBSTACLE_ADDRESS |
					       PCI_OBSTACLE_IOMMU | PCI_OBSTACLE_RESET |
					       PCI_OBSTACLE_GROUP);
	setup(NULL);
	functions[0].header_type = 1;
	assert_int_equal(obstacles(0), PCI_OBSTACLE_BRIDGE);
	/* A host bridge has an endpoint's header. */
	functions[3].class_code = 0x060000;
	assert_int_equal(obstacles(3), PCI_OBSTACLE_BRIDGE);
	assert_int_equal(pci_state_can_quarantine(&functions[3]), -EPERM);
	set(1, FUNCTION_LENT, 3);
	assert_int_equal(obstacles(1), PCI_OBSTACLE_LENT);
	set(2, FUNCTION_RESETTING, DOMAIN_ID_NONE);
	assert_int_equal(obstacles(2), PCI_OBSTACLE_RESETTING);
	/* Who has one member may have the others. */
	join(4, 1);
	set(4, FUNCTION_QUARANTINED, DOMAIN_ID_NONE);
	assert_int_equal(pci_state_obstacles(&functions[4], &only), 0);
	assert_int_equal(only, 3);
	/* A virtual function needs its physical one. */
	functions[4].pf = &functions[6];
	assert_int_equal(obstacles(4), 0);
	assert_int_equal(lend(4, 3), 0);
	set(6, FUNCTION_BROKEN, DOMAIN_ID_NONE);
	assert_int_equal(obstacles(4), PCI_OBSTACLE_PF);
	assert_int_equal(lend(4, 3), -ENOLINK);
	set(6, FUNCTION_OWNED, OWNER);
	join(5, 1);
	assert_int_equal(obstacles(4), PCI_OBSTACLE_GROUP);
	assert_int_equal(pci_state_obstacles(&functions[5], &only), 0);
	assert_int_equal(pci_state_obstacles(&functions[6], &only), 0);
	assert_int_equal(only, DOMAIN_ID_NONE);
}

/*
 * The doctor and the lender agree: what has no obstacle can be lent as soon as it is in quarantine,
 * to the domain named or else to any guest; what has one cannot, to nobody.
 */
static void check_obstacles(void)
{
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		struct pci_function *f = &functions[i];
		struct pci_function saved = *f;
		uint16_t only;
		uint32_t found = pci_state_obstacles(f, &only);

		if (f->state == FUNCTION_OWNED) {
			set(i, FUNCTION_QUARANTINED, DOMAIN_ID_NONE);
			/* It has been reset on the way. */
			f->lent_once = f->lent_once && f->reset_methods == 0;
		}
		for (uint16_t domain = 1; domain <= 3; domain++) {
			bool can = found == 0 && (only == DOMAIN_ID_NONE || only == domain);

			assert_int_equal(lend(i, domain) == 0, can);
		}
		*f = saved;
	}
}

/* No group ever has two users, whatever is asked in any order, but of what nothing confines. */
static void check_groups(void)
{
	uint32_t i, j;

	for (i = 0; i < FUNCTIONS; i++) {
		for (j = 0; j < FUNCTIONS; j++) {
			const struct pci_function *a = &functions[i], *b = &functions[j];

			if (!pci_state_translated(a) && !pci_state_translated(b)) {
				continue;
			}
			if (a->group == b->group && a->user != DOMAIN_ID_NONE &&
			    b->user != DOMAIN_ID_NONE) {
				assert_int_equal(a->user, b->user);
			}
		}
	}
}

#define UNPROTECTED 3

static uint32_t random_below(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static void random_step(uint32_t *seed, uint32_t *lent)
{
	uint32_t i = random_below(seed, FUNCTIONS);
	uint16_t domain = (uint16_t)(1 + random_below(seed, 3));
	struct pci_function *f = &functions[i];

	switch (random_below(seed, 5)) {
	case 0:
		if (pci_state_can_quarantine(f) == 0) {
			/* A broken one is tried again. */
			assert_int_equal(f->user,
					 f->state == FUNCTION_OWNED ? OWNER : DOMAIN_ID_NONE);
			set(i, FUNCTION_RESETTING, DOMAIN_ID_NONE);
		}
		break;
	case 1:
		if (pci_state_can_lend(f, domain, 0, domain == UNPROTECTED) == 0) {
			assert_true(pci_state_translated(f) || domain == UNPROTECTED);
			assert_int_equal(f->user, DOMAIN_ID_NONE);
			set(i, FUNCTION_LENT, domain);
			(*lent)++;
		}
		break;
	case 2:
		if (pci_state_can_return(f, OWNER) == 0) {
			assert_int_equal(f->user, DOMAIN_ID_NONE);
			set(i, FUNCTION_OWNED, OWNER);
		}
		break;
	case 3:
		if (f->state == FUNCTION_LENT) {
			set(i, FUNCTION_RESETTING, DOMAIN_ID_NONE);
		}
		break;
	default:
		if (f->state == FUNCTION_RESETTING) {
			bool failed = random_below(seed, 200) == 0;

			set(i, failed ? FUNCTION_BROKEN : FUNCTION_QUARANTINED, DOMAIN_ID_NONE);
		}
		break;
	}
}

static void test_random_histories(void **state)
{
	uint32_t round, step, seed, i, lent = 0;

	for (round = 0; round < 500; round++) {
		setup(NULL);
		seed = round;
		for (i = 0; i < FUNCTIONS; i++) {
			uint32_t with = random_below(&seed, 8);

			/* Some share a group, some are alone. */
			if (with < i) {
				join(i, with);
			}
			functions[i].placed = random_below(&seed, 8) != 0;
			functions[i].reset_methods = random_below(&seed, 8) == 0 ? 0 : 2;
			functions[i].lent_once = random_below(&seed, 2) == 0;
			functions[i].iommu = random_below(&seed, 8) == 0 ? NULL : &good;
		}
		for (step = 0; step < 300; step++) {
			random_step(&seed, &lent);
			check_groups();
			check_obstacles();
		}
	}
	assert_true(lent > 1000);
}

static void test_every_refusal_has_words(void **state)
{
	static const int errors[] = { -EPERM, -EBADF, -EBUSY, -EACCES, -EEXIST, -ENOSPC,
				      -EOPNOTSUPP, -EINVAL, -ENOTEMPTY, -ENOLINK };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		for (j = 0; j < i; j++) {
			assert_string_not_equal(pci_state_why(errors[i]), pci_state_why(errors[j]));
		}
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		T(test_by_state),
		T(test_reach),
		T(test_iommu),
		T(test_not_reset_means_once),
		T(test_without_addresses),
		T(test_group),
		T(test_obstacles_by_name),
		T(test_random_histories),
		T(test_every_refusal_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
