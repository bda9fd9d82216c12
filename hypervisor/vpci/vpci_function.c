/* SPDX-License-Identifier: BSD-2-Clause */
/* A function as one domain sees it: its life, and what is read of the host's before it is built. */
#include "core/heap.h"
#include "lib/bitmap.h"
#include "pci/registry.h"
#include "vpci/function.h"
#include "vpci/work.h"

#define EXT_CAP_FIRST 0x100U

void vpci_function_release(struct vpci_function *vf)
{
	vpci_shadow_free(&vf->shadow);
	vpci_shadow_free(&vf->aside);
	heap_free(vf->vfs);
	heap_free(vf);
}

struct vpci_function *vpci_function_alloc(struct domain *d, struct vpci_segment *seg,
					  struct pci_function *f, struct vsbdf where)
{
	struct vpci_function *vf = heap_alloc(sizeof(*vf));

	if (vf) {
		vf->function = f;
		vf->domain = d;
		vf->segment = seg;
		vf->where = where;
		vpci_work_init(vf);
	}
	return vf;
}

void vpci_function_free(struct vpci_function *vf)
{
	bool queued;

	spin_lock(&vf->function->lock);
	vf->gone = true;
	queued = vf->job_queued || vf->routes_queued;
	spin_unlock(&vf->function->lock);
	if (!queued) {
		vpci_function_release(vf);
	}
}

/* PCIe 6.0 7.6.3. It ends where it loops. */
static void read_ext_caps(struct pci_function *f, struct vpci_image *image)
{
	uint64_t seen[BITMAP_WORDS(VPCI_CFG_SIZE / 4)] = { 0 };
	uint32_t at = EXT_CAP_FIRST;

	while (at >= EXT_CAP_FIRST && !bitmap_test(seen, at / 4)) {
		uint32_t header = pci_read(f, at, 4);

		if (header == 0 || header == 0xffffffff) {
			break;
		}
		if (image->ext_count == VPCI_EXT_CAPS_MAX) {
			image->ext_more = true;
			break;
		}
		bitmap_set(seen, at / 4);
		image->ext[image->ext_count++] = (struct vpci_ext_cap){
			.id = (uint16_t)header,
			.offset = (uint16_t)at,
			.version = header >> 16 & 0xf,
		};
		at = header >> 20 & 0xffc;
	}
}

static void read_regs(struct pci_function *f, struct vpci_image *image, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		image->regs[i] = pci_read(f, 4 * i, 4);
	}
}

void vpci_function_image(struct pci_function *f, struct vpci_image *image)
{
	read_regs(f, image, 0, VPCI_BLOCK_REGS / 2);
	if (f->pf) {
		/* Its own read all ones (PCIe 6.0 9.3.4.1.1). */
		image->regs[0] = f->vendor | (uint32_t)f->device << 16;
	}
}

void vpci_function_image_rest(struct pci_function *f, struct vpci_image *image)
{
	read_regs(f, image, VPCI_BLOCK_REGS / 2, VPCI_BLOCK_REGS);
	image->ext_count = 0;
	/* Conventional functions have 256 bytes, and some bridges repeat them above. */
	image->ext_more = !f->cap_express;
	if (f->cap_express) {
		read_ext_caps(f, image);
	}
}

void vpci_function_set_multifunction(struct vpci_function *vf, bool on)
{
	vpci_shadow_set_multifunction(vf->away ? &vf->aside : &vf->shadow, on);
}
