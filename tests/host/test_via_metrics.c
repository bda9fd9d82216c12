/* SPDX-License-Identifier: BSD-2-Clause */
/* metrics: read back as strictly as Prometheus' text format 0.0.4 allows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "via_run.h"

#define SAMPLES_MAX 512

/* "name{labels}" of each sample, and its value. */
static struct {
	char key[256];
	char value[32];
} samples[SAMPLES_MAX];
static size_t sample_count;

static char families[64][64];
static size_t family_count;

static size_t name_length(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyz_");
}

/* The quoted value at s: its end, behind the closing quote. */
static const char *skip_value(const char *s)
{
	assert_int_equal(*s++, '"');
	while (*s != '"') {
		assert_true(*s != '\0' && *s != '\n');
		if (*s == '\\') {
			s++;
			assert_true(*s == '\\' || *s == '"' || *s == 'n');
		}
		s++;
	}
	return s + 1;
}

/* {name="value",...} at s: its end. */
static const char *skip_labels(const char *s)
{
	do {
		s++;
		assert_true(name_length(s) > 0);
		s += name_length(s);
		assert_int_equal(*s, '=');
		s = skip_value(s + 1);
	} while (*s == ',');
	assert_int_equal(*s, '}');
	return s + 1;
}

static void read_sample(const char *line, const char *family)
{
	size_t length = name_length(line);
	const char *end = line + length;
	char *number_end;

	assert_true(length == strlen(family) && memcmp(line, family, length) == 0);
	if (*end == '{') {
		end = skip_labels(end);
	}
	assert_int_equal(*end, ' ');
	strtod(end + 1, &number_end);
	assert_true(number_end != end + 1 && *number_end == '\0');
	assert_true(sample_count < SAMPLES_MAX);
	snprintf(samples[sample_count].key, sizeof(samples[0].key), "%.*s", (int)(end - line),
		 line);
	snprintf(samples[sample_count].value, sizeof(samples[0].value), "%s", end + 1);
	for (size_t i = 0; i < sample_count; i++) {
		assert_string_not_equal(samples[i].key, samples[sample_count].key);
	}
	sample_count++;
}

/* HELP: a family that was not there before. */
static void begin_family(const char *line, char family[64])
{
	size_t length = name_length(line);

	assert_true(length > 0 && length < 64 && line[length] == ' ' && line[length + 1] != '\0');
	snprintf(family, 64, "%.*s", (int)length, line);
	for (size_t i = 0; i < family_count; i++) {
		assert_string_not_equal(families[i], family);
	}
	assert_true(family_count < 64);
	strcpy(families[family_count++], family);
}

static void read_type(const char *line, const char *family)
{
	size_t length = strlen(family);
	bool total = length > 6 && strcmp(family + length - 6, "_total") == 0;

	assert_true(strncmp(line, family, length) == 0);
	assert_string_equal(line + length, total ? " counter" : " gauge");
}

static void read_metrics(void)
{
	static char text[sizeof(out)];
	bool typed = true;
	char family[64] = "";

	sample_count = 0;
	family_count = 0;
	strcpy(text, out);
	assert_true(text[0] != '\0' && text[strlen(text) - 1] == '\n');
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		if (strncmp(line, "# HELP ", 7) == 0) {
			assert_true(typed);
			typed = false;
			begin_family(line + 7, family);
		} else if (strncmp(line, "# TYPE ", 7) == 0) {
			assert_false(typed);
			typed = true;
			read_type(line + 7, family);
		} else {
			assert_true(typed);
			read_sample(line, family);
		}
	}
}

static void assert_sample(const char *key, const char *value)
{
	for (size_t i = 0; i < sample_count; i++) {
		if (strcmp(samples[i].key, key) == 0) {
			assert_string_equal(samples[i].value, value);
			return;
		}
	}
	fail_msg("no %s in: %s", key, out);
}

static bool has_label(const char *label)
{
	for (size_t i = 0; i < sample_count; i++) {
		if (strstr(samples[i].key, label) != NULL) {
			return true;
		}
	}
	return false;
}

static void test_machine_and_functions(void **state)
{
	struct pci_function *disk = world_pci(WORLD_DISK);

	assert_int_equal(via("pci-assignable-add -n disk 02:00.0"), 0);
	disk->fault_count = 5;
	disk->reset_count = 18446744073709551615ULL;
	disk->meter.total = 6;
	disk->storm.count = 7;
	disk->errors_corrected = 8;
	disk->errors_uncorrected = 9;
	assert_int_equal(via("metrics"), 0);
	assert_string_equal(err, "");
	read_metrics();
	assert_sample("viaduct_free_bytes", "536870912");
	assert_sample("viaduct_cpus", "2");
	assert_sample("viaduct_lpis_used", "9");
	assert_sample("viaduct_function_faults_total{function=\"0000:02:00.0\"}", "5");
	assert_sample("viaduct_function_resets_total{function=\"0000:02:00.0\"}",
		      "18446744073709551615");
	assert_sample("viaduct_function_interrupts_total{function=\"0000:02:00.0\"}", "6");
	assert_sample("viaduct_function_storms_total{function=\"0000:02:00.0\"}", "7");
	assert_sample("viaduct_function_errors_total{function=\"0000:02:00.0\","
		      "severity=\"corrected\"}",
		      "8");
	assert_sample("viaduct_function_errors_total{function=\"0000:02:00.0\","
		      "severity=\"uncorrected\"}",
		      "9");
	assert_sample("viaduct_function_info{function=\"0000:02:00.0\",name=\"disk\","
		      "id=\"1b36:0010\",class=\"010802\",domain=\"\"}",
		      "1");
	assert_sample("viaduct_function_info{function=\"0000:03:00.0\",name=\"\","
		      "id=\"1b36:0010\",class=\"010802\",domain=\"control\"}",
		      "1");
	assert_sample("viaduct_function_state{function=\"0000:04:00.0\",state=\"broken\"}", "1");
	assert_sample("viaduct_function_state{function=\"0000:04:00.0\",state=\"owned\"}", "0");
	assert_sample("viaduct_function_state{function=\"0000:02:00.0\",state=\"assignable\"}",
		      "1");
}

/* Where no IOMMU confines DMA, this is said of the function and of whom it is lent to. */
static void test_not_isolated(void **state)
{
	world_pci(WORLD_DISK)->iommu = NULL;
	assert_int_equal(create_with("memory = 32; pci = [ '02:00.0,seize=1' ]",
				     "unprotected_dma=1"),
			 0);
	assert_int_equal(via("metrics"), 0);
	read_metrics();
	assert_sample("viaduct_function_isolated{function=\"0000:02:00.0\"}", "0");
	assert_sample("viaduct_function_isolated{function=\"0000:03:00.0\"}", "1");
	assert_sample("viaduct_domain_isolated{domain=\"guest\"}", "0");
	assert_sample("viaduct_domain_isolated{domain=\"control\"}", "1");
	assert_int_equal(via("destroy guest"), 0);
}

/* Names are the user's: they end no label, and no line. */
static void test_domains(void **state)
{
	assert_int_equal(create_with("memory = 32; pci = [ '02:00.0,seize=1' ]",
				     "-p vcpus=2 name='we\"i\\\\rd{},='"),
			 0);
	assert_int_equal(via("metrics"), 0);
	read_metrics();
	assert_sample("viaduct_domain_cpu_seconds_total{domain=\"control\"}", "12.345000000");
	assert_sample("viaduct_domain_exits_total{domain=\"control\",reason=\"hvc\"}", "42");
	assert_sample("viaduct_domain_exits_total{domain=\"control\",reason=\"mmio_pci\"}", "0");
	assert_sample("viaduct_domain_interrupts_total{domain=\"control\"}", "7");
	assert_sample("viaduct_domain_table_bytes{domain=\"control\"}", "20480");
	assert_sample("viaduct_domain_table_limit_bytes{domain=\"control\"}", "2097152");
	assert_sample("viaduct_domain_state{domain=\"control\",state=\"running\"}", "1");
	assert_sample("viaduct_domain_memory_bytes{domain=\"we\\\"i\\\\rd{},=\"}", "33554432");
	assert_sample("viaduct_domain_vcpus{domain=\"we\\\"i\\\\rd{},=\"}", "2");
	assert_sample("viaduct_domain_state{domain=\"we\\\"i\\\\rd{},=\",state=\"paused\"}", "1");
	assert_sample("viaduct_domain_state{domain=\"we\\\"i\\\\rd{},=\",state=\"running\"}", "0");
	assert_true(has_label("{function=\"0000:02:00.0\",name=\"\",id=\"1b36:0010\","
			      "class=\"010802\",domain=\"we\\\"i\\\\rd{},=\"}"));
	assert_int_equal(via("destroy 1"), 0);
}

/* The guest ends when it is its turn to be asked for. */
static void end_guest(uint32_t op)
{
	struct domain *d = domain_by_id(1);

	if (op == CONTROL_DOMAIN_STATS && d != NULL) {
		domain_destroy(d);
		world_reap();
	}
}

static void test_domain_that_ends(void **state)
{
	assert_int_equal(create("memory = 32"), 0);
	world.on_ring = end_guest;
	assert_int_equal(via("metrics"), 0);
	world.on_ring = NULL;
	read_metrics();
	assert_false(has_label("domain=\"guest\""));
	assert_sample("viaduct_domain_vcpus{domain=\"control\"}", "1");
}

static void test_usage(void **state)
{
	assert_int_equal(via("metrics all"), 2);
	assert_string_equal(out, "");
	assert_string_equal(err, "usage: via metrics \n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, via_setup, via_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_machine_and_functions),
		TEST(test_domains),
		TEST(test_domain_that_ends),
		TEST(test_not_isolated),
		TEST(test_usage),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
