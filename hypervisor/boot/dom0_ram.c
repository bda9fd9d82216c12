/* SPDX-License-Identifier: BSD-2-Clause */
/* The control domain's memory: which 2 MiB blocks, mapped at their own addresses. */
#include "boot/dom0_build.h"

#include "boot/boot.h"
#include "boot/dom0_layout.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/ram.h"

#define DOM0_MEM_MIN   (512 * SZ_1M)
#define HYPERVISOR_MEM (16 * SZ_1M) /* its heap may grow so far */

static struct range storage[DOM0_RAM_RANGES];
static struct rangeset owned;
static uint64_t owned_size;

static bool own(uint64_t block)
{
	if (ram_block_claim(pa(block)) != 0) {
		return false;
	}
	if (rangeset_add(&owned, block, RAM_BLOCK_SIZE) != 0) {
		ram_block_free(pa(block)); /* in too many pieces: go on without this one */
		return false;
	}
	owned_size += RAM_BLOCK_SIZE;
	return true;
}

static void own_module(const struct machine_module *module)
{
	uint64_t end = module->data.base + module->data.size;

	if (module->data.base < machine.fdt_pa.v + machine.fdt_size && machine.fdt_pa.v < end) {
		panic("control domain: the module at 0x%llx and the device tree at 0x%llx overlap",
		      (unsigned long long)module->data.base, (unsigned long long)machine.fdt_pa.v);
	}
	for (uint64_t block = ALIGN_DOWN(module->data.base, RAM_BLOCK_SIZE); block < end;
	     block += RAM_BLOCK_SIZE) {
		if (!rangeset_contains(&owned, block, RAM_BLOCK_SIZE) && !own(block)) {
			panic("control domain: the module at 0x%llx lies where the hypervisor or "
			      "the machine has something",
			      (unsigned long long)module->data.base);
		}
	}
}

static void own_range(const struct range *ram, uint64_t wanted)
{
	uint64_t end = ram->base + ram->size;

	for (uint64_t block = ALIGN_UP(ram->base, RAM_BLOCK_SIZE);
	     owned_size < wanted && block + RAM_BLOCK_SIZE <= end; block += RAM_BLOCK_SIZE) {
		if (!rangeset_contains(&owned, block, RAM_BLOCK_SIZE)) {
			own(block);
		}
	}
}

/* What the domains of the device tree will take. */
static uint64_t promised(void)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < machine.domain_count; i++) {
		sum += machine.domains[i].flaw[0] == '\0' ? machine.domains[i].ram_size : 0;
	}
	return sum;
}

static uint64_t amount(uint64_t wanted)
{
	uint64_t free_blocks, total_blocks, free_bytes;

	ram_stats(&free_blocks, &total_blocks);
	free_bytes = free_blocks * RAM_BLOCK_SIZE + owned_size;
	free_bytes -= MIN(free_bytes, promised());
	if (wanted == 0) {
		wanted = MAX(ALIGN_DOWN(free_bytes / 2, RAM_BLOCK_SIZE), DOM0_MEM_MIN);
	} else {
		wanted = ALIGN_UP(wanted, RAM_BLOCK_SIZE);
	}
	if (wanted < DOM0_MEM_MIN) {
		panic("control domain: dom0_mem is %llu MiB, at least %llu are needed",
		      (unsigned long long)(wanted / SZ_1M), DOM0_MEM_MIN / SZ_1M);
	}
	if (wanted + HYPERVISOR_MEM > free_bytes) {
		panic("control domain: %llu MiB wanted, the machine has %llu MiB for it and the "
		      "hypervisor needs %llu of them",
		      (unsigned long long)(wanted / SZ_1M),
		      (unsigned long long)(free_bytes / SZ_1M), HYPERVISOR_MEM / SZ_1M);
	}
	return wanted;
}

/* Memory that holds the modules comes first, then the rest in the tree's order. */
static void own_rest(uint64_t wanted)
{
	for (uint32_t i = 0; owned.count != 0 && i < machine.ram_count; i++) {
		const struct range *ram = &machine.ram[i];
		uint64_t first = owned.ranges[0].base;

		if (first >= ram->base && first < ram->base + ram->size) {
			own_range(ram, wanted);
			break;
		}
	}
	for (uint32_t i = 0; i < machine.ram_count; i++) {
		own_range(&machine.ram[i], wanted);
	}
}

void dom0_claim_ram(uint64_t wanted)
{
	rangeset_init(&owned, storage, DOM0_RAM_RANGES);
	owned_size = 0;
	for (uint32_t i = 0; i < machine.module_count; i++) {
		enum module_kind kind = machine.modules[i].kind;

		if (kind == MODULE_KERNEL || kind == MODULE_RAMDISK) {
			own_module(&machine.modules[i]);
		}
	}
	wanted = amount(wanted);
	own_rest(wanted);
	if (owned_size < wanted) {
		panic("control domain: only %llu of %llu MiB are left for it",
		      (unsigned long long)(owned_size / SZ_1M),
		      (unsigned long long)(wanted / SZ_1M));
	}
}

const struct rangeset *dom0_map_ram(struct domain *d)
{
	d->ram_base = ipa(owned.ranges[0].base);
	d->ram_size = owned_size;
	for (uint32_t i = 0; i < owned.count; i++) {
		const struct range *r = &owned.ranges[i];
		int err = p2m_map(&d->p2m, ipa(r->base), pa(r->base), r->size, P2M_RAM);

		if (err != 0) {
			panic("control domain: memory at 0x%llx cannot be mapped: error %d",
			      (unsigned long long)r->base, err);
		}
		log_info("boot", "control domain: memory 0x%llx-0x%llx",
			 (unsigned long long)r->base, (unsigned long long)(r->base + r->size - 1));
	}
	return &owned;
}
