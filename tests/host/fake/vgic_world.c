/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic_world.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/guest_copy.h"
#include "core/sched.h"
#include "fake_trap.h"
#include "fake_vpe.h"
#include "irq/irq.h"
#include "irq/vgic_gich.h"
#include "irq/vgic_state.h"
#include "lib/errno.h"

struct world world;

static irq_handler spi_handler[1020];
static void *spi_arg[1020];

void vcpu_kick(struct vcpu *v)
{
	assert_false(spin_is_locked(&v->domain->vgic->lock));
	world.kicked |= 1u << v->index;
}

int guest_copy_from(struct domain *d, void *dst, ipaddr_t src, size_t size)
{
	if (!range_ok(src.v - WORLD_RAM, size, WORLD_RAM_SIZE) || src.v < WORLD_RAM) {
		return -EFAULT;
	}
	memcpy(dst, world.ram + (src.v - WORLD_RAM), size);
	return 0;
}

int irq_request(uint32_t intid, bool edge, irq_handler handler, void *arg)
{
	if (spi_handler[intid] != NULL) {
		return -EBUSY;
	}
	spi_handler[intid] = handler;
	spi_arg[intid] = arg;
	return 0;
}

void irq_release(uint32_t intid)
{
	assert_non_null(spi_handler[intid]);
	irq_set_active(intid, false);
	spi_handler[intid] = NULL;
}

void irq_enable(uint32_t intid)
{
}

void irq_disable(uint32_t intid)
{
}

void irq_set_affinity(uint32_t intid, uint32_t cpu)
{
}

enum irq_result fake_host_fire(uint32_t intid)
{
	enum irq_result r;

	fake_host_activate(fake_cpu, intid);
	r = spi_handler[intid](intid, spi_arg[intid]);
	if (r == IRQ_HANDLED) {
		irq_set_active(intid, false);
	}
	return r;
}

void world_free(void)
{
	struct domain *d = &world.domain;

	for (uint32_t i = 0; d->vgic != NULL && i < d->vcpu_count; i++) {
		if (d->vcpus[i]->vgic->loaded_on != VGIC_NONE) {
			world_save(i);
		}
	}
	if (d->vgic != NULL) {
		vgic_destroy(d);
	}
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		free(d->vcpus[i]);
	}
	free(world.ram);
	memset(&world, 0, sizeof(world));
}

int vgic_gich_map_interface(struct domain *d, ipaddr_t at)
{
	world.interface_at = at.v;
	return 0;
}

static void init(uint32_t vcpus, const struct vgic_config *config)
{
	struct domain *d = &world.domain;

	world_free();
	fake_vgic_reset();
	fake_vpe_reset();
	fake_gicv2 = config->version == 2;
	world.ram = calloc(1, WORLD_RAM_SIZE);
	d->vcpu_count = vcpus;
	for (uint32_t i = 0; i < vcpus; i++) {
		struct vcpu *v = aligned_alloc(64, ALIGN_UP(sizeof(*v), 64));

		memset(v, 0, sizeof(*v));
		v->domain = d;
		v->index = i;
		v->pcpu = i % FAKE_CPUS;
		d->vcpus[i] = v;
	}
	assert_int_equal(vgic_create(d, config), 0);
}

void world_init(uint32_t vcpus, bool has_its)
{
	const struct vgic_config config = {
		.version = 3,
		.dist = { WORLD_GICD },
		.redist = { WORLD_GICR },
		.its = { WORLD_ITS },
		.has_its = has_its,
		.spi_count = WORLD_SPIS,
	};

	init(vcpus, &config);
}

void world_init_v2(uint32_t vcpus)
{
	const struct vgic_config config = {
		.version = 2,
		.dist = { WORLD_GICD },
		.cpu_interface = { WORLD_GICC },
		.spi_count = WORLD_SPIS,
	};

	init(vcpus, &config);
}

struct vcpu *world_on(uint32_t n)
{
	struct vcpu *v = world.domain.vcpus[n];

	fake_cpu = v->pcpu;
	return v;
}

void world_load(uint32_t n)
{
	vgic_load(world_on(n));
}

void world_save(uint32_t n)
{
	vgic_save(world_on(n));
}

void world_enter(uint32_t n)
{
	struct vcpu *v = world_on(n);
	uint32_t rounds = 0;

	while (fake_maintenance(fake_cpu)) {
		vgic_maintenance(v->vgic);
		/* What the handler leaves asserted would be taken again at once, for ever. */
		assert_false(fake_maintenance(fake_cpu));
		assert_true(++rounds < 3);
	}
	world.kicked &= ~(1u << n);
	vgic_enter(v);
	/* The guest would never get to run. */
	assert_false(fake_maintenance(fake_cpu));
}

static struct mmio_access world_access(uint32_t n, struct mmio_access a)
{
	struct mmio_access once;
	uint32_t rounds = 0;
	enum mmio_result result;

	do {
		once = a;
		result = fake_access(&world.domain, world_on(n), &once);
		assert_int_not_equal(result, MMIO_ABORT);
		/* Other vCPUs that were kicked take their exit. */
		for (uint32_t i = 0; i < world.domain.vcpu_count; i++) {
			struct vcpu *v = world.domain.vcpus[i];

			if (i != n && (world.kicked & (1u << i)) != 0 &&
			    v->vgic->loaded_on == v->pcpu) {
				world_enter(i);
			}
		}
		if (world.domain.vcpus[n]->vgic->loaded_on != VGIC_NONE) {
			world_enter(n);
		}
		assert_true(++rounds < 4000);
	} while (result == MMIO_RETRY);
	return once;
}

uint64_t world_read(uint32_t n, uint64_t address, uint32_t size)
{
	struct mmio_access a = { .ipa = { address }, .size = (uint8_t)size };

	a = world_access(n, a);
	return size == 8 ? a.value : a.value & ((1ull << (size * 8)) - 1);
}

void world_write(uint32_t n, uint64_t address, uint32_t size, uint64_t value)
{
	struct mmio_access a = {
		.ipa = { address }, .size = (uint8_t)size, .write = true, .value = value,
	};

	world_access(n, a);
}

uint64_t world_gicr(uint32_t n)
{
	return WORLD_GICR + n * 0x20000ull;
}

void world_enable(void)
{
	world_write(0, WORLD_GICD, 4, fake_gicv2 ? 1 : 2);
}

void world_start_its(uint32_t vcpus, uint32_t queue_size)
{
	for (uint32_t n = 0; n < vcpus; n++) {
		world_load(n);
		/* 14 bits of INTID. */
		world_write(n, world_gicr(n) + 0x70, 8, WORLD_PROP | 13);
		world_write(n, world_gicr(n), 4, 1);
	}
	world_enable();
	memset(world.ram + (WORLD_PROP - WORLD_RAM), 0xa1, 8192);
	world_write(0, WORLD_ITS + 0x80, 8, 1ULL << 63 | WORLD_CMDQ | (queue_size / 4096 - 1));
	world_write(0, WORLD_ITS, 4, 1);
}

static uint64_t bank_base(uint32_t n, uint32_t intid)
{
	return intid < 32 && !fake_gicv2 ? world_gicr(n) + 0x10000 : WORLD_GICD;
}

void world_irq_enable(uint32_t n, uint32_t intid, bool on)
{
	world_write(n, bank_base(n, intid) + (on ? 0x100 : 0x180) + intid / 32 * 4, 4,
		    1u << (intid % 32));
}

void world_irq_priority(uint32_t n, uint32_t intid, uint8_t priority)
{
	world_write(n, bank_base(n, intid) + 0x400 + intid, 1, priority);
}

uint32_t world_drain(uint32_t n, uint32_t *taken, uint32_t max)
{
	uint32_t cpu = world.domain.vcpus[n]->pcpu;
	uint32_t count = 0;

	for (;;) {
		uint32_t intid;

		world_enter(n);
		intid = fake_guest_ack(cpu);
		if (intid == FAKE_SPURIOUS) {
			return count;
		}
		if (count < max) {
			taken[count] = intid;
		}
		count++;
		assert_true(count < 20000);
		world_enter(n);
		fake_guest_eoi(cpu, intid);
	}
}
