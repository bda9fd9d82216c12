/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot device tree: anything is read, or refused with a reason; what is read can be used. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"
#include "boot/dom0_fdt.h"
#include "boot/dom0_layout.h"
#include "boot/dom0_rules.h"
#include "boot/fdt_read.h"

struct machine machine;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pass_on(void)
{
	static uint64_t buffer[DOM0_FDT_SIZE / 8];
	static const struct range ram = { 0x40000000, 0x40000000 };
	struct control_layout control = { 0 };
	struct dom0_bridge bridges[MACHINE_MAX_BRIDGES];
	struct dom0_fdt_spec spec = {
		.machine = &machine,
		.bridges = bridges,
		.bridge_count = machine.bridge_count,
		.bootargs = "",
		.vcpu_count = machine.cpu_count,
		.ram = &ram,
		.ram_count = 1,
		.control = &control,
	};

	for (uint32_t i = 0; i < machine.bridge_count; i++) {
		bridges[i] = (struct dom0_bridge){ .host = &machine.bridges[i],
						      .ecam = machine.bridges[i].cfg };
	}
	for (int node = dom0_next(&machine, 0); node >= 0; node = dom0_next(&machine, node)) {
		struct dom0_rule rule = dom0_rule_of(&machine, node);

		if ((rule.action == DOM0_KEEP_AWAY) != (rule.reason != NULL)) {
			abort();
		}
	}
	dom0_control_layout(&machine, &control);
	if (dom0_fdt_write(&spec, buffer, sizeof(buffer)) > 0 &&
	    fdt_check_full(buffer, sizeof(buffer)) != 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	void *copy = aligned_alloc(8, (size + 15) / 8 * 8); /* device trees are 8-byte aligned */

	if (copy == NULL) {
		return 0;
	}
	memcpy(copy, data, size);
	memset(&machine, 0, sizeof(machine));
	if (machine_fdt_read(copy, size, &machine, &why) == 0) {
		pass_on();
	} else if (why == NULL || why[0] == '\0') {
		abort();
	}
	free(copy);
	return 0;
}
