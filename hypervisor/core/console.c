/* SPDX-License-Identifier: BSD-2-Clause */
/* The physical console: output of the hypervisor and of domains, line by line where it matters. */
#include "core/console.h"

#include "arch/arm64/mmio.h"
#include "core/console_input.h"
#include "core/job.h"
#include "core/log.h"
#include "core/log_ring.h"
#include "core/machine.h"
#include "core/panic.h"
#include "core/uart.h"
#include "irq/irq.h"
#include "lib/format.h"
#include "lib/string.h"
#include "platform/early_uart.h"

/* Who printed last: a domain id or the hypervisor. */
#define WRITER_HYPERVISOR DOMAIN_ID_NONE

/*
 * A UART takes a millisecond for ten characters, and EL2 runs with interrupts masked: text is
 * queued, and a job sends it as the FIFO takes it.
 */
#define QUEUE_SIZE 16384U
#define STEP_MAX   64U /* characters a step of the job sends... */
#define LOOK_EVERY 16U /* ...looking for interrupts as often as that */

struct console {
	struct spinlock lock;
	struct text_ring queue;
	uint64_t sent; /* position in it */
	bool buffered;
	bool sending; /* the job is active or about to end */
	struct job job;
	const struct uart_ops *ops;
	volatile uint8_t *regs;
	uint64_t base;
	uint32_t writer;
	bool mid_line;
	bool forced;
};

static char queue_text[QUEUE_SIZE];
static struct console console = {
	.writer = WRITER_HYPERVISOR,
	.queue = { .text = queue_text, .size = QUEUE_SIZE },
};

bool console_lock_unless_forced(struct spinlock *l)
{
	if (__atomic_load_n(&console.forced, __ATOMIC_RELAXED)) {
		return false;
	}
	spin_lock(l);
	return true;
}

/* However long it takes. */
static void console_send(char c)
{
	while (console.ops->tx_full(console.regs)) {
	}
	console.ops->put(console.regs, c);
}

static bool is_empty(void)
{
	return console.sent == console.queue.head;
}

static void send_first(void)
{
	char c;

	if (text_ring_get(&console.queue, &console.sent, &c, 1) == 1) {
		console_send(c);
	}
}

static void send_all(void)
{
	while (!is_empty()) {
		send_first();
	}
}

/* Console lock held. */
static void console_put(const char *s, size_t size)
{
	bool queued = console.buffered && !__atomic_load_n(&console.forced, __ATOMIC_RELAXED);

	for (; size != 0 && !queued; size--) {
		console_send(*s++);
	}
	while (size != 0) {
		size_t free = QUEUE_SIZE - (console.queue.head - console.sent);
		size_t n = MIN(size, free);

		if (free == 0) {
			send_first();
		}
		text_ring_put(&console.queue, s, n);
		s += n;
		size -= n;
	}
}

/* Console lock held. A domain prints one by one: not worth a job while the FIFO has room. */
static void console_put_soon(char c)
{
	if (is_empty() && !console.ops->tx_full(console.regs)) {
		console.ops->put(console.regs, c);
	} else {
		console_put(&c, 1);
	}
}

static enum job_status send_step(struct job *j)
{
	enum job_status status = JOB_MORE;

	(void)j;
	spin_lock(&console.lock);
	for (uint32_t i = 0; i < STEP_MAX && status == JOB_MORE; i++) {
		if (is_empty()) {
			status = JOB_DONE;
		} else if (i % LOOK_EVERY == 0 && job_should_yield()) {
			break;
		} else if (console.ops->tx_full(console.regs)) {
			status = JOB_WAIT;
		} else {
			send_first();
		}
	}
	spin_unlock(&console.lock);
	return status;
}

/* Text may have come behind the last step. */
static void send_finish(struct job *j, bool cancelled)
{
	(void)cancelled;
	spin_lock(&console.lock);
	console.sending = !is_empty();
	if (console.sending) {
		job_start(j);
	}
	spin_unlock(&console.lock);
}

static const struct job_ops send_job = {
	.name = "console",
	.step = send_step,
	.finish = send_finish,
};

/* The end of a call, console lock held unless forced. */
static void console_end(bool locked)
{
	if (!is_empty() && !console.sending && locked) {
		console.sending = true;
		job_start(&console.job);
	}
	if (locked) {
		spin_unlock(&console.lock);
	}
}

/* Console lock held. End the line another writer left open. */
static void console_switch_writer(uint32_t writer)
{
	if (console.mid_line && console.writer != writer) {
		console_put("\r\n", 2);
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
	send_all();
}

void console_start_buffering(void)
{
	job_init(&console.job, &send_job);
	console.buffered = true;
}

void console_flush(void)
{
	bool locked = console_lock_unless_forced(&console.lock);

	send_all();
	if (locked) {
		spin_unlock(&console.lock);
	}
}

void console_line(const char *s, size_t size)
{
	bool locked;

	if (console.ops == NULL) {
		return;
	}
	locked = console_lock_unless_forced(&console.lock);
	console_switch_writer(WRITER_HYPERVISOR);
	console_put(s, size);
	console_put("\r\n", 2);
	console.mid_line = false;
	console_end(locked);
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
			console_put(prefix, strlen(prefix));
		}
		console_put_soon(s[i]);
		if (s[i] != '\r') {
			console.mid_line = s[i] != '\n';
		}
	}
	console_end(locked);
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
