/* SPDX-License-Identifier: BSD-2-Clause */
#include "control_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control/control_request.h"
#include "control_world_parts.h"
#include "core/mmio.h"
#include "core/sched.h"
#include "core/trace.h"
#include "fake_trap.h"
#include "lib/errno.h"
#include "libviaduct/transport.h"

struct control_world world;

static uint32_t clients;
static struct trace_ring trace_rings[2];
static struct trace_record trace_records[2][TRACE_RING_RECORDS];

void control_world_init(void)
{
	const struct control_layout layout = {
		.segment = 1,
		.ecam = { WORLD_ECAM },
		.mmio32_base = { WORLD_MMIO },
		.mmio32_size = CONTROL_MMIO32_SIZE,
		.aperture_base = { WORLD_APERTURE },
		.aperture_size = CONTROL_PREFETCH_SIZE,
	};

	world = (struct control_world){ .free_bytes = 512 * SZ_1M };
	control_world_pci_init();
	control_world_aperture_init();
	assert_int_equal(control_create(control_world_domains_init(), &layout), 0);
}

void control_world_end(void)
{
	control_world_domains_end();
	control_world_aperture_end();
}

int control_world_setup(void **state)
{
	control_world_init();
	return 0;
}

int control_world_teardown(void **state)
{
	control_world_end();
	return 0;
}

int trace_start(void)
{
	if (world.tracing) {
		return -EBUSY;
	}
	world.tracing = true;
	for (uint32_t cpu = 0; cpu < 2; cpu++) {
		trace_rings[cpu] = (struct trace_ring){ .records = trace_records[cpu] };
	}
	return 0;
}

void trace_stop(void)
{
	world.tracing = false;
}

int trace_read(uint32_t cpu, uint64_t *position, struct trace_record *to, uint32_t max,
	       uint64_t *lost)
{
	if (cpu >= 2) {
		return -EINVAL;
	}
	if (!world.tracing) {
		return -ENOENT;
	}
	if (world.on_trace_read != NULL) {
		world.on_trace_read(cpu, &trace_rings[cpu]);
	}
	return (int)trace_ring_read(&trace_rings[cpu], position, to, max, lost);
}

uint64_t control_ticks_to_ns(uint64_t ticks)
{
	return ticks * 1000000;
}

int control_info(struct control_call *call)
{
	struct control_info reply = {
		.version = "1.2.3",
		.abi = CONTROL_ABI_VERSION,
		.cpu_count = 2,
		.tick_hz = 1000000,
		.cpus_online = sched_cpus_online(),
		.gic_version = 3,
		.features = CONTROL_FEATURE_ITS,
		.ram_bytes = 1024 * SZ_1M,
		.free_bytes = world.free_bytes,
		.lpis_used = 9,
	};

	control_reply(call, &reply, sizeof(reply));
	return 0;
}

int control_domain_stats(struct control_call *call)
{
	const struct control_domain_id *in = call->in;
	struct control_domain_stats reply = { .exits = { [CONTROL_EXIT_HVC] = 42 },
					      .interrupts = 7,
					      .table_bytes = 5 * SZ_4K,
					      .table_bytes_max = 2 * SZ_1M };

	if (domain_by_id(in->id) == NULL) {
		return -ENOENT;
	}
	control_reply(call, &reply, sizeof(reply));
	return 0;
}

uint32_t control_world_text(const char *text, uint64_t *pos, char *buf, size_t size)
{
	size_t length = text == NULL ? 0 : strlen(text);
	size_t n = *pos >= length ? 0 : length - *pos;

	n = n < size ? n : size;
	if (n != 0) {
		memcpy(buf, text + *pos, n);
	}
	*pos += n;
	return (uint32_t)n;
}

int control_log_read(struct control_call *call)
{
	const struct control_text_read *in = call->in;
	struct control_text_reply reply = { .position = in->position };

	reply.size = control_world_text("[    0.000000] boot: hello\n", &reply.position,
					(char *)call->out + sizeof(reply), 10);
	control_reply(call, &reply, sizeof(reply));
	call->out_size += reply.size;
	return 0;
}

static uint64_t access_region(uint64_t address, uint8_t size, bool write, uint64_t value)
{
	struct mmio_access a = {
		.ipa = ipa(address), .size = size, .write = write, .value = value
	};

	while (fake_access(domain_by_id(0), &world.vcpu, &a) == MMIO_RETRY) {
		world.rings_again++;
		assert_true(world.rings_again < 1000000);
		if (world.gives_up) {
			break;
		}
	}
	return a.value;
}

uint64_t world_load(uint64_t address, uint8_t size)
{
	return access_region(address, size, false, 0);
}

void world_store(uint64_t address, uint8_t size, uint64_t value)
{
	access_region(address, size, true, value);
}

static void ring(uint32_t page)
{
	world_store(WORLD_MMIO + CONTROL_PAGES_SIZE + CONTROL_REG_DOORBELL, 4, page);
}

int world_request(uint32_t page, uint32_t op, const void *in, uint32_t in_size, void *out,
		  uint32_t out_size)
{
	struct control_header header = { .op = op, .size = in_size, .result = 12345 };

	memcpy(world_page(page), &header, sizeof(header));
	if (in_size != 0) {
		memcpy(world_page(page) + sizeof(header), in, in_size);
	}
	ring(page);
	memcpy(&header, world_page(page), sizeof(header));
	if (out_size != 0 && header.result == 0) {
		assert_true(header.size >= out_size);
		memcpy(out, world_page(page) + sizeof(header), out_size);
	}
	return header.result;
}

uint32_t world_create(const char *name, uint64_t ram)
{
	struct control_domain_create in = { .vcpu_count = 1, .ram_bytes = ram };
	struct control_domain_id out;

	strcpy(in.name, name);
	assert_int_equal(
		world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), &out, sizeof(out)), 0);
	return out.id;
}

int world_domain_op(uint32_t op, uint32_t id)
{
	struct control_domain_id in = { .id = id };

	return world_request(0, op, &in, sizeof(in), NULL, 0);
}

/* The transport of libviaduct in this world: each client gets the next page. */
struct world_transport {
	struct transport t;
	uint32_t page;
};

static void transport_ring(struct transport *t)
{
	struct world_transport *w = (struct world_transport *)t;
	uint32_t op;

	memcpy(&op, t->page, sizeof(op));
	world_reap();
	control_world_clean();
	if (world.on_ring != NULL) {
		world.on_ring(op);
	}
	ring(w->page);
}

static uint8_t *transport_slot(struct transport *t, uint32_t index)
{
	return control_world_slot(index);
}

static void transport_close(struct transport *t)
{
	free(t);
}

static const struct transport_ops world_transport_ops = { transport_ring, transport_slot,
							  transport_close };

int transport_open(struct transport **out, char *why, size_t why_size)
{
	struct world_transport *w = calloc(1, sizeof(*w));

	w->page = clients++ % CONTROL_PAGES;
	w->t.ops = &world_transport_ops;
	w->t.page = world_page(w->page);
	*out = &w->t;
	return 0;
}
