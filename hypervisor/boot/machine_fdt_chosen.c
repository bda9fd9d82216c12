/* SPDX-License-Identifier: BSD-2-Clause */
/* /chosen: console, command lines, and modules by the Xen/Arm multiboot binding. */
#include "boot/machine_fdt.h"

#include "lib/errno.h"
#include "lib/string.h"

static const char *const known_uarts[] = {
	"arm,pl011",
	"fsl,imx6q-uart",
	"renesas,scif",
};

/* Current and legacy names; MODULE_OTHER: kind given by order. */
static const struct {
	const char *compatible;
	enum module_kind kind;
} module_kinds[] = {
	{ "multiboot,kernel", MODULE_KERNEL },
	{ "xen,linux-zimage", MODULE_KERNEL },
	{ "multiboot,ramdisk", MODULE_RAMDISK },
	{ "xen,linux-initrd", MODULE_RAMDISK },
	{ "multiboot,device-tree", MODULE_DEVICE_TREE },
	{ "multiboot,module", MODULE_OTHER },
	{ "xen,multiboot-module", MODULE_OTHER },
};

/* stdout-path is "PATH[:OPTIONS]" or "ALIAS[:OPTIONS]". */
static int stdout_node(const void *fdt, int chosen)
{
	const char *path = chosen < 0 ? NULL : fdt_read_text(fdt, chosen, "stdout-path");
	const char *options;

	if (path == NULL) {
		return -1;
	}
	options = strchr(path, ':');
	return fdt_read_path(fdt, path,
			     options == NULL ? strlen(path) : (size_t)(options - path));
}

int machine_fdt_uart(struct fdt_reader *r)
{
	struct machine_uart *uart = &r->m->uart;
	int node = stdout_node(r->fdt, fdt_child_named(r->fdt, 0, "chosen"));
	int err;

	for (size_t i = 0; node < 0 && i < ARRAY_SIZE(known_uarts); i++) {
		node = fdt_next_compatible(r->fdt, -1, known_uarts[i]);
	}
	if (node < 0) {
		return 0;
	}
	if (fdt_path(r->fdt, node, uart->path, sizeof(uart->path)) != 0) {
		return fdt_fail(r, node, NULL, "has a path that is too long");
	}
	err = fdt_read_reg(r, node, 0, &uart->regs);
	if (err == 0) {
		uart->compatible = fdt_known_compatible(r->fdt, node, known_uarts,
							ARRAY_SIZE(known_uarts));
	}
	return err;
}

int machine_fdt_uart_interrupt(struct fdt_reader *r)
{
	struct machine_uart *uart = &r->m->uart;

	return uart->compatible == NULL ?
		       0 :
		       fdt_read_interrupt(r, fdt_path_offset(r->fdt, uart->path), 0, &uart->intid,
					  NULL);
}

int machine_fdt_text(struct fdt_reader *r, int node, const char *name, char *out)
{
	const char *text = fdt_read_text(r->fdt, node, name);

	out[0] = '\0';
	if (text == NULL) {
		return fdt_prop(r->fdt, node, name, NULL) == NULL ?
			       0 :
			       fdt_fail(r, node, name, "is not text");
	}
	if (str_copy(out, text, MACHINE_TEXT_MAX) >= MACHINE_TEXT_MAX) {
		return fdt_fail(r, node, name, "is too long");
	}
	return 0;
}

/*
 * Command lines. The hypervisor's is xen,xen-bootargs, else bootargs; the control domain's is its
 * kernel module's, else xen,dom0-bootargs, else, when xen,xen-bootargs is there, bootargs.
 */
static int read_cmdlines(struct fdt_reader *r, int chosen, struct machine_module *kernel)
{
	bool own = fdt_prop(r->fdt, chosen, "xen,xen-bootargs", NULL) != NULL;
	bool dom0 = fdt_prop(r->fdt, chosen, "xen,dom0-bootargs", NULL) != NULL;
	int err;

	err = machine_fdt_text(r, chosen, own ? "xen,xen-bootargs" : "bootargs", r->m->cmdline);
	if (err != 0 || kernel == NULL || kernel->bootargs[0] != '\0') {
		return err;
	}
	if (dom0) {
		return machine_fdt_text(r, chosen, "xen,dom0-bootargs", kernel->bootargs);
	}
	return own ? machine_fdt_text(r, chosen, "bootargs", kernel->bootargs) : 0;
}

static bool in_ram(const struct machine *m, struct range range)
{
	for (uint32_t i = 0; i < m->ram_count; i++) {
		if (range.base >= m->ram[i].base &&
		    range_ok(range.base, range.size, m->ram[i].base + m->ram[i].size)) {
			return true;
		}
	}
	return false;
}

int machine_fdt_module(struct fdt_reader *r, int parent, int node, struct range *out)
{
	uint32_t address_cells, size_cells;
	const fdt32_t *p;
	int length;
	int err;

	err = fdt_child_cells(r, fdt_prop(r->fdt, parent, "#address-cells", NULL) ? parent : 0,
			      &address_cells, &size_cells);
	if (err != 0) {
		return err;
	}
	p = fdt_prop(r->fdt, node, "reg", &length);
	if (p == NULL || (uint32_t)length != (address_cells + size_cells) * 4) {
		return fdt_fail(r, node, "reg", "absent or not one entry");
	}
	out->base = fdt_read_cells(p, address_cells);
	out->size = fdt_read_cells(p + address_cells, size_cells);
	if (!range_ok(out->base, out->size, FDT_ADDRESS_LIMIT) || !in_ram(r->m, *out)) {
		return fdt_fail(r, node, "reg", "is not inside RAM");
	}
	return 0;
}

static int read_module(struct fdt_reader *r, int chosen, int node, enum module_kind kind)
{
	struct machine *m = r->m;
	struct machine_module *mod = &m->modules[m->module_count];
	int err;

	if (m->module_count == MACHINE_MAX_MODULES) {
		return fdt_fail(r, node, NULL, "is one module too many");
	}
	mod->kind = kind;
	err = machine_fdt_module(r, chosen, node, &mod->data);
	if (err != 0) {
		return err;
	}
	for (uint32_t i = 0; i < m->module_count; i++) {
		const struct range *other = &m->modules[i].data;

		if (mod->data.base < other->base + other->size &&
		    other->base < mod->data.base + mod->data.size) {
			return fdt_fail(r, node, "reg", "overlaps another module");
		}
	}
	err = machine_fdt_text(r, node, "bootargs", mod->bootargs);
	m->module_count += err == 0;
	return err;
}

static struct machine_module *find_module(struct machine *m, enum module_kind kind)
{
	for (uint32_t i = 0; i < m->module_count; i++) {
		if (m->modules[i].kind == kind) {
			return &m->modules[i];
		}
	}
	return NULL;
}

/* Modules without a type of their own: the first is the kernel, the second the ramdisk. */
static void type_by_order(struct machine *m)
{
	for (uint32_t i = 0; i < m->module_count; i++) {
		if (m->modules[i].kind != MODULE_OTHER) {
			continue;
		}
		if (find_module(m, MODULE_KERNEL) == NULL) {
			m->modules[i].kind = MODULE_KERNEL;
		} else if (find_module(m, MODULE_RAMDISK) == NULL) {
			m->modules[i].kind = MODULE_RAMDISK;
		}
	}
}

int machine_fdt_chosen(struct fdt_reader *r)
{
	int chosen = fdt_child_named(r->fdt, 0, "chosen");
	int node;

	if (chosen < 0) {
		return 0;
	}
	fdt_for_each_child(node, r->fdt, chosen) {
		for (size_t i = 0; i < ARRAY_SIZE(module_kinds); i++) {
			if (fdt_compatible(r->fdt, node, module_kinds[i].compatible)) {
				int err = read_module(r, chosen, node, module_kinds[i].kind);

				if (err != 0) {
					return err;
				}
				break;
			}
		}
	}
	type_by_order(r->m);
	return read_cmdlines(r, chosen, find_module(r->m, MODULE_KERNEL));
}
