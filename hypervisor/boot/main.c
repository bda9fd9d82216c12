/* SPDX-License-Identifier: BSD-2-Clause */
/* From the first C instruction to the first guest, in order. */
#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"
#include "arch/arm64/mmu.h"
#include "arch/arm64/p2m.h"
#include "boot/boot.h"
#include "boot/cmdline.h"
#include "boot/fdt_index.h"
#include "core/console.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/ram.h"
#include "core/sched.h"
#include "core/smp.h"
#include "iommu/iommu.h"
#include "irq/gicv2m.h"
#include "irq/irq.h"
#include "irq/irq_meter.h"
#include "irq/its.h"
#include "irq/vgic.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/host_bridge.h"
#include "pci/pci_watch.h"
#include "pci/registry.h"
#include "version.h"

#include <libfdt.h>

#define FDT_SIZE_MAX SZ_2M

extern char image_start[], image_end[];
extern uint64_t __stack_chk_guard;

struct machine machine;
struct cmdline cmdline;

void main(uint64_t fdt_pa);

/* How much of the tree at header is used: QEMU pads it to 1 MiB. The header is checked later. */
static uint64_t fdt_used(const struct fdt_header *header)
{
	uint64_t strings = (uint64_t)fdt_off_dt_strings(header) + fdt_size_dt_strings(header);
	uint64_t nodes = (uint64_t)fdt_off_dt_struct(header) + fdt_size_dt_struct(header);
	uint64_t used = MAX(strings, nodes);

	/* The reservation block has no length of its own; after the others it is not cut off. */
	if (fdt_off_mem_rsvmap(header) >= used) {
		used = fdt_totalsize(header);
	}
	return MAX(MIN(used, fdt_totalsize(header)), sizeof(*header));
}

/* The boot device tree, copied to the heap: where it lay becomes ordinary RAM. */
static const void *fdt_keep(uint64_t fdt_pa, uint64_t *size)
{
	const struct fdt_header *header;
	void *copy;

	if (fdt_pa == 0 || !IS_ALIGNED(fdt_pa, 8)) {
		panic("no device tree: x0 is 0x%llx at entry; start Viaduct with a device tree "
		      "(QEMU -kernel, U-Boot booti)",
		      (unsigned long long)fdt_pa);
	}
	header = mmu_map_boot(pa(fdt_pa), sizeof(*header));
	if (fdt_magic(header) != FDT_MAGIC) {
		panic("no device tree at 0x%llx, where x0 points: magic is 0x%x, not 0x%x",
		      (unsigned long long)fdt_pa, fdt_magic(header), FDT_MAGIC);
	}
	*size = fdt_used(header);
	mmu_unmap_boot(pa(fdt_pa), sizeof(*header));
	if (*size > FDT_SIZE_MAX) {
		panic("the device tree says it has %llu bytes; %llu is the most",
		      (unsigned long long)*size, FDT_SIZE_MAX);
	}
	copy = heap_alloc(*size);
	if (copy == NULL) {
		panic("no memory for the device tree (%llu bytes)", (unsigned long long)*size);
	}
	memcpy(copy, mmu_map_boot(pa(fdt_pa), *size), *size);
	mmu_unmap_boot(pa(fdt_pa), *size);
	fdt_set_totalsize(copy, (uint32_t)*size);
	return copy;
}

static void read_machine(uint64_t fdt_pa)
{
	const char *why = NULL;
	uint64_t size = 0;
	const void *fdt = fdt_keep(fdt_pa, &size);

	if (machine_fdt_read(fdt, size, &machine, &why) != 0) {
		panic("device tree: %s", why);
	}
	machine.fdt = fdt;
	machine.fdt_pa = pa(fdt_pa);
	machine.fdt_size = size;
}

/* All RAM but the hypervisor's own, what firmware keeps, and the modules until they are used. */
static void init_ram(paddr_t image)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < machine.ram_count; i++) {
		total += machine.ram[i].size;
		mmu_prepare_heap_tables(pa(machine.ram[i].base), machine.ram[i].size);
	}
	ram_init(machine.ram, machine.ram_count);
	ram_reserve(image.v, heap_ram_is_up() ? 2 * MMU_IMAGE_MAX : MMU_IMAGE_MAX);
	for (uint32_t i = 0; i < machine.reserved_count; i++) {
		ram_reserve(machine.reserved[i].base, machine.reserved[i].size);
	}
	/* Kept as they are: a domain can be started from them again. */
	for (uint32_t i = 0; i < machine.domain_count; i++) {
		ram_reserve(machine.domains[i].kernel.base, machine.domains[i].kernel.size);
		ram_reserve(machine.domains[i].ramdisk.base, machine.domains[i].ramdisk.size);
	}
	if (!boot_without_control(&machine)) {
		dom0_claim_ram(cmdline.dom0_mem);
	}
	log_info("ram", "%llu MiB in %u regions", (unsigned long long)(total / SZ_1M),
		 machine.ram_count);
}

static void init_interrupts(void)
{
	if (gic_init() != 0) {
		panic("no usable interrupt controller");
	}
	if (its_init() != 0) {
		log_warn("its", "not usable: no MSI for any domain");
	}
	gicv2m_init();
	irq_meter_limit(cmdline.irq_limit);
	vgic_init(cmdline.unwired_virq);
	timer_init();
}

/* Runs on this CPU's own, guarded stack. */
static void main_on_stack(void)
{
	init_interrupts();
	smp_init_cpu();
	idreg_init();
	console_enable_input();
	iommu_init();
	pci_init();
	for (uint32_t i = 0; i < host_bridge_count; i++) {
		if (host_bridge_is_up(&host_bridges[i])) {
			pci_watch_start(&host_bridges[i]);
		}
	}
	smp_start();
	if (!boot_without_control(&machine)) {
		boot_control_domain();
	}
	domain_boot_all();
	fdt_index_drop();
	console_start_buffering();
	sched_start();
}

/* No stack protector: this function sets the guard. */
__attribute__((optimize("no-stack-protector"))) void main(uint64_t fdt_pa)
{
	paddr_t image = mmu_va_to_pa(image_start);

	__stack_chk_guard = ticks_now() * 0x9e3779b97f4a7c15ULL ^ fdt_pa;
	percpus[0].index = 0;
	heap_init(image_end, pa_add(image, MMU_IMAGE_MAX));
	read_machine(fdt_pa);
	cmdline_parse(machine.cmdline, &cmdline);
	log_set_console_level(cmdline.log_level);
	console_init();
	log_info("boot", "Viaduct %s, image 0x%llx, %llu KiB", VIADUCT_VERSION,
		 (unsigned long long)image.v, (unsigned long long)(image_end - image_start) / 1024);
	for (uint32_t i = 0; i < cmdline.warning_count; i++) {
		log_warn("cmdline", "%s", cmdline.warnings[i]);
	}
	init_ram(image);
	mmu_init();
	if (cmdline.small_pages) {
		p2m_set_small_pages();
	}
	sched_init();
	smp_prepare();
	call_on_stack(percpus[0].stack_top, main_on_stack);
}
