/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual ITS of a domain. Commands are interpreted, never forwarded. DeviceIDs are the
 * domain's own; who is behind one is asked through the ops.
 */
#ifndef IRQ_VITS_H
#define IRQ_VITS_H

#include "core/domain.h"
#include "irq/its.h"
#include "lib/types.h"

struct vits_ops {
	/*
	 * The host ITT behind a virtual DeviceID of d, or NULL: virtual only. The pointer stays
	 * valid until vits_device_gone() returns. Called with the vITS lock held.
	 */
	struct its_device *(*host_device)(struct domain *d, uint32_t vdevice);
};

/* ops may be NULL: no device has hardware behind it. Adds the MMIO region. */
int vits_create(struct domain *d, ipaddr_t base, const struct vits_ops *ops);
/*
 * No vCPU of d runs any more: some events unmapped, here and in the host ITS. True: there is no
 * device left, and vits_destroy() is short.
 */
bool vits_clear_slice(struct domain *d);
void vits_destroy(struct domain *d);
/*
 * The function behind vdevice is being taken away: its host events are unmapped on return (virtual
 * mappings stay, without hardware). The caller then frees the its_device.
 */
void vits_device_gone(struct domain *d, uint32_t vdevice);
/* A function appeared behind vdevice: what the guest has mapped already gets host events. */
void vits_device_here(struct domain *d, uint32_t vdevice);
/* Software MSI of a virtual device. -ENOENT: not mapped. */
int vits_msi(struct domain *d, uint32_t vdevice, uint32_t event);

#endif
