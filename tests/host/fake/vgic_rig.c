/* SPDX-License-Identifier: BSD-2-Clause */
/* See vgic_rig.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_heap.h"
#include "irq/vgic.h"
#include "vgic_rig.h"

void up(uint32_t vcpus)
{
	world_init(vcpus, true);
	for (uint32_t i = 0; i < vcpus && i < FAKE_CPUS; i++) {
		world_load(i);
	}
	world_enable();
	world_irq_enable(0, UART, true);
}

int vgic_rig_teardown(void **state)
{
	(void)state;
	world_free();
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

struct vcpu *vcpu(uint32_t n)
{
	return world.domain.vcpus[n];
}

void pulse_spi(uint32_t intid)
{
	/* ICFGR: make it an edge first. */
	world_write(0, WORLD_GICD + 0xc00 + intid / 16 * 4, 4, 0xaaaaaaaa);
	vgic_pulse(&world.domain, NULL, intid);
}
