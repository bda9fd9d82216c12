/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the test images share: a console, checks, exceptions that are counted and stepped over,
 * PSCI, config space. Each image has a test_main(); it says one line a fact and ends in PASS or
 * FAIL and power off.
 */
#ifndef TESTS_GUEST_GUEST_H
#define TESTS_GUEST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <viaduct/guest_map.h>

/* ESR_EL1 of what a test expects (DDI0487 D19.2.40). */
#define EC_UNDEFINED         0x00U
#define EC_INSTRUCTION_ABORT 0x21U /* from EL1 */
#define EC_DATA_ABORT        0x25U
#define FSC_EXTERNAL         0x10U

#define CPUS_MAX 16U

void test_main(void);

/* %s, %d (int), %u (unsigned), %x (64 bits). */
void say(const char *fmt, ...);
/* Says "ok WHAT" or "BAD WHAT". */
void check(const char *what, bool good);
/* As check(), with both values where they differ. */
void check_equal(const char *what, uint64_t got, uint64_t want);
/* PASS if every check was good; does not return. */
void finish(void) __attribute__((noreturn));

/* The kernel command line's NAME=HEX, or other when it is not there. */
uint64_t argument(const char *name, uint64_t other);

/* Exceptions so far on this CPU, and the last one's syndrome and address. */
struct exceptions {
	uint64_t count;
	uint64_t esr;
	uint64_t far;
};

extern struct exceptions exceptions;

/* The statement took exactly one exception of this class; for aborts, an external one. */
#define check_faults(what, ec, statement)                                                          \
	do {                                                                                       \
		uint64_t before_ = exceptions.count;                                               \
		statement;                                                                         \
		check_exception(what, before_, ec);                                                \
	} while (0)
void check_exception(const char *what, uint64_t before, uint32_t ec);

static inline uint8_t read8(uint64_t at)
{
	uint8_t v;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(at) : "memory");
	return v;
}

static inline uint16_t read16(uint64_t at)
{
	uint16_t v;

	__asm__ volatile("ldrh %w0, [%1]" : "=r"(v) : "r"(at) : "memory");
	return v;
}

static inline uint32_t read32(uint64_t at)
{
	uint32_t v;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(at) : "memory");
	return v;
}

static inline uint64_t read64(uint64_t at)
{
	uint64_t v;

	__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(at) : "memory");
	return v;
}

static inline void write8(uint64_t at, uint8_t v)
{
	__asm__ volatile("strb %w0, [%1]" : : "r"(v), "r"(at) : "memory");
}

static inline void write16(uint64_t at, uint16_t v)
{
	__asm__ volatile("strh %w0, [%1]" : : "r"(v), "r"(at) : "memory");
}

static inline void write32(uint64_t at, uint32_t v)
{
	__asm__ volatile("str %w0, [%1]" : : "r"(v), "r"(at) : "memory");
}

static inline void write64(uint64_t at, uint64_t v)
{
	__asm__ volatile("str %0, [%1]" : : "r"(v), "r"(at) : "memory");
}

static inline void barrier(void)
{
	__asm__ volatile("dsb sy\n\tisb" : : : "memory");
}

#define read_sysreg(name)                                                                          \
	({                                                                                         \
		uint64_t v_;                                                                       \
		__asm__ volatile("mrs %0, " #name : "=r"(v_) : : "memory");                        \
		v_;                                                                                \
	})
#define write_sysreg(name, value)                                                                  \
	__asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory")

#define PSCI_VERSION       0x84000000U
#define PSCI_CPU_OFF       0x84000002U
#define PSCI_CPU_ON        0xc4000003U
#define PSCI_AFFINITY_INFO 0xc4000004U
#define PSCI_SYSTEM_OFF    0x84000008U
#define PSCI_SYSTEM_RESET  0x84000009U

int64_t hvc(uint64_t fn, uint64_t a, uint64_t b, uint64_t c);
int64_t smc(uint64_t fn);

/* Start CPU n: it calls run(n), then switches itself off. PSCI's answer. */
int64_t cpu_start(uint32_t n, void (*run)(uint32_t n));
uint32_t cpu_number(void);

void delay_us(uint64_t us);

/* Config space of function 0 of a device on bus 0. */
uint64_t config_address(uint32_t device, uint32_t offset);
/* Number of the first device with these IDs (vendor in the low half), or -1. */
int config_find(uint32_t ids);
#define COMMAND        0x04U
#define COMMAND_MEMORY 0x2U
#define COMMAND_MASTER 0x4U
#define BAR0           0x10U
#define EDU_IDS        0x11e81234U
#define NVME_IDS       0x00101b36U
#define TESTDEV_IDS    0x00051b36U
#define IVSHMEM_IDS    0x11101af4U
/* Offset of a capability of a device, or 0. */
uint32_t config_capability(uint32_t device, uint8_t id);
/*
 * MSI with an address of 64 bits, its capability at cap: one vector, on, whose message is data at
 * address; and off.
 */
void config_msi_on(uint32_t device, uint32_t cap, uint64_t address, uint16_t data);
void config_msi_off(uint32_t device, uint32_t cap);
#define CAP_MSI  0x05U
#define CAP_MSIX 0x11U

/*
 * Distributor and this CPU's interface on, all priorities let through, SGIs enabled. A GICv3, with
 * the argument gic=2 a GICv2, which has no gic_send_sgi().
 */
void gic_init(void);
/* Interrupts are taken by polling: the INTID, which is acknowledged and ended, or GIC_NONE. */
uint32_t gic_take(void);
#define GIC_NONE 1023U
/* The two halves, for what must be served in between. */
uint32_t gic_acknowledge(void);
void gic_end(uint32_t intid);
/* Polls for up to a second. */
bool gic_wait(uint32_t intid);
void gic_send_sgi(uint32_t cpu, uint32_t sgi);
/* Interrupt `intid` of the distributor is let through, to the first CPU. */
void gic_enable_spi(uint32_t intid);

#endif
