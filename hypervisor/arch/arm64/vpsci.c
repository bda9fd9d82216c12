/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI 1.1 and SMCCC 1.1 for domains (DEN0022, DEN0028). Everything else is NOT_SUPPORTED. */
#include "arch/arm64/el2.h"
#include "arch/arm64/psci.h"
#include "core/domain.h"
#include "core/sched.h"
#include "irq/vgic.h"

#define PSCI_1_1        0x00010001
#define SMCCC_1_1       0x00010001
#define TRUSTED_OS_NONE 2
#define MPIDR_AFFINITY  0xff00ffffffULL

static struct vcpu *vcpu_by_mpidr(struct domain *d, uint64_t mpidr)
{
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		if ((d->vcpus[i]->sys.vmpidr & MPIDR_AFFINITY) == mpidr) {
			return d->vcpus[i];
		}
	}
	return NULL;
}

static int64_t cpu_on(struct vcpu *v, uint64_t mpidr, uint64_t pc, uint64_t context)
{
	struct vcpu *target = vcpu_by_mpidr(v->domain, mpidr);

	if (target == NULL) {
		return PSCI_INVALID_PARAMETERS;
	}
	if (!IS_ALIGNED(pc, 4)) {
		return PSCI_INVALID_ADDRESS;
	}
	if (!sched_online(target, pc, context)) {
		return PSCI_ALREADY_ON;
	}
	return PSCI_SUCCESS;
}

static int64_t affinity_info(struct vcpu *v, uint64_t mpidr, uint64_t level)
{
	const struct vcpu *target = vcpu_by_mpidr(v->domain, mpidr);

	if (target == NULL || level != 0) {
		return PSCI_INVALID_PARAMETERS;
	}
	return __atomic_load_n(&target->online, __ATOMIC_ACQUIRE) ? 0 : 1;
}

static int64_t features(uint32_t fn)
{
	switch (fn) {
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND_32:
	case PSCI_CPU_SUSPEND_64:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON_32:
	case PSCI_CPU_ON_64:
	case PSCI_AFFINITY_INFO_32:
	case PSCI_AFFINITY_INFO_64:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
	case SMCCC_VERSION:
		return PSCI_SUCCESS;
	default:
		return PSCI_NOT_SUPPORTED;
	}
}

static bool is_workaround(uint32_t fn)
{
	return fn == SMCCC_ARCH_WORKAROUND_1 || fn == SMCCC_ARCH_WORKAROUND_2 ||
	       fn == SMCCC_ARCH_WORKAROUND_3;
}

/* Speculation workarounds are the firmware's; domains may ask for them like anyone. */
static int64_t arch_features(uint32_t fn)
{
	if (fn == SMCCC_VERSION || fn == SMCCC_ARCH_FEATURES) {
		return PSCI_SUCCESS;
	}
	return is_workaround(fn) ? (int32_t)smc_call(SMCCC_ARCH_FEATURES, fn, 0, 0) :
				   PSCI_NOT_SUPPORTED;
}

void vpsci_call(struct vcpu *v)
{
	uint64_t *x = v->regs.x;
	uint32_t fn = (uint32_t)x[0];
	uint64_t mask = (fn & 0x40000000U) != 0 ? ~0ULL : 0xffffffffULL;
	int64_t ret = PSCI_NOT_SUPPORTED;

	switch (fn) {
	case PSCI_VERSION:
		ret = PSCI_1_1;
		break;
	case SMCCC_VERSION:
		ret = SMCCC_1_1;
		break;
	case SMCCC_ARCH_FEATURES:
		ret = arch_features((uint32_t)x[1]);
		break;
	case SMCCC_ARCH_WORKAROUND_1:
	case SMCCC_ARCH_WORKAROUND_2:
	case SMCCC_ARCH_WORKAROUND_3:
		ret = arch_features(fn) >= 0 ? (int64_t)smc_call(fn, x[1], 0, 0) :
					       PSCI_NOT_SUPPORTED;
		break;
	case PSCI_FEATURES:
		ret = features((uint32_t)x[1]);
		break;
	case PSCI_MIGRATE_INFO_TYPE:
		ret = TRUSTED_OS_NONE;
		break;
	case PSCI_CPU_ON_32:
	case PSCI_CPU_ON_64:
		ret = cpu_on(v, x[1] & mask, x[2] & mask, x[3] & mask);
		break;
	case PSCI_AFFINITY_INFO_32:
	case PSCI_AFFINITY_INFO_64:
		ret = affinity_info(v, x[1] & mask, x[2] & mask);
		break;
	case PSCI_CPU_SUSPEND_32:
	case PSCI_CPU_SUSPEND_64:
		/* Every state is shown as a standby: return when an interrupt is there. */
		if (!vgic_pending(v)) {
			sched_block(v, VCPU_BLOCKED);
		}
		ret = PSCI_SUCCESS;
		break;
	case PSCI_CPU_OFF:
		sched_offline(v);
		return;
	case PSCI_SYSTEM_OFF:
		domain_shutdown(v->domain, SHUTDOWN_POWEROFF);
		return;
	case PSCI_SYSTEM_RESET:
		domain_shutdown(v->domain, SHUTDOWN_REBOOT);
		return;
	default:
		break;
	}
	x[0] = (uint64_t)ret;
}
