/* SPDX-License-Identifier: BSD-2-Clause */
/* via trace: the file it writes, and what goes wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "via/trace_json.h"
#include "via_run.h"

static char *text;
static size_t text_size;

/* A file in memory, of hz ticks a second. */
static FILE *begin(struct trace_json *t, uint64_t hz, uint32_t only)
{
	FILE *f = open_memstream(&text, &text_size);

	trace_json_begin(t, f, hz, only);
	return f;
}

static void end(struct trace_json *t, FILE *f)
{
	trace_json_end(t);
	fclose(f);
}

#define HEAD                                                                             \
	"{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n"                             \
	"{\"ph\": \"M\", \"pid\": 65535, \"tid\": 0, \"name\": \"process_name\", \"args\": " \
	"{\"name\": \"CPUs\"}}"

static void test_empty(void **state)
{
	static struct trace_json t;

	end(&t, begin(&t, 1000, CONTROL_NO_DOMAIN));
	assert_string_equal(text, HEAD "\n]}\n");
	free(text);
}

static void test_events(void **state)
{
	static struct trace_json t;
	FILE *f = begin(&t, 62500000, CONTROL_NO_DOMAIN);

	trace_json_domain(&t, 2, "a\"b\\c");
	trace_json_domain(&t, 2, "another");
	trace_json_record(&t, 1, &(struct control_trace_record){
		.time = 62500000ULL * 100000 + 1, .ticks = 5, .reason = CONTROL_EXIT_MMIO_PCI,
		.domain = 2, .vcpu = 3, .next_domain = 2, .next_vcpu = 3, .detail = 0x3f000010 });
	trace_json_record(&t, 1, &(struct control_trace_record){
		.time = 62500000ULL * 100000 + 106, .ticks = 125, .reason = CONTROL_EXIT_IRQ,
		.domain = 2, .vcpu = 3, .next_vcpu = 1, .intid = 8195 });
	trace_json_record(&t, 1, &(struct control_trace_record){
		.kind = CONTROL_TRACE_INJECT, .time = 62500000ULL * 100000 + 231, .vcpu = 1,
		.intid = 27 });
	end(&t, f);
	assert_string_equal(text, HEAD ",\n"
		"{\"ph\": \"M\", \"pid\": 2, \"tid\": 0, \"name\": \"process_name\", \"args\": "
		"{\"name\": \"a\\\"b\\\\c\"}},\n"
		"{\"ph\": \"X\", \"pid\": 2, \"tid\": 3, \"ts\": 100000000000.016, \"dur\": 0.080, "
		"\"name\": \"mmio_pci\", \"args\": {\"cpu\": 1, \"detail\": \"0x3f000010\"}},\n"
		"{\"ph\": \"X\", \"pid\": 2, \"tid\": 3, \"ts\": 100000000000.096, \"dur\": 1.600, "
		"\"name\": \"runs\", \"args\": {\"cpu\": 1}},\n"
		"{\"ph\": \"X\", \"pid\": 65535, \"tid\": 1, \"ts\": 100000000000.096, "
		"\"dur\": 1.600, \"name\": \"domain 2 vCPU 3\"},\n"
		"{\"ph\": \"X\", \"pid\": 2, \"tid\": 3, \"ts\": 100000000001.696, \"dur\": 2.000, "
		"\"name\": \"irq 8195\", \"args\": {\"cpu\": 1, \"intid\": 8195, "
		"\"next\": \"domain 0 vCPU 1\"}},\n"
		"{\"ph\": \"i\", \"pid\": 0, \"tid\": 1, \"ts\": 100000000003.696, \"s\": \"t\", "
		"\"name\": \"interrupt 27\", \"args\": {\"cpu\": 1, \"intid\": 27}}\n]}\n");
	free(text);
}

static void exit_at(struct trace_json *t, uint32_t cpu, uint64_t time, uint32_t ticks,
		    uint16_t domain, uint16_t next)
{
	trace_json_record(t, cpu, &(struct control_trace_record){
		.time = time, .ticks = ticks, .reason = CONTROL_EXIT_WFX, .domain = domain,
		.next_domain = next });
}

static uint32_t count_of(const char *part)
{
	uint32_t count = 0;

	for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
		count++;
	}
	return count;
}

/* One domain's events are those that its vCPUs are in. */
static void test_one_domain(void **state)
{
	static struct trace_json t;
	FILE *f = begin(&t, 1000000, 1);

	exit_at(&t, 0, 100, 10, 0, 1);
	exit_at(&t, 0, 150, 10, 1, 0);
	exit_at(&t, 0, 200, 10, 0, 0);
	end(&t, f);
	assert_int_equal(count_of("\"pid\": 0,"), 0);
	assert_int_equal(count_of("\"name\": \"runs\""), 1);
	assert_says(text, "\"ts\": 110.000, \"dur\": 40.000");
	free(text);
}

/* Nobody is said to have run where that is not known. */
static void test_gaps(void **state)
{
	static struct trace_json t;
	FILE *f = begin(&t, 1000000, CONTROL_NO_DOMAIN);

	trace_json_lost(&t, 0, 5);
	exit_at(&t, 0, 100, 10, 1, 1);
	trace_json_lost(&t, 0, 7);
	exit_at(&t, 0, 200, ~0U, 1, 1);
	exit_at(&t, 0, 300, 1, 1, 1);
	/* CPUs do not mix; another CPU's number than there can be is no CPU. */
	exit_at(&t, 1, 400, 1, 1, 1);
	exit_at(&t, CONTROL_CPUS_MAX, 500, 1, 1, 1);
	trace_json_lost(&t, CONTROL_CPUS_MAX, 1);
	end(&t, f);
	assert_int_equal(count_of("\"name\": \"runs\""), 0);
	assert_int_equal(count_of("\"name\": \"wfx\""), 4);
	assert_int_equal(count_of("records lost"), 1);
	assert_says(text, "\"ts\": 110.000, \"s\": \"t\", \"name\": \"7 records lost\"");
	free(text);
}

static uint64_t written;

/* 300 of CPU 0, then no more; three rings full of CPU 1 before its first look. */
static void on_trace_read(uint32_t cpu, struct trace_ring *ring)
{
	uint64_t count = cpu == 0 ? 300 : 3 * TRACE_RING_RECORDS;

	while (ring->head < count) {
		struct trace_record r = { .time = 100 * ring->head, .ticks = 1,
					  .reason = EXIT_HVC };

		trace_ring_put(ring, &r);
		written++;
	}
}

static void test_command(void **state)
{
	char line[256];
	FILE *f;

	world.on_trace_read = on_trace_read;
	written = 0;
	snprintf(line, sizeof(line), "trace -s 0.1 -o %s control", path_of("trace"));
	assert_int_equal(via(line), 0);
	assert_false(world.tracing);
	assert_string_equal(out, "");
	assert_says(err, "via trace: 20480 records were lost: they came too fast\n");
	assert_int_equal(written, 300 + 3 * TRACE_RING_RECORDS);
	text = malloc(8 << 20);
	f = fopen(path_of("trace"), "r");
	text[fread(text, 1, (8 << 20) - 1, f)] = '\0';
	fclose(f);
	assert_int_equal(count_of("\"name\": \"hvc\""), 300 + TRACE_RING_RECORDS / 2);
	assert_int_equal(count_of("\"name\": \"control\""), 1);
	assert_string_equal(text + strlen(text) - 5, "}\n]}\n");
	free(text);
	unlink(path_of("trace"));
}

/* Each look is an exit, so it leaves a record. */
static void on_look(uint32_t cpu, struct trace_ring *ring)
{
	trace_ring_put(ring, &(struct trace_record){ .reason = EXIT_MMIO_OTHER });
	written++;
}

static void test_own_looks(void **state)
{
	world.on_trace_read = on_look;
	written = 0;
	assert_int_equal(via("trace -s 0.1"), 0);
	/* Every 10 ms, of a few CPUs. */
	assert_in_range(written, 1, 10 * CONTROL_CPUS_MAX);
}

static void test_standard_output(void **state)
{
	assert_int_equal(via("trace -s 0.01"), 0);
	assert_true(strncmp(out, HEAD, strlen(HEAD)) == 0);
	assert_string_equal(err, "");
}

static void test_bad(void **state)
{
	char line[256], path[128];
	FILE *f;

	assert_int_equal(via("trace -s 0"), 2);
	assert_says(err, "via trace: -s: \"0\" is no number of seconds up to 3600\n");
	assert_int_equal(via("trace -s nan"), 2);
	assert_int_equal(via("trace -s 1x"), 2);
	assert_int_equal(via("trace a b"), 2);
	/* Long options of other commands have no place here, least of all without the value. */
	assert_int_equal(via("trace --svg"), 2);
	assert_int_equal(via("top -b --show-names"), 2);
	assert_int_equal(via("trace nobody"), 1);
	assert_says(err, "no domain is called \"nobody\"");
	assert_int_equal(via("trace -o /nowhere/file"), 1);
	assert_says(err, "via trace: /nowhere/file: No such file or directory\n");
	assert_false(world.tracing);
	/* Somebody else's goes on, and the file is not touched. */
	snprintf(path, sizeof(path), "%s", path_of("kept"));
	write_file("kept", "text", 4);
	world.tracing = true;
	snprintf(line, sizeof(line), "trace -o %s", path);
	assert_int_equal(via(line), 1);
	assert_says(err, "via trace: exits are recorded already, or were until a moment ago\n");
	assert_true(world.tracing);
	f = fopen(path, "r");
	assert_int_equal(fread(line, 1, sizeof(line), f), 4);
	fclose(f);
	unlink(path);
	world.tracing = false;
}

/* The disk is full. */
static void test_full(void **state)
{
	world.on_trace_read = on_trace_read;
	assert_int_equal(via("trace -s 30 -o /dev/full"), 1);
	assert_says(err, "via trace: /dev/full: No space left on device\n");
	assert_false(world.tracing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_one_domain),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test_setup_teardown(test_command, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_own_looks, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_standard_output, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_bad, via_setup, via_teardown),
		cmocka_unit_test_setup_teardown(test_full, via_setup, via_teardown),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
