/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer: a stream of ITS commands, interleaved with functions coming and going, hardware
 * interrupts, redistributor writes and the guest handling what it gets. ASan, UBSan and the models'
 * assertions are the verdict.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake_heap.h"
#include "fake_its.h"
#include "fake_vpe.h"
#include "irq/vits.h"
#include "irq/vits_state.h"
#include "vgic_world.h"

#define LENT_DEV 8u
#define QUEUE    0x10000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct its_device lent;
static struct its_device *behind;
static uint64_t write_at;

static struct its_device *host_device(struct domain *d, uint32_t vdevice)
{
	return vdevice == LENT_DEV ? behind : NULL;
}

static const struct vits_ops ops = { .host_device = host_device };

static void start(bool direct)
{
	world_init(2, true);
	fake_vpe_possible = direct;
	memset(&lent, 0, sizeof(lent));
	lent.events = 32;
	lent.lent = true;
	behind = &lent;
	write_at = 0;
	if (vits_create(&world.domain, ipa(WORLD_ITS), &ops) != 0) {
		abort();
	}
	world_start_its(2, QUEUE);
}

static void command(const uint8_t *data)
{
	memcpy(world.ram + (WORLD_CMDQ - WORLD_RAM) + write_at, data, VITS_CMD_BYTES);
	write_at = (write_at + VITS_CMD_BYTES) % QUEUE;
	world_write(0, WORLD_ITS + 0x88, 8, write_at);
	if (world.domain.vits->creadr != write_at) {
		abort();
	}
}

static void step(uint8_t what)
{
	uint32_t n = what >> 3 & 1;

	switch (what & 7) {
	case 0:
		behind = NULL;
		while (!vits_device_update(&world.domain, LENT_DEV, 3)) {
		}
		lent.lent = false;
		break;
	case 1:
		lent.lent = true;
		behind = &lent;
		while (!vits_device_update(&world.domain, LENT_DEV, 3)) {
		}
		break;
	case 2:
		fake_its_fire(&lent, what >> 3);
		break;
	case 3:
		world_write(n, world_gicr(n), 4, what >> 4 & 1);
		break;
	case 4:
		vits_msi(&world.domain, what >> 3, what >> 3);
		break;
	default:
		world_drain(n, NULL, 0);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The first says whether hardware delivers LPIs. */
	start(size > 0 && data[0] % 2 != 0);
	/* A byte below 16 leads a command, any other is a step. */
	while (size > 0) {
		uint8_t lead = *data++;

		size--;
		if (lead >= 16) {
			step(lead);
		} else if (size >= VITS_CMD_BYTES) {
			command(data);
			data += VITS_CMD_BYTES;
			size -= VITS_CMD_BYTES;
		}
	}
	lent.lent = true;
	vits_destroy(&world.domain);
	if (lent.mapped != 0) {
		abort();
	}
	world_free();
	if (fake_heap_live != 0) {
		abort();
	}
	return 0;
}
