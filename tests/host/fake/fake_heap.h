/* SPDX-License-Identifier: BSD-2-Clause */
/* core/heap.h on the host's allocator, with a count of what is held and failures on demand. */
#ifndef FAKE_HEAP_H
#define FAKE_HEAP_H

#include <stdint.h>

extern int64_t fake_heap_live;     /* allocations not freed yet */
extern int64_t fake_heap_fail_in;  /* n > 0: the n-th allocation from now and all later ones fail */

#endif
