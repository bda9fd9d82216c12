/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions and memory that domains share, as plain books. */
#include "control_world_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "iommu/iommu.h"
#include "lib/errno.h"
#include "pci/registry.h"

struct spinlock pci_registry_lock;

static struct machine_bridge desc;
static struct host_bridge bridge = { .desc = &desc };
static struct iommu iommu;
static struct pci_function functions[5];
/* Memory that domains share: of a region its numbers and its members, as in a list. */
static struct shared_look regions[4];

static void add_function(struct pci_function *f, uint32_t sbdf, uint8_t header_type,
			 struct pci_function *next)
{
	*f = (struct pci_function){
		.sbdf = { sbdf },
		.bridge = &bridge,
		.next = next,
		.header_type = header_type,
		.vendor = 0x1b36,
		.device = 0x0010,
		.class_code = 0x010802,
		.state = FUNCTION_OWNED,
		.reset_methods = RESET_BIT(RESET_FLR),
		.placed = true,
		.group = sbdf >> 8,
		.iommu = &iommu,
		.requester = (uint16_t)sbdf,
		.stream = { 0x10000 | sbdf },
	};
}

void control_world_pci_init(void)
{
	memset(regions, 0, sizeof(regions));
	iommu = (struct iommu){ .usable = true };
	add_function(&functions[0], WORLD_PORT, 1, &functions[1]);
	add_function(&functions[1], WORLD_DISK, 0, &functions[2]);
	add_function(&functions[2], WORLD_NIC, 0, &functions[3]);
	add_function(&functions[3], WORLD_BROKEN, 0, NULL);
	functions[3].state = FUNCTION_BROKEN;
	functions[3].broken_why = "identity changed over reset";
	functions[3].user = DOMAIN_ID_NONE;
}

void control_world_reclaim(const struct domain *d)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(functions); i++) {
		if (functions[i].state == FUNCTION_LENT && functions[i].user == d->id) {
			functions[i].state = FUNCTION_QUARANTINED;
			functions[i].user = DOMAIN_ID_NONE;
		}
	}
}

void world_add_disk_1(void)
{
	add_function(&functions[4], WORLD_DISK_1, 0, functions[1].next);
	functions[1].next = &functions[4];
}

struct pci_function *pci_function_first(void)
{
	return &functions[0];
}

struct pci_function *pci_function_find(struct sbdf s)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(functions); i++) {
		if (functions[i].sbdf.v == s.v) {
			return &functions[i];
		}
	}
	return NULL;
}

struct pci_function *pci_function_by_name(const char *name)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(functions); i++) {
		if (strcmp(functions[i].name, name) == 0) {
			return &functions[i];
		}
	}
	return NULL;
}

void world_join(struct pci_function *f, struct pci_function *with)
{
	f->group = with->group;
	f->group_next = with;
	with->group_next = f;
}

struct pci_function *world_pci(uint32_t sbdf)
{
	return pci_function_find((struct sbdf){ sbdf });
}

int lend_quarantine(struct pci_function *f, const char *name)
{
	if (f->header_type == 1) {
		return -EPERM;
	}
	if (f->state != FUNCTION_OWNED && f->state != FUNCTION_BROKEN) {
		return -EBUSY;
	}
	f->state = world.reset_fails ? FUNCTION_BROKEN : FUNCTION_QUARANTINED;
	f->broken_why = world.reset_fails ? "no answer after reset" : NULL;
	f->user = DOMAIN_ID_NONE;
	strcpy(f->name, name);
	return 0;
}

int lend_return_step(struct pci_function *f)
{
	if (f->state != FUNCTION_QUARANTINED) {
		return -EINVAL;
	}
	if (world.fail_return != 0) {
		return -world.fail_return;
	}
	f->state = FUNCTION_OWNED;
	f->user = 0;
	return 0;
}

int lend_rom_load(struct pci_function *f, uint32_t size, uint32_t offset, const void *data,
		  uint32_t count)
{
	if (f->state != FUNCTION_QUARANTINED || size > sizeof(world.rom)) {
		return -EINVAL;
	}
	assert_true(offset + count <= size);
	if (offset == 0) {
		memset(world.rom, 0xff, sizeof(world.rom));
	}
	memcpy(world.rom + offset, data, count);
	f->lent_rom = (struct pci_bar){ .kind = BAR_MEM32, .size = size };
	return 0;
}

int lend_attach_step(struct domain *d, struct pci_function *f, const struct lend_options *options,
		struct vsbdf *out)
{
	if (world.fail_attach != 0 && world.attach_count >= world.attach_spare) {
		return -world.fail_attach;
	}
	if (f->state != FUNCTION_QUARANTINED) {
		return -EINVAL;
	}
	f->state = FUNCTION_LENT;
	f->user = d->id;
	f->user_view = vsbdf_make(0, 0, options->vslot != 0 ? options->vslot : 1, SBDF_FN(f->sbdf));
	f->quirks = options->quirks;
	if (options->rom && f->lent_rom.size == 0) {
		return -EINVAL;
	}
	world.attached[world.attach_count++ % ARRAY_SIZE(world.attached)] = f->sbdf.v;
	*out = f->user_view;
	return 0;
}

int lend_eject(struct pci_function *f)
{
	return lend_detach(f);
}

int lend_detach(struct pci_function *f)
{
	if (f->state != FUNCTION_LENT) {
		return -EINVAL;
	}
	f->state = FUNCTION_QUARANTINED;
	f->user = DOMAIN_ID_NONE;
	return 0;
}

static struct shared_look *region_called(const char *name)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(regions); i++) {
		if (regions[i].id == 0 || strcmp(regions[i].spec.name, name) == 0) {
			return &regions[i];
		}
	}
	fail_msg("no more regions");
	return NULL;
}

int vpci_share(struct domain *d, const struct shared_spec *spec, struct vsbdf *out)
{
	struct shared_look *r = region_called(spec->name);
	uint32_t at = 0;

	if (world.fail_share != 0) {
		return -world.fail_share;
	}
	if (world.share_slices != 0) {
		world.share_slices--;
		return -EAGAIN;
	}
	if (r->id == 0) {
		*r = (struct shared_look){ .spec = *spec, .id = (uint32_t)(r - regions) + 1 };
		memset(r->members, 0xff, sizeof(r->members));
	}
	if (r->spec.size != spec->size || r->spec.vectors != spec->vectors) {
		return -EEXIST;
	}
	while (r->members[at] != DOMAIN_ID_NONE) {
		at++;
	}
	r->members[at] = d->id;
	*out = vsbdf_make(0, 0, 27, 0);
	return 0;
}

bool shared_look(uint32_t from, struct shared_look *out)
{
	uint32_t i = from != 0 ? from - 1 : 0;

	if (i >= ARRAY_SIZE(regions) || regions[i].id == 0) {
		return false;
	}
	*out = regions[i];
	out->next = i + 1 < ARRAY_SIZE(regions) ? regions[i + 1].id : 0;
	return true;
}
