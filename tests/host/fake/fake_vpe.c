/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_vpe.h"

#include <string.h>

#include "core/panic.h"
#include "fake_vgic_hw.h"
#include "lib/errno.h"

#define FIRST_LPI 8192u

struct its_vpe fake_vpes[FAKE_VPES];
bool fake_vpe_possible;
uint32_t fake_vpe_room;

void fake_vpe_reset(void)
{
	memset(fake_vpes, 0, sizeof(fake_vpes));
	fake_vpe_possible = false;
	fake_vpe_room = FAKE_VPES;
}

uint32_t fake_vpe_count(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < FAKE_VPES; i++) {
		count += fake_vpes[i].used;
	}
	return count;
}

bool its_vpe_possible(void)
{
	return fake_vpe_possible;
}

int its_vpe_create(const uint8_t *properties, uint32_t id_bits, uint32_t cpu,
		   struct its_vpe **out)
{
	ASSERT(id_bits == 14 && cpu < FAKE_CPUS);
	if (fake_vpe_room == 0) {
		return -ENOSPC;
	}
	for (uint32_t i = 0; i < FAKE_VPES; i++) {
		struct its_vpe *vpe = &fake_vpes[i];

		if (!vpe->used) {
			fake_vpe_room--;
			*vpe = (struct its_vpe){ .used = true, .resident = FAKE_NOWHERE,
						 .cpu = cpu, .properties = properties };
			memcpy(vpe->cached, properties, sizeof(vpe->cached));
			*out = vpe;
			return 0;
		}
	}
	return -ENOSPC;
}

bool its_vpe_destroy(struct its_vpe *vpe)
{
	ASSERT(vpe->used && vpe->resident == FAKE_NOWHERE);
	vpe->used = false;
	return true;
}

void its_vpe_enter(struct its_vpe *vpe)
{
	ASSERT(vpe->used && vpe->resident == FAKE_NOWHERE);
	for (uint32_t i = 0; i < FAKE_VPES; i++) {
		ASSERT(!fake_vpes[i].used || fake_vpes[i].resident != fake_cpu);
	}
	vpe->cpu = fake_cpu;
	vpe->resident = (uint8_t)fake_cpu;
}

/* Pending and, as far as hardware knows, enabled. */
static uint32_t best(const struct its_vpe *vpe)
{
	uint32_t found = FAKE_SPURIOUS;
	uint8_t priority = 0xff;

	for (uint32_t i = 0; i < FAKE_VPE_LPIS; i++) {
		if (vpe->pending[i] && (vpe->cached[i] & 1) != 0 && vpe->cached[i] < priority) {
			found = FIRST_LPI + i;
			priority = vpe->cached[i];
		}
	}
	return found;
}

bool its_vpe_leave(struct its_vpe *vpe)
{
	ASSERT(vpe->used && vpe->resident == fake_cpu);
	vpe->resident = FAKE_NOWHERE;
	return best(vpe) != FAKE_SPURIOUS;
}

void its_vpe_property(uint8_t *property, uint8_t value)
{
	__atomic_store_n(property, value, __ATOMIC_RELAXED);
}

void its_vpe_invalidate(struct its_vpe *vpe)
{
	ASSERT(vpe->used);
	memcpy(vpe->cached, vpe->properties, sizeof(vpe->cached));
}

void fake_vpe_inv(struct its_vpe *vpe, uint32_t intid)
{
	vpe->cached[intid - FIRST_LPI] = vpe->properties[intid - FIRST_LPI];
}

bool fake_vpe_pend(struct its_vpe *vpe, uint32_t intid)
{
	ASSERT(vpe->used);
	vpe->pending[intid - FIRST_LPI] = true;
	return vpe->resident != FAKE_NOWHERE;
}

uint32_t fake_vpe_take(uint32_t cpu)
{
	for (uint32_t i = 0; i < FAKE_VPES; i++) {
		struct its_vpe *vpe = &fake_vpes[i];
		uint32_t intid;

		if (vpe->used && vpe->resident == cpu) {
			intid = best(vpe);
			if (intid != FAKE_SPURIOUS) {
				vpe->pending[intid - FIRST_LPI] = false;
			}
			return intid;
		}
	}
	return FAKE_SPURIOUS;
}
