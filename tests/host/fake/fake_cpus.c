/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_cpus.h"

#include <stdlib.h>
#include <string.h>

#define REGISTERS_MAX 256

struct percpu percpus[CPUS_MAX];
uint32_t fake_cpu;
uint64_t fake_now;

static struct {
	const char *name;
	uint32_t cpu;
	uint64_t value;
} registers[REGISTERS_MAX];
static uint32_t register_count;
static uint64_t register_default;

void fake_cpus_reset(uint32_t count)
{
	memset(percpus, 0, sizeof(percpus));
	for (uint32_t i = 0; i < count; i++) {
		percpus[i].index = i;
		percpus[i].online = true;
	}
	fake_cpu = 0;
	fake_now = 0;
	register_count = 0;
	register_default = 0;
}

void fake_sysreg_default(uint64_t value)
{
	register_default = value;
}

void *arch_percpu(void)
{
	return &percpus[fake_cpu];
}

uint64_t ticks_now(void)
{
	return fake_now;
}

static uint64_t *find(const char *name)
{
	for (uint32_t i = 0; i < register_count; i++) {
		if (registers[i].cpu == fake_cpu && strcmp(registers[i].name, name) == 0) {
			return &registers[i].value;
		}
	}
	return NULL;
}

uint64_t fake_sysreg_read(const char *name)
{
	const uint64_t *value = find(name);

	return value != NULL ? *value : register_default;
}

void fake_sysreg_write(const char *name, uint64_t new_value)
{
	uint64_t *value = find(name);

	if (value == NULL) {
		if (register_count == REGISTERS_MAX) {
			abort();
		}
		registers[register_count].name = name;
		registers[register_count].cpu = fake_cpu;
		value = &registers[register_count++].value;
	}
	*value = new_value;
}
