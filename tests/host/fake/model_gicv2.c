/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_gicv2.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "arch/arm64/mmio.h"
#include "fake_cpus.h"

#define SPURIOUS 1023u
#define IIDR     0x0202143bu

struct model_gicv2 model_gicv2;

static uint8_t gicd[0x1000], gicc[0x20000], gich[0x1000];

void model_gicv2_reset(uint32_t cpu_count)
{
	memset(&model_gicv2, 0, sizeof(model_gicv2));
	model_gicv2.cpu_count = cpu_count;
	for (uint32_t i = 0; i < MODEL_CPUS; i++) {
		model_gicv2.cpus[i].running = SPURIOUS;
		model_gicv2.cpus[i].ctlr = 0x1e0; /* bypass disabled, by firmware */
	}
}

volatile void *mmio_map_device(uint64_t base, uint64_t size)
{
	if (base == MODEL_GICD && size <= sizeof(gicd)) {
		return gicd;
	}
	if (base == MODEL_GICC && size <= sizeof(gicc)) {
		return gicc;
	}
	assert_true(base == MODEL_GICH && size <= sizeof(gich));
	return gich;
}

static uint32_t bank(uint32_t intid)
{
	return intid < 32 ? fake_cpu : 0;
}

/* Highest priority pending one for cpu that is not active. */
static uint32_t best_for(uint32_t cpu)
{
	uint32_t best = SPURIOUS;
	uint8_t priority = 0xff;

	for (uint32_t i = 0; i < MODEL_INTIDS; i++) {
		uint32_t b = i < 32 ? cpu : 0;

		if (model_gicv2.pending[b][i] && model_gicv2.enabled[b][i] &&
		    !model_gicv2.active[b][i] && model_gicv2.priority[b][i] < priority &&
		    (i < 32 || (model_gicv2.targets[i] & 1u << cpu) != 0)) {
			best = i;
			priority = model_gicv2.priority[b][i];
		}
	}
	return best;
}

bool model_gicv2_signals(uint32_t cpu)
{
	return (model_gicv2.dist_ctlr & 1) != 0 && (model_gicv2.cpus[cpu].ctlr & 1) != 0 &&
	       model_gicv2.cpus[cpu].pmr > 0xa0 && best_for(cpu) != SPURIOUS &&
	       model_gicv2.cpus[cpu].running == SPURIOUS;
}

static uint32_t acknowledge(void)
{
	uint32_t intid = model_gicv2_signals(fake_cpu) ? best_for(fake_cpu) : SPURIOUS;
	uint32_t b = bank(intid);
	uint32_t iar = intid;

	if (intid == SPURIOUS) {
		return SPURIOUS;
	}
	if (intid < 16) {
		uint32_t from = (uint32_t)__builtin_ctz(model_gicv2.sgi_from[b][intid]);

		model_gicv2.sgi_from[b][intid] &= (uint8_t)~(1u << from);
		iar |= from << 10;
		model_gicv2.pending[b][intid] = model_gicv2.sgi_from[b][intid] != 0;
	} else {
		model_gicv2.pending[b][intid] = false;
	}
	model_gicv2.active[b][intid] = true;
	model_gicv2.cpus[fake_cpu].running = iar;
	return iar;
}

/* 1 bit an interrupt: the word's bits, set or cleared. */
static void write_bits(bool (*state)[MODEL_INTIDS], uint32_t word, uint32_t v, bool to)
{
	for (uint32_t i = 0; i < 32 && word * 32 + i < MODEL_INTIDS; i++) {
		if ((v & 1u << i) != 0) {
			state[bank(word * 32)][word * 32 + i] = to;
		}
	}
}

static uint32_t read_bits(bool (*state)[MODEL_INTIDS], uint32_t word)
{
	uint32_t v = 0;

	for (uint32_t i = 0; i < 32; i++) {
		v |= (uint32_t)state[bank(word * 32)][word * 32 + i] << i;
	}
	return v;
}

static void send_sgi(uint32_t v)
{
	assert_int_equal(v >> 24, 0);
	for (uint32_t cpu = 0; cpu < model_gicv2.cpu_count; cpu++) {
		if ((v >> 16 & 1u << cpu) != 0) {
			model_gicv2.pending[cpu][v & 15] = true;
			model_gicv2.sgi_from[cpu][v & 15] |= (uint8_t)(1u << fake_cpu);
		}
	}
}

static void write_config(uint32_t first, uint32_t v)
{
	for (uint32_t i = 0; i < 16; i++) {
		bool edge = (v >> 2 * i & 2) != 0;

		/* IHI0048B 4.3.13: not while it is enabled. */
		assert_true(edge == model_gicv2.edge[first + i] ||
			    !model_gicv2.enabled[bank(first)][first + i]);
		model_gicv2.edge[first + i] = edge;
	}
}

static void dist_write(uint32_t at, uint32_t v)
{
	if (at == 0) {
		model_gicv2.dist_ctlr = v;
	} else if (at >= 0x80 && at < 0x100) {
		assert_int_equal(v, 0);
	} else if (at >= 0x100 && at < 0x400) {
		bool (*state[])[MODEL_INTIDS] = { model_gicv2.enabled, model_gicv2.pending,
						  model_gicv2.active };

		write_bits(state[(at - 0x100) / 0x100], at % 0x80 / 4, v, (at & 0x80) == 0);
	} else if (at >= 0x400 && at < 0x800) {
		for (uint32_t i = 0; i < 4; i++) {
			model_gicv2.priority[bank(at - 0x400)][at - 0x400 + i] =
				(uint8_t)(v >> 8 * i);
		}
	} else if (at >= 0x800 && at < 0xc00) {
		memcpy(&model_gicv2.targets[at - 0x800], &v, 4);
	} else if (at >= 0xc00 && at < 0xd00) {
		write_config((at - 0xc00) * 4, v);
	} else if (at == 0xf00) {
		send_sgi(v);
	} else {
		assert_true(at >= 0xf10 && at < 0xf20);
		memset(&model_gicv2.sgi_from[fake_cpu][at - 0xf10], 0, 4);
		memset(&model_gicv2.pending[fake_cpu][at - 0xf10], 0, 4);
	}
}

static uint32_t dist_read(uint32_t at)
{
	uint32_t v = 0;

	if (at == 4) {
		return MODEL_INTIDS / 32 - 1;
	}
	if (at >= 0xc00 && at < 0xd00) {
		for (uint32_t i = 0; i < 16; i++) {
			v |= (model_gicv2.edge[(at - 0xc00) * 4 + i] ? 2u : 0) << 2 * i;
		}
		return v;
	}
	if (at >= 0x300) {
		return read_bits(model_gicv2.active, (at - 0x300) / 4);
	}
	if (at >= 0x200) {
		return read_bits(model_gicv2.pending, at % 0x80 / 4);
	}
	assert_true(at >= 0x100);
	return read_bits(model_gicv2.enabled, at % 0x80 / 4);
}

/* Offset in two pages that follow each other; each page's copies are one where they are aliased. */
static uint32_t interface_offset(const volatile uint8_t *p)
{
	uint32_t at = (uint32_t)(p - gicc);

	return model_gicv2.aliased ? at / 0x10000 * 0x1000 + at % 0x1000 : at;
}

static void interface_write(uint32_t at, uint32_t v)
{
	uint32_t running = model_gicv2.cpus[fake_cpu].running;

	switch (at) {
	case 0x0:
		model_gicv2.cpus[fake_cpu].ctlr = v;
		break;
	case 0x4:
		model_gicv2.cpus[fake_cpu].pmr = v;
		break;
	case 0x10:
		/* Ended as it was acknowledged, an SGI with its sender (4.4.5). */
		assert_int_equal(v, running);
		model_gicv2.cpus[fake_cpu].running = SPURIOUS;
		if ((model_gicv2.cpus[fake_cpu].ctlr & 1u << 9) == 0) {
			model_gicv2.active[bank(v & 0x3ff)][v & 0x3ff] = false;
		}
		break;
	case 0x1000:
		assert_true(model_gicv2.cpus[fake_cpu].ctlr & 1u << 9);
		model_gicv2.active[bank(v & 0x3ff)][v & 0x3ff] = false;
		break;
	default:
		assert_true(at == 0x8 || at == 0xd0);
		break;
	}
}

static uint32_t interface_read(uint32_t at)
{
	if (at == 0) {
		return model_gicv2.cpus[fake_cpu].ctlr;
	}
	if (at == 0xc) {
		return acknowledge();
	}
	return at == 0xfc ? IIDR : 0;
}

static uint32_t *control_register(uint32_t at)
{
	switch (at) {
	case 0x0:
		return &model_gicv2.cpus[fake_cpu].hcr;
	case 0x8:
		return &model_gicv2.cpus[fake_cpu].vmcr;
	case 0xf0:
		return &model_gicv2.cpus[fake_cpu].apr;
	default:
		assert_in_range(at, 0x100, 0x10c);
		return &model_gicv2.cpus[fake_cpu].lr[(at - 0x100) / 4];
	}
}

static uint32_t control_read(uint32_t at)
{
	uint32_t map = 0;

	if (at == 4) {
		return 3; /* four list registers */
	}
	if (at != 0x20 && at != 0x30) {
		return *control_register(at);
	}
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t lr = model_gicv2.cpus[fake_cpu].lr[i];
		bool eoi = (lr & (1u << 31 | 1u << 19)) == 1u << 19;

		map |= (uint32_t)((lr >> 28 & 3) == 0 && eoi == (at == 0x20)) << i;
	}
	return map;
}

static bool within(const volatile uint8_t *p, const uint8_t *frame, size_t size)
{
	return p >= frame && p < frame + size;
}

uint32_t mmio_read32(const volatile void *p)
{
	const volatile uint8_t *at = p;

	if (within(at, gicd, sizeof(gicd))) {
		return dist_read((uint32_t)(at - gicd));
	}
	if (within(at, gicc, sizeof(gicc))) {
		return interface_read(interface_offset(at));
	}
	return control_read((uint32_t)(at - gich));
}

void mmio_write32(volatile void *p, uint32_t v)
{
	volatile uint8_t *at = p;

	if (within(at, gicd, sizeof(gicd))) {
		dist_write((uint32_t)(at - gicd), v);
	} else if (within(at, gicc, sizeof(gicc))) {
		interface_write(interface_offset(at), v);
	} else {
		*control_register((uint32_t)(at - gich)) = v;
	}
}

/* Bytes: targets only, of private interrupts the CPU that asks, zero when it is the only one. */
uint8_t mmio_read8(const volatile void *p)
{
	uint32_t at = (uint32_t)((const volatile uint8_t *)p - gicd);

	assert_in_range(at, 0x800, 0xbff);
	return (uint8_t)(model_gicv2.cpu_count == 1 ? 0 : 1u << fake_cpu);
}

void mmio_write8(volatile void *p, uint8_t v)
{
	uint32_t at = (uint32_t)((volatile uint8_t *)p - gicd);

	assert_in_range(at, 0x820, 0xbff);
	model_gicv2.targets[at - 0x800] = v;
}
