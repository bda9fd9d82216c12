/* SPDX-License-Identifier: BSD-2-Clause */
/* A faulting function: few lines, an exact count of what was not said, one cut. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pci/pci_fault.h"

static void test_a_few_faults_are_all_said(void **state)
{
	struct pci_fault_window w = { 0 };
	uint64_t t;

	for (t = 5000; t < 60000; t += 300) {
		struct pci_fault_verdict v = pci_fault_account(&w, t);

		assert_true(v.log);
		assert_false(v.cut);
		assert_int_equal(v.dropped, 0);
	}
}

static void test_a_storm_is_cut_once(void **state)
{
	struct pci_fault_window w = { 0 };
	uint32_t i, lines = 0, cuts = 0, dropped = 0;

	for (i = 0; i < 10000; i++) {
		struct pci_fault_verdict v = pci_fault_account(&w, 5000);

		lines += v.log;
		cuts += v.cut;
		dropped += v.dropped;
		if (v.cut) {
			assert_int_equal(i, PCI_FAULT_CUTOFF - 1);
		}
	}
	assert_int_equal(cuts, 1);
	assert_int_equal(lines, PCI_FAULT_LINES + 1);
	dropped += w.dropped;
	assert_int_equal(dropped + lines, 10000);
}

static void test_just_under_the_limit_is_not_cut(void **state)
{
	struct pci_fault_window w = { 0 };
	uint32_t second, i, lines = 0, dropped = 0;

	for (second = 1; second < 50; second++) {
		for (i = 0; i < PCI_FAULT_CUTOFF - 1; i++) {
			struct pci_fault_verdict v = pci_fault_account(&w, second * 1000 + i);

			assert_false(v.cut);
			lines += v.log;
			dropped += v.dropped;
		}
	}
	assert_int_equal(lines, 49 * PCI_FAULT_LINES);
	assert_int_equal(lines + dropped + w.dropped, 49 * (PCI_FAULT_CUTOFF - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_few_faults_are_all_said),
		cmocka_unit_test(test_a_storm_is_cut_once),
		cmocka_unit_test(test_just_under_the_limit_is_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
