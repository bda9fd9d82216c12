/* SPDX-License-Identifier: BSD-2-Clause */
#include "thread_cpus.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/panic.h"
#include "core/sched.h"
#include "core/trace.h"
#include "irq/gic.h"
#include "irq/irq.h"
#include "irq/its.h"

#define LINES      64
#define NOTHING    1023 /* ICC_IAR1_EL1 when no interrupt is pending */
#define RUN_MS     2000
#define SOAK_MS    20000
#define RUNS_MAX   60 /* on a slow machine */
#define TICKS_EACH 5 /* time runs as often as it is asked for */

struct percpu percpus[CPUS_MAX];

static struct cpu {
	struct vcpu vcpu;
	uint64_t random;
	bool awake; /* not parked */
	uint32_t intid; /* being asserted at this CPU */
} cpus[THREAD_CPUS_MAX];

static _Thread_local uint32_t self;
static uint64_t ticks;
static uint32_t running;
static bool over;

static struct {
	bool enabled;
	bool pending;
} lines[LINES];

void thread_require(bool ok, const char *what, const char *file, int line)
{
	if (!ok) {
		fprintf(stderr, "%s:%d: does not hold on CPU %u: %s\n", file, line, self, what);
		abort();
	}
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	abort();
}

void panic_stop_if_wanted(void)
{
}

void trace_follow(void)
{
}

/* What a line is made of is read, as it is for the console. */
static void say(const char *fmt, va_list ap)
{
	char text[256];

	vsnprintf(text, sizeof(text), fmt, ap);
}

void log_begin(struct log_text *l, const char *area)
{
	l->length = 0;
}

void log_add(struct log_text *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void log_end(struct log_text *l, enum log_level level)
{
}

void log_line(enum log_level level, const char *area, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void log_domain(struct domain *d, enum log_level level, const char *area, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

/* arch. */

void *arch_percpu(void)
{
	return &percpus[self];
}

uint64_t ticks_now(void)
{
	return __atomic_add_fetch(&ticks, TICKS_EACH, __ATOMIC_RELAXED);
}

uint64_t fake_sysreg_read(const char *name)
{
	/* ISR_EL1: now and then an interrupt waits, and a job ends its slice. */
	return strcmp(name, "isr_el1") == 0 && any(4) == 0;
}

void cache_clean(const void *va, uint64_t size)
{
}

void cache_zero(void *va, uint64_t size)
{
	memset(va, 0, size);
}

/* The scheduler: a vCPU that waits is a thread that does not go on. */

void sched_block(struct vcpu *v, enum vcpu_state why)
{
	__atomic_store_n(&cpus[v->index].awake, false, __ATOMIC_RELAXED);
}

/* As the scheduler's lock: what the waker did before is seen by who wakes up. */
void sched_wake(struct vcpu *v)
{
	__atomic_store_n(&cpus[v->index].awake, true, __ATOMIC_RELEASE);
}

void sched_tick(void)
{
}

/* The interrupt controller. */

static uint32_t acknowledge(void)
{
	uint32_t intid = cpus[self].intid;

	cpus[self].intid = NOTHING;
	for (uint32_t i = 0; intid == NOTHING && i < LINES; i++) {
		if (__atomic_load_n(&lines[i].enabled, __ATOMIC_RELAXED) &&
		    __atomic_exchange_n(&lines[i].pending, false, __ATOMIC_RELAXED)) {
			intid = i;
		}
	}
	return intid;
}

static void enable(uint32_t intid, bool edge)
{
	__atomic_store_n(&lines[intid].enabled, true, __ATOMIC_RELAXED);
}

static void disable(uint32_t intid)
{
	__atomic_store_n(&lines[intid].enabled, false, __ATOMIC_RELAXED);
}

static void set_pending(uint32_t intid)
{
	__atomic_store_n(&lines[intid].pending, true, __ATOMIC_RELAXED);
}

/* A wire that somebody may assert. */
static bool is_pending(uint32_t intid)
{
	return any(4) != 0;
}

static void set_active(uint32_t intid, bool active)
{
}

static void route(uint32_t intid, uint32_t cpu)
{
}

static void ignore(uint32_t intid)
{
}

static uint32_t line_count(void)
{
	return LINES;
}

static int init(void)
{
	return 0;
}

/* Not chosen. */
const struct gic_ops gicv2_ops = { .version = 2 };

const struct gic_ops gicv3_ops = {
	.init = init,
	.line_count = line_count,
	.acknowledge = acknowledge,
	.drop_priority = ignore,
	.deactivate = ignore,
	.enable = enable,
	.disable = disable,
	.set_pending = set_pending,
	.is_pending = is_pending,
	.set_active = set_active,
	.route = route,
};

void thread_fire(uint32_t intid)
{
	if (__atomic_load_n(&lines[intid].enabled, __ATOMIC_RELAXED)) {
		cpus[self].intid = intid;
		irq_dispatch();
	}
}

/* Turns. */

uint32_t any(uint32_t below)
{
	struct cpu *c = &cpus[self];

	c->random = c->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(c->random >> 33) % below;
}

static bool has_jobs(void)
{
	return job_next_deadline() != ~0ULL;
}

/* Between two traps. */
static void leave(void)
{
	irq_dispatch();
	(void)job_step_one();
}

struct vcpu *thread_vcpu(uint32_t cpu)
{
	return &cpus[cpu].vcpu;
}

uint64_t thread_access(struct domain *d, uint64_t ipa, uint8_t size, bool write, uint64_t value)
{
	const struct mmio_region *r = mmio_find(&d->mmio, (ipaddr_t){ ipa });
	struct cpu *c = &cpus[self];
	struct mmio_access a;
	enum mmio_result result;

	require(r != NULL);
	do {
		while (!__atomic_load_n(&c->awake, __ATOMIC_ACQUIRE)) {
			leave();
			sched_yield();
		}
		a = (struct mmio_access){ .ipa = { ipa }, .offset = ipa - r->base, .size = size,
					  .write = write, .value = value };
		result = r->ops->access(&c->vcpu, r->opaque, &a);
		if (result == MMIO_RETRY) {
			sched_yield(); /* it may be others that are to do something first */
		}
	} while (result == MMIO_RETRY);
	return a.value;
}

static void begin(uint32_t cpu)
{
	self = cpu;
	percpus[cpu].index = cpu;
	percpus[cpu].online = true;
	cpus[cpu].vcpu.index = cpu;
	cpus[cpu].random = cpu + 1;
	cpus[cpu].awake = true;
	cpus[cpu].intid = NOTHING;
}

struct start {
	pthread_t thread;
	uint32_t cpu;
	cpu_turn turn;
};

static void *cpu_main(void *arg)
{
	const struct start *s = arg;
	bool done = false;

	begin(s->cpu);
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		s->turn();
		leave();
	}
	/* A vCPU elsewhere may still wait for a job of this CPU. */
	while (__atomic_load_n(&running, __ATOMIC_RELAXED) != 0 || has_jobs()) {
		if (!done && !has_jobs()) {
			__atomic_sub_fetch(&running, 1, __ATOMIC_RELAXED);
			done = true;
		}
		leave();
		sched_yield();
	}
	return NULL;
}

void thread_cpus_run(const cpu_turn turns[], uint32_t count, bool (*enough)(void))
{
	long ms = getenv("VIADUCT_SOAK") ? SOAK_MS : RUN_MS;
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	struct start starts[THREAD_CPUS_MAX];

	require(count <= THREAD_CPUS_MAX);
	over = false;
	running = count;
	for (uint32_t i = 0; i < count; i++) {
		starts[i] = (struct start){ .cpu = i, .turn = turns[i] };
		require(pthread_create(&starts[i].thread, NULL, cpu_main, &starts[i]) == 0);
	}
	for (uint32_t i = 0; i == 0 || (i < RUNS_MAX && enough && !enough()); i++) {
		nanosleep(&t, NULL);
	}
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < count; i++) {
		require(pthread_join(starts[i].thread, NULL) == 0);
	}
	thread_cpus_settle();
}

void thread_cpus_settle(void)
{
	begin(0);
	do {
		leave();
	} while (has_jobs());
}
