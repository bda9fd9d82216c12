/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests that only look: the machine, the log, a domain's counters. */
#include "arch/arm64/cpu.h"
#include "control/control_request.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/ram.h"
#include "core/sched.h"
#include "iommu/iommu.h"
#include "irq/its.h"
#include "irq/its_vpe.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "version.h"

#define NS_PER_SECOND 1000000000ULL

_Static_assert((int)EXIT_KINDS == (int)CONTROL_EXIT_KINDS, "ABI");
_Static_assert((int)EXIT_OTHER == (int)CONTROL_EXIT_OTHER, "ABI");
_Static_assert((int)EXIT_MMIO_GIC == (int)CONTROL_EXIT_MMIO_GIC, "ABI");

uint64_t control_ticks_to_ns(uint64_t ticks)
{
	uint64_t hz = ticks_per_second();

	/* In two parts: ticks * 10^9 overflows after minutes. */
	return ticks / hz * NS_PER_SECOND + ticks % hz * NS_PER_SECOND / hz;
}

static uint32_t count_bits(uint32_t mask)
{
	uint32_t count = 0;

	for (; mask != 0; mask &= mask - 1) {
		count++;
	}
	return count;
}

/* An SMMU that cannot confine DMA is none to who wants to lend. */
static bool has_usable_smmu(void)
{
	for (uint32_t i = 0; i < machine.smmu_count; i++) {
		const struct iommu *iommu = iommu_by_phandle(machine.smmus[i].phandle);

		if (iommu != NULL && iommu->usable) {
			return true;
		}
	}
	return false;
}

int control_info(struct control_call *call)
{
	struct control_info reply = {
		.abi = CONTROL_ABI_VERSION,
		.cpu_count = count_bits(sched_cpus_online()),
		.gic_version = machine.gic.version,
		.tick_hz = ticks_per_second(),
		.uptime_ns = control_ticks_to_ns(ticks_now()),
	};
	uint64_t free_blocks, total_blocks, used, total;

	str_copy(reply.version, VIADUCT_VERSION, sizeof(reply.version));
	if (its_present()) {
		reply.features |= CONTROL_FEATURE_ITS;
	}
	if (its_vpe_possible()) {
		reply.features |= CONTROL_FEATURE_DIRECT;
	}
	if (has_usable_smmu()) {
		reply.features |= CONTROL_FEATURE_SMMU;
	}
	for (uint32_t i = 0; i < machine.ram_count; i++) {
		reply.ram_bytes += machine.ram[i].size;
	}
	ram_stats(&free_blocks, &total_blocks);
	reply.domain_ram_bytes = total_blocks * RAM_BLOCK_SIZE;
	reply.free_bytes = free_blocks * RAM_BLOCK_SIZE;
	reply.cpus_online = sched_cpus_online();
	heap_stats(&used, &total);
	reply.heap_bytes = total * SZ_4K;
	reply.heap_used_bytes = used * SZ_4K;
	reply.lpis_used = its_lpi_count();
	control_reply(call, &reply, sizeof(reply));
	return 0;
}

int control_domain_stats(struct control_call *call)
{
	const struct control_domain_id *in = call->in;
	struct control_domain_stats reply = { 0 };
	struct domain *d = domain_by_id(in->id);
	uint32_t pages, pages_max;

	if (d == NULL) {
		return -ENOENT;
	}
	p2m_tables(&d->p2m, &pages, &pages_max);
	reply.table_bytes = pages * SZ_4K;
	reply.table_bytes_max = pages_max * SZ_4K;
	memcpy(reply.exits, d->exits, sizeof(d->exits));
	reply.interrupts = d->interrupts_injected;
	control_reply(call, &reply, sizeof(reply));
	return 0;
}

int control_log_read(struct control_call *call)
{
	const struct control_text_read *in = call->in;
	struct control_text_reply reply = { .position = in->position };
	char *text = (char *)call->out + sizeof(reply);

	reply.size = (uint32_t)log_read(&reply.position, text, CONTROL_TEXT_MAX);
	control_reply(call, &reply, sizeof(reply));
	call->out_size += reply.size;
	return 0;
}
