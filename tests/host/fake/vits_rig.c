/* SPDX-License-Identifier: BSD-2-Clause */
/* See vits_rig.h. */
#include "vits_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fake_heap.h"
#include "fake_log.h"
#include "irq/vits.h"
#include "irq/vits_state.h"

struct its_device lent;
struct its_device other;
struct its_device *behind;
uint32_t behind_number;
uint64_t write_at;

void update(uint32_t vdevice)
{
	uint32_t before;
	bool done;

	do {
		before = lent.mapped + other.mapped;
		done = vits_device_update(&world.domain, vdevice, 16);
		assert_in_range(lent.mapped + other.mapped + 16 - before, 0, 32);
	} while (!done);
}

static struct its_device *host_device(struct domain *d, uint32_t vdevice)
{
	assert_ptr_equal(d, &world.domain);
	assert_true(spin_is_locked(&d->vits->lock));
	return vdevice == behind_number ? behind : NULL;
}

static const struct vits_ops ops = { .host_device = host_device };

void start(uint32_t vcpus)
{
	world_init(vcpus, true);
	memset(&lent, 0, sizeof(lent));
	memset(&other, 0, sizeof(other));
	lent.events = 32;
	lent.lent = true;
	other.events = 32;
	behind = &lent;
	behind_number = LENT_DEV;
	fake_its_map_error = 0;
	write_at = 0;
	fake_log_clear();
	assert_int_equal(vits_create(&world.domain, ipa(WORLD_ITS), &ops), 0);
	world_start_its(vcpus, QUEUE);
}

int vits_rig_teardown(void **state)
{
	vits_destroy(&world.domain);
	assert_int_equal(lent.mapped, 0);
	world_free();
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

void queue(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	const uint64_t words[4] = { a, b, c, d };

	memcpy(world.ram + (WORLD_CMDQ - WORLD_RAM) + write_at, words, sizeof(words));
	write_at = (write_at + sizeof(words)) % QUEUE;
}

void run(void)
{
	world_write(0, WORLD_ITS + 0x88, 8, write_at);
	assert_int_equal(world_read(0, WORLD_ITS + 0x90, 8), write_at);
}

void mapd(uint32_t device, uint32_t bits, bool valid)
{
	queue((uint64_t)device << 32 | 8, bits - 1, valid ? 1ull << 63 : 0, 0);
}

void mapc(uint32_t collection, uint32_t target, bool valid)
{
	queue(9, 0, (uint64_t)target << 16 | collection | (valid ? 1ull << 63 : 0), 0);
}

void mapti(uint32_t device, uint32_t event, uint32_t lpi, uint32_t collection)
{
	queue((uint64_t)device << 32 | 0xa, (uint64_t)lpi << 32 | event, collection, 0);
}

void event_cmd(uint8_t opcode, uint32_t device, uint32_t event, uint32_t collection)
{
	queue((uint64_t)device << 32 | opcode, event, collection, 0);
}

uint64_t bad(void)
{
	return world.domain.vits->bad_commands;
}

void set_config(uint32_t lpi, uint8_t config)
{
	world.ram[WORLD_PROP - WORLD_RAM + lpi - LPI] = config;
}
