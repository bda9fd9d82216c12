/* SPDX-License-Identifier: BSD-2-Clause */
/* Room for the control function in the control domain's address space. */
#include "boot/dom0_layout.h"

#include "boot/fdt_read.h"
#include "lib/errno.h"
#include "lib/string.h"

#define HOLES_MAX   256
#define LIMIT_32BIT BIT(32)

static int add(struct rangeset *s, const struct range *r)
{
	uint64_t base = ALIGN_DOWN(r->base, SZ_4K);
	uint64_t end = ALIGN_UP(r->base + r->size, SZ_4K);

	return r->size == 0 ? 0 : rangeset_add(s, base, end - base);
}

/* Registers of every node, whoever gets them. Nodes without CPU addresses are passed over. */
static int add_registers(struct rangeset *s, const void *fdt)
{
	static struct fdt_reader r; /* boot only */
	int node;
	int err = 0;

	r.fdt = fdt;
	for (node = fdt_next(fdt, 0); err == 0 && node >= 0;
	     node = fdt_next(fdt, node)) {
		int count = fdt_reg_count(&r, node);
		struct range range;

		for (uint32_t i = 0; err == 0 && (int)i < count; i++) {
			if (fdt_read_reg(&r, node, i, &range) == 0) {
				err = add(s, &range);
			}
		}
	}
	return err;
}

static int add_machine(struct rangeset *s, const struct machine *m)
{
	int err = 0;

	for (uint32_t i = 0; err == 0 && i < m->ram_count; i++) {
		err = add(s, &m->ram[i]);
	}
	for (uint32_t i = 0; err == 0 && i < m->bridge_count; i++) {
		const struct machine_bridge *b = &m->bridges[i];

		err = add(s, &b->cfg);
		if (err == 0) {
			err = add(s, &b->regs);
		}
		for (uint32_t w = 0; err == 0 && w < b->window_count; w++) {
			struct range window = { b->windows[w].cpu, b->windows[w].size };

			err = add(s, &window);
		}
	}
	return err;
}

static int take(struct rangeset *s, uint64_t size, uint64_t align, uint64_t min, uint64_t limit,
		uint64_t *out)
{
	int err = rangeset_find_gap(s, size, align, min, limit, out);

	return err == 0 ? rangeset_add(s, *out, size) : err;
}

int dom0_ecam_layout(const struct machine *m, const struct control_layout *control,
		     struct dom0_bridge *bridges, uint32_t count)
{
	static struct range storage[HOLES_MAX]; /* boot only; large */
	const struct range taken[] = {
		{ control->mmio32_base.v, control->mmio32_size },
		{ control->aperture_base.v, control->aperture_size },
		{ control->ecam.v, CONTROL_ECAM_SIZE },
	};
	struct rangeset s;
	int err;

	rangeset_init(&s, storage, ARRAY_SIZE(storage));
	err = add_machine(&s, m);
	if (err == 0) {
		err = add_registers(&s, m->fdt);
	}
	for (uint32_t i = 0; err == 0 && i < ARRAY_SIZE(taken); i++) {
		err = add(&s, &taken[i]);
	}
	for (uint32_t i = 0; err == 0 && i < count; i++) {
		struct range *ecam = &bridges[i].ecam;

		if (ecam->size == 0) {
			ecam->size =
				(bridges[i].host->bus_end - bridges[i].host->bus_start + 1ULL) *
				SZ_1M;
			err = take(&s, ecam->size, SZ_2M, LIMIT_32BIT, P2M_IPA_SIZE, &ecam->base);
		}
	}
	return err == 0 ? 0 : -ENOSPC;
}

int dom0_control_layout(const struct machine *m, struct control_layout *out)
{
	static struct range storage[HOLES_MAX]; /* boot only; large */
	uint32_t segment = 0;
	struct rangeset s;
	int err;

	rangeset_init(&s, storage, ARRAY_SIZE(storage));
	for (uint32_t i = 0; i < m->bridge_count; i++) {
		segment = MAX(segment, m->bridges[i].segment + 1U);
	}
	if (segment > UINT16_MAX) {
		return -ENOSPC;
	}
	out->segment = (uint16_t)segment;
	out->mmio32_size = CONTROL_MMIO32_SIZE;
	out->aperture_size = CONTROL_PREFETCH_SIZE;
	err = add_machine(&s, m);
	if (err == 0) {
		err = add_registers(&s, m->fdt);
	}
	if (err == 0) { /* address 0 looks like "not assigned" to a PCI driver */
		err = take(&s, CONTROL_MMIO32_SIZE, SZ_2M, SZ_2M, LIMIT_32BIT, &out->mmio32_base.v);
	}
	if (err == 0) {
		err = take(&s, CONTROL_PREFETCH_SIZE, CONTROL_PREFETCH_ALIGN, LIMIT_32BIT,
			   P2M_IPA_SIZE, &out->aperture_base.v);
	}
	if (err == 0) {
		err = take(&s, CONTROL_ECAM_SIZE, SZ_2M, LIMIT_32BIT, P2M_IPA_SIZE, &out->ecam.v);
	}
	return err == 0 ? 0 : -ENOSPC;
}
