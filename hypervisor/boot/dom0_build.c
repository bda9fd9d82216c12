/* SPDX-License-Identifier: BSD-2-Clause */
/* The control domain: from modules, the host's device tree and what other folders create. */
#include "boot/boot.h"

#include "boot/cmdline.h"
#include "boot/dom0_build.h"
#include "boot/dom0_fdt.h"
#include "boot/dom0_fdt_front.h"
#include "boot/dom0_layout.h"
#include "boot/dom0_msi.h"
#include "boot/domain_boot.h"
#include "core/domain_build.h"
#include "core/guest_copy.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/vuart.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "irq/vits.h"
#include "irq/vmsi.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/host_bridge.h"
#include "vpci/vpci.h"

#include <viaduct/guest_map.h>

#define DOM0_FDT_ORDER 4 /* heap pages for DOM0_FDT_SIZE */
_Static_assert((SZ_4K << DOM0_FDT_ORDER) == DOM0_FDT_SIZE,
	       "the device tree is built in one heap run");

static const struct machine_module *module_of(enum module_kind kind)
{
	for (uint32_t i = 0; i < machine.module_count; i++) {
		if (machine.modules[i].kind == kind) {
			return &machine.modules[i];
		}
	}
	return NULL;
}

/* As many as pCPUs unless the command line says fewer; the GIC must have room for them. */
static uint32_t vcpu_count(const struct cmdline *c)
{
	bool v2 = machine.gic.version == 2;
	uint64_t room = v2 ? VGIC_V2_CPUS_MAX : machine.gic.redists[0].size / GUEST_GICR_STRIDE;
	uint32_t count = machine.cpu_count;

	if (c->dom0_max_vcpus != 0) {
		count = MIN(count, c->dom0_max_vcpus);
	}
	if (room < count) {
		log_warn("boot", "control domain: its GIC has room for %llu CPUs, so %llu vCPUs",
			 (unsigned long long)room, (unsigned long long)room);
		count = (uint32_t)room;
	}
	return MIN(count, (uint32_t)DOMAIN_VCPUS_MAX);
}

static void create_interrupts(struct domain *d, const struct dom0_msi_frame *frame)
{
	static const struct vits_ops ops = { .host_device = vpci_host_device };
	const struct machine_gic *gic = &machine.gic;
	struct vgic_config config = {
		.version = gic->version,
		.dist = ipa(gic->dist.base),
		.redist = ipa(gic->redists[0].base),
		.cpu_interface = ipa(gic->cpu_interface.base),
		.its = ipa(gic->its_count != 0 ? gic->its[0].regs.base : 0),
		.has_its = gic->its_count != 0,
		.spi_count = frame->spi_count,
	};
	int err = vgic_create(d, &config);

	if (err != 0) {
		panic("control domain: virtual GIC: error %d", err);
	}
	if (config.has_its) {
		err = vits_create(d, config.its, &ops);
		if (err != 0) {
			panic("control domain: virtual ITS: error %d", err);
		}
	}
}

static void create_msi_frame(struct domain *d, const struct dom0_msi_frame *frame)
{
	int err = frame->count != 0 ? vmsi_create(d, ipa(frame->base), frame->first, frame->count)
				    : 0;

	if (err != 0) {
		panic("control domain: virtual MSI frame: error %d", err);
	}
}

static void create_uart(struct domain *d)
{
	int err;

	if (machine.uart.compatible == NULL || machine.uart.intid == 0) {
		return;
	}
	err = vuart_create(d, ipa(machine.uart.regs.base), machine.uart.intid);
	if (err != 0) {
		panic("control domain: virtual UART: error %d", err);
	}
}

static void create_pci(struct domain *d, const struct dom0_bridge *bridges, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct machine_bridge *desc = bridges[i].host;
		struct host_bridge *b = &host_bridges[bridges[i].bridge->index];
		int err;

		if (b->owner_driven) {
			dom0_pass_interrupts(d, desc);
		} else {
			b->ecam = bridges[i].ecam;
		}
		do {
			err = vpci_create_owner(d, b);
		} while (err == -EAGAIN);
		if (err != 0) {
			panic("control domain: PCI segment %04x: error %d", desc->segment, err);
		}
	}
}

/*
 * A bridge this build cannot drive is not shown; its own driver said why. Nor is one that a domain
 * of the device tree owns.
 */
static uint32_t choose_bridges(struct dom0_bridge *bridges)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < host_bridge_count; i++) {
		const struct host_bridge *b = &host_bridges[i];

		if (domain_boot_owner(b->desc) != NULL) {
			continue;
		}
		bridges[count] = (struct dom0_bridge){
			.host = b->desc,
			.front = dom0_fdt_front_of(b),
			.bridge = b,
		};
		/* Its owner has no ECAM then: registers of the controller are in that place. */
		if (!b->ops->indirect || b->owner_driven) {
			bridges[count].ecam = b->desc->cfg;
		}
		count++;
	}
	return count;
}

static void copy_kernel(struct domain *d, uint64_t from, uint64_t to, uint64_t size)
{
	void *page = heap_page();

	if (page == NULL) {
		panic("control domain: no memory");
	}
	for (uint64_t done = 0; done < size; done += SZ_4K) {
		size_t n = (size_t)MIN(SZ_4K, size - done);

		if (guest_copy_from(d, page, ipa(from + done), n) != 0 ||
		    guest_copy_to(d, ipa(to + done), page, n) != 0) {
			panic("control domain: the kernel cannot be copied");
		}
	}
	heap_page_free(page);
}

static struct guest_image read_image(struct domain *d, const struct machine_module *kernel)
{
	uint8_t header[GUEST_IMAGE_HEADER];
	size_t size = MIN(kernel->data.size, sizeof(header));
	struct guest_image image;
	const char *why;

	if (guest_copy_from(d, header, ipa(kernel->data.base), size) != 0) {
		panic("control domain: the kernel module cannot be read");
	}
	if (guest_image_parse(header, size, kernel->data.size, &image, &why) != 0) {
		panic("control domain: kernel module at 0x%llx %s",
		      (unsigned long long)kernel->data.base, why);
	}
	return image;
}

static void write_fdt(struct domain *d, const struct dom0_fdt_spec *spec, uint64_t where)
{
	void *buf = heap_pages(DOM0_FDT_ORDER);
	int size;

	if (buf == NULL) {
		panic("control domain: no memory for its device tree");
	}
	size = dom0_fdt_write(spec, buf, (uint32_t)DOM0_FDT_SIZE);
	if (size < 0) {
		panic("control domain: its device tree cannot be made: error %d", size);
	}
	if (guest_copy_to(d, ipa(where), buf, (size_t)size) != 0) {
		panic("control domain: its device tree cannot be written");
	}
	heap_pages_free(buf, DOM0_FDT_ORDER);
}

/* Everything the domain sees but its memory. How many bridges. */
static uint32_t create_machine(struct domain *d, struct control_layout *control,
			       struct dom0_bridge *bridges, const struct dom0_msi_frame *frame)
{
	uint32_t count = choose_bridges(bridges);
	int err;

	if (dom0_control_layout(&machine, control) != 0 ||
	    dom0_ecam_layout(&machine, control, bridges, count) != 0) {
		panic("control domain: no hole in its address space for PCI");
	}

	create_interrupts(d, frame);
	create_msi_frame(d, frame);
	create_uart(d);
	create_pci(d, bridges, count);
	dom0_pass_devices(d);
	err = control_create(d, control);
	if (err != 0) {
		panic("control domain: control function: error %d", err);
	}
	return count;
}

struct domain *boot_control_domain(void)
{
	static const struct range no_ramdisk;
	const struct machine_module *kernel = module_of(MODULE_KERNEL);
	const struct machine_module *ramdisk = module_of(MODULE_RAMDISK);
	const struct range *ramdisk_data = ramdisk != NULL ? &ramdisk->data : &no_ramdisk;
	const struct rangeset *ram;
	struct control_layout control;
	struct dom0_layout layout;
	struct dom0_bridge *bridges = heap_alloc(HOST_BRIDGES_MAX * sizeof(*bridges));
	uint32_t bridge_count;
	struct dom0_fdt_spec spec;
	struct dom0_msi_frame frame;
	struct guest_image image;
	struct domain *d;
	const char *why;
	int err;

	if (kernel == NULL) {
		panic("no kernel module: /chosen has no node compatible \"multiboot,kernel\"");
	}
	d = domain_create_control(vcpu_count(&cmdline));
	if (d == NULL || bridges == NULL) {
		panic("control domain: no memory");
	}
	ram = dom0_map_ram(d);
	image = read_image(d, kernel);
	if (dom0_layout_plan(ram, &kernel->data, ramdisk_data, &image, &layout, &why) != 0) {
		panic("control domain: %s", why);
	}
	frame = dom0_msi_frame(&machine.gic, irq_line_count());
	bridge_count = create_machine(d, &control, bridges, &frame);
	if (!layout.in_place) {
		copy_kernel(d, kernel->data.base, layout.entry, kernel->data.size);
	}
	spec = (struct dom0_fdt_spec){
		.machine = &machine,
		.bridges = bridges,
		.bridge_count = bridge_count,
		.bootargs = kernel->bootargs,
		.vcpu_count = d->vcpu_count,
		.ram = ram->ranges,
		.ram_count = ram->count,
		.ramdisk = *ramdisk_data,
		.control = &control,
		.msi_frame = frame.count != 0 ? frame.base : 0,
	};
	write_fdt(d, &spec, layout.fdt);
	heap_free(bridges);
	err = domain_start(d, ipa(layout.entry), layout.fdt);
	if (err != 0) {
		panic("control domain: cannot start: error %d", err);
	}
	log_info("boot", "control domain: %u vCPUs, %llu MiB, kernel at 0x%llx%s", d->vcpu_count,
		 (unsigned long long)(d->ram_size / SZ_1M), (unsigned long long)layout.entry,
		 layout.in_place ? " in place" : "");
	return d;
}
