/* SPDX-License-Identifier: BSD-2-Clause */
#include "domain_names.h"

#include <stddef.h>

#include <viaduct/control.h>

static const char *const state_names[] = {
	[CONTROL_DOMAIN_STATE_BUILDING] = "building", [CONTROL_DOMAIN_STATE_RUNNING] = "running",
	[CONTROL_DOMAIN_STATE_PAUSED] = "paused",     [CONTROL_DOMAIN_STATE_SHUTDOWN] = "shutdown",
	[CONTROL_DOMAIN_STATE_DYING] = "dying",
};

static const char *const shutdown_names[] = {
	[CONTROL_POWEROFF] = "poweroff",
	[CONTROL_REBOOT] = "reboot",
	[CONTROL_CRASH] = "crash",
	[CONTROL_WATCHDOG] = "watchdog",
};

static const char *const exit_names[CONTROL_EXIT_KINDS] = {
	[CONTROL_EXIT_IRQ] = "irq",
	[CONTROL_EXIT_WFX] = "wfx",
	[CONTROL_EXIT_HVC] = "hvc",
	[CONTROL_EXIT_SMC] = "smc",
	[CONTROL_EXIT_SYSREG] = "sysreg",
	[CONTROL_EXIT_MMIO_GIC] = "mmio_gic",
	[CONTROL_EXIT_MMIO_ITS] = "mmio_its",
	[CONTROL_EXIT_MMIO_PCI] = "mmio_pci",
	[CONTROL_EXIT_MMIO_UART] = "mmio_uart",
	[CONTROL_EXIT_MMIO_OTHER] = "mmio_other",
	[CONTROL_EXIT_FAULT] = "fault",
	[CONTROL_EXIT_OTHER] = "other",
};

static const char *const vcpu_states[] = {
	[CONTROL_VCPU_OFF] = "off",         [CONTROL_VCPU_READY] = "ready",
	[CONTROL_VCPU_RUNNING] = "running", [CONTROL_VCPU_BLOCKED] = "blocked",
	[CONTROL_VCPU_PARKED] = "parked",   [CONTROL_VCPU_STOPPED] = "stopped",
};

static const char *name_of(const char *const *names, size_t count, uint32_t index)
{
	return index < count ? names[index] : "unknown";
}

#define NAME_OF(names, index) name_of(names, sizeof(names) / sizeof((names)[0]), index)

const char *domain_state_name(uint32_t state)
{
	return NAME_OF(state_names, state);
}

const char *domain_shutdown_name(uint32_t reason)
{
	return NAME_OF(shutdown_names, reason);
}

const char *domain_exit_name(uint32_t kind)
{
	return NAME_OF(exit_names, kind);
}

const char *vcpu_state_name(uint32_t state)
{
	return NAME_OF(vcpu_states, state);
}
