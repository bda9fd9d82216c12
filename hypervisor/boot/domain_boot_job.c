/* SPDX-License-Identifier: BSD-2-Clause */
/* A domain fills and starts itself: its functions lent, its modules copied, in slices. */
#include "boot/domain_boot.h"

#include "arch/arm64/mmu.h"
#include "core/domain.h"
#include "core/guest_copy.h"
#include "core/log.h"
#include "core/ram.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/registry.h"
#include "vpci/vpci.h"

/* Copied in one step of the job, a page at a time. */
#define COPY_PAGES 16

int domain_boot_refuse(const struct machine_domain *spec, int err, const char *why)
{
	log_error("boot", "%s: %s: domain %s is not started", spec->path, why, spec->name);
	return err;
}

int domain_boot_refuse_function(const struct machine_domain *spec, uint32_t sbdf, int err,
				const char *why)
{
	log_error("boot", "%s: pci-devices: " SBDF_FMT ": %s: domain %s is not started", spec->path,
		  SBDF_ARG((struct sbdf){ sbdf }), why, spec->name);
	return err;
}

void domain_boot_read(uint64_t from, void *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		uint64_t at = from + done;
		size_t n = (size_t)MIN(size - done, RAM_BLOCK_SIZE - at % RAM_BLOCK_SIZE);

		memcpy((char *)to + done, mmu_map_window(pa(at)), n);
		mmu_unmap_window();
		done += n;
	}
}

/* How far the functions' resets are: 0, -EAGAIN, or what became of *which instead. */
static int resets_state(const struct machine_domain *spec, struct pci_function **which)
{
	int state = 0;

	spin_lock(&pci_registry_lock);
	for (uint32_t i = 0; i < spec->lent_count && (state == 0 || state == -EAGAIN); i++) {
		*which = pci_function_find((struct sbdf){ spec->lent[i].sbdf });
		switch ((*which)->state) {
		case FUNCTION_QUARANTINED:
			break;
		case FUNCTION_RESETTING:
			state = -EAGAIN;
			break;
		default:
			state = (*which)->state == FUNCTION_BROKEN ? -EBADF : -EINVAL;
			break;
		}
	}
	spin_unlock(&pci_registry_lock);
	return state;
}

/* Part of lending the next one. 0: all are lent; -EAGAIN: there is more. */
static int lend_functions(struct domain_boot *b, struct domain *d)
{
	const struct machine_lent *lent = &b->spec->lent[b->lent];
	struct lend_options options = { .vslot = 0 };
	struct vsbdf view;
	int err;

	if (b->lent == b->spec->lent_count) {
		return 0;
	}
	options.vslot = lent->vslot;
	options.quirks = lent->quirks;
	err = lend_attach_step(d, pci_function_find((struct sbdf){ lent->sbdf }), &options, &view);
	if (err == 0) {
		b->lent++;
	} else if (err != -EAGAIN) {
		return domain_boot_refuse_function(b->spec, lent->sbdf, err, pci_state_why(err));
	}
	return -EAGAIN;
}

/* Part of a module into the domain's RAM. 0: done; -EAGAIN: there is more. */
static int copy(struct domain_boot *b, struct domain *d, const struct range *module, uint64_t to)
{
	for (uint32_t i = 0; i < COPY_PAGES && b->copied < module->size; i++) {
		size_t n = (size_t)MIN(SZ_4K, module->size - b->copied);

		domain_boot_read(module->base + b->copied, b->page, n);
		if (guest_copy_to(d, ipa_add(d->ram_base, to + b->copied), b->page, n) != 0) {
			return domain_boot_refuse(b->spec, -EFAULT, "its memory cannot be written");
		}
		b->copied += n;
		if (job_should_yield()) {
			break;
		}
	}
	if (b->copied < module->size) {
		return -EAGAIN;
	}
	b->copied = 0;
	return 0;
}

static int start(struct domain_boot *b, struct domain *d)
{
	ipaddr_t kernel = ipa_add(d->ram_base, b->layout.kernel);
	ipaddr_t fdt = ipa_add(d->ram_base, b->layout.fdt);
	int err = guest_copy_to(d, fdt, b->fdt, b->fdt_size);

	if (err == 0) {
		err = domain_start(d, kernel, fdt.v);
	}
	if (err != 0) {
		return domain_boot_refuse(b->spec, err, "it cannot be started");
	}
	log_info("boot", "d%u %s started, kernel at 0x%llx", d->id, d->name,
		 (unsigned long long)kernel.v);
	return 0;
}

/* 0: on to the next phase; -EAGAIN: the same again; else the domain cannot be started. */
static int run_phase(struct domain_boot *b, struct domain *d)
{
	struct pci_function *f = NULL;
	int err;

	switch (b->phase) {
	case BOOT_RESETS:
		err = resets_state(b->spec, &f);
		return err == 0 || err == -EAGAIN ?
			       err :
			       domain_boot_refuse_function(b->spec, f->sbdf.v, err,
							   pci_state_why(err));
	case BOOT_RAM:
		if (__atomic_load_n(&d->ram_populated, __ATOMIC_ACQUIRE) == d->ram_block_count) {
			return 0;
		}
		return job_active(&d->populate) ? -EAGAIN
						: domain_boot_refuse(b->spec, -ENOMEM,
								     "no memory for its tables");
	case BOOT_LEND:
		return lend_functions(b, d);
	case BOOT_KERNEL:
		return copy(b, d, &b->spec->kernel, b->layout.kernel);
	case BOOT_RAMDISK:
		return copy(b, d, &b->spec->ramdisk, b->layout.ramdisk);
	case BOOT_START:
	default:
		return start(b, d);
	}
}

/* An administrator may have destroyed it meanwhile: each step looks for it anew. */
static enum job_status boot_step(struct job *j)
{
	struct domain_boot *b = container_of(j, struct domain_boot, job);
	struct domain *d = domain_by_id(b->id);
	bool waits = b->phase == BOOT_RESETS || b->phase == BOOT_RAM;
	int err;

	if (d == NULL || domain_is_dying(d)) {
		return JOB_DONE;
	}
	err = run_phase(b, d);
	if (err == -EAGAIN) {
		return waits ? JOB_WAIT : JOB_MORE;
	}
	if (err != 0) {
		(void)domain_destroy(d); /* -EBUSY: somebody does already */
		domain_end_machine_if_last();
		return JOB_DONE;
	}
	return b->phase++ == BOOT_START ? JOB_DONE : JOB_MORE;
}

static const struct job_ops boot_ops = {
	.name = "domain boot",
	.step = boot_step,
};

void domain_boot_job_start(struct domain_boot *b)
{
	b->phase = BOOT_RESETS;
	b->lent = 0;
	b->copied = 0;
	job_init(&b->job, &boot_ops);
	job_start(&b->job);
}
