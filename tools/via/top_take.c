/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking the hypervisor for everything top shows. */
#include <errno.h>
#include <stdlib.h>

#include "top_text.h"

static int take_domain(struct viaduct *v, const struct control_domain *d, struct top_domain *out)
{
	int err = viaduct_domain_stats(v, d->id, &out->stats);

	out->domain = *d;
	return err != 0 ? err : viaduct_domain_vcpus(v, d->id, out->vcpus, &out->vcpu_count);
}

static int take_domains(struct viaduct *v, struct top_look *look)
{
	struct control_domain *list = NULL;
	size_t count = 0;
	int err = viaduct_domain_list(v, &list, &count);

	if (err != 0) {
		return err;
	}
	look->domains = calloc(count + 1, sizeof(*look->domains));
	if (look->domains == NULL) {
		abort();
	}
	for (size_t i = 0; i < count && err == 0; i++) {
		err = take_domain(v, &list[i], &look->domains[look->domain_count]);
		if (err == 0) {
			look->domain_count++;
		} else if (err == -ENOENT) {
			err = 0; /* it ended meanwhile */
		}
	}
	free(list);
	return err;
}

int top_take(struct viaduct *v, struct top_look *look)
{
	int err;

	*look = (struct top_look){ 0 };
	err = viaduct_info(v, &look->info);
	if (err == 0) {
		err = take_domains(v, look);
	}
	if (err == 0) {
		err = viaduct_pci_list(v, &look->functions, &look->function_count);
	}
	if (err != 0) {
		top_free(look);
	}
	return err;
}

void top_free(struct top_look *look)
{
	free(look->domains);
	free(look->functions);
	*look = (struct top_look){ 0 };
}
