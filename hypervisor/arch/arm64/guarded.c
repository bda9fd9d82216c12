/* SPDX-License-Identifier: BSD-2-Clause */
/* Guarded accesses by size, and which exceptions at EL2 are theirs. */
#include "arch/arm64/guarded.h"

#include "arch/arm64/exception.h"

/* guarded_access.S. The upper half is set when the access failed. */
uint64_t guarded_load8(const volatile void *p);
uint64_t guarded_load16(const volatile void *p);
uint64_t guarded_load32(const volatile void *p);
uint64_t guarded_store8(volatile void *p, uint32_t value);
uint64_t guarded_store16(volatile void *p, uint32_t value);
uint64_t guarded_store32(volatile void *p, uint32_t value);
uint64_t serror_probe(void);
extern char guarded_begin[], guarded_end[], guarded_failed[];

bool guarded_read(const volatile void *p, uint32_t size, uint32_t *value)
{
	uint64_t v;

	switch (size) {
	case 1:
		v = guarded_load8(p);
		break;
	case 2:
		v = guarded_load16(p);
		break;
	default:
		v = guarded_load32(p);
		break;
	}
	*value = (uint32_t)v;
	return v >> 32 == 0;
}

bool guarded_write(volatile void *p, uint32_t size, uint32_t value)
{
	switch (size) {
	case 1:
		return guarded_store8(p, value) == 0;
	case 2:
		return guarded_store16(p, value) == 0;
	default:
		return guarded_store32(p, value) == 0;
	}
}

bool serror_take(void)
{
	return serror_probe() != 0;
}

uint64_t guarded_fixup(uint64_t pc, uint64_t esr, bool serror)
{
	bool ours = pc >= (uint64_t)guarded_begin && pc < (uint64_t)guarded_end;

	return ours && (serror || exception_external_abort(esr)) ? (uint64_t)guarded_failed : 0;
}
