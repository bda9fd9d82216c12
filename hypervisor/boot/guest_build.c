/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's machine: the devices of QEMU's virt board that every guest has. */
#include <viaduct/guest_map.h>

#include "core/domain_build.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/vgpio.h"
#include "core/vuart.h"
#include "core/vwatchdog.h"
#include "iommu/iommu.h"
#include "irq/its.h"
#include "irq/vgic.h"
#include "irq/vits.h"
#include "irq/vmsi.h"
#include "lib/errno.h"
#include "vpci/vpci.h"

/* Writes to flash are dropped, and what of it is not mapped reads as zero. */
static enum mmio_result flash_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	a->value = 0;
	return MMIO_DONE;
}

static const struct mmio_ops flash_ops = {
	.name = "flash",
	.kind = EXIT_MMIO_OTHER,
	.access = flash_access,
};

/*
 * The second bank, where firmware looks for its variables, is always there; the first one only when
 * firmware lies in it. Without, address 0 is nothing, which catches null pointers.
 */
static int flash_create(struct domain *d)
{
	uint64_t base = d->flash_size != 0 ? GUEST_FLASH0_BASE : GUEST_FLASH1_BASE;

	return mmio_add(&d->mmio, ipa(base), GUEST_FLASH_END - base, &flash_ops, NULL);
}

static const struct vits_ops its_ops = {
	.host_device = vpci_host_device,
};

/* Unsafe interrupts that were asked for, where there is something to it. */
int domain_build_check(struct domain *d)
{
	if (machine.gic.version == 2 && d->vcpus_wanted > VGIC_V2_CPUS_MAX) {
		return -EINVAL;
	}
	if (!d->unsafe_interrupts) {
		return 0;
	}
	d->unsafe_interrupts = vpci_unsafe_vectors() != 0;
	if (d->unsafe_interrupts) {
		log_warn("domain", "%u (%s): unsafe interrupts: no ITS, so its devices can raise "
			 "MSIs of other domains", d->id, d->name);
	} else if (!d->unprotected_dma) {
		log_info("domain", "%u (%s): unsafe interrupts make no difference here", d->id,
			 d->name);
	}
	return 0;
}

static bool has_its(const struct domain *d)
{
	return machine.gic.version == 3 && !d->unsafe_interrupts;
}

/* An ITS, or the frame in its stead: drivers use no frame besides an ITS. */
static int create_msi(struct domain *d)
{
	if (d->unsafe_interrupts) {
		return vmsi_create(d, ipa(GUEST_V2M_BASE), GUEST_V2M_INTID, vpci_unsafe_vectors());
	}
	return has_its(d) ? vits_create(d, ipa(GUEST_ITS_BASE), &its_ops) : 0;
}

int domain_build_gic(struct domain *d)
{
	/* The CPU interface is the hardware's own: a guest's GIC has the version of the host's. */
	const struct vgic_config gic = {
		.version = machine.gic.version,
		.dist = ipa(GUEST_GICD_BASE),
		.redist = ipa(GUEST_GICR_BASE),
		.cpu_interface = ipa(GUEST_GICC_BASE),
		.its = ipa(GUEST_ITS_BASE),
		.has_its = has_its(d),
		.spi_count = d->unsafe_interrupts ? GUEST_V2M_SPI_COUNT : GUEST_SPI_COUNT,
	};
	int ret;

	if (d->vgic != NULL) {
		return vgic_add_cpu(d);
	}
	ret = vgic_begin(d, &gic);
	return ret == 0 ? -EAGAIN : ret;
}

static int create_watchdog(struct domain *d)
{
	return d->has_watchdog ? vwatchdog_create(d, ipa(GUEST_WATCHDOG_REFRESH_BASE),
						  ipa(GUEST_WATCHDOG_CONTROL_BASE),
						  GUEST_WATCHDOG_INTID) : 0;
}

int domain_build_guest(struct domain *d)
{
	int ret = create_msi(d);

	if (ret == 0) {
		ret = vuart_create(d, ipa(GUEST_UART_BASE), GUEST_UART_INTID);
	}
	if (ret == 0) {
		ret = vgpio_create(d, ipa(GUEST_GPIO_BASE), GUEST_GPIO_INTID);
	}
	if (ret == 0) {
		ret = create_watchdog(d);
	}
	return ret == 0 ? flash_create(d) : ret;
}

int domain_build_guest_pci(struct domain *d)
{
	/* The bridges of a driver domain come when it is there. */
	return d->drives ? 0 : vpci_create_guest(d);
}

enum job_status domain_unbuild_slice(struct domain *d)
{
	enum job_status status;

	if (!vwatchdog_stop(d)) {
		return JOB_WAIT;
	}
	if (!vits_clear_slice(d)) {
		return JOB_MORE;
	}
	status = lend_reclaim(d);
	if (status != JOB_DONE) {
		return status;
	}
	if (!vpci_share_end(d)) {
		return JOB_MORE;
	}
	return vgic_clear_slice(d) && vpci_destroy(d) ? JOB_DONE : JOB_MORE;
}

int domain_unbuild_guest(struct domain *d)
{
	int ret;

	/* Streams abort now; what the SMMU remembers of the tables goes before the RAM does. */
	ret = iommu_flush_vmid(d->p2m.vmid);
	vwatchdog_destroy(d);
	vgpio_destroy(d);
	vuart_destroy(d);
	vmsi_destroy(d);
	vits_destroy(d);
	vgic_destroy(d);
	return ret;
}
