/* SPDX-License-Identifier: BSD-2-Clause */
/* Where characters typed at the console go. Runs in one CPU's interrupt context only. */
#include "core/console_input.h"

#include "core/console_focus.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/ram.h"
#include "core/vuart.h"

#define FOCUS_HYPERVISOR DOMAIN_ID_NONE

static uint32_t focus; /* a domain id (the control domain's at first) or FOCUS_HYPERVISOR */
static struct console_escape escape;

bool console_input_focused(const struct domain *d)
{
	return __atomic_load_n(&focus, __ATOMIC_RELAXED) == d->id;
}

static void focus_set(uint32_t to)
{
	struct domain *d = to == FOCUS_HYPERVISOR ? NULL : domain_by_id(to);

	__atomic_store_n(&focus, to, __ATOMIC_RELAXED);
	if (d != NULL) {
		log_info("console", "input goes to d%u %s (Ctrl-o three times to switch)", d->id,
			 d->name);
	} else {
		log_info("console", "input goes to the hypervisor ('h' for help, Ctrl-o three "
				    "times to switch)");
	}
}

/* Domains in order of their ids, then the hypervisor, then from the start. */
static void focus_rotate(void)
{
	uint32_t from = focus == FOCUS_HYPERVISOR ? 0 : focus + 1;

	focus_set(domain_next_id(from));
}

void console_input_first(void)
{
	focus_set(domain_next_id(0));
}

static void key_help(void)
{
	log_info("console", "keys: h help, d domains, m memory, q log levels, C crash report and "
			    "stop, Ctrl-o three times: leave");
}

static void key_domains(void)
{
	static const char *const states[] = {
		[DOMAIN_BUILDING] = "building", [DOMAIN_RUNNING] = "running",
		[DOMAIN_PAUSED] = "paused",     [DOMAIN_SHUTDOWN] = "shut down",
		[DOMAIN_DYING] = "dying",
	};

	for (uint32_t id = domain_next_id(0); id != DOMAIN_ID_NONE; id = domain_next_id(id + 1)) {
		struct domain *d = domain_by_id(id);

		if (d != NULL) {
			log_info("console", "d%u %s: %s, %u vCPUs, %llu MiB", d->id, d->name,
				 states[d->state], d->vcpus_wanted,
				 (unsigned long long)(d->ram_size / SZ_1M));
		}
	}
}

static void key_memory(void)
{
	uint64_t used, total, free_blocks, blocks;

	heap_stats(&used, &total);
	ram_stats(&free_blocks, &blocks);
	log_info("console", "heap %llu of %llu KiB in use; RAM %llu of %llu MiB free",
		 (unsigned long long)used * 4, (unsigned long long)total * 4,
		 (unsigned long long)free_blocks * 2, (unsigned long long)blocks * 2);
}

static void key_log_level(void)
{
	enum log_level level = log_get_console_level() == LOG_DEBUG ? LOG_WARN : LOG_DEBUG;

	log_set_console_level(LOG_INFO);
	log_info("console", "console shows %s",
		 level == LOG_DEBUG ? "everything" : "warnings and errors");
	log_set_console_level(level);
}

static void key_crash(void)
{
	panic("asked for at the console");
}

static const struct {
	char key;
	void (*run)(void);
} keys[] = {
	{ 'h', key_help },
	{ '?', key_help },
	{ 'd', key_domains },
	{ 'm', key_memory },
	{ 'q', key_log_level },
	{ 'C', key_crash },
};

static void hypervisor_key(char c)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].key == c) {
			keys[i].run();
			return;
		}
	}
}

static void deliver(char c)
{
	struct domain *d;

	if (focus == FOCUS_HYPERVISOR) {
		hypervisor_key(c);
		return;
	}
	d = domain_by_id(focus);
	if (d == NULL || domain_is_dying(d)) { /* destroyed while it had the focus */
		focus_set(domain_next_id(0));
		return;
	}
	vuart_input(d, &c, 1);
}

void console_input_char(char c)
{
	struct console_plan plan = console_escape_step(&escape, c);

	if (plan.rotate) {
		focus_rotate();
		return;
	}
	for (uint32_t i = 0; i < plan.escapes; i++) {
		deliver(CONSOLE_ESCAPE);
	}
	if (plan.deliver) {
		deliver(c);
	}
}
