/* SPDX-License-Identifier: BSD-2-Clause */
/* Fibonacci hashing: numbers that come in rows, as those of devices do, are spread evenly. */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include "lib/types.h"

/* The bucket of number, of 1 << bits; bits 1 to 32. */
static inline uint32_t hash_bucket(uint32_t number, uint32_t bits)
{
	return number * 0x9e3779b1U >> (32 - bits);
}

#endif
