/* SPDX-License-Identifier: BSD-2-Clause */
/* See frame_rig.h. */
#include "frame_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fake_cpus.h"
#include "fake_log.h"
#include "fake_msix.h"
#include "irq/irq_meter.h"
#include "irq/vmsi.h"
#include "pci/pci_groups.h"
#include "pci/registry.h"

uint32_t frame_rig_spis = FRAME;

void frame_rig_start(void (*add)(void))
{
	fake_frame_init();
	fake_cpus_reset(1);
	fake_now = ticks_per_second();
	fake_log_clear();
	memset(fake_msix_bar, 0, sizeof(fake_msix_bar));
	fake_msix_pulses = 0;
	pci_world_init(&world, 0, 0, 255);
	world.desc.msi_map[0].phandle = FAKE_FRAME;
	add();
	bring_up(&world, 0x4010000000ULL);
	pci_groups_assign(pci_function_first());
	lend_world_frame = (struct lend_world_frame){ FAKE_DOORBELL, FIRST, frame_rig_spis };
	lend_world_init((struct host_bridge *[]){ &world.bridge }, 1);
	for (uint32_t i = WORLD_GUEST1; lend_world_unsafe && i < WORLD_DOMAINS; i++) {
		assert_int_equal(vmsi_create(&lend_world.domains[i], ipa(GUEST_V2M_BASE),
					     GUEST_V2M_INTID, vpci_unsafe_vectors()), 0);
	}
}

void frame_rig_end(void)
{
	irq_meter_limit(0);
	lend_world_unsafe = false;
	lend_world_frame.count = 0;
	frame_rig_spis = FRAME;
	for (uint32_t i = 0; i < WORLD_DOMAINS; i++) {
		vmsi_destroy(&lend_world.domains[i]);
	}
	lend_world_end();
	assert_int_equal(fake_frame.used, 0);
	pci_world_free(&world);
}

int frame_rig_teardown(void **state)
{
	(void)state;
	frame_rig_end();
	return 0;
}
