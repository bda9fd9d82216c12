/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work, counted. In tests that include this the sources under test are compiled with
 * -fsanitize-coverage=trace-pc and call the function below in each basic block; what stands in for
 * hardware does not. So a walk shows wherever it hides, and no clock is asked.
 */
#ifndef HOST_WORK_H
#define HOST_WORK_H

#include <stdint.h>

static uint64_t work_blocks;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
	work_blocks++;
}

/* Basic blocks that it executes. */
#define WORK(what)                                                                                 \
	({                                                                                         \
		uint64_t before_ = work_blocks;                                                    \
		what;                                                                              \
		work_blocks - before_;                                                             \
	})

/* Chains of a hash are longer now and then. */
static inline void assert_flat(const char *what, uint64_t few, uint64_t many)
{
	assert_true(few != 0);
	if (many * 100 > few * 105 + 1600) {
		fail_msg("%s: %llu basic blocks on a small machine, %llu on a large one", what,
			 (unsigned long long)few, (unsigned long long)many);
	}
}

#endif
