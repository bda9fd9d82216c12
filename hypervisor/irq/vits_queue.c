/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's ring of ITS commands. Whatever is in it, the read pointer arrives at its end. */
#include "core/guest_copy.h"
#include "core/log.h"
#include "irq/vits_state.h"
#include "lib/errno.h"

#define CBASER_ADDRESS GENMASK(51, 12)

uint64_t vits_queue_size(const struct vits *t)
{
	return (BITS(t->cbaser, 7, 0) + 1) * SZ_4K;
}

static void queue_refuse(struct vits *t, const struct vits_cmd *c, const uint64_t words[4], int why)
{
	t->bad_commands++;
	if (c->name != NULL) {
		log_domain(t->domain, LOG_WARN, "vits",
			   "%s skipped (%d): %016llx %016llx %016llx %016llx", c->name, why,
			   (unsigned long long)words[0], (unsigned long long)words[1],
			   (unsigned long long)words[2], (unsigned long long)words[3]);
	} else {
		log_domain(t->domain, LOG_WARN, "vits", "unknown command 0x%02x skipped",
			   (unsigned int)(words[0] & 0xff));
	}
}

void vits_walk_reset(struct vits *t)
{
	t->walk_device = 0;
	t->walk_next = 0;
}

bool vits_queue_run(struct vits *t)
{
	uint64_t size = vits_queue_size(t);
	uint32_t spent = 0;

	while (t->enabled && (t->cbaser & VITS_CBASER_VALID) != 0 && t->creadr != t->cwriter) {
		uint64_t words[4];
		struct vits_cmd c;
		uint32_t cost = 1;
		int ret;

		if (spent >= VITS_COMMANDS_A_TRAP) {
			return true;
		}
		if (guest_copy_from(t->domain, words,
				    ipa((t->cbaser & CBASER_ADDRESS) + t->creadr),
				    sizeof(words)) != 0) {
			t->bad_commands++;
			log_domain(t->domain, LOG_WARN, "vits", "command queue is not in RAM");
			t->creadr = t->cwriter;
			return false;
		}
		c = vits_cmd_decode(words);
		ret = vits_execute(t, &c, &cost);
		if (ret == -EAGAIN) {
			return true;
		}
		vits_walk_reset(t);
		if (ret != 0) {
			/* Perhaps a line of the log, which is long. */
			queue_refuse(t, &c, words, ret);
			cost = VITS_COMMANDS_A_TRAP;
		}
		spent += cost;
		t->creadr = (t->creadr + VITS_CMD_BYTES) % size;
	}
	return false;
}
