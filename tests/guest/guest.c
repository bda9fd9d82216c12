/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#include <stdarg.h>

#define UART_DR (GUEST_UART_BASE + 0x00)
#define UART_FR (GUEST_UART_BASE + 0x18)
#define FR_TXFF 0x20U

#define FDT_PROP 3U

struct frame {
	uint64_t x[31];
	uint64_t elr;
	uint64_t spsr;
};

/* Called from start.S. */
void guest_start(uint64_t fdt, uint64_t current_el);
void guest_secondary(uint64_t n);
void guest_exception(uint64_t kind, struct frame *f);
extern char secondary_entry[];

/* The compiler may call these. */
void *memset(void *to, int value, size_t size);
void *memcpy(void *to, const void *from, size_t size);

struct exceptions exceptions;
static unsigned int bad_checks;
static unsigned int checks;
static const char *bootargs = "";
static bool on_bare_metal;
static void (*cpu_run[CPUS_MAX])(uint32_t n);

void *memset(void *to, int value, size_t size)
{
	volatile char *p = to;

	while (size-- != 0) {
		*p++ = (char)value;
	}
	return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
	volatile char *p = to;
	const char *q = from;

	while (size-- != 0) {
		*p++ = *q++;
	}
	return to;
}

static void put(char c)
{
	while ((read32(UART_FR) & FR_TXFF) != 0) {
	}
	write32(UART_DR, (uint8_t)c);
}

static void put_number(uint64_t value, unsigned int base)
{
	char text[20];
	unsigned int n = 0;

	do {
		text[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	while (n != 0) {
		put(text[--n]);
	}
}

static void put_text(const char *s)
{
	while (*s != '\0') {
		put(*s++);
	}
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt != '\0'; fmt++) {
		if (*fmt != '%') {
			put(*fmt);
			continue;
		}
		switch (*++fmt) {
		case 's':
			put_text(va_arg(ap, const char *));
			break;
		case 'x':
			put_number(va_arg(ap, uint64_t), 16);
			break;
		case 'd': {
			int value = va_arg(ap, int);

			if (value < 0) {
				put('-');
			}
			put_number((uint64_t)(value < 0 ? -(int64_t)value : value), 10);
			break;
		}
		case 'u':
		default:
			put_number(va_arg(ap, unsigned int), 10);
			break;
		}
	}
	va_end(ap);
	put('\n');
}

void check(const char *what, bool good)
{
	checks++;
	bad_checks += good ? 0 : 1;
	say("%s %s", good ? "ok" : "BAD", what);
}

void check_equal(const char *what, uint64_t got, uint64_t want)
{
	if (got != want) {
		say("0x%x, wanted 0x%x:", got, want);
	}
	check(what, got == want);
}

void check_exception(const char *what, uint64_t before, uint32_t ec)
{
	uint64_t count = exceptions.count - before;
	uint32_t got = (uint32_t)(exceptions.esr >> 26) & 0x3f;
	bool abort = ec == EC_DATA_ABORT || ec == EC_INSTRUCTION_ABORT;
	bool good = count == 1 && got == ec &&
		    (!abort || (exceptions.esr & 0x3f) == FSC_EXTERNAL);

	if (!good) {
		say("%u exceptions, the last with ESR 0x%x, FAR 0x%x:", (unsigned int)count,
		    exceptions.esr, exceptions.far);
	}
	check(what, good);
}

void finish(void)
{
	say("%u checks, %u bad", checks, bad_checks);
	say(bad_checks == 0 && checks != 0 ? "PASS" : "FAIL");
	if (on_bare_metal) {
		smc(PSCI_SYSTEM_OFF);
	} else {
		hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
	}
	for (;;) {
	}
}

int64_t hvc(uint64_t fn, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = fn;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
	return (int64_t)x0;
}

int64_t smc(uint64_t fn)
{
	register uint64_t x0 __asm__("x0") = fn;

	__asm__ volatile("smc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
	return (int64_t)x0;
}

/* Data accesses are stepped over; a fetch from nowhere returns to where it was called from. */
void guest_exception(uint64_t kind, struct frame *f)
{
	uint64_t esr = read_sysreg(esr_el1);

	if (kind != 0) {
		say("exception of kind %u, ELR 0x%x", (unsigned int)kind, f->elr);
		say("FAIL");
		hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
	}
	exceptions.count++;
	exceptions.esr = esr;
	exceptions.far = read_sysreg(far_el1);
	f->elr = (esr >> 26 & 0x3f) == EC_INSTRUCTION_ABORT ? f->x[30] : f->elr + 4;
}

static uint32_t be32(uint64_t at)
{
	return __builtin_bswap32(read32(at));
}

static bool same(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* Only properties matter, so only they are understood: bootargs is unique. */
static void find_bootargs(uint64_t fdt)
{
	uint64_t at = fdt + be32(fdt + 8);
	uint64_t end = at + be32(fdt + 36);
	uint64_t strings = fdt + be32(fdt + 12);

	while (at < end) {
		uint32_t token = be32(at);

		at += 4;
		if (token == 1) { /* begin node: its name follows */
			while (read8(at) != 0) {
				at++;
			}
			at = (at + 4) & ~3ULL;
		} else if (token == FDT_PROP) {
			uint32_t size = be32(at);

			if (same((const char *)(uintptr_t)(strings + be32(at + 4)), "bootargs")) {
				bootargs = (const char *)(uintptr_t)(at + 8);
			}
			at = (at + 8 + size + 3) & ~3ULL;
		}
	}
}

uint64_t argument(const char *name, uint64_t other)
{
	for (const char *p = bootargs; *p != '\0'; p++) {
		const char *n = name;
		const char *q = p;
		uint64_t value = 0;

		while (*n != '\0' && *n == *q) {
			n++;
			q++;
		}
		if (*n != '\0' || *q != '=') {
			continue;
		}
		for (q++; *q != ' ' && *q != '\0'; q++) {
			value = value << 4 | (uint64_t)(*q <= '9' ? *q - '0' : *q - 'a' + 10);
		}
		return value;
	}
	return other;
}

uint32_t cpu_number(void)
{
	return (uint32_t)read_sysreg(mpidr_el1) & 0xff;
}

int64_t cpu_start(uint32_t n, void (*run)(uint32_t n))
{
	if (n < CPUS_MAX) {
		cpu_run[n] = run;
	}
	barrier();
	return hvc(PSCI_CPU_ON, n, (uint64_t)(uintptr_t)secondary_entry, n);
}

void guest_secondary(uint64_t n)
{
	cpu_run[n]((uint32_t)n);
	barrier();
	hvc(PSCI_CPU_OFF, 0, 0, 0);
}

void delay_us(uint64_t us)
{
	uint64_t end = read_sysreg(cntvct_el0) + read_sysreg(cntfrq_el0) / 1000000 * us;

	while (read_sysreg(cntvct_el0) < end) {
	}
}

uint64_t config_address(uint32_t device, uint32_t offset)
{
	return GUEST_PCI_ECAM_BASE + (device << 15) + offset;
}

int config_find(uint32_t ids)
{
	for (uint32_t device = 0; device < 32; device++) {
		if (read32(config_address(device, 0)) == ids) {
			return (int)device;
		}
	}
	return -1;
}

uint32_t config_capability(uint32_t device, uint8_t id)
{
	uint32_t at = read8(config_address(device, 0x34));

	for (int steps = 0; at != 0 && steps < 48; steps++) {
		if (read8(config_address(device, at)) == id) {
			return at;
		}
		at = read8(config_address(device, at + 1));
	}
	return 0;
}

static void msi_enable(uint32_t device, uint32_t cap, uint32_t on)
{
	uint64_t control = config_address(device, cap + 2);

	write16(control, (uint16_t)((read16(control) & ~1U) | on));
}

void config_msi_on(uint32_t device, uint32_t cap, uint64_t address, uint16_t data)
{
	write32(config_address(device, cap + 4), (uint32_t)address);
	write32(config_address(device, cap + 8), (uint32_t)(address >> 32));
	write16(config_address(device, cap + 12), data);
	msi_enable(device, cap, 1);
}

void config_msi_off(uint32_t device, uint32_t cap)
{
	msi_enable(device, cap, 0);
}

void guest_start(uint64_t fdt, uint64_t current_el)
{
	on_bare_metal = current_el >> 2 == 2;
	find_bootargs(fdt);
	test_main();
	finish();
}
