/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot device tree into struct machine: the frame, and memory. */
#include "boot/machine_fdt.h"

#include "boot/boot.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

static int add_ram(struct fdt_reader *r, int node, struct range range)
{
	struct machine *m = r->m;

	for (uint32_t i = 0; i < m->ram_count; i++) {
		if (range.base < m->ram[i].base + m->ram[i].size &&
		    m->ram[i].base < range.base + range.size) {
			return fdt_fail(r, node, "reg", "overlaps another memory node");
		}
	}
	if (m->ram_count == MACHINE_MAX_RAM) {
		return fdt_fail(r, node, "reg", "is one memory range too many");
	}
	m->ram[m->ram_count++] = range;
	return 0;
}

static int add_reserved(struct fdt_reader *r, int node, const char *property, struct range range)
{
	struct machine *m = r->m;

	if (m->reserved_count == MACHINE_MAX_RESERVED) {
		return fdt_fail(r, node, property, "is one reserved range too many");
	}
	m->reserved[m->reserved_count++] = range;
	return 0;
}

/* Every reg entry of node goes to RAM or to the reserved ranges. Entries of size 0 are legal. */
static int read_all_regs(struct fdt_reader *r, int node, bool reserved)
{
	int count = fdt_reg_count(r, node);

	if (count < 0) {
		return count;
	}
	for (uint32_t i = 0; i < (uint32_t)count; i++) {
		struct range range;
		int err = fdt_read_reg(r, node, i, &range);

		if (err != 0 && range.size == 0) {
			continue;
		}
		if (err == 0) {
			err = reserved ? add_reserved(r, node, "reg", range) :
					 add_ram(r, node, range);
		}
		if (err != 0) {
			return err;
		}
	}
	return 0;
}

static int read_reserved(struct fdt_reader *r)
{
	int parent = fdt_child_named(r->fdt, 0, "reserved-memory");
	int node;
	int err = 0;

	if (parent >= 0) {
		fdt_for_each_child(node, r->fdt, parent) {
			err = read_all_regs(r, node, true);
			if (err != 0) {
				return err;
			}
		}
	}
	for (int i = 0; i < fdt_num_mem_rsv(r->fdt); i++) {
		struct range range;

		err = fdt_get_mem_rsv(r->fdt, i, &range.base, &range.size);
		if (err != 0 || range.base >= FDT_ADDRESS_LIMIT ||
		    range.size > FDT_ADDRESS_LIMIT - range.base) {
			return fdt_fail(r, 0, "memory reservation block", "entry out of range");
		}
		if (range.size != 0) {
			err = add_reserved(r, 0, "memory reservation block", range);
		}
		if (err != 0) {
			return err;
		}
	}
	return 0;
}

int machine_fdt_memory(struct fdt_reader *r)
{
	int node;

	fdt_for_each_child(node, r->fdt, 0) {
		const char *type = fdt_read_text(r->fdt, node, "device_type");

		/* Secure-world memory is a memory node with status "disabled". */
		if (type != NULL && strcmp(type, "memory") == 0 && fdt_enabled(r->fdt, node)) {
			int err = read_all_regs(r, node, false);

			if (err != 0) {
				return err;
			}
		}
	}
	if (r->m->ram_count == 0) {
		return fdt_fail(r, 0, NULL, "no memory node describes any RAM");
	}
	return read_reserved(r);
}

/*
 * In this order: what is wrong with the rest is said on the UART, interrupts need the GIC, some
 * IOMMUs the bridges, modules need to know RAM.
 */
static int (*const parts[])(struct fdt_reader *r) = {
	machine_fdt_uart, machine_fdt_gic,   machine_fdt_uart_interrupt, machine_fdt_memory,
	machine_fdt_cpus, machine_fdt_timer, machine_fdt_bridges,        machine_fdt_smmus,
	machine_fdt_chosen, machine_fdt_domains,
};

/* libfdt takes sizes for signed numbers, and goes on behind a property of size -1. */
static int check_sizes(const void *fdt)
{
	uint32_t most = fdt_size_dt_struct(fdt);
	int offset, next = 0;
	uint32_t tag;

	do {
		const struct fdt_property *p;

		offset = next;
		tag = fdt_next_tag(fdt, offset, &next);
		p = tag == FDT_PROP ? fdt_offset_ptr(fdt, offset, sizeof(*p)) : NULL;
		if (p != NULL && fdt32_ld(&p->len) > most) {
			return -FDT_ERR_BADSTRUCTURE;
		}
	} while (tag != FDT_END && next >= 0);
	return 0;
}

/*
 * libfdt's own check of everything. It reads a null pointer on versions before 16, which have other
 * node names; all trees made since 2005 are version 17.
 */
static int check_tree(const void *fdt, uint64_t max_size)
{
	int err;

	if (max_size < sizeof(struct fdt_header)) {
		return -FDT_ERR_TRUNCATED;
	}
	err = fdt_check_header(fdt);
	if (err == 0 && fdt_version(fdt) < 17) {
		err = -FDT_ERR_BADVERSION;
	}
	if (err == 0) {
		err = fdt_check_full(fdt, max_size);
	}
	return err == 0 ? check_sizes(fdt) : err;
}

int machine_fdt_read(const void *fdt, uint64_t max_size, struct machine *m, const char **why)
{
	static struct fdt_reader r; /* boot, one CPU; *why points into it */
	int err;

	*why = NULL;
	err = check_tree(fdt, max_size);
	if (err != 0) {
		format(r.why, sizeof(r.why), "the device tree is not one: %s", fdt_strerror(err));
		*why = r.why;
		return -EINVAL;
	}
	fdt_index_build(fdt);
	r.fdt = fdt;
	r.m = m;
	r.why[0] = '\0';
	m->fdt = fdt;
	m->fdt_size = fdt_totalsize(fdt);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		err = parts[i](&r);
		if (err != 0) {
			*why = r.why;
			return err;
		}
	}
	return 0;
}
