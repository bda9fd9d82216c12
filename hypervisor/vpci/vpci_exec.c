/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Config and port accesses carried out: what the shadow says goes to hardware, and what follows
 * from it to those whose business it is.
 */
#include "core/log.h"
#include "pci/registry.h"
#include "vpci/decode.h"
#include "vpci/exec.h"
#include "vpci/vfs.h"
#include "vpci/vpci_msi.h"
#include "vpci/work.h"

/* What a plan asks for beyond config writes. */
static void take_effect(struct vpci_function *vf, const struct vpci_plan *plan)
{
	if (plan->effect == VPCI_VFS) {
		vpci_vfs_request(vf);
	} else if (plan->effect == VPCI_LATER) {
		vf->busy = &vf->vfs->job;
	} else if (plan->effect != VPCI_NOTHING) {
		vpci_work_start(vf, plan->effect);
	}
	if (plan->refused) {
		log_domain(vf->domain, LOG_WARN, "vpci", SBDF_FMT ": %s: dropped",
			   SBDF_ARG(vf->where), plan->refused);
	}
}

/* Out of line: a read that needs nothing of the hardware's shall not pay for its stack frame. */
__attribute__((noinline)) static uint32_t read_hw(struct vpci_function *vf, uint32_t offset,
						  uint32_t size)
{
	uint32_t hw = pci_read(vf->function, offset, size);

	return vpci_shadow_read(&vf->shadow, offset, size, hw);
}

uint32_t vpci_exec_read(struct vpci_function *vf, uint32_t offset, uint32_t size)
{
	uint32_t value;

	if (vpci_shadow_read_own(&vf->shadow, offset, size, &value)) {
		return value;
	}
	return read_hw(vf, offset, size);
}

/* Out of line: the usual write shall not pay for its stack frame. */
__attribute__((noinline)) static void write_planned(struct vpci_function *vf, uint32_t offset,
						    uint32_t size, uint32_t value)
{
	struct vpci_plan plan;
	bool was_asleep;
	uint32_t hw = 0;

	if (vpci_shadow_write_reads_hw(&vf->shadow, offset, size)) {
		hw = pci_read(vf->function, offset, size);
	}
	was_asleep = vf->shadow.asleep;
	plan = vpci_shadow_write(&vf->shadow, offset, size, value, hw);
	if (plan.effect == VPCI_SLEEP) {
		vpci_work_start(vf, VPCI_SLEEP); /* unmapping is done when it returns */
	}
	if (plan.hw_write) {
		pci_write(vf->function, offset, size, plan.hw_value);
	}
	if (plan.lost && !vf->function->pf) {
		vpci_decode_set_up_again(vf);
	}
	if (plan.msi_changed) {
		vpci_msi_written(vf);
	}
	if (plan.intx_changed) {
		vpci_intx_update(vf);
	}
	if (plan.io_changed) {
		vpci_decode_set(vf->function, VPCI_COMMAND_IO, plan.io_decode);
	}
	if ((plan.effect != VPCI_NOTHING && plan.effect != VPCI_SLEEP) || plan.refused) {
		take_effect(vf, &plan);
	} else if (vf->pf_decode && was_asleep && !vf->shadow.asleep) {
		vpci_work_start(vf, VPCI_RISE);
	}
}

void vpci_exec_write(struct vpci_function *vf, uint32_t offset, uint32_t size, uint32_t value)
{
	if (!vpci_shadow_write_own(&vf->shadow, offset, size, value)) {
		write_planned(vf, offset, size, value);
	}
}

bool vpci_exec_port(struct vpci_function *vf, uint64_t port, uint32_t size, bool write,
		    uint32_t *value)
{
	struct pci_function *f = vf->function;

	if (vf->shadow.asleep || !(vpci_shadow_command(&vf->shadow) & VPCI_COMMAND_IO)) {
		return false;
	}
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &f->bars[i];
		uint64_t base = vpci_shadow_bar(&vf->shadow, i, BAR_IO);

		if (!vpci_io_bar_usable(bar) || port < base ||
		    !range_ok(port - base, size, bar->size)) {
			continue;
		}
		port += bar->address - base;
		if (!(write ? host_bridge_io_write(f->bridge, port, size, *value)
			    : host_bridge_io_read(f->bridge, port, size, value))) {
			pci_access_failed(f->sbdf);
		}
		return true;
	}
	return false;
}
