/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Four CPUs at one machine's functions, under ThreadSanitizer: a guest's two vCPUs, one of which is
 * the owner's too; an administrator; a second guest that dies again and again. Which of them is
 * served is chance, that no two touch one word without a lock or an atomic is the test.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "control/control_request.h"
#include "pci/pci_config.h"
#include "pci/pci_contain.h"
#include "pci/registry.h"
#include "thread_world.h"
#include "vpci/vpci.h"

#define PLACE 0x20000000U
#define OTHER 0x21000000U
#define SLOTS 4U /* functions are lent to 1..SLOTS - 1 */
#define KINDS 8

static uint64_t done[KINDS]; /* requests that were carried out, by kind */

static struct pci_function *some_function(void)
{
	static const struct sbdf all[] = { { 0x0100 }, { 0x0200 }, { 0x0300 }, { 0x0380 },
					   { 0x0382 } };

	return pci_function_find(all[any(ARRAY_SIZE(all))]);
}

/* Where capabilities are that are added first and second: power management, PCI Express. */
#define PM      0x40U
#define EXPRESS 0x48U

/* What drivers and hostile guests write, to whoever is at cfg. */
static void use_config(struct domain *d, uint64_t cfg)
{
	static const uint16_t commands[] = { 0, 2, 6, 7, 0x406, 0 };

	switch (any(8)) {
	case 0:
	case 1:
	case 2:
		thread_access(d, cfg + PCI_COMMAND, 2, true, commands[any(ARRAY_SIZE(commands))]);
		break;
	case 3:
		thread_access(d, cfg + PCI_BAR0, 4, true, any(2) ? PLACE : OTHER);
		break;
	case 4:
		thread_access(d, cfg + PCI_BAR0 + 4, 4, true, 0);
		break;
	case 5:
		thread_access(d, cfg + EXPRESS + PCI_EXP_DEVCTL, 2, true,
			      any(4) ? 0x2810 : PCI_EXP_DEVCTL_FLR);
		break;
	case 6:
		thread_access(d, cfg + PM + PCI_PM_CONTROL, 2, true, any(3) ? 0 : PCI_PM_D3HOT);
		break;
	default:
		thread_access(d, cfg + 4 * any(0x80), 4, false, 0);
		break;
	}
}

static void guest_turn(struct domain *d)
{
	uint32_t slot = 1 + any(SLOTS - 1);

	if (any(8) == 0) {
		world_vits_command(d, slot << 3);
	} else if (any(8) == 0) {
		thread_access(d, GUEST_PCI_IO_BASE + SZ_4K + 4 * any(8), 4, any(2), 1);
	} else {
		use_config(d, world_guest_cfg(slot, 0));
	}
	if (any(16) == 0) {
		thread_fire(WORLD_WIRE);
	}
}

static void first_guest(void)
{
	guest_turn(&world_domains[1]);
}

static void enable_vfs(const struct pci_function *pf)
{
	struct domain *d = &world_domains[0];
	uint64_t sriov = world_owner_cfg(pf->sbdf, pf->cap_sriov);

	thread_access(d, sriov + PCI_SRIOV_NUM, 2, true, 1 + any(WORLD_VFS));
	thread_access(d, sriov + PCI_SRIOV_CONTROL, 2, true, any(4) ? 9 : 0);
}

static void first_guest_or_owner(void)
{
	const struct pci_function *f = some_function();

	if (any(2) || f == NULL) {
		guest_turn(&world_domains[1]);
	} else if (f->sriov.total != 0 && any(4) == 0) {
		enable_vfs(f);
	} else {
		use_config(&world_domains[0], world_owner_cfg(f->sbdf, 0));
	}
}

/* As the doorbell does: a handler that did a part is called again, with jobs in between. */
static int to_its_end(int (*handler)(struct control_call *call), struct control_call *call)
{
	int r;

	do {
		call->again = false;
		r = handler(call);
		(void)job_step_one();
	} while (call->again);
	return r;
}

static int attach(struct control_call *call)
{
	struct control_pci_attach in = { .sbdf = ((const struct control_pci_name *)call->in)->sbdf,
					 .domain = 1 + any(2), .vslot = 1 + any(SLOTS - 1) };

	call->in = &in;
	return to_its_end(control_pci_attach, call);
}

static int list(struct control_call *call)
{
	const struct control_list in = { 0 };

	call->in = &in;
	return control_pci_list(call);
}

static int contain(struct control_call *call)
{
	struct pci_function *f = some_function();

	if (f != NULL && any(4) == 0) {
		pci_contain(f, PCI_CONTAIN_DMA);
	}
	return 0;
}

static void administrator(void)
{
	static int (*const requests[KINDS])(struct control_call *call) = {
		control_pci_quarantine, control_pci_quarantine, attach, attach,
		control_pci_detach, control_pci_return, list, contain,
	};
	static uint8_t reply[CONTROL_BODY_SIZE];
	const struct pci_function *f = some_function();
	struct control_pci_name in = { .sbdf = f != NULL ? f->sbdf.v : 0, .name = "it" };
	struct control_call call = { .in = &in, .out = reply };
	uint32_t kind = any(KINDS);

	in.name[2] = (char)('a' + (in.sbdf >> 8) + (in.sbdf & 7));
	if (to_its_end(requests[kind], &call) == 0) {
		__atomic_fetch_add(&done[kind], 1, __ATOMIC_RELAXED);
	}
}

static bool uses(const struct domain *d)
{
	bool found = false;

	spin_lock(&pci_registry_lock);
	for (const struct pci_function *f = pci_function_first(); f != NULL; f = f->next) {
		found = found || f->user == d->id || world_dma(f) == (int)d->id;
	}
	spin_unlock(&pci_registry_lock);
	return found;
}

/* Its vCPU does not run while it dies: both are this CPU. */
static void second_guest(void)
{
	struct domain *d = &world_domains[2];

	if (any(64) != 0) {
		guest_turn(d);
		return;
	}
	spin_lock(&d->lock);
	domain_set_state(d, DOMAIN_DYING);
	spin_unlock(&d->lock);
	while (lend_reclaim(d) != JOB_DONE) {
		job_step_one();
	}
	require(!uses(d));
	spin_lock(&d->lock);
	domain_set_state(d, DOMAIN_RUNNING);
	spin_unlock(&d->lock);
}

static bool all_were_done(void)
{
	bool all = true;

	for (uint32_t i = 0; i < KINDS; i++) {
		all = all && __atomic_load_n(&done[i], __ATOMIC_RELAXED) > 0;
	}
	return all;
}

static void four_cpus_at_the_functions(void **state)
{
	static const cpu_turn turns[] = { first_guest, first_guest_or_owner, administrator,
					  second_guest };

	(void)state;
	irq_meter_limit(1000); /* so that wires storm */
	thread_world_begin();
	thread_cpus_run(turns, ARRAY_SIZE(turns), all_were_done);
	assert_true(all_were_done());
	for (struct pci_function *f = pci_function_first(); f != NULL; f = f->next) {
		bool used = f->state == FUNCTION_OWNED || f->state == FUNCTION_LENT;

		assert_int_not_equal(f->state, FUNCTION_RESETTING);
		if (f->header_type == 0) {
			assert_int_equal(used ? f->user : -1, world_dma(f));
		}
	}
	thread_world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_cpus_at_the_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
