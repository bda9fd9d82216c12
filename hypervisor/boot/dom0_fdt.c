/* SPDX-License-Identifier: BSD-2-Clause */
/* Writer of the control domain's device tree. */
#include "boot/dom0_fdt.h"

#include "boot/dom0_fdt_front.h"
#include "boot/dom0_fdt_host.h"
#include "boot/dom0_fdt_pci.h"
#include "boot/fdt_read.h"
#include "boot/fdt_write.h"
#include "lib/errno.h"
#include "lib/string.h"

#include <viaduct/guest_map.h>

#define GIC_TYPE_PPI   1
#define GIC_PPI_FIRST  16
#define GIC_LEVEL_HIGH 4

static void copy_property(struct fdt_writer *w, const void *fdt, int node, const char *name)
{
	int size;
	const void *data = node < 0 ? NULL : fdt_prop(fdt, node, name, &size);

	if (data != NULL) {
		fdt_write_raw(w, name, data, (uint32_t)size);
	}
}

/* Two cells of each kind, which is what everything below is written in. */
static void write_root(struct fdt_writer *w, const struct machine *m, uint32_t gic_phandle)
{
	fdt_write_u32(w, "#address-cells", 2);
	fdt_write_u32(w, "#size-cells", 2);
	fdt_write_u32(w, "interrupt-parent", gic_phandle);
	copy_property(w, m->fdt, 0, "model");
	copy_property(w, m->fdt, 0, "compatible");
	copy_property(w, m->fdt, 0, "dma-coherent");
}

static void write_cpus(struct fdt_writer *w, const struct dom0_fdt_spec *spec)
{
	const void *fdt = spec->machine->fdt;
	int cpus = fdt_child_named(fdt, 0, "cpus");
	int model;

	fdt_for_each_child(model, fdt, cpus) {
		const char *type = fdt_read_text(fdt, model, "device_type");

		if (type != NULL && strcmp(type, "cpu") == 0) {
			break;
		}
	}
	fdt_write_begin(w, "cpus");
	fdt_write_u32(w, "#address-cells", 1);
	fdt_write_u32(w, "#size-cells", 0);
	for (uint32_t i = 0; i < spec->vcpu_count; i++) {
		fdt_write_begin_at(w, "cpu", i);
		fdt_write_text(w, "device_type", "cpu");
		copy_property(w, fdt, model, "compatible");
		fdt_write_u32(w, "reg", i);
		fdt_write_text(w, "enable-method", "psci");
		fdt_write_end(w);
	}
	fdt_write_end(w);
}

static void write_psci(struct fdt_writer *w)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	fdt_write_begin(w, "psci");
	fdt_write_raw(w, "compatible", compatible, sizeof(compatible));
	fdt_write_text(w, "method", "hvc");
	fdt_write_end(w);
}

static void write_timer(struct fdt_writer *w)
{
	static const uint32_t intids[] = { GUEST_TIMER_SEC_INTID, GUEST_TIMER_PHYS_INTID,
					   GUEST_TIMER_VIRT_INTID, GUEST_TIMER_HYP_INTID };

	fdt_write_begin(w, "timer");
	fdt_write_text(w, "compatible", "arm,armv8-timer");
	for (size_t i = 0; i < ARRAY_SIZE(intids); i++) {
		fdt_write_cell(w, GIC_TYPE_PPI);
		fdt_write_cell(w, intids[i] - GIC_PPI_FIRST);
		fdt_write_cell(w, GIC_LEVEL_HIGH);
	}
	fdt_write_cells(w, "interrupts");
	fdt_write_flag(w, "always-on");
	fdt_write_end(w);
}

/* The guest's CPU interface lies where the host's is. */
static void write_gicv2_regs(struct fdt_writer *w, const struct machine_gic *gic)
{
	fdt_write_cell64(w, gic->dist.base);
	fdt_write_cell64(w, GUEST_GICD_V2_SIZE);
	fdt_write_cell64(w, gic->cpu_interface.base);
	fdt_write_cell64(w, GUEST_GICC_SIZE);
	fdt_write_cells(w, "reg");
}

static void write_gicv3_regs(struct fdt_writer *w, const struct machine_gic *gic,
			     uint32_t vcpu_count)
{
	fdt_write_cell64(w, gic->dist.base);
	fdt_write_cell64(w, GUEST_GICD_SIZE);
	fdt_write_cell64(w, gic->redists[0].base);
	fdt_write_cell64(w, vcpu_count * GUEST_GICR_STRIDE);
	fdt_write_cells(w, "reg");
}

static void write_its(struct fdt_writer *w, const struct machine_its *its, uint32_t phandle)
{
	fdt_write_begin_at(w, "its", its->regs.base);
	fdt_write_text(w, "compatible", "arm,gic-v3-its");
	fdt_write_flag(w, "msi-controller");
	fdt_write_u32(w, "#msi-cells", 1);
	fdt_write_cell64(w, its->regs.base);
	fdt_write_cell64(w, GUEST_ITS_SIZE);
	fdt_write_cells(w, "reg");
	fdt_write_u32(w, "phandle", phandle);
	fdt_write_end(w);
}

static void write_frame(struct fdt_writer *w, uint64_t base, uint32_t phandle)
{
	fdt_write_begin_at(w, "v2m", base);
	fdt_write_text(w, "compatible", "arm,gic-v2m-frame");
	fdt_write_flag(w, "msi-controller");
	fdt_write_cell64(w, base);
	fdt_write_cell64(w, SZ_4K);
	fdt_write_cells(w, "reg");
	fdt_write_u32(w, "phandle", phandle);
	fdt_write_end(w);
}

static void write_gic(struct fdt_writer *w, const struct dom0_fdt_spec *spec, uint32_t phandle,
		      uint32_t msi_phandle)
{
	const struct machine_gic *gic = &spec->machine->gic;

	fdt_write_begin_at(w, "intc", gic->dist.base);
	fdt_write_text(w, "compatible", gic->version == 2 ? "arm,gic-400" : "arm,gic-v3");
	fdt_write_flag(w, "interrupt-controller");
	fdt_write_u32(w, "#interrupt-cells", 3);
	fdt_write_u32(w, "#address-cells", 2);
	fdt_write_u32(w, "#size-cells", 2);
	fdt_write_flag(w, "ranges");
	if (gic->version == 2) {
		write_gicv2_regs(w, gic);
	} else {
		write_gicv3_regs(w, gic, spec->vcpu_count);
	}
	fdt_write_u32(w, "phandle", phandle);
	if (gic->its_count != 0) {
		write_its(w, &gic->its[0], msi_phandle);
	} else if (spec->msi_frame != 0) {
		write_frame(w, spec->msi_frame, msi_phandle);
	}
	fdt_write_end(w);
}

static void write_memory(struct fdt_writer *w, const struct dom0_fdt_spec *spec)
{
	for (uint32_t i = 0; i < spec->ram_count; i++) {
		fdt_write_begin_at(w, "memory", spec->ram[i].base);
		fdt_write_text(w, "device_type", "memory");
		fdt_write_cell64(w, spec->ram[i].base);
		fdt_write_cell64(w, spec->ram[i].size);
		fdt_write_cells(w, "reg");
		fdt_write_end(w);
	}
}

static void write_chosen(struct fdt_writer *w, const struct dom0_fdt_spec *spec)
{
	const void *fdt = spec->machine->fdt;
	int chosen = fdt_child_named(fdt, 0, "chosen");
	char console[MACHINE_PATH_MAX];

	fdt_write_begin(w, "chosen");
	fdt_write_text(w, "bootargs", spec->bootargs);
	if (spec->ramdisk.size != 0) {
		fdt_write_u64(w, "linux,initrd-start", spec->ramdisk.base);
		fdt_write_u64(w, "linux,initrd-end", spec->ramdisk.base + spec->ramdisk.size);
	}
	/* Host BARs and bus numbers stay where the hypervisor put them. */
	fdt_write_u32(w, "linux,pci-probe-only", 1);
	if (dom0_fdt_has_console(spec->machine)) {
		dom0_fdt_console_path(spec->machine, console, sizeof(console));
		fdt_write_text(w, "stdout-path", console);
	}
	copy_property(w, fdt, chosen, "rng-seed");
	copy_property(w, fdt, chosen, "kaslr-seed");
	fdt_write_end(w);
}

int dom0_fdt_write(const struct dom0_fdt_spec *spec, void *buf, uint32_t size)
{
	static struct fdt_writer w; /* boot only; too large for a stack */
	const struct machine *m = spec->machine;
	uint32_t gic_phandle = m->gic.phandle;
	bool has_msi = m->gic.its_count != 0 || spec->msi_frame != 0;
	uint32_t msi_phandle = m->gic.its_count != 0 ? m->gic.its[0].phandle :
						       m->gic.frames[0].phandle;
	uint32_t highest;

	if (fdt_find_max_phandle(m->fdt, &highest) != 0 ||
	    highest > UINT32_MAX - 4 - MACHINE_MAX_BRIDGES) {
		return -EINVAL;
	}
	if (msi_phandle == 0) {
		msi_phandle = highest + 1;
	}
	fdt_write_start(&w, buf, size);
	fdt_write_begin(&w, "");
	write_root(&w, m, gic_phandle);
	write_chosen(&w, spec);
	dom0_fdt_aliases(&w, m);
	write_memory(&w, spec);
	write_cpus(&w, spec);
	write_psci(&w);
	write_timer(&w);
	write_gic(&w, spec, gic_phandle, msi_phandle);
	dom0_fdt_console(&w, m, highest + 2);
	dom0_fdt_host_nodes(&w, m, gic_phandle);
	for (uint32_t i = 0; i < spec->bridge_count; i++) {
		const struct dom0_bridge *b = &spec->bridges[i];

		if (b->front != NULL) {
			b->front->write(&w, b->bridge, gic_phandle, highest + 3 + i);
		} else if (!b->host->owner_driven) {
			dom0_fdt_bridge(&w, b, gic_phandle, has_msi ? msi_phandle : 0);
		}
	}
	dom0_fdt_control(&w, spec->control);
	fdt_write_end(&w);
	return fdt_write_finish(&w);
}
