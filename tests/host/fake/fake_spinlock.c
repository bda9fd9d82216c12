/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_spinlock.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "core/spinlock.h"

#define HELD_MAX     16
#define SWITCHES_MAX 3
#define WAYS_LEAST   3U
#define POINTS_MAX   80U /* of one run that may be switched at; spinning makes more */
#define PATIENCE     60U  /* points one party passes before the other is let on anyhow */
#define STACK        (256U * 1024)

/* Where a lock belongs in the order, outermost first. */
enum rank { REGISTRY = 1, INTX_CHANGE, INTX, FRONT, VPCI_BUS, FUNCTION, JOBS, JOB_STATES, VITS, P2M,
	    VGIC, SCHED, ITS, LPIS, SMMU, SMMU_EVENTS, FAULTS, HEAP, LOG };

static const struct {
	const char *file; /* end of its name; "" any */
	const char *words;
	enum rank rank;
} order[] = {
	{ "", "&pci_registry_lock", REGISTRY },
	{ "", "&intx_wires.change_lock", INTX_CHANGE },
	{ "", "&intx_wires.lock", INTX },
	{ "", "&front->lock", FRONT },
	{ "", "&vpci->lock", VPCI_BUS },
	{ "", "&vf->domain->vpci->lock", VPCI_BUS },
	{ "", "&seg->domain->vpci->lock", VPCI_BUS },
	{ "", "&f->lock", FUNCTION },
	{ "", "&pf->lock", FUNCTION },
	{ "", "&vf->function->lock", FUNCTION },
	{ "", "&slot[fn]->function->lock", FUNCTION },
	{ "", "&intx_function(m)->function->lock", FUNCTION },
	{ "vits", "&t->lock", VITS },
	{ "", "&world.domain.vits->lock", VITS },
	{ "vgic", "&g->lock", VGIC },
	{ "", "&owner_lock", FUNCTION },
	{ "job.c", "&q->lock", JOBS },
	{ "job.c", "&state_lock", JOB_STATES },
	{ "p2m", "&p->lock", P2M },
	{ "its_", "&its->lock", ITS },
	{ "its_", "&dev->its->lock", ITS },
	{ "its_", "&vpe->its->lock", ITS },
	{ "its_lpi.c", "&pool_lock", LPIS },
	{ "smmuv3", "&smmu->lock", SMMU },
	{ "smmuv3", "&smmu->event_lock", SMMU_EVENTS },
	{ "", "&f->fault_lock", FAULTS },
	{ "", "&b->cfg_lock", FAULTS },
};

struct held {
	const struct spinlock *lock;
	enum rank rank;
	const char *words;
};

struct party {
	struct held held[HELD_MAX];
	uint32_t held_count;
	bool done;
	const struct spinlock *waits_for;
	uint32_t cpu;
	ucontext_t context;
};

static struct party parties[2];
static struct party *now = &parties[0]; /* outside interleave(): the one CPU there is */
static char stacks[2][STACK];
static bool interleaving;
static ucontext_t scheduler;

uint32_t *interleave_cpu;
static struct {
	const char *name;
	void (*begin)(void);
	void (*party[2])(void);
	void (*end)(void);
} running;
static uint32_t schedule[SWITCHES_MAX];
static uint32_t schedule_count;
static uint32_t point;
static uint32_t since_switch;

static void on_abort(int signal_number)
{
	(void)signal_number;
	if (!interleaving) {
		return;
	}
	printf("\ninterleaving %s, at point %u; switches at", running.name, point);
	for (uint32_t i = 0; i < schedule_count; i++) {
		printf(" %u", schedule[i]);
	}
	printf("\n");
	fflush(stdout);
}

static void __attribute__((noreturn)) bad(const char *what, const char *words)
{
	printf("lock %s: %s\n", words, what);
	for (uint32_t i = 0; i < now->held_count; i++) {
		printf("  held: %s\n", now->held[i].words);
	}
	fflush(stdout);
	abort();
}

/* A party lets run_once() choose. */
static void give_way(void)
{
	if (interleave_cpu) {
		now->cpu = *interleave_cpu;
	}
	swapcontext(&now->context, &scheduler);
}

static struct party *other(const struct party *p)
{
	return &parties[p == &parties[0]];
}

static void pass_point(void)
{
	bool wanted = false;

	if (!interleaving) {
		return;
	}
	for (uint32_t i = 0; i < schedule_count; i++) {
		wanted |= schedule[i] == point;
	}
	point++;
	since_switch++;
	if ((wanted || since_switch > PATIENCE) && !other(now)->done) {
		give_way();
	}
}

void fake_spin_point(void)
{
	pass_point();
}

void fake_spin_wait(void)
{
	if (!interleaving || other(now)->done) {
		bad("waits for something that cannot happen", "none");
	}
	since_switch = PATIENCE;
	pass_point();
}

static enum rank rank_of(const char *words, const char *file)
{
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (strcmp(order[i].words, words) == 0 && strstr(file, order[i].file)) {
			return order[i].rank;
		}
	}
	bad("is in no place of the order (tests/host/fake/fake_spinlock.c)", words);
}

void fake_spin_lock(struct spinlock *l, const char *words, const char *file)
{
	enum rank rank = rank_of(words, file);

	for (uint32_t i = 0; i < now->held_count; i++) {
		if (now->held[i].lock == l) {
			bad("taken twice", words);
		}
		if (now->held[i].rank >= rank) {
			bad("taken in the wrong order", words);
		}
	}
	pass_point();
	while (l->holder != NULL) {
		if (!interleaving) {
			bad("held by nobody who could let go", words);
		}
		now->waits_for = l;
		if (other(now)->done || other(now)->waits_for) {
			bad("deadlock", words);
		}
		give_way();
	}
	now->waits_for = NULL;
	l->holder = now;
	if (now->held_count == HELD_MAX) {
		bad("too many locks held", words);
	}
	now->held[now->held_count++] = (struct held){ l, rank, words };
}

void fake_spin_unlock(struct spinlock *l, const char *file)
{
	uint32_t i = 0;

	if (l->holder != now) {
		bad("given back by who does not hold it", file);
	}
	while (now->held[i].lock != l) {
		i++;
	}
	memmove(&now->held[i], &now->held[i + 1], (now->held_count - i - 1) * sizeof(now->held[0]));
	now->held_count--;
	l->holder = NULL;
	if (other(now)->waits_for == l) {
		other(now)->waits_for = NULL;
	}
	pass_point();
}

bool fake_spin_is_mine(const struct spinlock *l)
{
	return l->holder == now;
}

static void party_main(void)
{
	running.party[now == &parties[1]]();
	now->done = true;
	if (now->held_count != 0) {
		bad("still held at the end", now->held[0].words);
	}
	setcontext(&scheduler);
}

static void go_on(struct party *p)
{
	since_switch = 0;
	now = p;
	if (interleave_cpu) {
		*interleave_cpu = p->cpu;
	}
	swapcontext(&scheduler, &p->context);
}

/* One way. The number of points there were to switch at. */
static uint32_t run_once(uint32_t first)
{
	struct party *p;

	running.begin();
	for (uint32_t i = 0; i < 2; i++) {
		memset(&parties[i], 0, sizeof(parties[i]));
		parties[i].cpu = i;
		getcontext(&parties[i].context);
		parties[i].context.uc_stack.ss_sp = stacks[i];
		parties[i].context.uc_stack.ss_size = STACK;
		makecontext(&parties[i].context, party_main, 0);
	}
	point = 0;
	interleaving = true;
	for (p = &parties[first]; !parties[0].done || !parties[1].done; p = other(p)) {
		if (!p->done) {
			go_on(p);
		}
	}
	interleaving = false;
	now = &parties[0];
	now->held_count = 0;
	if (interleave_cpu) {
		*interleave_cpu = 0;
	}
	running.end();
	return point < POINTS_MAX ? point : POINTS_MAX;
}

/* This way, then every way that goes like it and has one switch more. */
static uint32_t explore(uint32_t first, uint32_t switches)
{
	uint32_t points = run_once(first);
	uint32_t ways = 1;

	if (schedule_count == switches) {
		return ways;
	}
	for (uint32_t i = schedule_count ? schedule[schedule_count - 1] + 1 : 0; i < points; i++) {
		schedule[schedule_count++] = i;
		ways += explore(first, switches);
		schedule_count--;
	}
	return ways;
}

void interleave(const char *name, void (*begin)(void), void (*one)(void), void (*two)(void),
		void (*end)(void))
{
	uint32_t switches = getenv("VIADUCT_SOAK") ? 3 : 2;
	uint32_t ways = 0;

	running = (typeof(running)){ name, begin, { one, two }, end };
	signal(SIGABRT, on_abort);
	for (uint32_t first = 0; first < 2; first++) {
		ways += explore(first, switches);
	}
	printf("interleaving %s: %u ways\n", name, ways);
	if (ways <= WAYS_LEAST) {
		abort(); /* no more than both orders: nothing was between them */
	}
}
