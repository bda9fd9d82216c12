/* SPDX-License-Identifier: BSD-2-Clause */
/* GITS: the virtual ITS's registers (IHI0069 12.19). */
#include "core/mmio.h"
#include "irq/vgic_state.h"
#include "irq/vits_state.h"

#define GITS_FRAME  0x10000U /* the translater's frame behind it is not for CPUs */
#define GITS_CTLR   0x0000U
#define GITS_TYPER  0x0008U
#define GITS_CBASER 0x0080U
#define GITS_CWRITER 0x0088U
#define GITS_CREADR 0x0090U
#define GITS_BASER0 0x0100U /* devices */
#define GITS_BASER1 0x0108U /* collections */
#define GITS_PIDR2  0xffe8U

#define CTLR_ENABLED   BIT(0)
#define CTLR_QUIESCENT BIT(31)

#define ENTRY_BYTES 8ULL /* of every table we claim to keep in guest memory */

/* Physical LPIs, PTA = 0, no collection without memory (HCC = 0). */
#define TYPER_VALUE                                                                                \
	(BIT(0) | (ENTRY_BYTES - 1) << 4 | (uint64_t)(VITS_EVENT_ID_BITS - 1) << 8 |              \
	 (uint64_t)(VITS_DEVICE_ID_BITS - 1) << 13 | (uint64_t)(VITS_COLLECTION_BITS - 1) << 32 | \
	 BIT(36))

#define CBASER_MASK (BIT(63) | GENMASK(61, 59) | GENMASK(55, 53) | GENMASK(51, 10) | GENMASK(7, 0))
/* All but Type and Entry_Size. */
#define BASER_MASK  (GENMASK(63, 59) | GENMASK(55, 53) | GENMASK(47, 0))
#define BASER_FIXED(type) ((uint64_t)(type) << 56 | (ENTRY_BYTES - 1) << 48)
#define CWRITER_MASK GENMASK(19, 5)

static uint64_t vits_read(const struct vits *t, uint64_t offset)
{
	switch (offset) {
	case GITS_CTLR:
		return (t->enabled ? CTLR_ENABLED : CTLR_QUIESCENT) | (uint64_t)VGIC_IIDR << 32;
	case GITS_TYPER:
		return TYPER_VALUE;
	case GITS_CBASER:
		return t->cbaser;
	case GITS_CWRITER:
		return t->cwriter;
	case GITS_CREADR:
		return t->creadr;
	case GITS_BASER0:
		return t->baser[0] | BASER_FIXED(1);
	case GITS_BASER1:
		return t->baser[1] | BASER_FIXED(4);
	case GITS_PIDR2:
		return VGIC_PIDR2;
	default:
		return 0;
	}
}

/* True: the store is to be executed again, commands are left. */
static bool vits_write(struct vits *t, uint64_t offset, uint64_t value)
{
	switch (offset) {
	case GITS_CTLR:
		t->enabled = (value & CTLR_ENABLED) != 0;
		return vits_queue_run(t);
	case GITS_CBASER:
		if (!t->enabled) {
			t->cbaser = value & CBASER_MASK;
			t->creadr = 0;
			t->cwriter = 0;
			vits_walk_reset(t);
		}
		return false;
	case GITS_CWRITER:
		/* One beyond the ring is UNPREDICTABLE: ignored here. */
		if ((value & CWRITER_MASK) >= vits_queue_size(t)) {
			return false;
		}
		t->cwriter = value & CWRITER_MASK;
		return vits_queue_run(t);
	case GITS_BASER0:
	case GITS_BASER1:
		if (!t->enabled) {
			t->baser[(offset - GITS_BASER0) / 8] = value & BASER_MASK;
		}
		return false;
	default:
		return false;
	}
}

/* Words and doublewords; each word of a 64-bit register by itself too. */
static enum mmio_result vits_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	struct vits *t = opaque;
	uint64_t offset = ALIGN_DOWN(a->offset, 8);
	uint32_t shift = (a->offset & 4) != 0 ? 32 : 0;
	uint64_t mask = a->size == 8 ? ~0ULL : 0xffffffffULL << shift;
	bool again = false;

	if (a->offset >= GITS_FRAME || a->size < 4) {
		a->value = 0;
		return MMIO_DONE;
	}
	spin_lock(&t->lock);
	if (!a->write) {
		a->value = vits_read(t, offset) >> shift;
	} else if (offset != GITS_CTLR || shift == 0) {
		again = vits_write(t, offset,
				   (vits_read(t, offset) & ~mask) | ((a->value << shift) & mask));
	}
	spin_unlock(&t->lock);
	return again ? MMIO_RETRY : MMIO_DONE;
}

const struct mmio_ops vits_mmio_ops = {
	.name = "gits",
	.kind = EXIT_MMIO_ITS,
	.access = vits_access,
};
