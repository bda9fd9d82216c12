/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's machine put together, and what is left when a part of it cannot be had: nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include <viaduct/guest_map.h>

#include "core/domain_build.h"
#include "core/machine.h"
#include "core/vgpio.h"
#include "core/vuart.h"
#include "core/vwatchdog.h"
#include "fake_log.h"
#include "iommu/iommu.h"
#include "irq/vgic.h"
#include "irq/vits.h"
#include "irq/vmsi.h"
#include "lib/errno.h"
#include "vpci/vpci.h"

struct machine machine;

enum part { NONE, VGIC, VGIC_CPU, VITS, VMSI, VUART, VGPIO, VWATCHDOG, VPCI, FLASH, PARTS };

static bool here[PARTS];
static enum part failing;
static struct vgic_config gic;
static uint32_t cpus_left; /* of it */
static uint32_t frame_spis; /* of the MSI frame that was made */
static uint32_t vectors;    /* the host has for a guest without ITS */
static uint64_t flash_base, flash_end;
static int flush_answer;
static uint32_t counts_on; /* asked so often, the watchdog has not stopped */
static struct domain d;

static int come(enum part part)
{
	if (part == failing) {
		return -ENOMEM;
	}
	assert_false(here[part]);
	here[part] = true;
	return 0;
}

/* As the real ones: what is not there may be destroyed. */
static void go(enum part part)
{
	here[part] = false;
}

int vgic_begin(struct domain *dom, const struct vgic_config *config)
{
	int ret = come(VGIC);

	gic = *config;
	dom->vgic = ret == 0 ? (struct vgic *)dom : NULL;
	cpus_left = 3;
	return ret;
}

int vgic_add_cpu(struct domain *dom)
{
	assert_true(here[VGIC] && cpus_left != 0);
	return failing == VGIC_CPU ? -ENOMEM : --cpus_left == 0 ? 0 : -EAGAIN;
}

void vgic_destroy(struct domain *dom)
{
	assert_false(here[VITS] || here[VMSI] || here[VUART] || here[VGPIO] || here[VPCI]);
	go(VGIC);
}

bool vgic_clear_slice(struct domain *dom)
{
	return true;
}

int vits_create(struct domain *dom, ipaddr_t base, const struct vits_ops *ops)
{
	assert_true(here[VGIC]);
	assert_int_equal(base.v, GUEST_ITS_BASE);
	return come(VITS);
}

bool vits_clear_slice(struct domain *dom)
{
	return true;
}

void vits_destroy(struct domain *dom)
{
	go(VITS);
}

int vmsi_create(struct domain *dom, ipaddr_t at, uint32_t first, uint32_t count)
{
	assert_int_equal(at.v, GUEST_V2M_BASE);
	assert_int_equal(first, GUEST_V2M_INTID);
	assert_true(first + count <= 32 + gic.spi_count);
	frame_spis = count;
	return come(VMSI);
}

void vmsi_destroy(struct domain *dom)
{
	go(VMSI);
}

int vuart_create(struct domain *dom, ipaddr_t base, uint32_t intid)
{
	return come(VUART);
}

void vuart_destroy(struct domain *dom)
{
	go(VUART);
}

int vgpio_create(struct domain *dom, ipaddr_t base, uint32_t intid)
{
	return come(VGPIO);
}

void vgpio_destroy(struct domain *dom)
{
	go(VGPIO);
}

int vwatchdog_create(struct domain *dom, ipaddr_t refresh, ipaddr_t control, uint32_t intid)
{
	assert_true(here[VGIC]);
	assert_int_not_equal(refresh.v, control.v);
	return come(VWATCHDOG);
}

bool vwatchdog_stop(struct domain *dom)
{
	return counts_on == 0 || counts_on-- == 0;
}

void vwatchdog_destroy(struct domain *dom)
{
	assert_int_equal(counts_on, 0);
	go(VWATCHDOG);
}

uint32_t vpci_unsafe_vectors(void)
{
	return vectors;
}

int vpci_create_guest(struct domain *dom)
{
	return come(VPCI);
}

bool vpci_destroy(struct domain *dom)
{
	go(VPCI);
	return true;
}

struct its_device *vpci_host_device(struct domain *dom, uint32_t vdevice)
{
	return NULL;
}

bool vpci_share_end(struct domain *dom)
{
	(void)dom;
	return true;
}

enum job_status lend_reclaim(struct domain *dom)
{
	return JOB_DONE;
}

int iommu_flush_vmid(uint16_t vmid)
{
	return flush_answer;
}

int mmio_add(struct mmio_map *map, ipaddr_t base, uint64_t size, const struct mmio_ops *ops,
	     void *opaque)
{
	flash_base = base.v;
	flash_end = base.v + size;
	return come(FLASH);
}

static int setup(void **state)
{
	(void)state;
	memset(here, 0, sizeof(here));
	memset(&d, 0, sizeof(d));
	strcpy(d.name, "guest");
	d.id = 1;
	machine.gic.version = 3;
	failing = NONE;
	vectors = 0;
	flush_answer = 0;
	counts_on = 0;
	fake_log_clear();
	return 0;
}

static int build_gic(void)
{
	int ret;

	do {
		ret = domain_build_gic(&d);
	} while (ret == -EAGAIN);
	return ret;
}

static void build(void)
{
	assert_int_equal(domain_build_check(&d), 0);
	assert_int_equal(build_gic(), 0);
	assert_int_equal(cpus_left, 0);
	assert_int_equal(domain_build_guest(&d), 0);
	assert_true(here[VGIC] && here[VUART] && here[VGPIO] && here[FLASH] && !here[VPCI]);
	assert_int_equal(domain_build_guest_pci(&d), 0);
}

static void test_with_an_its(void **state)
{
	(void)state;
	build();
	assert_true(here[VITS] && here[VPCI] && !here[VMSI]);
	assert_true(gic.has_its);
	assert_int_equal(gic.spi_count, GUEST_SPI_COUNT);
	assert_int_equal(fake_log_lines, 0);
	assert_false(here[VWATCHDOG]);
	setup(state);
	machine.gic.version = 2;
	build();
	assert_true(!here[VITS] && !here[VMSI] && !gic.has_its);
}

/* A frame in place of an ITS, and said. Who may reach all memory need not ask for it. */
static void test_unsafe_interrupts(void **state)
{
	for (uint32_t i = 0; i < 4; i++) {
		setup(state);
		machine.gic.version = i & 1 ? 2 : 3;
		vectors = 8;
		d.unsafe_interrupts = true;
		d.unprotected_dma = i & 2;
		build();
		assert_true(here[VMSI] && !here[VITS] && !gic.has_its);
		assert_int_equal(frame_spis, 8);
		assert_true(d.unsafe_interrupts);
		assert_true(fake_log_has("1 (guest): unsafe interrupts: no ITS"));
	}
	setup(state);
	vectors = GUEST_V2M_COUNT;
	d.unsafe_interrupts = true;
	build();
	assert_int_equal(frame_spis, GUEST_V2M_COUNT);
}

/* Asked for where an ITS is: it is not so, and whoever asked in words is told. */
static void test_no_difference(void **state)
{
	(void)state;
	d.unsafe_interrupts = true;
	build();
	assert_true(here[VITS] && !here[VMSI]);
	assert_false(d.unsafe_interrupts);
	assert_true(fake_log_has("make no difference here"));
	setup(state);
	d.unsafe_interrupts = d.unprotected_dma = true;
	build();
	assert_false(d.unsafe_interrupts);
	assert_int_equal(fake_log_lines, 0);
}

static void test_flash(void **state)
{
	(void)state;
	build();
	assert_int_equal(flash_base, GUEST_FLASH1_BASE);
	assert_int_equal(flash_end, GUEST_FLASH_END);
	setup(state);
	d.flash_size = 0x200000;
	build();
	assert_int_equal(flash_base, GUEST_FLASH0_BASE);
	assert_int_equal(flash_end, GUEST_FLASH_END);
}

static void test_a_driver_domain_has_bridges_later(void **state)
{
	(void)state;
	d.drives = true;
	build();
	assert_false(here[VPCI]);
}

static void nothing_is_left(void)
{
	for (uint32_t i = 0; i < PARTS; i++) {
		assert_false(here[i]);
	}
}

static void test_each_part_may_fail(void **state)
{
	for (enum part part = VGIC; part < PARTS; part++) {
		int ret;

		setup(state);
		vectors = part == VMSI ? 8 : 0;
		d.unsafe_interrupts = part == VMSI;
		d.has_watchdog = part >= VWATCHDOG;
		failing = part;
		assert_int_equal(domain_build_check(&d), 0);
		ret = build_gic();
		ret = ret == 0 ? domain_build_guest(&d) : ret;
		ret = ret == 0 ? domain_build_guest_pci(&d) : ret;
		assert_int_equal(ret, -ENOMEM);
		assert_int_equal(domain_unbuild_guest(&d), 0);
		here[FLASH] = false; /* goes with the map of trapped regions */
		nothing_is_left();
	}
}

/* Known when it is asked for. */
static void test_more_vcpus_than_its_gic_has(void **state)
{
	for (uint32_t version = 2; version <= 3; version++) {
		machine.gic.version = version;
		d.vcpus_wanted = VGIC_V2_CPUS_MAX;
		assert_int_equal(domain_build_check(&d), 0);
		d.vcpus_wanted++;
		assert_int_equal(domain_build_check(&d), version == 2 ? -EINVAL : 0);
	}
}

/* That an IOMMU did not confirm is told, and the rest goes all the same. */
static void test_end(void **state)
{
	for (uint32_t i = 0; i < 2; i++) {
		setup(state);
		vectors = 8 * i;
		d.unsafe_interrupts = i != 0;
		flush_answer = i != 0 ? -EIO : 0;
		d.has_watchdog = i != 0;
		build();
		assert_int_equal(here[VWATCHDOG], i != 0);
		counts_on = i;
		assert_int_equal(domain_unbuild_slice(&d), i != 0 ? JOB_WAIT : JOB_DONE);
		assert_int_equal(domain_unbuild_slice(&d), JOB_DONE);
		assert_int_equal(domain_unbuild_guest(&d), flush_answer);
		here[FLASH] = false;
		nothing_is_left();
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_with_an_its, setup),
		cmocka_unit_test_setup(test_unsafe_interrupts, setup),
		cmocka_unit_test_setup(test_no_difference, setup),
		cmocka_unit_test_setup(test_flash, setup),
		cmocka_unit_test_setup(test_a_driver_domain_has_bridges_later, setup),
		cmocka_unit_test_setup(test_each_part_may_fail, setup),
		cmocka_unit_test_setup(test_more_vcpus_than_its_gic_has, setup),
		cmocka_unit_test_setup(test_end, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
