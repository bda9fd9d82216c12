/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's access to trapped memory, once, as the trap handler makes it. After <cmocka.h>. */
#ifndef FAKE_TRAP_H
#define FAKE_TRAP_H

#include "core/domain.h"
#include "core/mmio.h"

/* a: all but the offset. v is not always d's: a world may have one vCPU for several domains. */
static inline enum mmio_result fake_access(struct domain *d, struct vcpu *v, struct mmio_access *a)
{
	const struct mmio_region *r = mmio_find(&d->mmio, a->ipa);

	assert_non_null(r);
	a->offset = a->ipa.v - r->base;
	return r->ops->access(v, r->opaque, a);
}

/* value: to write, or as read. */
static inline enum mmio_result fake_trap(struct vcpu *v, uint64_t at, uint8_t size, bool write,
					 uint64_t *value)
{
	struct mmio_access a = { .ipa = ipa(at), .size = size, .write = write, .value = *value };
	enum mmio_result result = fake_access(v->domain, v, &a);

	*value = a.value;
	return result;
}

#endif
