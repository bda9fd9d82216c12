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

#define VITS_TRANSLATER 0x10040ULL /* GITS_TRANSLATER (IHI0069 12.19.16), where devices write */

struct vits_ops {
	/*
	 * The host ITT behind a virtual DeviceID of d, or NULL: virtual only. One that was answered
	 * stays valid until vits_device_update() or vits_devices_update() has said true since.
	 * Called with the vITS lock held.
	 */
	struct its_device *(*host_device)(struct domain *d, uint32_t vdevice);
};

/* ops may be NULL: no device has hardware behind it. Adds the MMIO region. */
int vits_create(struct domain *d, ipaddr_t base, const struct vits_ops *ops);
/*
 * No vCPU of d runs any more: some events unmapped, here and in the host ITS. True: there was no
 * device left, and vits_destroy() is short.
 */
bool vits_clear_slice(struct domain *d);
void vits_destroy(struct domain *d);
/*
 * The ops' answer for vdevice has changed. Of a function that is being taken away the host events
 * are unmapped (virtual mappings stay, without hardware); behind one that appeared, what the guest
 * has mapped already gets host events. At most max of them a call. True: all are; the its_device of
 * the one that went may be freed.
 */
bool vits_device_update(struct domain *d, uint32_t vdevice, uint32_t max);
/*
 * The same where the ops' answer has moved from some vdevice to another: all of d's are looked at,
 * and host events go from where they were before they come to where they are to be.
 */
bool vits_devices_update(struct domain *d, uint32_t max);
/* Software MSI of a virtual device. -ENOENT: not mapped. */
int vits_msi(struct domain *d, uint32_t vdevice, uint32_t event);

#endif
