/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer: configuration files, down to the PCI specifications in them. What follows the last 0
 * byte is an argument of the command line.
 */
#include <stdlib.h>
#include <string.h>

#include "via/guest_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_config g;
	struct config_error error = { 0 };
	size_t start = size; /* of the argument */
	struct guest_config_text text = { .file = (const char *)data, .size = size };
	char *argument;

	while (start != 0 && data[start - 1] != 0) {
		start--;
	}
	argument = strndup((const char *)data + start, size - start);
	if (start != 0) {
		text.size = start - 1;
		text.arguments = &argument;
		text.argument_count = 1;
	}
	if (guest_config_read(&g, &text, &error) != 0) {
		/* Nothing is kept of a bad file, and it is always said what is bad. */
		if (g.parsed.count != 0 || error.text[0] == '\0') {
			abort();
		}
		free(argument);
		return 0;
	}
	if (!pci_name_ok(g.name) || g.memory <= 0 || g.vcpus < 1 ||
	    (g.kernel == NULL) == (g.firmware == NULL)) {
		abort();
	}
	for (size_t i = 0; i < g.pci_count; i++) {
		const struct pci_spec *spec = &g.pci[i].spec;

		if (spec->has_bdf == (spec->name[0] != '\0') || spec->vslot > 0x1f) {
			abort();
		}
	}
	guest_config_free(&g);
	free(argument);
	return 0;
}
