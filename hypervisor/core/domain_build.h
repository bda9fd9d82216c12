/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest is made of beyond CPUs and memory lies in later layers (irq, vpci);
 * boot/guest_build.c puts it together for domain.c.
 */
#ifndef CORE_DOMAIN_BUILD_H
#define CORE_DOMAIN_BUILD_H

#include "core/domain.h"

/* Control domain: id 0, direct, empty tables. NULL: no memory. Boot only. */
struct domain *domain_create_control(uint32_t vcpu_count);

/*
 * When a guest is asked for: -EINVAL, more vCPUs than the machine's GIC has room for. What its
 * interrupts will be is decided.
 */
int domain_build_check(struct domain *d);
/*
 * Then by its job, one after the other, when all its vCPUs are there: its GIC, in parts (-EAGAIN:
 * there is more); ITS, UART, power key, watchdog and flash; its PCI bus. -ENOMEM. What there is of
 * each goes with the domain.
 */
int domain_build_gic(struct domain *d);
int domain_build_guest(struct domain *d);
int domain_build_guest_pci(struct domain *d);
/*
 * No vCPU of d runs any more: a part of the reverse that is long, lent functions among it.
 * JOB_DONE: the rest is short.
 */
enum job_status domain_unbuild_slice(struct domain *d);
/*
 * The rest: on return no device reaches d's memory any more. -EIO: an IOMMU did not confirm that;
 * the memory must stay out of use for ever.
 */
int domain_unbuild_guest(struct domain *d);

/*
 * Ahead of its job, by who made d and on the same pCPU: the next part of all but its RAM. -EAGAIN:
 * there is more. -ENOMEM.
 */
int domain_make_devices(struct domain *d);

/*
 * d, which has shut down, asked for a reboot, or its watchdog did. True: it is ended and made
 * again, under its name. Any context, no lock held.
 */
bool domain_restart(struct domain *d);
/* There is such a domain. */
bool domain_restart_pending(void);

#endif
