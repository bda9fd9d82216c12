/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How late a sleeping guest wakes: its timer is set, it waits for the interrupt, and the first
 * thing it does is to read the time. samples=N sleeps of 0.5 to 1.5 ms; ms=N to wait before. For
 * bench/plugin the sleeps are the interval "late"; with each=1, every sleep is.
 */
#include "guest.h"

#define SAMPLES_MAX 4096U
#define TIMER_ON    1U
#define TIMER_PPI   27U

static uint32_t late[SAMPLES_MAX];

static void set_timer(uint64_t deadline)
{
	write_sysreg(cntv_cval_el0, deadline);
	write_sysreg(cntv_ctl_el0, TIMER_ON);
	barrier();
}

/* Interrupts stay masked: WFI ends when one is pending. */
static uint64_t sleep_until(uint64_t deadline)
{
	uint64_t now;

	set_timer(deadline);
	do {
		__asm__ volatile("wfi\n\tisb\n\tmrs %0, cntvct_el0" : "=r"(now) : : "memory");
	} while (now < deadline);
	write_sysreg(cntv_ctl_el0, 0);
	barrier();
	while (gic_take() != TIMER_PPI) {
	}
	return now - deadline;
}

#define MARK(hint)                                                                                 \
	do {                                                                                       \
		register uint64_t x0 __asm__("x0") = 0x6574616cULL; /* "late" */                   \
		register uint64_t x1 __asm__("x1") = 0;                                            \
		register uint64_t x2 __asm__("x2") = 1;                                            \
		__asm__ volatile("hint #" hint : : "r"(x0), "r"(x1), "r"(x2) : "memory");          \
	} while (0)

static void sort(uint32_t *v, uint32_t count)
{
	for (uint32_t gap = count / 2; gap != 0; gap /= 2) {
		for (uint32_t i = gap; i < count; i++) {
			uint32_t x = v[i];
			uint32_t j = i;

			for (; j >= gap && v[j - gap] > x; j -= gap) {
				v[j] = v[j - gap];
			}
			v[j] = x;
		}
	}
}

static uint32_t ns(uint32_t ticks)
{
	return (uint32_t)((uint64_t)ticks * 1000000000 / read_sysreg(cntfrq_el0));
}

void test_main(void)
{
	uint32_t count = (uint32_t)argument("samples", 1000);
	uint64_t ms = read_sysreg(cntfrq_el0) / 1000;
	bool each = argument("each", 0) != 0;
	uint64_t seed = 1;

	count = count > SAMPLES_MAX ? SAMPLES_MAX : count;
	gic_init();
	write32(GUEST_GICR_BASE + 0x10000 + 0x100, 1U << TIMER_PPI);
	sleep_until(read_sysreg(cntvct_el0) + argument("ms", 0) * ms);
	if (!each) {
		MARK("0x70");
	}
	for (uint32_t i = 0; i < count; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		if (each) {
			MARK("0x70");
		}
		late[i] = (uint32_t)sleep_until(read_sysreg(cntvct_el0) + ms / 2 +
						(seed >> 33) % ms);
		if (each) {
			MARK("0x71");
		}
	}
	if (!each) {
		MARK("0x71");
	}
	sort(late, count);
	say("late ns: p50 %u p99 %u max %u of %u", ns(late[count / 2]), ns(late[count * 99 / 100]),
	    ns(late[count - 1]), count);
	check("slept", count != 0);
}
