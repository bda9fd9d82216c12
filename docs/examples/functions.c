/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which PCI functions each domain has, with libviaduct. In the control domain, as root:
 *
 *     cc -o functions functions.c $(pkg-config --cflags --libs libviaduct)
 *     ./functions
 */
#include <stdio.h>
#include <stdlib.h>

#include <viaduct.h>

static void print_functions(const struct control_function *list, size_t count, uint32_t domain)
{
	for (size_t i = 0; i < count; i++) {
		const struct control_function *f = &list[i];

		if (f->state == CONTROL_FUNCTION_LENT && f->user == domain) {
			printf("  %04x:%02x:%02x.%x  %04x:%04x\n", f->sbdf >> 16,
			       f->sbdf >> 8 & 0xff, f->sbdf >> 3 & 31, f->sbdf & 7, f->vendor,
			       f->device);
		}
	}
}

int main(void)
{
	struct control_function *functions = NULL;
	struct control_domain *domains = NULL;
	size_t function_count, domain_count;
	struct viaduct *v;
	/* What fails leaves a connection that can say why, or none when there is no memory. */
	int err = viaduct_open(&v);

	if (err == 0) {
		err = viaduct_domain_list(v, &domains, &domain_count);
	}
	if (err == 0) {
		err = viaduct_pci_list(v, &functions, &function_count);
	}
	if (err != 0) {
		fprintf(stderr, "functions: %s\n", viaduct_error(v));
	}
	for (size_t i = 0; err == 0 && i < domain_count; i++) {
		printf("%s\n", domains[i].name);
		print_functions(functions, function_count, domains[i].id);
	}
	/* Lists are the caller's. */
	free(functions);
	free(domains);
	viaduct_close(v);
	return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
