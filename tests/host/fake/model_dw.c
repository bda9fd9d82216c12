/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_dw.h"

#include <assert.h>
#include <string.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/guarded.h"
#include "arch/arm64/mmio.h"

#define ENABLE (1U << 31)

struct model_dw model_dw;

static uint8_t dbi[0x1000], config[0x1000], atu[0x2000];
static uint32_t viewport, misc;
static uint32_t msi_address[2], msi_mask, msi_status;
static bool msi_latched;
static uint64_t now;

uint64_t ticks_now(void)
{
	return now++;
}

volatile void *mmio_map_device(uint64_t base, uint64_t size)
{
	if (base == MODEL_DW_DBI) {
		assert(size == sizeof(dbi));
		return dbi;
	}
	if (base == MODEL_DW_CONFIG) {
		assert(size == sizeof(config));
		return config;
	}
	assert(base == MODEL_DW_DBI + 0x300000 && size == sizeof(atu));
	return atu;
}

static bool inside(const volatile void *p, const uint8_t *area, size_t size, uint32_t *offset)
{
	uintptr_t at = (uintptr_t)p;

	*offset = (uint32_t)(at - (uintptr_t)area);
	return at >= (uintptr_t)area && at < (uintptr_t)area + size;
}

/* One register of a region: write when value is not NULL. */
static uint32_t region(bool in, uint32_t index, uint32_t offset, const uint32_t *value)
{
	struct model_dw_region *r = in ? model_dw.inbound : model_dw.outbound;
	uint32_t keep = ~model_dw.granule;
	uint64_t *wide[] = { &r[index].base, &r[index].limit, &r[index].target };
	static const uint8_t lows[] = { 0x08, 0x10, 0x14 }, highs[] = { 0x0c, 0x20, 0x18 };

	r += index;
	assert((value == NULL || (r->ctrl2 & ENABLE) == 0 || offset == 0x04) &&
	       "a live region is changed");
	for (int i = 0; i < 3; i++) {
		if (offset == lows[i] && value != NULL) {
			*wide[i] = (*wide[i] & ~0xffffffffULL) | (*value & keep) |
				   (i == 1 ? model_dw.granule : 0);
		}
		if (offset == highs[i] && i != 1 && value != NULL) {
			*wide[i] = (*wide[i] & 0xffffffff) | (uint64_t)*value << 32;
		}
		if (offset == lows[i] || offset == highs[i]) {
			return (uint32_t)(offset == lows[i] ? *wide[i] : *wide[i] >> 32);
		}
	}
	assert(offset == 0x00 || offset == 0x04);
	if (value != NULL && offset == 0x00) {
		r->ctrl1 = *value;
	} else if (value != NULL && !(model_dw.stuck && (*value & ENABLE) != 0)) {
		model_dw.sets += (*value & ENABLE) != 0;
		r->ctrl2 = *value;
		/* Without an upper half of its own, the limit's is the base's. */
		r->limit = (r->base & ~0xffffffffULL) | (uint32_t)r->limit;
	}
	return offset == 0x00 ? r->ctrl1 : r->ctrl2;
}

static struct sbdf port_at(void)
{
	return sbdf_make(0, 0, 0, 0);
}

static uint32_t msi_register_at(uint32_t offset, const uint32_t *value)
{
	uint32_t *const words[] = { &msi_address[0], &msi_address[1], &model_dw.msi_enable,
				    &msi_mask };

	if (offset == 0x830) {
		if (value != NULL) {
			msi_status = model_dw.msi_like_qemu ? msi_status ^ *value :
							      msi_status & ~*value;
			msi_latched = msi_latched && msi_status != 0;
		}
		return msi_status;
	}
	if (value != NULL) {
		*words[(offset - 0x820) / 4] = *value;
	}
	return *words[(offset - 0x820) / 4];
}

bool model_dw_msi(uint64_t address, uint32_t data)
{
	if (model_dw.msi_enable == 0 ||
	    address != ((uint64_t)msi_address[1] << 32 | msi_address[0])) {
		return false;
	}
	msi_status |= model_dw.msi_enable & 1U << data;
	msi_latched = msi_latched || (msi_status & ~msi_mask) != 0;
	return true;
}

bool model_dw_msi_line(void)
{
	return model_dw.msi_like_qemu ? msi_latched : (msi_status & ~msi_mask) != 0;
}

static bool port_logic(uint32_t offset, const uint32_t *value, uint32_t *out)
{
	if (offset == 0x72c) {
		*out = model_dw.link ? 1U << 4 : 0;
	} else if (offset >= 0x820 && offset <= 0x830) {
		*out = msi_register_at(offset, value);
	} else if (offset == 0x8bc) {
		*out = misc = value != NULL ? *value : misc;
	} else if (offset == 0x900) {
		viewport = value != NULL ? *value : viewport;
		*out = model_dw.unrolled ? 0xffffffffU : viewport;
	} else if (offset > 0x900 && offset < 0x928 && !model_dw.unrolled) {
		*out = region(viewport >> 31, (viewport & 0xff) % model_dw.regions, offset - 0x904,
			      value);
	} else {
		return false;
	}
	return true;
}

static uint32_t dbi_access(uint32_t offset, const uint32_t *value)
{
	uint32_t out = 0;

	assert(offset % 4 == 0);
	model_dw.touched++;
	if (port_logic(offset, value, &out)) {
		return out;
	}
	assert(offset < 0x700 && "a register the model does not have");
	if (value != NULL) {
		if (offset == 8 && model_dw.class_locked && (misc & 1) != 0) {
			memcpy(model_dw.port->config + 8, value, 4);
		}
		model_pci_ops.cfg_write(&model_dw.tree, port_at(), offset, 4, *value);
	}
	return model_pci_ops.cfg_read(&model_dw.tree, port_at(), offset, 4);
}

static uint32_t atu_access(uint32_t offset, const uint32_t *value)
{
	uint32_t index = offset / 0x200;

	assert(model_dw.unrolled && "external abort: nothing behind the first page of DBI");
	return index < model_dw.regions ?
		       region((offset & 0x100) != 0, index, offset & 0xff, value) :
		       0;
}

uint32_t mmio_read32(const volatile void *p)
{
	uint32_t offset;

	if (inside(p, dbi, sizeof(dbi), &offset)) {
		return dbi_access(offset, NULL);
	}
	assert(inside(p, atu, sizeof(atu), &offset));
	return atu_access(offset, NULL);
}

void mmio_write32(volatile void *p, uint32_t v)
{
	uint32_t offset;

	if (inside(p, dbi, sizeof(dbi), &offset)) {
		dbi_access(offset, &v);
		return;
	}
	assert(inside(p, atu, sizeof(atu), &offset));
	atu_access(offset, &v);
}

/* The function that region 0 shows. False: nobody answers. */
static bool cycle(struct sbdf *where)
{
	const struct model_dw_region *r = &model_dw.outbound[0];
	uint8_t bus = (uint8_t)(r->target >> 24);
	uint8_t secondary = model_dw.port->config[0x19];

	assert((r->ctrl2 & ENABLE) != 0 && r->base == MODEL_DW_CONFIG &&
	       r->limit >= MODEL_DW_CONFIG + 0xfff);
	assert(model_dw.link && "SError: no link");
	assert(bus != 0);
	model_dw.cycles++;
	/* The partner takes every type 0 cycle as its own, whatever device it names. */
	*where = sbdf_make(0, bus, bus == secondary ? 0 : r->target >> 19 & 31,
			   r->target >> 16 & 7);
	assert(r->ctrl1 == (bus == secondary ? 4 : 5));
	return true;
}

bool guarded_read(const volatile void *p, uint32_t size, uint32_t *value)
{
	struct sbdf where;
	uint32_t offset;

	if (inside(p, dbi, sizeof(dbi), &offset)) {
		*value = dbi_access(offset & ~3U, NULL) >> 8 * (offset & 3);
		return true;
	}
	assert(inside(p, config, sizeof(config), &offset));
	if (cycle(&where)) {
		*value = model_pci_ops.cfg_read(&model_dw.tree, where, offset, size);
	}
	return true;
}

bool guarded_write(volatile void *p, uint32_t size, uint32_t value)
{
	struct sbdf where;
	uint32_t offset;

	if (inside(p, dbi, sizeof(dbi), &offset)) {
		assert(size == 4 && "a narrow write zeroes its neighbours in DBI");
		dbi_access(offset, &value);
		return true;
	}
	assert(inside(p, config, sizeof(config), &offset));
	if (cycle(&where)) {
		model_pci_ops.cfg_write(&model_dw.tree, where, offset, size, value);
	}
	return true;
}

static bool translate(const struct model_dw_region *regions, uint32_t first, uint64_t from,
		      uint64_t *to, uint32_t *kind)
{
	for (uint32_t i = first; i < model_dw.regions; i++) {
		const struct model_dw_region *r = &regions[i];

		if ((r->ctrl2 & ENABLE) != 0 && from >= r->base && from <= r->limit) {
			*to = r->target + (from - r->base);
			*kind = r->ctrl1;
			return true;
		}
	}
	return false;
}

bool model_dw_outbound(uint64_t cpu, uint64_t *pci, uint32_t *kind)
{
	return translate(model_dw.outbound, 1, cpu, pci, kind);
}

bool model_dw_inbound(uint64_t bus, uint64_t *cpu)
{
	uint32_t kind;

	return translate(model_dw.inbound, 0, bus, cpu, &kind) && kind == 0;
}

void model_dw_init(void)
{
	memset(&model_dw, 0, sizeof(model_dw));
	viewport = misc = 0;
	/* As firmware may have left it. */
	model_dw.msi_enable = 0xffffffffU;
	msi_address[0] = 0x12340000;
	msi_mask = 0;
	msi_status = 5;
	msi_latched = false;
	model_dw.regions = 4;
	model_dw.link = true;
	/* As after reset: one inbound region for all of the lower 4 GiB. */
	model_dw.inbound[0] = (struct model_dw_region){ 0, ENABLE, 0, 0xffffffff, 0 };
	model_pci_init(&model_dw.pci, &model_dw.tree, &model_dw.tree_desc, 0, 0, 255);
	model_dw.port = model_port(&model_dw.pci, NULL, 0, 0, 4, false, false);
}

void model_dw_free(void)
{
	model_pci_free(&model_dw.pci);
}
