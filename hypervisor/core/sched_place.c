/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Placement. Who wants a vCPU elsewhere writes so and pokes the pCPU it is on: only that one gives
 * it away, when its registers are out of it.
 */
#include "core/sched_place.h"

#include "arch/arm64/cpu.h"
#include "core/domain.h"
#include "core/sched.h"
#include "core/sched_balance.h"
#include "lib/errno.h"

#define DEMAND_SCALE 64U /* of weights */

static struct spinlock place_lock;
static uint64_t balance_due;
static uint64_t balance_last;
static struct balance_cpu demands[CPUS_MAX]; /* place lock: too big for a stack */

void sched_init(void)
{
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		queues[i] = (struct runqueue){ .timer = ~0ULL };
		list_init(&queues[i].ready);
		list_init(&queues[i].waiting);
		list_init(&queues[i].vcpus);
	}
	balance_due = 0;
	balance_last = 0;
}

uint32_t sched_cpus_online(void)
{
	uint32_t mask = 0;

	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		mask |= __atomic_load_n(&percpus[i].online, __ATOMIC_ACQUIRE) ? 1U << i : 0;
	}
	return mask;
}

bool place_leaving(const struct vcpu *v)
{
	return __atomic_load_n(&v->move_to, __ATOMIC_RELAXED) != VCPU_STAYS;
}

/* Everything below, but for what the headers have: place lock held. */

/* The pCPU that counts v as its own. */
static struct runqueue *home(const struct vcpu *v)
{
	return &queues[place_leaving(v) ? v->move_to : v->pcpu];
}

/* pCPUs of vCPUs that may be nowhere else are left to them if there are others. */
static uint32_t choose_cpu(uint32_t allowed)
{
	uint32_t best = CPUS_MAX;

	allowed &= sched_cpus_online();
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		if ((allowed & 1U << i) == 0) {
			continue;
		}
		if (best == CPUS_MAX || (queues[best].dedicated && !queues[i].dedicated) ||
		    (queues[best].dedicated == queues[i].dedicated &&
		     queues[i].vcpu_count < queues[best].vcpu_count)) {
			best = i;
		}
	}
	return best;
}

/* Who is or may soon be on this pCPU has changed. */
static void note_dedicated(uint32_t cpu)
{
	struct runqueue *q = &queues[cpu];
	const struct vcpu *v;
	bool dedicated = false;

	if (q->vcpu_count == 1 && q->vcpus.next != &q->vcpus && q->vcpus.next->next == &q->vcpus) {
		v = list_first(&q->vcpus, struct vcpu, place_node);
		dedicated = v->allowed == 1U << cpu && !place_leaving(v);
	}
	if (dedicated != q->dedicated) {
		__atomic_store_n(&q->dedicated, dedicated, __ATOMIC_RELAXED);
		queue_poke(cpu);
	}
}

void sched_add(struct vcpu *v)
{
	struct runqueue *q;

	spin_lock(&place_lock);
	v->allowed = SCHED_ANY_CPU;
	v->move_to = VCPU_STAYS;
	v->pcpu = choose_cpu(v->allowed);
	v->state = VCPU_OFF;
	v->wake_at = ~0ULL;
	list_init(&v->run_node);
	list_init(&v->park_node);
	q = &queues[v->pcpu];
	q->vcpu_count++;
	spin_lock(&q->lock);
	v->vruntime = q->floor;
	list_add_tail(&q->vcpus, &v->place_node);
	spin_unlock(&q->lock);
	note_dedicated(v->pcpu);
	spin_unlock(&place_lock);
}

void sched_remove(struct vcpu *v)
{
	struct runqueue *q;

	spin_lock(&place_lock);
	home(v)->vcpu_count--;
	q = &queues[v->pcpu];
	spin_lock(&q->lock);
	list_del(&v->place_node);
	spin_unlock(&q->lock);
	note_dedicated(v->pcpu);
	if (place_leaving(v)) {
		note_dedicated(v->move_to);
	}
	spin_unlock(&place_lock);
}

/* v is to be on cpu, where it may be already. */
static void send(struct vcpu *v, uint32_t cpu)
{
	home(v)->vcpu_count--;
	queues[cpu].vcpu_count++;
	__atomic_store_n(&v->move_to, cpu == v->pcpu ? VCPU_STAYS : cpu, __ATOMIC_RELAXED);
	if (cpu != v->pcpu) {
		__atomic_store_n(&queues[v->pcpu].moves, true, __ATOMIC_RELEASE);
		queue_poke(v->pcpu);
	}
}

int sched_pin(struct vcpu *v, uint32_t allowed)
{
	uint32_t left;

	if (allowed == 0 || (allowed != SCHED_ANY_CPU && (allowed & ~sched_cpus_online()) != 0)) {
		return -ERANGE;
	}
	spin_lock(&place_lock);
	v->allowed = allowed;
	left = (uint32_t)(home(v) - queues);
	if ((allowed & 1U << left) == 0) {
		send(v, (allowed & 1U << v->pcpu) != 0 ? v->pcpu : choose_cpu(allowed));
	}
	note_dedicated(left);
	note_dedicated(v->pcpu);
	note_dedicated((uint32_t)(home(v) - queues));
	spin_unlock(&place_lock);
	return 0;
}

/* Two queues' locks are taken in the order of their pCPUs. */
static void transfer(struct runqueue *from, struct vcpu *v)
{
	uint32_t cpu = v->move_to;
	struct runqueue *to = &queues[cpu];

	spin_lock(from < to ? &from->lock : &to->lock);
	spin_lock(from < to ? &to->lock : &from->lock);
	list_del(&v->place_node);
	list_add_tail(&to->vcpus, &v->place_node);
	if (!list_empty(&v->run_node)) {
		list_del(&v->run_node);
		list_add_tail(v->state == VCPU_READY ? &to->ready : &to->waiting, &v->run_node);
	}
	/* As far before or behind the others there as here. */
	v->vruntime += to->floor - from->floor;
	__atomic_store_n(&v->pcpu, cpu, __ATOMIC_RELEASE);
	__atomic_store_n(&v->move_to, VCPU_STAYS, __ATOMIC_RELAXED);
	spin_unlock(&to->lock);
	spin_unlock(&from->lock);
	note_dedicated(cpu);
	queue_poke(cpu);
}

void place_move_out(struct runqueue *q)
{
	struct vcpu *v, *next;

	spin_lock(&place_lock);
	__atomic_store_n(&q->moves, false, __ATOMIC_RELAXED);
	list_for_each_safe(v, next, &q->vcpus, place_node) {
		if (place_leaving(v) && this_cpu()->loaded == v) {
			__atomic_store_n(&q->moves, true, __ATOMIC_RELAXED);
			this_cpu()->resched = true;
		} else if (place_leaving(v)) {
			transfer(q, v);
		}
	}
	note_dedicated(cpu_index());
	spin_unlock(&place_lock);
}

/*
 * Part of the interval in which v ran or wanted to, times its weight. Queue lock held. Firmware
 * cleans caches by set and way, which reaches those of one CPU only: whoever starts some stays.
 */
static struct balance_vcpu demand_of(struct vcpu *v, uint64_t now, uint64_t interval)
{
	uint64_t active = v->cpu_ticks + v->wait_ticks;
	bool stays = place_leaving(v) || v->domain->flash_size != 0;
	struct balance_vcpu d = { .allowed = stays ? 0 : v->allowed, .vcpu = v };

	if (v->state == VCPU_RUNNING) {
		active += now - MIN(now, v->run_since);
	} else if (v->state == VCPU_READY) {
		active += now - MIN(now, v->ready_since);
	}
	d.demand = MIN(active - MIN(active, v->demand_mark), interval) * DEMAND_SCALE *
		   sched_share_weight(&v->domain->share) / interval;
	v->demand_mark = active;
	return d;
}

static void measure(uint32_t cpu, uint64_t now, uint64_t interval)
{
	struct balance_cpu *b = &demands[cpu];
	struct runqueue *q = &queues[cpu];
	struct vcpu *v;

	*b = (struct balance_cpu){ .usable = !q->dedicated };
	spin_lock(&q->lock);
	list_for_each(v, &q->vcpus, place_node) {
		struct balance_vcpu d = demand_of(v, now, interval);

		b->demand += d.demand;
		if (d.demand != 0 && b->count < BALANCE_VCPUS) {
			b->vcpus[b->count++] = d;
		}
	}
	spin_unlock(&q->lock);
}

static void balance(uint64_t now, uint64_t period)
{
	uint64_t interval = now - balance_last;
	uint32_t online = sched_cpus_online();
	struct balance_plan plan;

	balance_last = now;
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		demands[i].usable = false;
		if ((online & 1U << i) != 0) {
			measure(i, now, MAX(interval, 1U));
		}
	}
	/* What was long ago, when nobody had to wait, says little about now. */
	if (interval > 2 * period) {
		return;
	}
	plan = balance_choose(demands, CPUS_MAX);
	if (plan.v != NULL) {
		send(plan.v, plan.to);
	}
	if (plan.back != NULL) {
		send(plan.back, plan.from);
	}
}

void place_balance(uint64_t now)
{
	uint64_t period = sched_us_to_ticks(SCHED_BALANCE_US);
	uint64_t due = __atomic_load_n(&balance_due, __ATOMIC_RELAXED);

	if (now < due || !__atomic_compare_exchange_n(&balance_due, &due, now + period, false,
						      __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
		return;
	}
	spin_lock(&place_lock);
	balance(now, period);
	spin_unlock(&place_lock);
}
