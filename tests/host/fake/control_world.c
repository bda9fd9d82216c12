/* SPDX-License-Identifier: BSD-2-Clause */
#include "control_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
/* After the above. */
#include <cmocka.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmu.h"
#include "control/control_request.h"
#include "core/heap.h"
#include "core/mmio.h"
#include "core/sched.h"
#include "core/trace.h"
#include "core/vgpio.h"
#include "core/vuart.h"
#include "fake_trap.h"
#include "iommu/iommu.h"
#include "libviaduct/transport.h"
#include "lib/errno.h"
#include "pci/registry.h"
#include "vpci/vpci.h"

#define GUESTS 4

struct control_world world;
struct spinlock pci_registry_lock;

static struct domain control_domain;
static struct domain *domains[DOMAINS_MAX];
static struct machine_bridge desc;
static struct host_bridge bridge = { .desc = &desc };
static struct iommu iommu;
static struct pci_function functions[5];
static uint8_t *aperture;
static uint64_t slot_block[CONTROL_SLOTS]; /* 0: closed */
static uint8_t *pages;
static uint32_t clients;
static struct trace_ring trace_rings[2];
static struct trace_record trace_records[2][TRACE_RING_RECORDS];
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
	memset(domains, 0, sizeof(domains));
	memset(regions, 0, sizeof(regions));
	memset(slot_block, 0, sizeof(slot_block));
	control_domain = (struct domain){ .control = true,
					  .direct = true,
					  .vcpu_count = 1,
					  .state = DOMAIN_RUNNING,
					  .ram_size = 512 * SZ_1M };
	strcpy(control_domain.name, "control");
	world.vcpu.domain = &control_domain;
	world.vcpu.state = VCPU_RUNNING;
	control_domain.vcpus[0] = &world.vcpu;
	world.vcpu.allowed = SCHED_ANY_CPU;
	domains[0] = &control_domain;
	iommu = (struct iommu){ .usable = true };
	add_function(&functions[0], WORLD_PORT, 1, &functions[1]);
	add_function(&functions[1], WORLD_DISK, 0, &functions[2]);
	add_function(&functions[2], WORLD_NIC, 0, &functions[3]);
	add_function(&functions[3], WORLD_BROKEN, 0, NULL);
	functions[3].state = FUNCTION_BROKEN;
	functions[3].broken_why = "identity changed over reset";
	functions[3].user = DOMAIN_ID_NONE;
	aperture = mmap(NULL, CONTROL_APERTURE_SIZE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(aperture, MAP_FAILED);
	assert_int_equal(control_create(&control_domain, &layout), 0);
}

void world_add_disk_1(void)
{
	add_function(&functions[4], WORLD_DISK_1, 0, functions[1].next);
	functions[1].next = &functions[4];
}

void control_world_end(void)
{
	world_reap();
	assert_int_equal(world.slots_open, 0);
	for (uint32_t i = 1; i < DOMAINS_MAX; i++) {
		assert_null(domains[i]);
	}
	free(world.started_ram);
	heap_pages_free(pages, 6);
	munmap(aperture, CONTROL_APERTURE_SIZE);
}

/* Stage 2 of the control domain: the request pages once, then slots of the aperture. */
int p2m_map(struct p2m *p, ipaddr_t ipa, paddr_t pa, uint64_t size, enum p2m_type type)
{
	uint64_t slot = (ipa.v - WORLD_APERTURE) / CONTROL_SLOT_SIZE;

	assert_ptr_equal(p, &control_domain.p2m);
	assert_int_equal(type, P2M_RAM_SHARED);
	if (ipa.v == WORLD_MMIO) {
		assert_int_equal(size, CONTROL_PAGES_SIZE);
		pages = heap_va(pa);
		return 0;
	}
	assert_true(ipa.v >= WORLD_APERTURE && slot < CONTROL_SLOTS);
	assert_int_equal(size, CONTROL_SLOT_SIZE);
	assert_int_equal(slot_block[slot], 0);
	slot_block[slot] = pa.v;
	world.slots_open++;
	world.slots_opened++;
	mprotect(aperture + slot * CONTROL_SLOT_SIZE, CONTROL_SLOT_SIZE, PROT_READ | PROT_WRITE);
	memcpy(aperture + slot * CONTROL_SLOT_SIZE, heap_va(pa), CONTROL_SLOT_SIZE);
	return 0;
}

void p2m_unmap(struct p2m *p, ipaddr_t ipa, uint64_t size)
{
	uint64_t slot = (ipa.v - WORLD_APERTURE) / CONTROL_SLOT_SIZE;

	assert_true(ipa.v >= WORLD_APERTURE && slot < CONTROL_SLOTS);
	assert_int_equal(size, CONTROL_SLOT_SIZE);
	assert_int_not_equal(slot_block[slot], 0);
	memcpy(heap_va(pa(slot_block[slot])), aperture + slot * CONTROL_SLOT_SIZE,
	       CONTROL_SLOT_SIZE);
	mprotect(aperture + slot * CONTROL_SLOT_SIZE, CONTROL_SLOT_SIZE, PROT_NONE);
	slot_block[slot] = 0;
	world.slots_open--;
}

void *mmu_map_window(paddr_t p)
{
	return heap_va(p);
}

void mmu_unmap_window(void)
{
}

void cache_clean(const void *va, uint64_t size)
{
}

void cache_clean_invalidate(const void *va, uint64_t size)
{
	/* Requests are shorter. A slice at a time, and no more than can be waited for. */
	if (size > CONTROL_PAGE_SIZE) {
		assert_true(size <= CONTROL_SLOT_SIZE / 16);
		world.bytes_flushed += size;
	}
}

struct domain *domain_by_id(uint32_t id)
{
	return id < DOMAINS_MAX ? domains[id] : NULL;
}

uint32_t domain_next_id(uint32_t from)
{
	for (uint32_t i = from; i < DOMAINS_MAX; i++) {
		if (domains[i] != NULL) {
			return i;
		}
	}
	return DOMAIN_ID_NONE;
}

int domain_create(const struct domain_spec *spec, struct domain **out)
{
	uint64_t blocks = (spec->ram_size + spec->flash_size) / CONTROL_SLOT_SIZE;
	struct domain *d;
	uint32_t id = 1;

	if (world.scribble) {
		memset(pages, 0xff, CONTROL_PAGE_SIZE);
	}
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		if (domains[i] != NULL && strcmp(domains[i]->name, spec->name) == 0) {
			return -EEXIST;
		}
	}
	while (domains[id] != NULL) {
		id++;
	}
	if (blocks * CONTROL_SLOT_SIZE > world.free_bytes) {
		return -ENOMEM;
	}
	if (id > GUESTS) {
		return -ENOSPC;
	}
	d = calloc(1, sizeof(*d));
	memcpy(d->name, spec->name, sizeof(d->name));
	d->id = (uint16_t)id;
	d->unprotected_dma = spec->unprotected_dma;
	d->ram_base = ipa(spec->unprotected_dma ? 0x8c0200000 : 0x40000000);
	d->vcpu_count = spec->vcpu_count;
	d->ram_size = spec->ram_size;
	d->flash_size = spec->flash_size;
	d->unsafe_interrupts = spec->unsafe_interrupts;
	d->ram_block_count = (uint32_t)blocks;
	d->ram_blocks = calloc(1, sizeof(*d->ram_blocks));
	d->ram_blocks[0] = calloc(blocks, sizeof(*d->ram_blocks[0]));
	for (uint64_t i = 0; i < blocks; i++) {
		d->ram_blocks[0][i] = pa((uintptr_t)calloc(1, CONTROL_SLOT_SIZE));
	}
	d->ram_populated = world.cleaning != 0 ? world.cleaning : (uint32_t)blocks;
	d->uart = (struct vuart *)d; /* not NULL is all that is asked */
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		d->vcpus[i] = aligned_alloc(_Alignof(struct vcpu), sizeof(struct vcpu));
		memset(d->vcpus[i], 0, sizeof(struct vcpu));
		d->vcpus[i]->pcpu = i % 2;
		d->vcpus[i]->allowed = SCHED_ANY_CPU;
	}
	domains[id] = d;
	world.free_bytes -= blocks * CONTROL_SLOT_SIZE;
	*out = d;
	return 0;
}

paddr_t domain_ram_block(const struct domain *d, uint32_t i)
{
	assert_true(i < d->ram_populated || d->state == DOMAIN_DYING);
	return d->ram_blocks[0][i];
}

int domain_start(struct domain *d, ipaddr_t pc, uint64_t arg)
{
	if (world.fail_start != 0) {
		return -world.fail_start;
	}
	assert_int_equal(d->state, DOMAIN_BUILDING);
	if (d->ram_populated != d->ram_block_count) {
		return -EAGAIN;
	}
	for (uint32_t i = 0; i < CONTROL_SLOTS; i++) {
		for (uint32_t k = 0; slot_block[i] != 0 && k < d->ram_block_count; k++) {
			assert_true(slot_block[i] != domain_ram_block(d, k).v);
		}
	}
	d->state = DOMAIN_RUNNING;
	world.started_pc = pc.v;
	world.started_arg = arg;
	free(world.started_ram);
	world.started_ram = malloc(d->ram_size + d->flash_size);
	for (uint32_t k = 0; k < d->ram_block_count; k++) {
		memcpy(world.started_ram + k * CONTROL_SLOT_SIZE, heap_va(domain_ram_block(d, k)),
		       CONTROL_SLOT_SIZE);
	}
	return 0;
}

int domain_start_paused(struct domain *d, ipaddr_t pc, uint64_t arg)
{
	int err = domain_start(d, pc, arg);

	d->state = err == 0 ? DOMAIN_PAUSED : d->state;
	return err;
}

int domain_pause(struct domain *d)
{
	if (d->state != DOMAIN_RUNNING) {
		return -EINVAL;
	}
	d->state = DOMAIN_PAUSED;
	return 0;
}

int domain_unpause(struct domain *d)
{
	if (d->state != DOMAIN_PAUSED) {
		return -EINVAL;
	}
	d->state = DOMAIN_RUNNING;
	return 0;
}

int domain_destroy(struct domain *d)
{
	assert_false(d->control);
	if (d->state == DOMAIN_DYING) {
		return -EBUSY;
	}
	d->state = DOMAIN_DYING;
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

int domain_rename(struct domain *d, const char *name)
{
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		if (domains[i] != NULL && strcmp(domains[i]->name, name) == 0) {
			return -EEXIST;
		}
	}
	strcpy(d->name, name);
	return 0;
}

void domain_copy_name(const struct domain *d, char name[DOMAIN_NAME_MAX])
{
	memcpy(name, d->name, DOMAIN_NAME_MAX);
}

void domain_off_is_reboot(struct domain *d, bool reboot)
{
	d->off_is_reboot = reboot;
}

/* A guest that looks does so in the course of some requests, and may then power off. */
struct vgpio_key vgpio_key(struct domain *d)
{
	if (world.key.unread && world.key_looks != 0 && --world.key_looks == 0) {
		world.key.unread = false;
		world.key_seen_down = world.key_seen_down || world.key.down;
		if (world.key.down && world.key_obeyed) {
			d->state = world.key_destroyed ? DOMAIN_DYING : DOMAIN_SHUTDOWN;
			d->reason = d->off_is_reboot ? SHUTDOWN_REBOOT : SHUTDOWN_POWEROFF;
		}
		world.key_looks = world.key_looks_again;
	}
	return world.key;
}

void vgpio_key_move(struct domain *d, bool down)
{
	world.key.unread = world.key.unread || world.key.down != down;
	world.key.down = down;
}

void world_reap(void)
{
	for (uint32_t id = 1; id < DOMAINS_MAX; id++) {
		struct domain *d = domains[id];

		if (d == NULL || d->state != DOMAIN_DYING) {
			continue;
		}
		for (uint32_t i = 0; i < ARRAY_SIZE(functions); i++) {
			if (functions[i].state == FUNCTION_LENT && functions[i].user == id) {
				functions[i].state = FUNCTION_QUARANTINED;
				functions[i].user = DOMAIN_ID_NONE;
			}
		}
		for (uint32_t k = 0; k < d->ram_block_count; k++) {
			for (uint32_t i = 0; i < CONTROL_SLOTS; i++) {
				assert_true(slot_block[i] != domain_ram_block(d, k).v);
			}
			free(heap_va(domain_ram_block(d, k)));
		}
		world.free_bytes += d->ram_size + d->flash_size;
		for (uint32_t i = 0; i < d->vcpu_count; i++) {
			free(d->vcpus[i]);
		}
		free(d->ram_blocks[0]);
		free(d->ram_blocks);
		free(d);
		domains[id] = NULL;
	}
}

uint32_t world_domains(void)
{
	uint32_t count = 0;

	for (uint32_t id = 0; id < DOMAINS_MAX; id++) {
		count += domains[id] != NULL;
	}
	return count;
}

uint32_t sched_cpus_online(void)
{
	return 3;
}

int sched_pin(struct vcpu *v, uint32_t allowed)
{
	if (allowed != SCHED_ANY_CPU && (allowed == 0 || (allowed & ~sched_cpus_online()) != 0)) {
		return -ERANGE;
	}
	v->allowed = allowed;
	return 0;
}

int sched_set_share(struct domain *d, uint32_t weight, uint32_t cap)
{
	return sched_share_set(&d->share, weight, cap, 30);
}

uint64_t sched_cpu_ticks(struct vcpu *v)
{
	return v->cpu_ticks;
}

uint64_t domain_cpu_ticks(struct domain *d)
{
	return d->id == 0 ? 12345 : 0;
}

uint64_t domain_life_ticks(const struct domain *d)
{
	return d->ended - d->started;
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

static uint32_t put_text(const char *text, uint64_t *pos, char *buf, size_t size)
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

	reply.size = put_text("[    0.000000] boot: hello\n", &reply.position,
			      (char *)call->out + sizeof(reply), 10);
	control_reply(call, &reply, sizeof(reply));
	call->out_size += reply.size;
	return 0;
}

/* A guest ends when all it prints has been read. */
uint32_t vuart_output(struct domain *d, uint64_t *pos, char *buf, uint32_t size)
{
	uint32_t n = put_text(world.printed, pos, buf, size);

	if (n == 0 && world.printed != NULL) {
		d->state = DOMAIN_SHUTDOWN;
	}
	return n;
}

uint32_t vuart_input(struct domain *d, const char *s, uint32_t size)
{
	size_t used = strlen(world.typed);

	/* Slowly: three characters at a time. */
	size = size < 3 ? size : 3;
	if (used + size < sizeof(world.typed)) {
		memcpy(world.typed + used, s, size);
	}
	return size;
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

static uint64_t access_region(uint64_t address, uint8_t size, bool write, uint64_t value)
{
	struct mmio_access a = {
		.ipa = ipa(address), .size = size, .write = write, .value = value
	};

	while (fake_access(&control_domain, &world.vcpu, &a) == MMIO_RETRY) {
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

uint8_t *world_page(uint32_t page)
{
	return pages + page * CONTROL_PAGE_SIZE;
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
	for (uint32_t id = 1; id < DOMAINS_MAX; id++) {
		if (domains[id] != NULL &&
		    domains[id]->ram_populated < domains[id]->ram_block_count) {
			domains[id]->ram_populated++;
		}
	}
	if (world.on_ring != NULL) {
		world.on_ring(op);
	}
	ring(w->page);
}

static uint8_t *transport_slot(struct transport *t, uint32_t index)
{
	return aperture + index * CONTROL_SLOT_SIZE;
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
