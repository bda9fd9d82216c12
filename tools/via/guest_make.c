/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be checked is checked first; what fails later is undone in reverse. */
#include "guest_make.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cpu_choice.h"
#include "pci_choice.h"
#include "signals.h"

#define MIB             (1024ULL * 1024)
#define BLOCK           (2 * MIB)

static uint64_t ram_bytes(const struct guest_config *g)
{
	return ((uint64_t)g->memory * MIB + BLOCK - 1) & ~(BLOCK - 1);
}

static int check_machine(const struct command *c, struct viaduct *v, const struct guest_config *g,
			 const struct viaduct_boot *boot)
{
	uint64_t wanted = ram_bytes(g) + viaduct_boot_flash_bytes(boot);
	struct control_domain d;
	struct control_info info;
	int err = viaduct_domain_find(v, g->name, &d);

	if (err == 0 && d.state == CONTROL_DOMAIN_STATE_BUILDING) {
		return via_fail(c,
				"\"%s\" is half made: another via create is at it, or was killed; "
				"via destroy %s ends it",
				g->name, g->name);
	}
	if (err == 0) {
		return via_fail(c, "a domain called \"%s\" exists", g->name);
	}
	if (err != -ENOENT || viaduct_info(v, &info) != 0) {
		return via_fail(c, "%s", viaduct_error(v));
	}
	if (wanted > info.free_bytes) {
		return via_fail(c, "not enough memory: %llu MiB wanted, %llu MiB free",
				(unsigned long long)(wanted / MIB),
				(unsigned long long)(info.free_bytes / MIB));
	}
	for (size_t i = 0; i < (size_t)g->vcpus; i++) {
		if (cpus_check(c, &info, g->cpus[i]) != VIA_OK) {
			return VIA_FAILED;
		}
	}
	return VIA_OK;
}

/* Which functions, and can they be lent? seize = 1 leaves that for later. */
static int find_devices(const struct command *c, struct viaduct *v, const struct guest_config *g,
			struct pci_choices *choices)
{
	choices->count = 0;
	for (size_t i = 0; i < g->pci_count; i++) {
		if (choices_add(c, v, &g->pci[i].spec, choices) != VIA_OK) {
			return VIA_FAILED;
		}
	}
	if (choices_check(c, choices) != VIA_OK) {
		return VIA_FAILED;
	}
	return g->unprotected_dma != 0 ? VIA_OK : choices_isolated(c, choices);
}

static int show_progress(void *arg, uint64_t done, uint64_t total)
{
	const struct guest_config *g = arg;

	if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "\rLoading %s: %3llu %%%s", g->name,
			(unsigned long long)(done * 100 / total), done == total ? "\n" : "");
	}
	return signals_came();
}

/* What it gets of which CPUs. */
static int share_and_pin(struct viaduct *v, const struct guest_config *g, uint32_t id)
{
	struct control_domain_share share = {
		.weight = g->cpu_weight != 0 ? (uint32_t)g->cpu_weight : CONTROL_WEIGHT_DEFAULT,
		.cap = (uint32_t)g->cap,
	};
	int err = viaduct_domain_share(v, id, CONTROL_SHARE_WEIGHT | CONTROL_SHARE_CAP, &share);

	for (uint32_t i = 0; err == 0 && i < (uint32_t)g->vcpus; i++) {
		if (g->cpus[i] != 0) {
			err = viaduct_vcpu_pin(v, id, i, g->cpus[i]);
		}
	}
	return err;
}

/* After its functions, which may be meant for a place of their own. */
static int share_memory(const struct command *c, struct viaduct *v, const struct guest_config *g,
			uint32_t id)
{
	for (size_t i = 0; i < g->shared_count; i++) {
		const struct shared_memory *s = &g->shared[i];
		uint32_t vsbdf;

		if (viaduct_shared_join(v, id, s->name, s->bytes, s->vectors, &vsbdf) != 0) {
			return via_fail(c, "%s: shared memory \"%s\": %s", g->name, s->name,
					viaduct_error(v));
		}
	}
	return VIA_OK;
}

/* Fill and start a domain that was made. flags: CONTROL_START_*. */
static int finish(const struct command *c, struct viaduct *v, struct guest_config *g,
		  struct viaduct_boot *boot, struct pci_choices *choices, uint32_t id,
		  uint32_t flags)
{
	uint64_t pc, arg;
	int err;

	if (share_and_pin(v, g, id) != 0) {
		return via_fail(c, "%s: %s", g->name, viaduct_error(v));
	}
	if (choices_lend(c, v, choices, id) != VIA_OK || share_memory(c, v, g, id) != VIA_OK) {
		return VIA_FAILED;
	}
	err = viaduct_boot_load(v, boot, id, show_progress, g, &pc, &arg);
	if (err == 0) {
		err = viaduct_domain_start(v, id, pc, arg, flags);
	}
	if (err != 0 && signals_came() && isatty(STDERR_FILENO)) {
		fputc('\n', stderr);
	}
	return err == 0 ? VIA_OK : via_fail(c, "%s: %s", g->name, viaduct_error(v));
}

static int create(const struct command *c, struct viaduct *v, struct guest_config *g,
		  struct viaduct_boot *boot, uint32_t flags, uint32_t *id)
{
	const struct viaduct_domain_spec spec = {
		.name = g->name,
		.vcpu_count = (uint32_t)g->vcpus,
		.ram_bytes = ram_bytes(g),
		.flash_bytes = viaduct_boot_flash_bytes(boot),
		.table_bytes = (uint64_t)g->shadow_memory << 20,
		.flags = (g->unprotected_dma != 0 ? CONTROL_CREATE_UNPROTECTED_DMA : 0) |
			 (g->unsafe_interrupts != 0 ? CONTROL_CREATE_UNSAFE_INTERRUPTS : 0) |
			 (g->watchdog != 0 ? CONTROL_CREATE_WATCHDOG : 0),
	};
	struct pci_choices choices;
	struct control_domain d;

	if (check_machine(c, v, g, boot) != VIA_OK ||
	    find_devices(c, v, g, &choices) != VIA_OK) {
		return VIA_FAILED;
	}
	if (viaduct_domain_create(v, &spec, id) != 0) {
		return via_fail(c, "%s: %s", g->name, viaduct_error(v));
	}
	if (finish(c, v, g, boot, &choices, *id, flags) == VIA_OK) {
		return VIA_OK;
	}
	/* Takes the devices back too. */
	if (viaduct_domain_get(v, *id, &d) != 0) {
		return via_fail(c, "%s", viaduct_error(v));
	}
	function_end_domain(c, v, &d);
	return VIA_FAILED;
}

int guest_make(const struct command *c, struct guest_config *g, uint32_t flags, uint32_t *id)
{
	const struct viaduct_boot_spec spec = {
		.firmware = g->firmware,
		.kernel = g->kernel,
		.ramdisk = g->ramdisk,
		.extra = g->extra,
		.vcpu_count = (uint32_t)g->vcpus,
		.ram_bytes = ram_bytes(g),
		.device_tree = g->device_tree,
	};
	struct signals_saved saved;
	struct viaduct_boot *boot;
	struct viaduct *v;
	char why[512];
	int status;

	if (viaduct_boot_open(&spec, &boot, why, sizeof(why)) != 0) {
		return via_fail(c, "%s", why);
	}
	v = via_connect(c);
	if (v == NULL) {
		viaduct_boot_close(boot);
		return VIA_FAILED;
	}
	signals_catch(&saved);
	status = create(c, v, g, boot, flags, id);
	viaduct_boot_close(boot);
	signals_restore(&saved);
	viaduct_close(v);
	return status;
}
