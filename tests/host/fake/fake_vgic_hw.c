/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_vgic_hw.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "irq/irq.h"
#include "irq/vgic_gich.h"

#define HOST_INTIDS 1020

uint32_t fake_cpu;
uint32_t fake_lr_count = 4;
bool fake_gicv2;
bool fake_unwired;
uint32_t fake_pended;
uint64_t fake_vmcr_running = 0xf8000002; /* VPMR 0xf8, VENG1 */
struct fake_interface fake_interfaces[FAKE_CPUS];

static bool ppi_active[FAKE_CPUS][32];
static bool spi_active[HOST_INTIDS];

static bool *active_of(uint32_t cpu, uint32_t intid)
{
	assert_true(intid < HOST_INTIDS);
	return intid < 32 ? &ppi_active[cpu][intid] : &spi_active[intid];
}

bool fake_host_active(uint32_t cpu, uint32_t intid)
{
	return *active_of(cpu, intid);
}

void fake_host_activate(uint32_t cpu, uint32_t intid)
{
	/* The distributor never signals an interrupt that is still active. */
	assert_false(*active_of(cpu, intid));
	*active_of(cpu, intid) = true;
}

void irq_set_pending(uint32_t intid)
{
	fake_pended = intid;
}

void irq_set_active(uint32_t intid, bool active)
{
	*active_of(fake_cpu, intid) = active;
}

void fake_vgic_reset(void)
{
	memset(fake_interfaces, 0, sizeof(fake_interfaces));
	memset(ppi_active, 0, sizeof(ppi_active));
	memset(spi_active, 0, sizeof(spi_active));
	fake_cpu = 0;
	fake_lr_count = 4;
	fake_gicv2 = false;
	fake_unwired = false;
}

bool vgic_hw_unwired(void)
{
	return fake_unwired;
}

uint32_t vgic_hw_lr_count(void)
{
	return fake_lr_count;
}

uint32_t vgic_hw_cpu(void)
{
	return fake_cpu;
}

void vgic_hw_load(const struct vgic_hw_state *s)
{
	struct fake_interface *f = &fake_interfaces[fake_cpu];

	f->vmcr = s->vmcr != 0 ? s->vmcr : fake_vmcr_running;
	/* The running priorities travel in the active priority registers; one bit each. */
	f->running_count = 0;
	for (int b = 31; b >= 0; b--) {
		if ((s->ap1r[0] & (1u << b)) != 0) {
			f->running[f->running_count++] = (uint8_t)(b << 3);
		}
	}
}

void vgic_hw_save(struct vgic_hw_state *s)
{
	struct fake_interface *f = &fake_interfaces[fake_cpu];

	s->vmcr = f->vmcr;
	s->ap1r[0] = 0;
	for (uint32_t i = 0; i < f->running_count; i++) {
		s->ap1r[0] |= 1u << (f->running[i] >> 3);
	}
	/* Nothing may be left behind for the next vCPU. */
	for (uint32_t i = 0; i < fake_lr_count; i++) {
		assert_int_equal(f->lr[i] & LR_STATE, 0);
	}
}

uint64_t vgic_hw_vmcr(void)
{
	return fake_interfaces[fake_cpu].vmcr;
}

void vgic_hw_set_hcr(uint64_t hcr)
{
	fake_interfaces[fake_cpu].hcr = hcr;
}

uint64_t vgic_hw_lr_read(uint32_t lr)
{
	assert_true(lr < fake_lr_count);
	fake_interfaces[fake_cpu].lr_accesses++;
	return fake_interfaces[fake_cpu].lr[lr];
}

void vgic_hw_lr_write(uint32_t lr, uint64_t value)
{
	struct fake_interface *f = &fake_interfaces[fake_cpu];
	uint32_t intid = (uint32_t)value;

	assert_true(lr < fake_lr_count);
	f->lr_accesses++;
	if (fake_gicv2) {
		/* GICH_LR holds all of it. */
		assert_int_equal(gich_lr_decode(gich_lr_encode(value)), value);
	}
	if ((value & LR_STATE) != 0) {
		/* What IHI0069 12.4 (ICH_LR<n>_EL2) forbids. */
		assert_false((value & LR_HW) != 0 && (value & LR_STATE) == LR_STATE);
		/* Nobody would signal what becomes of it at the guest's EOI. */
		assert_false(fake_unwired && (value & LR_STATE) == LR_STATE);
		assert_false(intid >= 8192 && (value & LR_ACTIVE) != 0);
		for (uint32_t i = 0; i < fake_lr_count; i++) {
			assert_false(i != lr && (f->lr[i] & LR_STATE) != 0 &&
				     (uint32_t)f->lr[i] == intid);
		}
		/* The interface must be on, or the guest would see nothing of it. */
		assert_true((f->hcr & ICH_HCR_EN) != 0);
	}
	f->lr[lr] = value;
}

uint32_t vgic_hw_empty(void)
{
	struct fake_interface *f = &fake_interfaces[fake_cpu];
	uint32_t map = 0;

	for (uint32_t i = 0; i < fake_lr_count; i++) {
		if ((f->lr[i] & LR_STATE) == 0 &&
		    ((f->lr[i] & LR_HW) != 0 || (f->lr[i] & LR_EOI) == 0)) {
			map |= 1u << i;
		}
	}
	return map;
}

static uint32_t eoi_map(const struct fake_interface *f)
{
	uint32_t map = 0;

	for (uint32_t i = 0; i < fake_lr_count; i++) {
		if ((f->lr[i] & (LR_STATE | LR_HW)) == 0 && (f->lr[i] & LR_EOI) != 0) {
			map |= 1u << i;
		}
	}
	return map;
}

uint32_t vgic_hw_eoi(void)
{
	return eoi_map(&fake_interfaces[fake_cpu]);
}

/* GICV_IAR has the sender of an SGI beside its INTID, and GICV_EOIR wants it again. */
static uint32_t sender(uint64_t lr)
{
	return fake_gicv2 && (uint32_t)lr < 16 ? (uint32_t)(lr >> 32) & 7 : 0;
}

uint32_t fake_guest_ack(uint32_t cpu)
{
	struct fake_interface *f = &fake_interfaces[cpu];
	uint32_t limit = (uint32_t)(f->vmcr >> 24) & 0xff;
	uint64_t *best = NULL;
	uint32_t best_priority = 256;
	uint32_t intid;

	if ((f->hcr & ICH_HCR_EN) == 0 || (f->vmcr & ICH_VMCR_VENG1) == 0) {
		return FAKE_SPURIOUS;
	}
	if (f->running_count != 0 && f->running[f->running_count - 1] < limit) {
		limit = f->running[f->running_count - 1];
	}
	for (uint32_t i = 0; i < fake_lr_count; i++) {
		uint32_t priority = (uint32_t)(f->lr[i] >> 48) & 0xff;

		if ((f->lr[i] & LR_STATE) == LR_PENDING && priority < limit &&
		    priority < best_priority) {
			best = &f->lr[i];
			best_priority = priority;
		}
	}
	if (best == NULL) {
		return FAKE_SPURIOUS;
	}
	intid = (uint32_t)*best;
	*best &= ~LR_PENDING;
	if (intid < 8192) {
		*best |= LR_ACTIVE;
	}
	f->running[f->running_count++] = (uint8_t)best_priority;
	return intid | sender(*best) << FAKE_SENDER_SHIFT;
}

void fake_guest_eoi(uint32_t cpu, uint32_t acknowledged)
{
	struct fake_interface *f = &fake_interfaces[cpu];
	uint32_t intid = fake_gicv2 ? acknowledged & 0x3ff : acknowledged;

	assert_true(f->running_count > 0);
	f->running_count--;
	for (uint32_t i = 0; i < fake_lr_count; i++) {
		if ((uint32_t)f->lr[i] == intid && (f->lr[i] & LR_ACTIVE) != 0) {
			assert_int_equal(intid | sender(f->lr[i]) << FAKE_SENDER_SHIFT,
					 acknowledged);
			f->lr[i] &= ~LR_ACTIVE;
			if ((f->lr[i] & LR_HW) != 0) {
				*active_of(cpu, (uint32_t)(f->lr[i] >> 32) & 0x1fff) = false;
			}
			return;
		}
	}
	/* An active interrupt out of list registers: its deactivation would be lost. */
	assert_true(intid >= 8192);
}

bool fake_maintenance(uint32_t cpu)
{
	struct fake_interface *f = &fake_interfaces[cpu];
	uint32_t valid = 0;
	uint32_t pending = 0;

	if ((f->hcr & ICH_HCR_EN) == 0) {
		return false;
	}
	for (uint32_t i = 0; i < fake_lr_count; i++) {
		valid += (f->lr[i] & LR_STATE) != 0;
		pending += (f->lr[i] & LR_PENDING) != 0;
	}
	return eoi_map(f) != 0 || ((f->hcr & ICH_HCR_UIE) != 0 && valid <= 1) ||
	       ((f->hcr & ICH_HCR_NPIE) != 0 && pending == 0);
}

uint32_t fake_lr_holding(uint32_t cpu, uint32_t intid)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < fake_lr_count; i++) {
		n += (fake_interfaces[cpu].lr[i] & LR_STATE) != 0 &&
		     (uint32_t)fake_interfaces[cpu].lr[i] == intid;
	}
	return n;
}
