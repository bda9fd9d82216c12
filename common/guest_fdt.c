/* SPDX-License-Identifier: BSD-2-Clause */
/* Written front to back with libfdt's sequential calls; the first error ends it. */
#include "common/guest_fdt_put.h"

#include <viaduct/guest_map.h>

#define KEY_POWER      116U /* the binding of input devices */
#define POWER_KEY_LINE 3U

static int put_chosen(void *fdt, const struct guest_fdt *g)
{
	TRY(fdt_begin_node(fdt, "chosen"));
	TRY(put_string(fdt, "stdout-path", "/pl011@9000000"));
	if (g->bootargs != NULL) {
		TRY(put_string(fdt, "bootargs", g->bootargs));
	}
	if (g->ramdisk_start != g->ramdisk_end) {
		TRY(fdt_property_u64(fdt, "linux,initrd-start", g->ramdisk_start));
		TRY(fdt_property_u64(fdt, "linux,initrd-end", g->ramdisk_end));
	}
	if (g->bridge_count != 0) {
		/* Bus numbers and BARs are the host's, and stay. */
		TRY(fdt_property_u32(fdt, "linux,pci-probe-only", 1));
	}
	if (g->kaslr_seed != 0) {
		TRY(fdt_property(fdt, "rng-seed", g->rng_seed, sizeof(g->rng_seed)));
		TRY(fdt_property_u64(fdt, "kaslr-seed", g->kaslr_seed));
	}
	return fdt_end_node(fdt);
}

/* prefix and at in hexadecimal, which the hypervisor's library has no snprintf for. */
static void node_name(char *name, const char *prefix, uint64_t at)
{
	int digits = 1;

	while (*prefix != '\0') {
		*name++ = *prefix++;
	}
	while (digits < 16 && at >> (4 * digits) != 0) {
		digits++;
	}
	while (digits != 0) {
		*name++ = "0123456789abcdef"[at >> (4 * --digits) & 0xf];
	}
	*name = '\0';
}

static int put_memory(void *fdt, const struct guest_fdt *g)
{
	uint64_t base = g->ram_base != 0 ? g->ram_base : GUEST_RAM_BASE;
	char name[sizeof("memory@") + 16];

	node_name(name, "memory@", base);
	TRY(fdt_begin_node(fdt, name));
	TRY(put_string(fdt, "device_type", "memory"));
	TRY(PUT_CELLS(fdt, "reg", HI(base), LO(base), HI(g->ram_bytes), LO(g->ram_bytes)));
	return fdt_end_node(fdt);
}

static int put_cpus(void *fdt, const struct guest_fdt *g)
{
	char name[] = "cpu@f";

	if (g->vcpu_count > 16) {
		return -FDT_ERR_BADVALUE;
	}
	TRY(fdt_begin_node(fdt, "cpus"));
	TRY(fdt_property_u32(fdt, "#address-cells", 1));
	TRY(fdt_property_u32(fdt, "#size-cells", 0));
	for (uint32_t i = 0; i < g->vcpu_count; i++) {
		name[sizeof("cpu@") - 1] = "0123456789abcdef"[i];
		TRY(fdt_begin_node(fdt, name));
		TRY(put_string(fdt, "device_type", "cpu"));
		TRY(put_string(fdt, "compatible", "arm,armv8"));
		TRY(fdt_property_u32(fdt, "reg", i));
		TRY(put_string(fdt, "enable-method", "psci"));
		TRY(fdt_end_node(fdt));
	}
	return fdt_end_node(fdt);
}

static int put_psci(void *fdt)
{
	TRY(fdt_begin_node(fdt, "psci"));
	TRY(PUT_STRINGS(fdt, "compatible", "arm,psci-1.0\0arm,psci-0.2"));
	TRY(put_string(fdt, "method", "hvc"));
	return fdt_end_node(fdt);
}

static int put_timer(void *fdt)
{
	TRY(fdt_begin_node(fdt, "timer"));
	TRY(put_string(fdt, "compatible", "arm,armv8-timer"));
	TRY(PUT_CELLS(fdt, "interrupts",
		      IRQ_PPI, PPI(GUEST_TIMER_SEC_INTID), IRQ_LEVEL_HIGH,
		      IRQ_PPI, PPI(GUEST_TIMER_PHYS_INTID), IRQ_LEVEL_HIGH,
		      IRQ_PPI, PPI(GUEST_TIMER_VIRT_INTID), IRQ_LEVEL_HIGH,
		      IRQ_PPI, PPI(GUEST_TIMER_HYP_INTID), IRQ_LEVEL_HIGH));
	TRY(put_flag(fdt, "always-on"));
	return fdt_end_node(fdt);
}

static int put_its(void *fdt)
{
	TRY(fdt_begin_node(fdt, "its@8080000"));
	TRY(put_string(fdt, "compatible", "arm,gic-v3-its"));
	TRY(put_flag(fdt, "msi-controller"));
	TRY(fdt_property_u32(fdt, "#msi-cells", 1));
	TRY(PUT_CELLS(fdt, "reg", HI(GUEST_ITS_BASE), LO(GUEST_ITS_BASE), HI(GUEST_ITS_SIZE),
		      LO(GUEST_ITS_SIZE)));
	TRY(fdt_property_u32(fdt, "phandle", PHANDLE_MSI));
	return fdt_end_node(fdt);
}

/* The frame itself says which SPIs are its own. */
static int put_msi_frame(void *fdt)
{
	TRY(fdt_begin_node(fdt, "v2m@8020000"));
	TRY(put_string(fdt, "compatible", "arm,gic-v2m-frame"));
	TRY(put_flag(fdt, "msi-controller"));
	TRY(PUT_CELLS(fdt, "reg", HI(GUEST_V2M_BASE), LO(GUEST_V2M_BASE), HI(GUEST_V2M_SIZE),
		      LO(GUEST_V2M_SIZE)));
	TRY(fdt_property_u32(fdt, "phandle", PHANDLE_MSI));
	return fdt_end_node(fdt);
}

static int put_gicv3(void *fdt, const struct guest_fdt *g)
{
	uint64_t redists = g->vcpu_count * GUEST_GICR_STRIDE;

	TRY(put_string(fdt, "compatible", "arm,gic-v3"));
	TRY(PUT_CELLS(fdt, "reg", HI(GUEST_GICD_BASE), LO(GUEST_GICD_BASE), HI(GUEST_GICD_SIZE),
		      LO(GUEST_GICD_SIZE), HI(GUEST_GICR_BASE), LO(GUEST_GICR_BASE), HI(redists),
		      LO(redists)));
	return 0;
}

static int put_gicv2(void *fdt)
{
	TRY(put_string(fdt, "compatible", "arm,gic-400"));
	TRY(PUT_CELLS(fdt, "reg", HI(GUEST_GICD_BASE), LO(GUEST_GICD_BASE),
		      HI(GUEST_GICD_V2_SIZE), LO(GUEST_GICD_V2_SIZE), HI(GUEST_GICC_BASE),
		      LO(GUEST_GICC_BASE), HI(GUEST_GICC_SIZE), LO(GUEST_GICC_SIZE)));
	return 0;
}

static int put_gic(void *fdt, const struct guest_fdt *g)
{
	TRY(fdt_begin_node(fdt, "intc@8000000"));
	TRY(fdt_property_u32(fdt, "#interrupt-cells", 3));
	TRY(put_flag(fdt, "interrupt-controller"));
	TRY(fdt_property_u32(fdt, "#address-cells", 2));
	TRY(fdt_property_u32(fdt, "#size-cells", 2));
	TRY(put_flag(fdt, "ranges"));
	TRY(fdt_property_u32(fdt, "phandle", PHANDLE_GIC));
	TRY(g->gic_version == 2 ? put_gicv2(fdt) : put_gicv3(fdt, g));
	if (guest_fdt_has_its(g)) {
		TRY(put_its(fdt));
	} else if (g->msi_frame) {
		TRY(put_msi_frame(fdt));
	}
	return fdt_end_node(fdt);
}

static int put_uart(void *fdt)
{
	TRY(fdt_begin_node(fdt, "apb-pclk"));
	TRY(put_string(fdt, "compatible", "fixed-clock"));
	TRY(fdt_property_u32(fdt, "#clock-cells", 0));
	TRY(fdt_property_u32(fdt, "clock-frequency", 24000000));
	TRY(put_string(fdt, "clock-output-names", "clk24mhz"));
	TRY(fdt_property_u32(fdt, "phandle", PHANDLE_CLOCK));
	TRY(fdt_end_node(fdt));

	TRY(fdt_begin_node(fdt, "pl011@9000000"));
	TRY(PUT_STRINGS(fdt, "compatible", "arm,pl011\0arm,primecell"));
	TRY(PUT_CELLS(fdt, "reg", HI(GUEST_UART_BASE), LO(GUEST_UART_BASE), HI(GUEST_UART_SIZE),
		      LO(GUEST_UART_SIZE)));
	TRY(PUT_CELLS(fdt, "interrupts", IRQ_SPI, SPI(GUEST_UART_INTID), IRQ_LEVEL_HIGH));
	TRY(PUT_CELLS(fdt, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK));
	TRY(PUT_STRINGS(fdt, "clock-names", "uartclk\0apb_pclk"));
	return fdt_end_node(fdt);
}

static int put_power_key(void *fdt)
{
	TRY(fdt_begin_node(fdt, "pl061@9030000"));
	TRY(PUT_STRINGS(fdt, "compatible", "arm,pl061\0arm,primecell"));
	TRY(PUT_CELLS(fdt, "reg", HI(GUEST_GPIO_BASE), LO(GUEST_GPIO_BASE), HI(GUEST_GPIO_SIZE),
		      LO(GUEST_GPIO_SIZE)));
	TRY(PUT_CELLS(fdt, "interrupts", IRQ_SPI, SPI(GUEST_GPIO_INTID), IRQ_LEVEL_HIGH));
	TRY(put_flag(fdt, "gpio-controller"));
	TRY(fdt_property_u32(fdt, "#gpio-cells", 2));
	TRY(fdt_property_u32(fdt, "clocks", PHANDLE_CLOCK));
	TRY(put_string(fdt, "clock-names", "apb_pclk"));
	TRY(fdt_property_u32(fdt, "phandle", PHANDLE_GPIO));
	TRY(fdt_end_node(fdt));

	TRY(fdt_begin_node(fdt, "gpio-keys"));
	TRY(put_string(fdt, "compatible", "gpio-keys"));
	TRY(fdt_begin_node(fdt, "poweroff"));
	TRY(put_string(fdt, "label", "power key"));
	TRY(fdt_property_u32(fdt, "linux,code", KEY_POWER));
	TRY(PUT_CELLS(fdt, "gpios", PHANDLE_GPIO, POWER_KEY_LINE, 0));
	TRY(fdt_end_node(fdt));
	return fdt_end_node(fdt);
}

static int put_watchdog(void *fdt)
{
	TRY(fdt_begin_node(fdt, "watchdog@9101000"));
	TRY(put_string(fdt, "compatible", "arm,sbsa-gwdt"));
	/* Control frame first. */
	TRY(PUT_CELLS(fdt, "reg", HI(GUEST_WATCHDOG_CONTROL_BASE), LO(GUEST_WATCHDOG_CONTROL_BASE),
		      HI(GUEST_WATCHDOG_FRAME_SIZE), LO(GUEST_WATCHDOG_FRAME_SIZE),
		      HI(GUEST_WATCHDOG_REFRESH_BASE), LO(GUEST_WATCHDOG_REFRESH_BASE),
		      HI(GUEST_WATCHDOG_FRAME_SIZE), LO(GUEST_WATCHDOG_FRAME_SIZE)));
	TRY(PUT_CELLS(fdt, "interrupts", IRQ_SPI, SPI(GUEST_WATCHDOG_INTID), IRQ_LEVEL_HIGH));
	return fdt_end_node(fdt);
}

static int put_root(void *fdt, const struct guest_fdt *g)
{
	TRY(fdt_begin_node(fdt, ""));
	TRY(put_string(fdt, "compatible", "linux,dummy-virt"));
	TRY(put_string(fdt, "model", "viaduct-guest"));
	TRY(fdt_property_u32(fdt, "#address-cells", 2));
	TRY(fdt_property_u32(fdt, "#size-cells", 2));
	TRY(fdt_property_u32(fdt, "interrupt-parent", PHANDLE_GIC));
	TRY(put_chosen(fdt, g));
	TRY(put_memory(fdt, g));
	TRY(put_cpus(fdt, g));
	TRY(put_psci(fdt));
	TRY(put_timer(fdt));
	TRY(put_gic(fdt, g));
	TRY(put_uart(fdt));
	TRY(put_power_key(fdt));
	if (g->watchdog) {
		TRY(put_watchdog(fdt));
	}
	TRY(guest_fdt_put_pci(fdt, g));
	return fdt_end_node(fdt);
}

int guest_fdt_make(const struct guest_fdt *g, void *buf, size_t size)
{
	TRY(fdt_create(buf, (int)size));
	TRY(fdt_finish_reservemap(buf));
	TRY(put_root(buf, g));
	return fdt_finish(buf);
}
