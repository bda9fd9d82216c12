/* SPDX-License-Identifier: BSD-2-Clause */
/* What appears on the physical console when several write to it; and where typed text goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/console.h"
#include "core/console_input.h"
#include "core/heap.h"
#include "core/job.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/ram.h"
#include "core/uart.h"
#include "core/vuart.h"
#include "fake_log.h"
#include "irq/irq.h"
#include "platform/early_uart.h"

struct machine machine;

static struct domain control = { .id = 0, .name = "Domain-0", .control = true };
static struct domain guest = { .id = 3, .name = "guest" };
static bool guest_there = true;
static uint64_t mapped; /* where the UART last opened is */

static char screen[32768];
static size_t screen_size;
static const char *typed = "";
static irq_handler uart_interrupt;
static char received[2][64]; /* by domain: control, guest */

static bool has_fifo;
static uint32_t fifo_room; /* if it has one: characters it still takes, until somebody polls */
static uint32_t polls;     /* while it was full */
static struct job *job;

/* A UART that shows text on the screen; its FIFO is full every other time it is asked. */
static void uart_init(volatile uint8_t *regs)
{
	(void)regs;
}

static bool uart_tx_full(const volatile uint8_t *regs)
{
	static bool full;

	(void)regs;
	full = has_fifo ? fifo_room == 0 : !full;
	if (has_fifo && full) {
		polls++;
		/* Time passes for whoever waits. */
		fifo_room = polls % 8 == 0;
	}
	return full;
}

static void uart_put(volatile uint8_t *regs, char c)
{
	(void)regs;
	if (has_fifo) {
		assert_true(fifo_room-- != 0);
	}
	assert_true(screen_size + 1 < sizeof(screen));
	screen[screen_size++] = c;
	screen[screen_size] = '\0';
}

static bool uart_get(volatile uint8_t *regs, char *c)
{
	(void)regs;
	if (*typed == '\0') {
		return false;
	}
	*c = *typed++;
	return true;
}

static const struct uart_ops fake_ops = {
	.compatible = "fake",
	.init = uart_init,
	.tx_full = uart_tx_full,
	.put = uart_put,
	.get = uart_get,
	.ack_rx = uart_init,
	.enable_rx_interrupt = uart_init,
};

const struct uart_ops *uart_driver(const char *compatible)
{
	return strcmp(compatible, "example,unknown") == 0 ? NULL : &fake_ops;
}

volatile void *mmio_map_device(uint64_t base, uint64_t size)
{
	static uint8_t page[4096];

	(void)size;
	mapped = base;
	return page;
}

int irq_request(uint32_t intid, bool edge, irq_handler handler, void *arg)
{
	assert_int_equal(intid, 33);
	assert_false(edge);
	(void)arg;
	uart_interrupt = handler;
	return 0;
}

void irq_enable(uint32_t intid)
{
	(void)intid;
}

void irq_set_affinity(uint32_t intid, uint32_t cpu)
{
	(void)intid;
	(void)cpu;
}

struct domain *domain_by_id(uint32_t id)
{
	return id == 0 ? &control : id == 3 && guest_there ? &guest : NULL;
}

uint32_t domain_next_id(uint32_t from)
{
	return from == 0 ? 0 : from <= 3 && guest_there ? 3 : DOMAIN_ID_NONE;
}

uint32_t vuart_input(struct domain *d, const char *s, uint32_t size)
{
	strncat(received[d == &guest], s, size);
	return size;
}

void heap_stats(uint64_t *used, uint64_t *total)
{
	*used = *total = 0;
}

void ram_stats(uint64_t *free_blocks, uint64_t *total_blocks)
{
	*free_blocks = *total_blocks = 0;
}

void job_init(struct job *j, const struct job_ops *ops)
{
	*j = (struct job){ .ops = ops };
}

void job_start(struct job *j)
{
	assert_null(job);
	job = j;
}

static bool interrupt_waits;

bool job_should_yield(void)
{
	return interrupt_waits;
}

/* As job.c does it: a job may be started again by its finish(). */
static enum job_status step_job(void)
{
	struct job *j = job;
	enum job_status status = j->ops->step(j);

	if (status == JOB_DONE) {
		job = NULL;
		j->ops->finish(j, false);
	}
	return status;
}

void log_set_console_level(enum log_level level)
{
	(void)level;
}

enum log_level log_get_console_level(void)
{
	return LOG_INFO;
}

static void type(const char *text)
{
	typed = text;
	assert_int_equal(uart_interrupt(33, NULL), IRQ_HANDLED);
}

static const char rotate[] = "\x0f\x0f\x0f";

static int setup(void **state)
{
	(void)state;
	memset(&machine, 0, sizeof(machine));
	machine.uart.compatible = "fake";
	machine.uart.regs = (struct range){ 0x9000000, 0x1000 };
	machine.uart.intid = 33;
	guest_there = true;
	console_init();
	console_enable_input();
	while (!console_input_focused(&control)) {
		type(rotate);
	}
	console_line("", 0);
	screen_size = 0;
	screen[0] = '\0';
	memset(received, 0, sizeof(received));
	fake_log_clear();
	return 0;
}

static void out(struct domain *d, const char *s)
{
	console_domain_output(d, s, strlen(s));
}

static void hypervisor(const char *s)
{
	console_line(s, strlen(s));
}

static void test_lines_do_not_mix(void **state)
{
	(void)state;
	out(&control, "boot");
	hypervisor("[1.0] log line");
	out(&control, "ing\r\n");
	hypervisor("second");
	assert_string_equal(screen, "boot\r\n[1.0] log line\r\ning\r\nsecond\r\n");
}

static void test_guest_shows_only_with_focus(void **state)
{
	(void)state;
	out(&guest, "hidden\r\n");
	assert_string_equal(screen, "");
	type(rotate);
	assert_true(console_input_focused(&guest));
	out(&guest, "one\r\ntwo");
	out(&guest, "more\r\n");
	/* The control domain is always shown. */
	out(&control, "alive\r\n");
	assert_string_equal(screen, "(d3) one\r\n(d3) twomore\r\nalive\r\n");
}

static void test_guest_cannot_pose_as_another(void **state)
{
	(void)state;
	type(rotate);
	out(&guest, "a");
	out(&control, "b");
	out(&guest, "c\n");
	assert_string_equal(screen, "(d3) a\r\nb\r\n(d3) c\n");
}

static void test_input_follows_focus(void **state)
{
	(void)state;
	type("ls\r");
	type(rotate);
	type("guest text");
	type(rotate);
	assert_false(console_input_focused(&control));
	type("h");
	assert_true(fake_log_has("keys:"));
	type(rotate);
	type("!");
	assert_string_equal(received[0], "ls\r!");
	assert_string_equal(received[1], "guest text");
}

static void test_focus_of_a_domain_that_is_gone(void **state)
{
	(void)state;
	type(rotate);
	assert_true(console_input_focused(&guest));
	guest_there = false;
	type("x"); /* lost; the focus goes back */
	assert_true(console_input_focused(&control));
	type("y");
	assert_string_equal(received[0], "y");
	assert_string_equal(received[1], "");
}

static void test_unknown_uart_is_not_used(void **state)
{
	(void)state;
	machine.uart.compatible = "example,unknown";
	machine.uart.regs.base = 0x30000000;
	mapped = 0;
	console_init();
	assert_true(fake_log_has("example,unknown"));
	assert_int_equal(mapped, EARLY_UART_BASE);
	hypervisor("still here");
	assert_string_equal(screen, "still here\r\n");
	machine.uart.compatible = NULL;
	fake_log_clear();
	console_init();
	assert_true(fake_log_has("names no UART"));
}

/* Buffered: never undone, so these come last, and the rest of what is queued goes with `drain`. */

static void drain(void)
{
	while (job != NULL) {
		fifo_room = 16;
		step_job();
	}
}

static int setup_buffered(void **state)
{
	setup(state);
	console_start_buffering();
	has_fifo = true;
	drain();
	screen_size = 0;
	screen[0] = '\0';
	fifo_room = 16;
	polls = 0;
	return 0;
}

static int teardown_buffered(void **state)
{
	(void)state;
	drain();
	has_fifo = false;
	return 0;
}

static void test_a_full_fifo_is_not_waited_for(void **state)
{
	(void)state;
	/* A domain's own go straight there while there is room. */
	out(&control, "0123456789abcdefghij");
	assert_string_equal(screen, "0123456789abcdef");
	assert_true(polls < 16);
	hypervisor("one line");
	out(&control, "another");
	assert_string_equal(screen, "0123456789abcdef");
	assert_non_null(job);
	/* The job waits when the FIFO is full, and what is written meanwhile keeps its place. */
	fifo_room = 3;
	assert_int_equal(step_job(), JOB_WAIT);
	assert_string_equal(screen, "0123456789abcdefghi");
	fifo_room = 16;
	out(&control, "!\r\n");
	assert_string_equal(screen, "0123456789abcdefghi");
	drain();
	assert_string_equal(screen, "0123456789abcdefghij\r\none line\r\nanother!\r\n");
	fifo_room = 16;
	out(&control, "direct\r\n");
	assert_null(job);
	polls = 0;
	hypervisor("by the job");
	assert_int_equal(polls, 0);
	drain();
	assert_string_equal(
		screen, "0123456789abcdefghij\r\none line\r\nanother!\r\ndirect\r\nby the job\r\n");
}

/* Even a FIFO that is never full does not take a long line in one go. */
static void test_a_long_line_goes_in_pieces(void **state)
{
	char line[200];
	uint32_t steps = 0;

	(void)state;
	memset(line, 'x', sizeof(line));
	fifo_room = 1000;
	console_line(line, sizeof(line));
	interrupt_waits = true;
	assert_int_equal(step_job(), JOB_MORE);
	assert_int_equal(strlen(screen), 0);
	interrupt_waits = false;
	while (job != NULL) {
		size_t before = strlen(screen);

		step_job();
		assert_in_range(strlen(screen) - before, 0, 100);
		steps++;
	}
	assert_in_range(steps, 2, 10);
	assert_int_equal(strlen(screen), 202);
}

/* Nothing is lost when more is written than is kept: then it is waited for. */
static void test_a_full_queue_is_waited_for(void **state)
{
	char text[99];
	uint32_t lines = 200;

	(void)state;
	fifo_room = 0;
	for (uint32_t i = 0; i < lines; i++) {
		memset(text, 'a' + (int)(i % 26), sizeof(text));
		console_line(text, sizeof(text));
	}
	drain();
	assert_int_equal(strlen(screen), lines * (sizeof(text) + 2));
	for (uint32_t i = 0; i < lines; i++) {
		const char *line = screen + i * (sizeof(text) + 2);

		assert_int_equal(line[0], 'a' + i % 26);
		assert_memory_equal(line + 99, "\r\n", 2);
	}
}

static void test_text_behind_the_last_step(void **state)
{
	struct job *j;

	(void)state;
	fifo_room = 0;
	hypervisor("a");
	j = job;
	fifo_room = 100;
	assert_int_equal(j->ops->step(j), JOB_DONE);
	fifo_room = 0;
	hypervisor("b"); /* before job_end() */
	job = NULL;
	j->ops->finish(j, false);
	assert_ptr_equal(job, j);
	drain();
	assert_string_equal(screen, "a\r\nb\r\n");
}

static void test_flush(void **state)
{
	(void)state;
	fifo_room = 0;
	hypervisor("switched off");
	assert_string_equal(screen, "");
	console_flush();
	assert_string_equal(screen, "switched off\r\n");
}

static void test_forced_output_waits_for_no_lock(void **state)
{
	static struct spinlock held;

	(void)state;
	spin_lock(&held);
	fifo_room = 0;
	hypervisor("before");
	assert_string_equal(screen, "");
	console_force(); /* never undone: the last test */
	assert_false(console_lock_unless_forced(&held));
	assert_string_equal(screen, "before\r\n");
	hypervisor("crash");
	assert_string_equal(screen, "before\r\ncrash\r\n");
}

/* A crash before the console is open. First of all tests, in a process of its own: never undone. */
static void test_forced_output_opens_the_console(void **state)
{
	int status = -1;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		machine.uart.compatible = "fake";
		machine.uart.regs = (struct range){ 0x30890000, 0x1000 };
		hypervisor("lost");
		console_force();
		hypervisor("crash");
		_exit(mapped != 0x30890000 || strcmp(screen, "crash\r\n") != 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forced_output_opens_the_console),
		cmocka_unit_test_setup(test_lines_do_not_mix, setup),
		cmocka_unit_test_setup(test_guest_shows_only_with_focus, setup),
		cmocka_unit_test_setup(test_guest_cannot_pose_as_another, setup),
		cmocka_unit_test_setup(test_input_follows_focus, setup),
		cmocka_unit_test_setup(test_focus_of_a_domain_that_is_gone, setup),
		cmocka_unit_test_setup(test_unknown_uart_is_not_used, setup),
		cmocka_unit_test_setup_teardown(test_a_full_fifo_is_not_waited_for, setup_buffered,
						teardown_buffered),
		cmocka_unit_test_setup_teardown(test_a_long_line_goes_in_pieces, setup_buffered,
						teardown_buffered),
		cmocka_unit_test_setup_teardown(test_a_full_queue_is_waited_for, setup_buffered,
						teardown_buffered),
		cmocka_unit_test_setup_teardown(test_text_behind_the_last_step, setup_buffered,
						teardown_buffered),
		cmocka_unit_test_setup_teardown(test_flush, setup_buffered, teardown_buffered),
		cmocka_unit_test_setup_teardown(test_forced_output_waits_for_no_lock,
						setup_buffered, teardown_buffered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
