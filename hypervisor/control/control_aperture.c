/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slots of the memory aperture: opened for a client, in slices, and closed with the client or the
 * domain, half open or not.
 */
#include "control/control_aperture.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmu.h"
#include "control/control_request.h"
#include "core/ram.h"
#include "lib/errno.h"

#define SLOT_NONE CONTROL_SLOTS

/* Taken out of the caches in one go. */
#define FLUSH_SLICE (128 * 1024U)

_Static_assert(CONTROL_SLOT_SIZE == RAM_BLOCK_SIZE, "a slot shows one block");
_Static_assert(CONTROL_PAGES <= 256, "control_slot.page");

void control_aperture_init(struct control *c)
{
	for (uint32_t i = 0; i < CONTROL_SLOTS; i++) {
		c->slots[i].domain = DOMAIN_ID_NONE;
	}
}

static ipaddr_t slot_base(const struct control *c, uint32_t slot)
{
	return ipa_add(control_aperture_base(&c->layout), slot * CONTROL_SLOT_SIZE);
}

static bool is_open(const struct control_slot *s)
{
	return s->flushed == CONTROL_SLOT_SIZE;
}

static void slot_close(struct control *c, uint32_t slot)
{
	if (is_open(&c->slots[slot])) {
		p2m_unmap(&c->domain->p2m, slot_base(c, slot), CONTROL_SLOT_SIZE);
	}
	c->slots[slot].domain = DOMAIN_ID_NONE;
}

void control_aperture_close(struct control *c, uint16_t domain)
{
	for (uint32_t i = 0; i < CONTROL_SLOTS; i++) {
		if (c->slots[i].domain == domain) {
			slot_close(c, i);
		}
	}
}

int control_aperture_claim(struct control_call *call)
{
	struct control *c = call->control;

	spin_lock(&c->aperture_lock);
	for (uint32_t i = 0; i < CONTROL_SLOTS; i++) {
		if (c->slots[i].domain != DOMAIN_ID_NONE && c->slots[i].page == call->page) {
			slot_close(c, i);
		}
	}
	spin_unlock(&c->aperture_lock);
	return 0;
}

/* The slot that is being opened for this client and block, else a free one that begins now. */
static uint32_t find_opening(struct control *c, const struct control_slot *wanted)
{
	uint32_t found = SLOT_NONE;

	for (uint32_t i = 0; i < CONTROL_SLOTS; i++) {
		const struct control_slot *s = &c->slots[i];

		if (s->domain == wanted->domain && s->page == wanted->page &&
		    s->block == wanted->block && !is_open(s)) {
			return i;
		}
		if (found == SLOT_NONE && s->domain == DOMAIN_ID_NONE) {
			found = i;
		}
	}
	if (found != SLOT_NONE) {
		c->slots[found] = *wanted;
	}
	return found;
}

/*
 * The client writes past the caches (Normal non-cacheable), so no line of the block may be left in
 * one: a dirty line would overwrite what the client wrote, a clean one would hide it.
 */
static void flush_slice(struct control_slot *s, paddr_t block)
{
	char *window = mmu_map_window(block);

	cache_clean_invalidate(window + s->flushed, FLUSH_SLICE);
	mmu_unmap_window();
	s->flushed += FLUSH_SLICE;
}

/* Begun, gone on with, or done: then it shows. */
static int slot_open(struct control_call *call, const struct control_aperture_map *in,
		     uint32_t *slot)
{
	struct control *c = call->control;
	struct domain *d = domain_by_id(in->domain);
	struct control_slot wanted = { .page = (uint8_t)call->page };
	paddr_t block;
	int err;

	if (d == NULL) {
		return -ENOENT;
	}
	if (d->state != DOMAIN_BUILDING ||
	    !IS_ALIGNED(in->offset, CONTROL_SLOT_SIZE) ||
	    in->offset / CONTROL_SLOT_SIZE >= d->ram_block_count) {
		return -EINVAL;
	}
	if (in->offset / CONTROL_SLOT_SIZE >=
	    __atomic_load_n(&d->ram_populated, __ATOMIC_ACQUIRE)) {
		return -EAGAIN;
	}
	wanted.domain = d->id;
	wanted.block = (uint32_t)(in->offset / CONTROL_SLOT_SIZE);
	*slot = find_opening(c, &wanted);
	if (*slot == SLOT_NONE) {
		return -ENOSPC;
	}
	block = domain_ram_block(d, wanted.block);
	flush_slice(&c->slots[*slot], block);
	if (!is_open(&c->slots[*slot])) {
		call->again = true;
		return 0;
	}
	err = p2m_map(&c->domain->p2m, slot_base(c, *slot), block, CONTROL_SLOT_SIZE,
		      P2M_RAM_SHARED);
	if (err != 0) {
		c->slots[*slot].domain = DOMAIN_ID_NONE;
	}
	return err;
}

int control_aperture_map(struct control_call *call)
{
	struct control_count reply = { 0 };
	int err;

	spin_lock(&call->control->aperture_lock);
	err = slot_open(call, call->in, &reply.count);
	spin_unlock(&call->control->aperture_lock);
	if (err == 0 && !call->again) {
		control_reply(call, &reply, sizeof(reply));
	}
	return err;
}

int control_aperture_unmap(struct control_call *call)
{
	const struct control_count *in = call->in;
	struct control *c = call->control;
	int err = -EINVAL;

	spin_lock(&c->aperture_lock);
	if (in->count < CONTROL_SLOTS && c->slots[in->count].domain != DOMAIN_ID_NONE &&
	    c->slots[in->count].page == call->page) {
		slot_close(c, in->count);
		err = 0;
	}
	spin_unlock(&c->aperture_lock);
	return err;
}
