/* SPDX-License-Identifier: BSD-2-Clause */
/* The physical console: output of the hypervisor and of domains, line by line where it matters. */
#include "core/console.h"

#include "arch/arm64/mmio.h"
#include "core/console_input.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/panic.h"
#include "core/uart.h"
#include "irq/irq.h"
#include "lib/format.h"
#include "lib/string.h"
#include "platform/early_uart.h"

/* Who printed last: a domain id or the hypervisor. */
#define WRITER_HYPERVISOR DOMAIN_ID_NONE

struct console {
	struct spinlock lock;
	const struct uart_ops *ops;
	volatile uint8_t *regs;
	uint64_t base;
	uint32_t writer;
	bool mid_line;
	bool forced;
};

static struct console console = { .writer = WRITER_HYPERVISOR };

bool console_lock_unless_forced(struct spinlock *l)
{
	if (__atomic_load_n(&console.forced, __ATOMIC_RELAXED)) {
		return false;
	}
	spin_lock(l);
	return true;
}

static void console_put(char c)
{
	while (console.ops->tx_full(console.regs)) {
	}
	console.ops->put(console.regs, c);
}

static void console_put_string(const char *s)
{
	for (; *s != '\0'; s++) {
		console_put(*s);
	}
}

/* Console lock held. End the line another writer left open. */
static void console_switch_writer(uint32_t writer)
{
	if (console.mid_line && console.writer != writer) {
		console_put_string("\r\n");
		console.mid_line = false;
	}
	console.writer = writer;
}

static void console_attach(const struct uart_ops *ops, uint64_t base, uint64_t size)
{
	console.regs = mmio_map_device(base, size);
	console.base = base;
	ops->init(console.regs);
	console.ops = ops;
}

/* False: on the UART compiled in, for want of another. */
static bool console_open(void)
{
	const struct uart_ops *ops = NULL;

	if (machine.uart.compatible != NULL) {
		ops = uart_driver(machine.uart.compatible);
	}
	if (ops != NULL) {
		console_attach(ops, machine.uart.regs.base, machine.uart.regs.size);
	} else {
		console_attach(uart_driver(EARLY_UART_COMPATIBLE), EARLY_UART_BASE,
			       EARLY_UART_SIZE);
	}
	return ops != NULL;
}

void console_init(void)
{
	if (console_open()) {
		log_info("console", "%s, %s", machine.uart.path, console.ops->compatible);
	} else if (machine.uart.compatible == NULL) {
		log_warn("console", "the device tree names no UART; using the one at 0x%llx",
			 (unsigned long long)console.base);
	} else {
		log_warn("console", "%s: no driver for %s; using the UART at 0x%llx",
			 machine.uart.path, machine.uart.compatible,
			 (unsigned long long)console.base);
	}
}

void console_force(void)
{
	__atomic_store_n(&console.forced, true, __ATOMIC_RELAXED);
	if (console.ops == NULL) {
		console_open();
	}
}

void console_write(const char *s, size_t size)
{
	const struct uart_ops *ops = console.ops;
	bool locked;

	if (ops == NULL || size == 0) {
		return;
	}
	locked = console_lock_unless_forced(&console.lock);
	console_switch_writer(WRITER_HYPERVISOR);
	for (size_t i = 0; i < size; i++) {
		if (s[i] == '\n') {
			console_put('\r');
		}
		while (ops->tx_full(console.regs)) {
		}
		ops->put(console.regs, s[i]);
	}
	console.mid_line = s[size - 1] != '\n';
	if (locked) {
		spin_unlock(&console.lock);
	}
}

void console_domain_output(struct domain *d, const char *s, size_t size)
{
	char prefix[12] = "";
	bool locked;

	if (console.ops == NULL || (!d->control && !console_input_focused(d))) {
		return;
	}
	if (!d->control) {
		format(prefix, sizeof(prefix), "(d%u) ", d->id);
	}
	locked = console_lock_unless_forced(&console.lock);
	console_switch_writer(d->id);
	for (size_t i = 0; i < size; i++) {
		/* "\r\n" from a domain must not open a new line between its two characters. */
		if (!console.mid_line && s[i] != '\r' && s[i] != '\n') {
			console_put_string(prefix);
		}
		console_put(s[i]);
		if (s[i] != '\r') {
			console.mid_line = s[i] != '\n';
		}
	}
	if (locked) {
		spin_unlock(&console.lock);
	}
}

static enum irq_result console_interrupt(uint32_t intid, void *arg)
{
	char c;

	console.ops->ack_rx(console.regs);
	while (console.ops->get(console.regs, &c)) {
		console_input_char(c);
	}
	return IRQ_HANDLED;
}

void console_enable_input(void)
{
	int err;

	if (machine.uart.intid == 0 || machine.uart.regs.base != console.base) {
		log_warn("console", "no input: the UART has no interrupt in the device tree");
		return;
	}
	err = irq_request(machine.uart.intid, false, console_interrupt, NULL);
	if (err != 0) {
		log_warn("console", "no input: interrupt %u: error %d", machine.uart.intid, err);
		return;
	}
	irq_set_affinity(machine.uart.intid, 0);
	irq_enable(machine.uart.intid);
	console.ops->enable_rx_interrupt(console.regs);
}
