/* SPDX-License-Identifier: BSD-2-Clause */
/* Which wires are in use, and each as its members want it: forwarded or shared. */
#include "vpci/intx_wire.h"

#include "core/heap.h"
#include "core/log.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "lib/hash.h"
#include "pci/registry.h"

#define BUCKET_BITS 7

struct intx_wires intx_wires;

static struct intx_line *lines[1U << BUCKET_BITS];   /* by INTID; change_lock */
static struct intx_route *routes[1U << BUCKET_BITS]; /* by place; written under both locks */

static struct intx_line **line_bucket(uint32_t intid)
{
	return &lines[hash_bucket(intid, BUCKET_BITS)];
}

static struct intx_route **route_bucket(const struct domain *d, uint32_t vintid)
{
	return &routes[hash_bucket(d->id << 10 | vintid, BUCKET_BITS)];
}

struct intx_line *intx_wire_line(uint32_t intid)
{
	struct intx_line *line = *line_bucket(intid);

	while (line && line->intid != intid) {
		line = line->next;
	}
	return line;
}

static struct intx_route *route_to(struct intx_route *r, const struct domain *d, uint32_t vintid)
{
	while (r && (r->domain != d || r->vintid != vintid)) {
		r = r->next;
	}
	return r;
}

struct intx_route *intx_wire_first(const struct domain *d, uint32_t vintid)
{
	return route_to(*route_bucket(d, vintid), d, vintid);
}

struct intx_route *intx_wire_next(const struct intx_route *r)
{
	return route_to(r->next, r->domain, r->vintid);
}

/* Another line's route to r's place. */
static struct intx_route *other_route(const struct intx_route *r)
{
	struct intx_route *other = intx_wire_first(r->domain, r->vintid);

	while (other && other->line == r->line) {
		other = intx_wire_next(other);
	}
	return other;
}

/* One place has room for one physical interrupt: it must be this wire's alone, too. */
static enum intx_mode mode_wanted(const struct intx_line *line)
{
	const struct intx_route *r = list_first(&line->routes, struct intx_route, of_line);

	if (list_empty(&line->routes)) {
		return INTX_OFF;
	}
	return r->of_line.next == &line->routes && !other_route(r) ? INTX_FORWARD : INTX_SHARED;
}

static void let_speak(struct intx_member *m)
{
	struct vpci_function *vf = intx_function(m);

	spin_lock(&intx_wires.lock);
	spin_lock(&vf->function->lock);
	list_del(&m->node);
	list_add_tail(&m->route->line->speaking, &m->node);
	intx_set_masked(m, false);
	spin_unlock(&vf->function->lock);
	spin_unlock(&intx_wires.lock);
}

/*
 * Functions of one domain cannot be told apart on a forwarded wire: the first stands for all. A
 * storm of who stood for them before is over.
 */
static void stand_for_all(const struct intx_line *line)
{
	const struct intx_route *r = list_first(&line->routes, struct intx_route, of_line);
	struct intx_member *m = list_first(&line->speaking, struct intx_member, node);

	vgic_route_meter(r->domain, line->intid, &intx_function(m)->function->meter);
	irq_enable(line->intid);
}

static int start_forward(struct intx_line *line)
{
	struct intx_route *r = list_first(&line->routes, struct intx_route, of_line);
	int ret = vgic_route_spi(r->domain, line->intid, r->vintid, false);

	if (ret) {
		return ret;
	}
	line->domain = r->domain;
	list_prepend(&r->silent, &r->held);
	while (!list_empty(&r->silent)) {
		let_speak(list_first(&r->silent, struct intx_member, node));
	}
	stand_for_all(line);
	return 0;
}

static void set_mode(struct intx_line *line, enum intx_mode mode)
{
	spin_lock(&intx_wires.lock);
	line->mode = mode;
	spin_unlock(&intx_wires.lock);
}

/* Routes came or went: serve the line as they want it now. */
static void apply(struct intx_line *line)
{
	static const char *const names[] = { "off", "forwarded", "shared" };
	enum intx_mode mode = mode_wanted(line);
	int r = 0;

	if (mode == line->mode) {
		return;
	}
	if (line->mode == INTX_FORWARD) {
		vgic_unroute_spi(line->domain, line->intid);
	} else if (line->mode == INTX_SHARED) {
		intx_share_stop(line);
	}
	set_mode(line, mode); /* before it is served: who is silenced then is looked at again */
	if (mode != INTX_OFF) {
		r = mode == INTX_FORWARD ? start_forward(line) : intx_share_start(line);
	}
	if (r) {
		set_mode(line, INTX_OFF);
		log_warn("pci", "INTx line %u is not served: error %d", line->intid, r);
	}
	log_info("pci", "INTx line %u: %s", line->intid, names[line->mode]);
}

/*
 * r came or went. Of the other lines that lead to its place it concerns one at most: the one that
 * was alone there, or is now.
 */
static void apply_both(struct intx_route *r)
{
	const struct intx_route *other = other_route(r);

	if (other) {
		apply(other->line);
	}
	apply(r->line);
}

static struct intx_line *line_get(uint32_t intid)
{
	struct intx_line **bucket = line_bucket(intid);
	struct intx_line *line = intx_wire_line(intid);

	if (line) {
		return line;
	}
	line = heap_alloc(sizeof(*line));
	if (line) {
		line->intid = intid;
		list_init(&line->routes);
		list_init(&line->speaking);
		list_init(&line->asked);
		list_init(&line->raised);
		list_init(&line->polled);
		line->next = *bucket;
		*bucket = line;
	}
	return line;
}

static void line_put(struct intx_line *line)
{
	struct intx_line **link = line_bucket(line->intid);

	if (!list_empty(&line->routes)) {
		return;
	}
	while (*link != line) {
		link = &(*link)->next;
	}
	*link = line->next;
	heap_free(line);
}

static struct intx_route *route_get(struct intx_line *line, struct domain *d, uint32_t vintid)
{
	struct intx_route **bucket = route_bucket(d, vintid);
	struct intx_route *r = intx_wire_first(d, vintid);

	while (r && r->line != line) {
		r = intx_wire_next(r);
	}
	if (r) {
		return r;
	}
	r = heap_alloc(sizeof(*r));
	if (!r) {
		return NULL;
	}
	r->line = line;
	r->domain = d;
	r->vintid = vintid;
	list_init(&r->raised);
	list_init(&r->silent);
	list_init(&r->held);
	spin_lock(&intx_wires.lock);
	list_add_tail(&line->routes, &r->of_line);
	r->next = *bucket;
	*bucket = r;
	spin_unlock(&intx_wires.lock);
	return r;
}

/* Nobody is on it any more. */
static void route_end(struct intx_route *r)
{
	struct intx_route **link = route_bucket(r->domain, r->vintid);
	struct intx_route *other = other_route(r);

	spin_lock(&intx_wires.lock);
	while (*link != r) {
		link = &(*link)->next;
	}
	*link = r->next;
	list_del(&r->of_line);
	list_del(&r->raised);
	spin_unlock(&intx_wires.lock);
	/* What the virtual wire is for others is found out anew: it may be up to this line. */
	vgic_set_resample(r->domain, r->vintid, 0);
	apply_both(r);
	if (other && other->line->mode == INTX_SHARED) {
		intx_share_look(other);
	}
	line_put(r->line);
	heap_free(r);
}

bool intx_wire_join(struct intx_member *m, uint32_t intid, struct domain *d, uint32_t vintid)
{
	struct vpci_function *vf = intx_function(m);
	struct intx_line *line = line_get(intid);
	struct intx_route *r = line ? route_get(line, d, vintid) : NULL;

	if (!r) {
		if (line) {
			line_put(line);
		}
		return false;
	}
	line->unmaskable += !m->maskable;
	r->members++;
	spin_lock(&intx_wires.lock);
	spin_lock(&vf->function->lock);
	m->route = r;
	m->masked = true;
	vf->function->intx = m;
	list_add_tail(&r->silent, &m->node);
	spin_unlock(&vf->function->lock);
	spin_unlock(&intx_wires.lock);
	apply_both(r);
	if (line->mode != INTX_OFF) {
		let_speak(m);
	}
	return true;
}

void intx_wire_leave(struct intx_member *m)
{
	struct vpci_function *vf = intx_function(m);
	struct intx_route *r = m->route;

	spin_lock(&intx_wires.lock);
	spin_lock(&vf->function->lock);
	list_del(&m->node);
	m->route = NULL;
	vf->function->intx = NULL;
	vpci_intx_update(vf);
	spin_unlock(&vf->function->lock);
	spin_unlock(&intx_wires.lock);
	r->line->unmaskable -= !m->maskable;
	if (--r->members == 0) {
		route_end(r);
	} else if (r->line->mode == INTX_FORWARD) {
		stand_for_all(r->line);
	}
}

void pci_storm_over(struct pci_function *f)
{
	const struct intx_route *r;

	spin_lock(&intx_wires.change_lock);
	r = f->intx ? f->intx->route : NULL;
	if (r && r->line->mode == INTX_FORWARD) {
		irq_enable(r->line->intid);
	} else if (r && r->line->mode == INTX_SHARED) {
		intx_share_storm_over(f->intx);
	}
	spin_unlock(&intx_wires.change_lock);
}
