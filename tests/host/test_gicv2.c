/* SPDX-License-Identifier: BSD-2-Clause */
/* The GICv2 driver and the virtual CPU interface's registers against a model of a GIC-400. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/domain.h"
#include "core/machine.h"
#include "fake_cpus.h"
#include "fake_log.h"
#include "irq/gic.h"
#include "irq/gicv2.h"
#include "irq/irq.h"
#include "irq/vgic_gich.h"
#include "lib/errno.h"
#include "model_gicv2.h"

#define SPI 40u
#define PPI 27u
#define NONE 1023u

struct machine machine;

static struct {
	uint64_t ipa, pa, size;
	enum p2m_type type;
} mapped;

int p2m_map(struct p2m *p, ipaddr_t ipa, paddr_t pa, uint64_t size, enum p2m_type type)
{
	mapped.ipa = ipa.v;
	mapped.pa = pa.v;
	mapped.size = size;
	mapped.type = type;
	return 0;
}

static void up(uint32_t cpus, uint64_t frame)
{
	machine = (struct machine){
		.cpu_count = cpus,
		.gic = {
			.version = 2,
			.dist = { MODEL_GICD, 0x1000 },
			.cpu_interface = { MODEL_GICC, frame },
			.virt_control = { MODEL_GICH, 0x1000 },
			.virt_interface = { MODEL_GICV, frame },
		},
	};
	fake_cpus_reset(cpus);
	fake_log_clear();
	assert_int_equal(gicv2_ops.init(), 0);
	for (fake_cpu = 0; fake_cpu < cpus; fake_cpu++) {
		assert_int_equal(gicv2_ops.init_cpu(), 0);
	}
	fake_cpu = 0;
}

/* Take what is there, as irq_dispatch() does. */
static uint32_t take(bool deactivate)
{
	uint32_t intid = gicv2_ops.acknowledge();

	if (intid < GIC_LINES_MAX) {
		gicv2_ops.drop_priority(intid);
		if (deactivate) {
			gicv2_ops.deactivate(intid);
		}
	}
	return intid;
}

/* Firmware leaves interrupts in any state; none is heard before it is asked for. */
static void test_starts_quiet(void **state)
{
	model_gicv2_reset(2);
	for (uint32_t i = 0; i < MODEL_INTIDS; i++) {
		for (uint32_t cpu = 0; cpu < 2; cpu++) {
			model_gicv2.enabled[cpu][i] = true;
			model_gicv2.pending[cpu][i] = true;
			model_gicv2.active[cpu][i] = i % 2;
		}
	}
	memset(model_gicv2.sgi_from, 2, sizeof(model_gicv2.sgi_from));
	up(2, 0x2000);
	assert_int_equal(gicv2_ops.line_count(), MODEL_INTIDS);
	for (fake_cpu = 0; fake_cpu < 2; fake_cpu++) {
		assert_int_equal(take(true), NONE);
		/* What firmware said of bypass stays. */
		assert_int_equal(model_gicv2.cpus[fake_cpu].ctlr, 0x1e0 | 1 << 9 | 1);
	}
	for (uint32_t i = 0; i < MODEL_INTIDS; i++) {
		assert_int_equal(model_gicv2.enabled[0][i], i == SGI_KICK || i == SGI_LOOK);
		assert_false(model_gicv2.active[0][i]);
	}
}

/* An SGI is ended with its sender: the model insists. */
static void test_sgis(void **state)
{
	model_gicv2_reset(4);
	up(4, 0x2000);
	for (fake_cpu = 0; fake_cpu < 4; fake_cpu++) {
		gicv2_ops.send_sgi(2, SGI_KICK);
	}
	fake_cpu = 2;
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(take(true), SGI_KICK);
	}
	assert_int_equal(take(true), NONE);
	fake_cpu = 1;
	assert_int_equal(take(true), NONE);
}

static void test_spi(void **state)
{
	model_gicv2_reset(4);
	up(4, 0x2000);
	gicv2_ops.enable(SPI, true);
	assert_true(model_gicv2.edge[SPI]);
	gicv2_ops.set_pending(SPI);
	assert_int_equal(take(false), SPI);
	/* It stays active, and is not signalled again, until it is deactivated. */
	assert_true(model_gicv2.active[0][SPI]);
	assert_false(gicv2_ops.is_pending(SPI));
	gicv2_ops.set_pending(SPI);
	assert_true(gicv2_ops.is_pending(SPI));
	assert_int_equal(take(false), NONE);
	gicv2_ops.deactivate(SPI);
	assert_false(model_gicv2.active[0][SPI]);
	assert_int_equal(take(true), SPI);
	/* Enabled already: the trigger is left alone. */
	gicv2_ops.enable(SPI, false);
	assert_true(model_gicv2.edge[SPI]);
	gicv2_ops.route(SPI, 3);
	gicv2_ops.set_pending(SPI);
	assert_int_equal(take(true), NONE);
	fake_cpu = 3;
	assert_int_equal(take(true), SPI);
	gicv2_ops.disable(SPI);
	gicv2_ops.set_pending(SPI);
	assert_int_equal(take(true), NONE);
	gicv2_ops.enable(SPI, false);
	assert_false(model_gicv2.edge[SPI]);
	assert_int_equal(take(true), SPI);
	gicv2_ops.disable(SPI);
	gicv2_ops.set_pending(SPI);
	gicv2_ops.clear_pending(SPI);
	gicv2_ops.enable(SPI, false);
	assert_int_equal(take(true), NONE);
}

static void test_ppi(void **state)
{
	model_gicv2_reset(2);
	up(2, 0x2000);
	fake_cpu = 1;
	gicv2_ops.enable(PPI, false);
	model_gicv2.pending[0][PPI] = true;
	model_gicv2.pending[1][PPI] = true;
	assert_int_equal(take(false), PPI);
	assert_true(model_gicv2.active[1][PPI]);
	gicv2_ops.set_active(PPI, false);
	assert_false(model_gicv2.active[1][PPI]);
	gicv2_ops.set_active(PPI, true);
	assert_true(model_gicv2.active[1][PPI]);
	fake_cpu = 0;
	assert_false(model_gicv2.active[0][PPI]);
	assert_int_equal(take(false), NONE);
}

/* The only CPU of a machine reads no target of its own. */
static void test_single_cpu(void **state)
{
	model_gicv2_reset(1);
	up(1, 0x2000);
	gicv2_ops.enable(SPI, true);
	gicv2_ops.route(SPI, 0);
	gicv2_ops.set_pending(SPI);
	assert_int_equal(take(true), SPI);
	/* A CPU of several without a place in the distributor is no use. */
	machine.cpu_count = 9;
	assert_int_equal(gicv2_ops.init_cpu(), -ENODEV);
	assert_true(fake_log_has("CPU 0 has no interface to the GIC"));
}

/* Boards that spread the two pages over 128 KiB: GICC and GICV are used where they touch. */
static void test_aliased_pages(void **state)
{
	struct domain d = { .id = 1 };

	model_gicv2_reset(2);
	model_gicv2.aliased = true;
	up(2, 0x20000);
	gicv2_ops.send_sgi(0, SGI_KICK);
	assert_int_equal(take(true), SGI_KICK);
	assert_int_equal(vgic_gich_map_interface(&d, ipa(0x8010000)), 0);
	assert_int_equal(mapped.ipa, 0x8010000);
	assert_int_equal(mapped.pa, MODEL_GICV + 0xf000);
	assert_int_equal(mapped.size, 0x2000);
	assert_int_equal(mapped.type, P2M_MMIO);

	model_gicv2_reset(2);
	up(2, 0x10000);
	assert_int_equal(gicv2_virtual_interface().v, MODEL_GICV);
	/* As long, and not aliased. */
	up(2, 0x20000);
	assert_int_equal(gicv2_virtual_interface().v, MODEL_GICV);
}

static void test_virtual_interface(void **state)
{
	struct vgic_hw_state s = { .vmcr = 0xf0000002, .ap1r = { 0x81 } };
	uint64_t lr = LR_GROUP1 | LR_PENDING | LR_EOI | LR_PRIORITY(0x80) | 35;

	model_gicv2_reset(2);
	up(2, 0x2000);
	fake_cpu = 1;
	model_gicv2.cpus[1].hcr = 1;
	assert_int_equal(vgic_gich_init(), 4);
	assert_int_equal(model_gicv2.cpus[1].hcr, 0);
	vgic_gich_load(&s);
	assert_int_equal(model_gicv2.cpus[1].vmcr, 0xf0000001);
	assert_int_equal(vgic_gich_vmcr(), 0xf0000002);
	vgic_gich_set_hcr(ICH_HCR_EN | ICH_HCR_NPIE);
	assert_int_equal(model_gicv2.cpus[1].hcr, 9);
	vgic_gich_write(2, lr);
	assert_int_equal(vgic_gich_read(2), lr);
	assert_int_equal(vgic_gich_empty(), 0xb);
	assert_int_equal(vgic_gich_eoi(), 0);
	model_gicv2.cpus[1].lr[2] &= ~(3u << 28);
	assert_int_equal(vgic_gich_eoi(), 4);
	assert_int_equal(vgic_gich_empty() & 4, 0);
	vgic_gich_write(2, 0);
	assert_int_equal(vgic_gich_empty(), 0xf);
	/* Of this CPU, and of no other. */
	assert_int_equal(model_gicv2.cpus[0].vmcr, 0);
	s = (struct vgic_hw_state){ 0 };
	vgic_gich_save(&s);
	assert_int_equal(s.vmcr, 0xf0000002);
	assert_int_equal(s.ap1r[0], 0x81);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts_quiet),
		cmocka_unit_test(test_sgis),
		cmocka_unit_test(test_spi),
		cmocka_unit_test(test_ppi),
		cmocka_unit_test(test_single_cpu),
		cmocka_unit_test(test_aliased_pages),
		cmocka_unit_test(test_virtual_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
