/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests as a hostile client writes them, and the promises of the aperture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "fake_log.h"
#include "lib/errno.h"

static int setup(void **state)
{
	control_world_init();
	return 0;
}

static int teardown(void **state)
{
	control_world_end();
	return 0;
}

static uint32_t create(const char *name, uint64_t ram)
{
	struct control_domain_create in = { .vcpu_count = 1, .ram_bytes = ram };
	struct control_domain_id out;

	strcpy(in.name, name);
	assert_int_equal(
		world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), &out, sizeof(out)), 0);
	return out.id;
}

static int domain_op(uint32_t op, uint32_t id)
{
	struct control_domain_id in = { .id = id };

	return world_request(0, op, &in, sizeof(in), NULL, 0);
}

static int map(uint32_t page, uint32_t id, uint64_t offset, uint32_t *slot)
{
	struct control_aperture_map in = { .domain = id, .offset = offset };
	struct control_count out = { 0 };
	int err = world_request(page, CONTROL_APERTURE_MAP, &in, sizeof(in), &out, sizeof(out));

	*slot = out.count;
	return err;
}

static int unmap(uint32_t page, uint32_t slot)
{
	struct control_count in = { .count = slot };

	return world_request(page, CONTROL_APERTURE_UNMAP, &in, sizeof(in), NULL, 0);
}

static void test_registers(void **state)
{
	uint64_t base = WORLD_MMIO + CONTROL_PAGES_SIZE;

	assert_int_equal(world_load(base + CONTROL_REG_MAGIC, 4), CONTROL_MAGIC);
	assert_int_equal(world_load(base + CONTROL_REG_ABI, 4), CONTROL_ABI_VERSION);
	world_store(base + CONTROL_REG_ABI, 4, 99);
	assert_int_equal(world_load(base + CONTROL_REG_ABI, 4), CONTROL_ABI_VERSION);
	assert_int_equal(world_load(base + CONTROL_REG_ABI, 1), 0);
	assert_int_equal(world_load(base + 0xffc, 4), 0);
}

/* One function on the segment, and no more bits than asked for. */
static void test_config_window(void **state)
{
	assert_int_equal(world_load(WORLD_ECAM, 4), CONTROL_DEVICE_ID << 16 | CONTROL_VENDOR_ID);
	assert_int_equal(world_load(WORLD_ECAM, 2), CONTROL_VENDOR_ID);
	assert_int_equal(world_load(WORLD_ECAM, 8) & 0xffffffff, world_load(WORLD_ECAM, 4));
	assert_int_equal(world_load(WORLD_ECAM, 8) >> 32, world_load(WORLD_ECAM + 4, 4));
	assert_int_equal(world_load(WORLD_ECAM + 0x1000, 1), 0xff);
	assert_int_equal(world_load(WORLD_ECAM + 0x8000, 4), 0xffffffff);
	assert_int_equal(world_load(WORLD_ECAM + 0xffff8, 8), ~0ULL);
	world_store(WORLD_ECAM + 0x8000, 4, 0);
	assert_int_equal(world_load(WORLD_ECAM, 2), CONTROL_VENDOR_ID);
}

static void test_only_the_control_domain(void **state)
{
	struct domain guest = { .id = 9, .name = "guest" };
	struct domain *control = world.vcpu.domain;

	fake_log_clear();
	world.vcpu.domain = &guest;
	for (uint32_t op = 0; op < CONTROL_OPS + 2; op++) {
		/* The page is not even answered. */
		assert_int_equal(world_request(3, op, NULL, 0, NULL, 0), 12345);
	}
	world.vcpu.domain = control;
	assert_true(fake_log_has("not the control domain"));
	assert_int_equal(world_request(3, CONTROL_NULL, NULL, 0, NULL, 0), 0);
}

static void test_bad_page(void **state)
{
	uint64_t doorbell = WORLD_MMIO + CONTROL_PAGES_SIZE + CONTROL_REG_DOORBELL;

	world_store(doorbell, 4, CONTROL_PAGES);
	world_store(doorbell, 4, 0xffffffff);
	world_store(doorbell, 8, 0);
	world_store(doorbell, 1, 0);
	world_store(doorbell + 4, 4, 0);
	assert_int_equal(world_request(CONTROL_PAGES - 1, CONTROL_NULL, NULL, 0, NULL, 0), 0);
}

static void test_bad_op_and_size(void **state)
{
	static const uint8_t junk[CONTROL_BODY_SIZE];

	assert_int_equal(world_request(0, CONTROL_OPS, NULL, 0, NULL, 0), -ENOSYS);
	assert_int_equal(world_request(0, 0xffffffff, NULL, 0, NULL, 0), -ENOSYS);
	for (uint32_t op = 0; op < CONTROL_OPS; op++) {
		/* No request is of 4, 1000, or all the bytes of a page, let alone 4 GiB. */
		assert_int_equal(world_request(0, op, junk, 4, NULL, 0), -E2BIG);
		assert_int_equal(world_request(0, op, junk, 1000, NULL, 0), -E2BIG);
		assert_int_equal(world_request(0, op, junk, CONTROL_BODY_SIZE, NULL, 0), -E2BIG);
	}
	for (uint32_t op = 0; op < CONTROL_OPS; op++) {
		struct control_header header = { .op = op, .size = 0xffffffff };

		memcpy(world_page(0), &header, sizeof(header));
		world_store(WORLD_MMIO + CONTROL_PAGES_SIZE + CONTROL_REG_DOORBELL, 4, 0);
		memcpy(&header, world_page(0), sizeof(header));
		assert_int_equal(header.result, -E2BIG);
		assert_int_equal(header.size, 0);
	}
}

/* Every request with a body of one repeated byte: nothing dies, every result is an errno or 0. */
static void test_junk(void **state)
{
	static const uint32_t sizes[] = { 0, 8, 16, 24, 72, 80, 264 };
	uint8_t junk[264];
	struct control_header header;

	for (uint32_t op = 0; op < CONTROL_OPS; op++) {
		for (uint32_t byte = 0; byte < 256; byte++) {
			memset(junk, (int)byte, sizeof(junk));
			for (uint32_t i = 0; i < ARRAY_SIZE(sizes); i++) {
				int err = world_request(1, op, junk, sizes[i], NULL, 0);

				assert_true(err <= 0 && err >= -200);
				memcpy(&header, world_page(1), sizeof(header));
				assert_true(header.size <= CONTROL_BODY_SIZE);
			}
		}
	}
	assert_int_equal(world_domains(), 1);
}

static void test_create_checks(void **state)
{
	struct control_domain_create in = { .name = "g", .vcpu_count = 1, .ram_bytes = SZ_2M };

	in.vcpu_count = 0;
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	in.vcpu_count = DOMAIN_VCPUS_MAX + 1;
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	in.vcpu_count = 1;
	memset(in.name, 'a', sizeof(in.name)); /* not terminated */
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	strcpy(in.name, "a\nb");
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	in.name[0] = '\0';
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	strcpy(in.name, "control");
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EEXIST);
	strcpy(in.name, "g");
	in.flags = CONTROL_CREATE_UNPROTECTED_DMA | 1U << 31;
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
}

static void test_unsafe_interrupts(void **state)
{
	struct control_domain_create in = {
		.name = "g", .vcpu_count = 1, .ram_bytes = SZ_2M, .flags = 1U << 31
	};
	struct control_list list = { .max = 1 };
	struct {
		struct control_list_reply head;
		struct control_domain entry;
	} reply;
	struct control_domain_id out;

	/* Flags nobody knows are not passed over. */
	assert_int_equal(world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	in.flags = CONTROL_CREATE_UNSAFE_INTERRUPTS;
	assert_int_equal(
		world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), &out, sizeof(out)), 0);
	assert_true(domain_by_id(out.id)->unsafe_interrupts);
	list.from = out.id;
	assert_int_equal(world_request(0, CONTROL_DOMAIN_LIST, &list, sizeof(list), &reply,
				       sizeof(reply)), 0);
	assert_int_equal(reply.entry.id, out.id);
	assert_int_equal(reply.entry.flags, CONTROL_DOMAIN_UNSAFE_INTERRUPTS);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, out.id), 0);
}

/* Flash is memory of the domain behind its RAM. */
static void test_flash(void **state)
{
	struct control_domain_create in = {
		.name = "g", .vcpu_count = 1, .ram_bytes = SZ_2M, .flash_bytes = 2 * SZ_2M
	};
	struct control_domain_id out;
	uint32_t slot;

	assert_int_equal(
		world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), &out, sizeof(out)), 0);
	assert_int_equal(domain_by_id(out.id)->ram_size, SZ_2M);
	assert_int_equal(domain_by_id(out.id)->flash_size, 2 * SZ_2M);
	assert_int_equal(map(0, out.id, 2 * SZ_2M, &slot), 0);
	assert_int_equal(map(0, out.id, 3 * SZ_2M, &slot), -EINVAL);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, out.id), 0);
}

/* What is written to the page while a request is carried out changes nothing about it. */
static void test_single_fetch(void **state)
{
	struct control_domain_create in = { .name = "g", .vcpu_count = 3, .ram_bytes = SZ_2M };
	struct control_domain_id out;
	struct control_header header;

	world.scribble = true;
	assert_int_equal(
		world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), &out, sizeof(out)), 0);
	memcpy(&header, world_page(0), sizeof(header));
	assert_int_equal(header.op, CONTROL_DOMAIN_CREATE);
	assert_int_equal(header.size, sizeof(out));
	assert_string_equal(domain_by_id(out.id)->name, "g");
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, out.id), 0);
}

static void test_pin_and_share(void **state)
{
	struct control_vcpu_pin pin = { .allowed = 2 };
	struct control_domain_share share = { .weight = 7, .cap = 9 };

	assert_int_equal(world_request(0, CONTROL_VCPU_PIN, &pin, sizeof(pin), NULL, 0), 0);
	assert_int_equal(world.vcpu.allowed, 2);
	pin.vcpu = 1;
	assert_int_equal(world_request(0, CONTROL_VCPU_PIN, &pin, sizeof(pin), NULL, 0), -EINVAL);
	pin.vcpu = ~0U;
	assert_int_equal(world_request(0, CONTROL_VCPU_PIN, &pin, sizeof(pin), NULL, 0), -EINVAL);
	pin = (struct control_vcpu_pin){ .allowed = 4 };
	assert_int_equal(world_request(0, CONTROL_VCPU_PIN, &pin, sizeof(pin), NULL, 0), -ERANGE);
	pin.id = 99;
	assert_int_equal(world_request(0, CONTROL_VCPU_PIN, &pin, sizeof(pin), NULL, 0), -ENOENT);
	/* Looking sets nothing. */
	assert_int_equal(world_request(0, CONTROL_DOMAIN_SHARE, &share, sizeof(share), &share,
				       sizeof(share)), 0);
	assert_int_equal(share.weight, CONTROL_WEIGHT_DEFAULT);
	assert_int_equal(share.cap, 0);
	share = (struct control_domain_share){ .flags = CONTROL_SHARE_CAP, .weight = 7, .cap = 9 };
	assert_int_equal(world_request(0, CONTROL_DOMAIN_SHARE, &share, sizeof(share), &share,
				       sizeof(share)), 0);
	assert_int_equal(share.weight, CONTROL_WEIGHT_DEFAULT);
	assert_int_equal(share.cap, 9);
	share.flags = 1U << 2;
	assert_int_equal(world_request(0, CONTROL_DOMAIN_SHARE, &share, sizeof(share), NULL, 0),
			 -EINVAL);
	share = (struct control_domain_share){ .id = 99 };
	assert_int_equal(world_request(0, CONTROL_DOMAIN_SHARE, &share, sizeof(share), NULL, 0),
			 -ENOENT);
}

static void test_control_domain_is_safe(void **state)
{
	struct control_domain_start start = { .id = 0 };
	struct control_pci_attach attach = { .domain = 0, .sbdf = WORLD_DISK };
	uint32_t slot;

	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, 0), -EPERM);
	assert_int_equal(domain_op(CONTROL_DOMAIN_PAUSE, 0), -EPERM);
	assert_int_equal(world_request(0, CONTROL_DOMAIN_START, &start, sizeof(start), NULL, 0),
			 -EPERM);
	assert_int_equal(world_request(0, CONTROL_PCI_ATTACH, &attach, sizeof(attach), NULL, 0),
			 -EINVAL);
	assert_int_equal(map(0, 0, 0, &slot), -EINVAL);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, 5), -ENOENT);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, 0xffffffff), -ENOENT);
}

/* Counts a client makes up reach no memory; flags nobody knows are refused, not ignored. */
static void test_rom(void **state)
{
	struct control_pci_name name = { .sbdf = WORLD_DISK };
	struct control_pci_attach attach = { .domain = create("g", SZ_2M), .sbdf = WORLD_DISK };
	struct control_pci_rom rom = { .sbdf = 0x900, .size = SZ_4K, .count = 1 };
	struct control_count where;

	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &name, sizeof(name), NULL, 0), 0);
	assert_int_equal(world_request(0, CONTROL_PCI_ROM, &rom, sizeof(rom), NULL, 0), -ENODEV);
	rom.sbdf = WORLD_DISK;
	rom.count = CONTROL_ROM_CHUNK + 1;
	assert_int_equal(world_request(0, CONTROL_PCI_ROM, &rom, sizeof(rom), NULL, 0), -EINVAL);
	rom.count = CONTROL_ROM_CHUNK;
	memset(rom.data, 0x42, sizeof(rom.data));
	assert_int_equal(world_request(0, CONTROL_PCI_ROM, &rom, sizeof(rom), NULL, 0), 0);
	assert_int_equal(world.rom[CONTROL_ROM_CHUNK - 1], 0x42);
	attach.flags = CONTROL_ATTACH_ROM | 1U << 31;
	assert_int_equal(world_request(0, CONTROL_PCI_ATTACH, &attach, sizeof(attach), &where,
				       sizeof(where)), -EINVAL);
	assert_int_equal(world.attach_count, 0);
	attach.flags = CONTROL_ATTACH_ROM;
	assert_int_equal(world_request(0, CONTROL_PCI_ATTACH, &attach, sizeof(attach), &where,
				       sizeof(where)), 0);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, attach.domain), 0);
}

static void test_aperture(void **state)
{
	uint32_t id = create("g", 4 * SZ_2M), slot, other;

	assert_int_equal(map(1, id, SZ_2M, &slot), 0);
	assert_int_equal(world.bytes_flushed, SZ_2M);
	assert_true(world.rings_again >= 15);
	assert_int_equal(world.slots_open, 1);
	/* Offsets: aligned, inside. */
	assert_int_equal(map(1, id, SZ_4K, &other), -EINVAL);
	assert_int_equal(map(1, id, 4 * SZ_2M, &other), -EINVAL);
	assert_int_equal(map(1, id, ~0ULL << 21, &other), -EINVAL);
	assert_int_equal(map(1, 7, 0, &other), -ENOENT);
	/* Another client can neither close it nor take it. */
	assert_int_equal(unmap(2, slot), -EINVAL);
	assert_int_equal(unmap(1, slot ^ 1), -EINVAL);
	assert_int_equal(unmap(1, CONTROL_SLOTS), -EINVAL);
	assert_int_equal(unmap(1, slot), 0);
	assert_int_equal(unmap(1, slot), -EINVAL);
	/* All slots, then none. */
	for (uint32_t i = 0; i < CONTROL_SLOTS; i++) {
		assert_int_equal(map(1, id, 0, &slot), 0);
	}
	assert_int_equal(map(1, id, 0, &slot), -ENOSPC);
	assert_int_equal(world_request(2, CONTROL_CLAIM, NULL, 0, NULL, 0), 0);
	assert_int_equal(world.slots_open, CONTROL_SLOTS);
	/* The page has a new client: what the old one left is closed. */
	assert_int_equal(world_request(1, CONTROL_CLAIM, NULL, 0, NULL, 0), 0);
	assert_int_equal(world.slots_open, 0);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
}

/* A client that is killed while its slot opens leaves nothing behind, nor anything half done. */
static void test_aperture_half_open(void **state)
{
	uint32_t id = create("g", 4 * SZ_2M), slot;

	world.gives_up = true;
	for (uint32_t i = 0; i < 8; i++) {
		map(1, id, i % 4 * SZ_2M, &slot);
	}
	assert_int_equal(world.slots_opened, 0);
	world.gives_up = false;
	/* The next one finishes what it wants itself, from the start, beside what is there. */
	world.bytes_flushed = 0;
	assert_int_equal(map(2, id, SZ_2M, &slot), 0);
	assert_int_equal(world.bytes_flushed, SZ_2M);
	assert_int_equal(unmap(2, slot), 0);
	assert_int_equal(world_request(1, CONTROL_CLAIM, NULL, 0, NULL, 0), 0);
	for (uint32_t i = 0; i < CONTROL_SLOTS; i++) {
		assert_int_equal(map(1, id, 0, &slot), 0);
	}
	assert_int_equal(world_request(1, CONTROL_CLAIM, NULL, 0, NULL, 0), 0);
	/* By its number, by its domain's end. */
	world.gives_up = true;
	map(3, id, 0, &slot);
	assert_int_equal(unmap(2, 0), -EINVAL);
	assert_int_equal(unmap(3, 0), 0);
	map(3, id, 0, &slot);
	world.gives_up = false;
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
	world_reap();
	id = create("h", 4 * SZ_2M);
	world.bytes_flushed = 0;
	assert_int_equal(map(3, id, 0, &slot), 0);
	assert_int_equal(world.bytes_flushed, SZ_2M);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
}

static void test_aperture_waits(void **state)
{
	uint32_t id, slot;

	world.cleaning = 2;
	id = create("g", 4 * SZ_2M);
	assert_int_equal(map(1, id, SZ_2M, &slot), 0);
	assert_int_equal(map(1, id, 2 * SZ_2M, &slot), -EAGAIN);
	assert_int_equal(world.slots_open, 1);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
}

static void test_start_paused(void **state)
{
	uint32_t id = create("a", SZ_2M);
	struct control_domain_start start = { .id = id, .flags = CONTROL_START_PAUSED << 1 };

	assert_int_equal(world_request(1, CONTROL_DOMAIN_START, &start, sizeof(start), NULL, 0),
			 -EINVAL);
	assert_int_equal(domain_by_id(id)->state, DOMAIN_BUILDING);
	start.flags = CONTROL_START_PAUSED;
	assert_int_equal(world_request(1, CONTROL_DOMAIN_START, &start, sizeof(start), NULL, 0), 0);
	assert_int_equal(domain_by_id(id)->state, DOMAIN_PAUSED);
	assert_int_equal(domain_op(CONTROL_DOMAIN_UNPAUSE, id), 0);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
}

/* No slot outlives the domain's BUILDING state, however that ends. */
static void test_aperture_closes(void **state)
{
	uint32_t a = create("a", SZ_2M), b = create("b", SZ_2M), slot;
	struct control_domain_start start = { .id = a, .pc = 0x40000000, .arg = 5 };

	assert_int_equal(map(1, a, 0, &slot), 0);
	assert_int_equal(map(2, b, 0, &slot), 0);
	assert_int_equal(world_request(3, CONTROL_DOMAIN_START, &start, sizeof(start), NULL, 0), 0);
	assert_int_equal(world.slots_open, 1);
	assert_int_equal(map(1, a, 0, &slot), -EINVAL);
	assert_int_equal(world_request(3, CONTROL_DOMAIN_START, &start, sizeof(start), NULL, 0),
			 -EINVAL);
	assert_int_equal(domain_op(CONTROL_DOMAIN_PAUSE, a), 0);
	assert_int_equal(map(1, a, 0, &slot), -EINVAL);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, b), 0);
	assert_int_equal(world.slots_open, 0);
	assert_int_equal(map(2, b, 0, &slot), -EINVAL);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, a), 0);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, a), -EBUSY);
}

static void test_lists(void **state)
{
	struct control_list in = { .from = 0 };
	struct {
		struct control_list_reply head;
		struct control_domain entries[2];
	} domains;
	struct {
		struct control_list_reply head;
		struct control_function entries[4];
	} pci;
	uint32_t id = create("g", SZ_2M);

	assert_int_equal(
		world_request(0, CONTROL_DOMAIN_LIST, &in, sizeof(in), &domains, sizeof(domains)),
		0);
	assert_int_equal(domains.head.count, 2);
	assert_int_equal(domains.head.next, CONTROL_LIST_END);
	assert_string_equal(domains.entries[0].name, "control");
	assert_int_equal(domains.entries[0].flags, CONTROL_DOMAIN_IS_CONTROL);
	assert_int_equal(domains.entries[0].vcpus_running, 1);
	assert_int_equal(domains.entries[1].state, CONTROL_DOMAIN_STATE_BUILDING);
	in.max = 1;
	assert_int_equal(world_request(0, CONTROL_DOMAIN_LIST, &in, sizeof(in), &domains,
				       sizeof(domains.head)),
			 0);
	assert_int_equal(domains.head.count, 1);
	assert_int_equal(domains.head.next, id);
	in = (struct control_list){ .from = 0xffffffff };
	assert_int_equal(world_request(0, CONTROL_DOMAIN_LIST, &in, sizeof(in), &domains,
				       sizeof(domains.head)),
			 0);
	assert_int_equal(domains.head.count, 0);

	in = (struct control_list){ .from = 0 };
	assert_int_equal(world_request(0, CONTROL_PCI_LIST, &in, sizeof(in), &pci, sizeof(pci)), 0);
	assert_int_equal(pci.head.count, 4);
	assert_int_equal(pci.entries[0].flags & CONTROL_FUNCTION_IS_BRIDGE, 1);
	assert_int_equal(pci.entries[1].sbdf, WORLD_DISK);
	assert_int_equal(pci.entries[1].vsbdf, CONTROL_NO_SLOT);
	assert_string_equal(pci.entries[3].broken_why, "identity changed over reset");
	in = (struct control_list){ .from = WORLD_DISK + 1, .max = 1 };
	assert_int_equal(world_request(0, CONTROL_PCI_LIST, &in, sizeof(in), &pci,
				       sizeof(pci.head) + sizeof(pci.entries[0])),
			 0);
	assert_int_equal(pci.head.count, 1);
	assert_int_equal(pci.entries[0].sbdf, WORLD_NIC);
	assert_int_equal(pci.head.next, WORLD_BROKEN);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
}

static void test_examine(void **state)
{
	struct control_pci_examine in = { .sbdf = WORLD_NIC };
	struct control_pci_report r;
	struct pci_function *nic = world_pci(WORLD_NIC);

	nic->its = (struct its *)nic; /* not NULL is all that is asked */
	nic->device_id = (device_id_t){ 0x777 };
	nic->msix = (struct pci_msix){ .cap = 0x40, .entries = 9 };
	nic->msi = (struct pci_msi){ .vectors = 4 }; /* no capability: left-over geometry */
	nic->bars[1] = (struct pci_bar){ .kind = BAR_MEM32, .prefetchable = true, .size = 0x1000,
					 .address = 0x8000, .cpu = { 0x10008000 } };
	nic->bars[2] = (struct pci_bar){ .kind = BAR_IO, .size = 0x20, .address = 0x1000 };
	nic->bars[3] = (struct pci_bar){ .kind = BAR_MEM32, .size = 0x10, .address = 0x9010,
					 .cpu = { 0x10009010 } };
	assert_int_equal(world_request(0, CONTROL_PCI_EXAMINE, &in, sizeof(in), &r, sizeof(r)), 0);
	assert_int_equal(r.sbdf, WORLD_NIC);
	assert_int_equal(r.obstacles, 0);
	assert_int_equal(r.only, CONTROL_NO_DOMAIN);
	assert_int_equal(r.flags, CONTROL_REPORT_IOMMU | CONTROL_REPORT_IOMMU_USABLE |
					  CONTROL_REPORT_ITS);
	assert_int_equal(r.stream, 0x10000 | WORLD_NIC);
	assert_int_equal(r.device_id, 0x777);
	assert_int_equal(r.msix_entries, 9);
	assert_int_equal(r.msi_vectors, 0);
	assert_int_equal(r.bars[0].kind, CONTROL_BAR_NONE);
	assert_int_equal(r.bars[1].flags, CONTROL_BAR_PREFETCHABLE | CONTROL_BAR_OWN_PAGES);
	assert_int_equal(r.bars[1].size, 0x1000);
	assert_int_equal(r.bars[2].kind, CONTROL_BAR_IO);
	assert_int_equal(r.bars[2].flags, 0);
	assert_int_equal(r.bars[3].flags, 0);
	in.sbdf = WORLD_PORT;
	assert_int_equal(world_request(0, CONTROL_PCI_EXAMINE, &in, sizeof(in), &r, sizeof(r)), 0);
	assert_int_equal(r.obstacles, CONTROL_OBSTACLE_BRIDGE);
	in.sbdf = WORLD_NIC + 1;
	assert_int_equal(world_request(0, CONTROL_PCI_EXAMINE, &in, sizeof(in), NULL, 0), -ENODEV);
	assert_int_equal(world_request(0, CONTROL_PCI_EXAMINE, &in, 4, NULL, 0), -E2BIG);
}

static void test_names_of_functions(void **state)
{
	struct control_pci_name in = { .sbdf = WORLD_DISK, .name = "disk" };

	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0), 0);
	in.sbdf = WORLD_NIC;
	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0),
			 -EEXIST);
	memset(in.name, 'x', sizeof(in.name));
	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	/* Again, under another name: no reset, the name changes; without a name it stays. */
	in = (struct control_pci_name){ .sbdf = WORLD_DISK, .name = "other" };
	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0), 0);
	in.name[0] = '\0';
	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0), 0);
	assert_string_equal(world_pci(WORLD_DISK)->name, "other");
	in.sbdf = 0xdead;
	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0),
			 -ENODEV);
	in.sbdf = WORLD_PORT;
	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0),
			 -EPERM);
}

static void test_console(void **state)
{
	uint32_t id = create("g", SZ_2M);
	struct control_text_read read = { .id = id };
	struct control_console_write write = { .id = id, .size = 300 };
	struct {
		struct control_text_reply head;
		char text[5];
	} reply;

	world.printed = "hello";
	assert_int_equal(world_request(0, CONTROL_CONSOLE_READ, &read, sizeof(read), &reply,
				       sizeof(reply.head) + 5),
			 0);
	assert_int_equal(reply.head.size, 5);
	assert_int_equal(reply.head.position, 5);
	assert_memory_equal(reply.text, "hello", 5);
	read.position = ~0ULL;
	assert_int_equal(world_request(0, CONTROL_CONSOLE_READ, &read, sizeof(read), &reply,
				       sizeof(reply.head)),
			 0);
	assert_int_equal(reply.head.size, 0);
	assert_int_equal(world_request(0, CONTROL_CONSOLE_WRITE, &write, sizeof(write), NULL, 0),
			 -EINVAL);
	read.id = write.id = 0;
	assert_int_equal(world_request(0, CONTROL_CONSOLE_READ, &read, sizeof(read), NULL, 0),
			 -EPERM);
	write.size = 1;
	assert_int_equal(world_request(0, CONTROL_CONSOLE_WRITE, &write, sizeof(write), NULL, 0),
			 -EPERM);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
}

static int key(uint32_t id, uint32_t action, uint32_t means, uint32_t *flags)
{
	struct control_power_key in = { .id = id, .action = action, .means = means };
	struct control_power_key_state out = { 0 };
	int err = world_request(0, CONTROL_DOMAIN_POWER_KEY, &in, sizeof(in), &out, sizeof(out));

	*flags = out.flags;
	return err;
}

static void test_power_key(void **state)
{
	uint32_t id = create("g", SZ_2M), flags;

	assert_int_equal(key(id, CONTROL_KEY_LOOK, 0, &flags), 0);
	assert_int_equal(flags, 0);
	assert_int_equal(key(id, CONTROL_KEY_PRESS, CONTROL_REBOOT, &flags), 0);
	assert_int_equal(flags, CONTROL_KEY_DOWN | CONTROL_KEY_UNREAD);
	assert_true(domain_by_id(id)->off_is_reboot);
	/* Who only looks changes nothing. */
	assert_int_equal(key(id, CONTROL_KEY_LOOK, CONTROL_POWEROFF, &flags), 0);
	assert_true(domain_by_id(id)->off_is_reboot);
	assert_int_equal(key(id, CONTROL_KEY_RELEASE, CONTROL_POWEROFF, &flags), 0);
	assert_int_equal(flags, CONTROL_KEY_UNREAD);
	assert_false(domain_by_id(id)->off_is_reboot);
	assert_int_equal(key(id, 3, 0, &flags), -EINVAL);
	assert_int_equal(key(id, CONTROL_KEY_PRESS, CONTROL_CRASH, &flags), -EINVAL);
	assert_false(world.key.down);
	assert_int_equal(key(0, CONTROL_KEY_PRESS, 0, &flags), -EPERM);
	assert_int_equal(key(id + 1, CONTROL_KEY_PRESS, 0, &flags), -ENOENT);
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
	/* On its way out: there may be no key any more. */
	assert_int_equal(key(id, CONTROL_KEY_PRESS, 0, &flags), -ENOENT);
}

static void fill_trace(uint32_t cpu, struct trace_ring *ring)
{
	assert_int_equal(cpu, 1);
	while (ring->head < 200) {
		trace_ring_put(ring, &(struct trace_record){ .time = ring->head, .domain = 3 });
	}
}

/* As many as fit into a reply, with positions that go on where the last one ended. */
static void test_trace(void **state)
{
	struct control_trace set = { .action = CONTROL_TRACE_START };
	struct control_trace_read in = { .cpu = 1 };
	struct {
		struct control_trace_reply reply;
		struct control_trace_record records[126];
	} out;

	assert_int_equal(world_request(0, CONTROL_TRACE_READ, &in, sizeof(in), NULL, 0), -ENOENT);
	assert_int_equal(world_request(0, CONTROL_TRACE, &set, sizeof(set), NULL, 0), 0);
	assert_int_equal(world_request(0, CONTROL_TRACE, &set, sizeof(set), NULL, 0), -EBUSY);
	world.on_trace_read = fill_trace;
	assert_int_equal(world_request(0, CONTROL_TRACE_READ, &in, sizeof(in), &out, sizeof(out)),
			 0);
	assert_int_equal(out.reply.count, 126);
	assert_int_equal(out.reply.position, 126);
	assert_int_equal(out.reply.lost, 0);
	assert_int_equal(out.records[125].time, 125);
	assert_int_equal(out.records[125].domain, 3);
	in.position = 126;
	assert_int_equal(world_request(0, CONTROL_TRACE_READ, &in, sizeof(in), &out,
				       (uint32_t)offsetof(__typeof__(out), records[74])), 0);
	assert_int_equal(out.reply.count, 74);
	assert_int_equal(out.records[73].time, 199);
	in.position = ~0ULL;
	assert_int_equal(world_request(0, CONTROL_TRACE_READ, &in, sizeof(in), &out,
				       sizeof(out.reply)), 0);
	assert_int_equal(out.reply.count, 0);
	in.cpu = 0xffffffff;
	assert_int_equal(world_request(0, CONTROL_TRACE_READ, &in, sizeof(in), NULL, 0), -EINVAL);
	set.action = 2;
	assert_int_equal(world_request(0, CONTROL_TRACE, &set, sizeof(set), NULL, 0), -EINVAL);
	assert_true(world.tracing);
	set.action = CONTROL_TRACE_STOP;
	assert_int_equal(world_request(0, CONTROL_TRACE, &set, sizeof(set), NULL, 0), 0);
	assert_int_equal(world_request(0, CONTROL_TRACE, &set, sizeof(set), NULL, 0), 0);
	assert_false(world.tracing);
}

static void test_rename(void **state)
{
	struct control_domain_rename in = { .id = create("g", SZ_2M), .name = "other" };

	assert_int_equal(world_request(0, CONTROL_DOMAIN_RENAME, &in, sizeof(in), NULL, 0), 0);
	assert_string_equal(domain_by_id(in.id)->name, "other");
	strcpy(in.name, "control");
	assert_int_equal(world_request(0, CONTROL_DOMAIN_RENAME, &in, sizeof(in), NULL, 0),
			 -EEXIST);
	strcpy(in.name, "a b");
	assert_int_equal(world_request(0, CONTROL_DOMAIN_RENAME, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	memset(in.name, 'x', sizeof(in.name));
	assert_int_equal(world_request(0, CONTROL_DOMAIN_RENAME, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	memset(in.name, 0, sizeof(in.name));
	assert_int_equal(world_request(0, CONTROL_DOMAIN_RENAME, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	assert_string_equal(domain_by_id(in.id)->name, "other");
	assert_int_equal(domain_op(CONTROL_DOMAIN_DESTROY, in.id), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_registers),
		TEST(test_config_window),
		TEST(test_only_the_control_domain),
		TEST(test_bad_page),
		TEST(test_bad_op_and_size),
		TEST(test_junk),
		TEST(test_create_checks),
		TEST(test_pin_and_share),
		TEST(test_control_domain_is_safe),
		TEST(test_flash),
		TEST(test_unsafe_interrupts),
		TEST(test_single_fetch),
		TEST(test_rom),
		TEST(test_aperture),
		TEST(test_start_paused),
		TEST(test_aperture_closes),
		TEST(test_aperture_half_open),
		TEST(test_aperture_waits),
		TEST(test_lists),
		TEST(test_examine),
		TEST(test_names_of_functions),
		TEST(test_console),
		TEST(test_power_key),
		TEST(test_rename),
		TEST(test_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
