/* SPDX-License-Identifier: BSD-2-Clause */
/* The control function as the control domain meets it: config window, registers, mapped pages. */
#include "control/control_aperture.h"
#include "control/control_request.h"
#include "control/control_state.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/mmio.h"
#include "core/vcpu.h"
#include "lib/errno.h"

#define PAGES_ORDER 6
_Static_assert(CONTROL_PAGES_SIZE == SZ_4K << PAGES_ORDER, "request pages are one heap run");
_Static_assert(CONTROL_PAGES_SIZE + CONTROL_REGISTERS_SIZE <= CONTROL_MMIO32_SIZE, "window");
_Static_assert(CONTROL_APERTURE_SIZE <= CONTROL_PREFETCH_SIZE, "window");

/* There is one control domain. */
static struct control control;

/* One access of at most 4 bytes; only 00.0 is there, anything else reads all ones. */
static uint32_t config_access(struct control *c, uint32_t offset, uint32_t size, bool write,
			      uint32_t value)
{
	uint32_t result = 0;

	if (offset >= SZ_4K) {
		return ~0U;
	}
	spin_lock(&c->config_lock);
	if (write) {
		control_config_write(&c->config, offset, size, value);
	} else {
		result = control_config_read(&c->config, offset, size);
	}
	spin_unlock(&c->config_lock);
	return result;
}

static enum mmio_result ecam_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	struct control *c = opaque;
	uint32_t offset = (uint32_t)a->offset;
	uint64_t value;

	if (a->size < 8) {
		value = config_access(c, offset, a->size, a->write, (uint32_t)a->value);
		a->value = BITS(value, a->size * 8U - 1, 0);
		return MMIO_DONE;
	}
	value = config_access(c, offset, 4, a->write, (uint32_t)a->value);
	value |= (uint64_t)config_access(c, offset + 4, 4, a->write, (uint32_t)(a->value >> 32))
		 << 32;
	a->value = value;
	return MMIO_DONE;
}

static const struct mmio_ops ecam_ops = { "control config", EXIT_MMIO_PCI, ecam_access };

static uint32_t register_read(uint64_t offset)
{
	switch (offset) {
	case CONTROL_REG_MAGIC:
		return CONTROL_MAGIC;
	case CONTROL_REG_ABI:
		return CONTROL_ABI_VERSION;
	case CONTROL_REG_PAGES:
		return CONTROL_PAGES;
	case CONTROL_REG_SLOTS:
		return CONTROL_SLOTS;
	default:
		return 0;
	}
}

static enum mmio_result register_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	struct control *c = opaque;

	if (!a->write) {
		a->value = a->size == 4 ? register_read(a->offset) : 0;
		return MMIO_DONE;
	}
	if (a->size == 4 && a->offset == CONTROL_REG_DOORBELL &&
	    control_request_run(c, v->domain, (uint32_t)a->value)) {
		return MMIO_RETRY;
	}
	return MMIO_DONE;
}

static const struct mmio_ops register_ops = { "control", EXIT_MMIO_OTHER, register_access };

static bool layout_ok(const struct control_layout *l)
{
	return range_ok(l->ecam.v, CONTROL_ECAM_SIZE, P2M_IPA_SIZE) &&
	       range_ok(l->mmio32_base.v, CONTROL_MMIO32_SIZE, 1ULL << 32) &&
	       range_ok(l->aperture_base.v, CONTROL_APERTURE_SIZE, P2M_IPA_SIZE) &&
	       l->mmio32_size >= CONTROL_MMIO32_SIZE && l->aperture_size >= CONTROL_APERTURE_SIZE &&
	       IS_ALIGNED(l->ecam.v, CONTROL_ECAM_SIZE) &&
	       IS_ALIGNED(l->mmio32_base.v, CONTROL_MMIO32_SIZE) &&
	       IS_ALIGNED(l->aperture_base.v, CONTROL_APERTURE_SIZE);
}

int control_create(struct domain *d, const struct control_layout *layout)
{
	struct control *c = &control;
	int err;

	if (!layout_ok(layout)) {
		return -EINVAL;
	}
	c->pages = heap_pages(PAGES_ORDER);
	if (c->pages == NULL) {
		return -ENOMEM;
	}
	c->domain = d;
	c->layout = *layout;
	control_config_init(&c->config, (uint32_t)control_pages_base(layout).v,
			    (uint32_t)control_registers_base(layout).v,
			    control_aperture_base(layout).v);
	control_aperture_init(c);

	/* Trap regions are never taken away: on failure boot gives the whole machine up. */
	err = mmio_add(&d->mmio, layout->ecam, CONTROL_ECAM_SIZE, &ecam_ops, c);
	if (err != 0) {
		goto free_pages;
	}
	err = mmio_add(&d->mmio, control_registers_base(layout), CONTROL_REGISTERS_SIZE,
		       &register_ops, c);
	if (err != 0) {
		goto free_pages;
	}
	err = p2m_map(&d->p2m, control_pages_base(layout), heap_pa(c->pages), CONTROL_PAGES_SIZE,
		      P2M_RAM_SHARED);
	if (err != 0) {
		goto free_pages;
	}
	log_info("control",
		 "control function at " SBDF_FMT ", %u clients, aperture %u MiB at 0x%llx",
		 layout->segment, 0, 0, 0, CONTROL_PAGES,
		 (unsigned int)(CONTROL_APERTURE_SIZE / SZ_1M),
		 (unsigned long long)layout->aperture_base.v);
	return 0;

free_pages:
	heap_pages_free(c->pages, PAGES_ORDER);
	c->pages = NULL;
	return err;
}
