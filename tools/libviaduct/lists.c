/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of domains and functions, in as many requests as they need; waiting on what they show. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

/* No machine has more; a hypervisor that says so is not believed. */
#define LIST_MAX 65536U

struct list {
	uint8_t *entries;
	size_t count;
};

/* One request's worth, from *from on. *from moves on, CONTROL_LIST_END after the last. */
static int fetch(struct viaduct *v, uint32_t op, uint32_t *from, uint32_t max, size_t entry_size,
		 struct list *list)
{
	struct control_list in = { .from = *from, .max = max };
	struct control_list_reply reply;
	uint8_t body[CONTROL_BODY_SIZE];
	uint8_t *more;
	size_t length;
	int err;

	err = client_call(v, op, &in, sizeof(in), body, sizeof(body), &length);
	if (err != 0) {
		return err;
	}
	if (length < sizeof(reply)) {
		return client_fail(v, -EPROTO, "the hypervisor's reply has the wrong size");
	}
	memcpy(&reply, body, sizeof(reply));
	if (reply.count > LIST_MAX - list->count ||
	    length - sizeof(reply) < reply.count * entry_size ||
	    (reply.next != CONTROL_LIST_END && reply.next <= *from)) {
		return client_fail(v, -EPROTO, "the hypervisor's list makes no sense");
	}
	/* At least one byte, so that an empty list is not taken for a failure. */
	more = realloc(list->entries, (list->count + reply.count) * entry_size + 1);
	if (more == NULL) {
		return client_fail(v, -ENOMEM, "out of memory");
	}
	list->entries = more;
	memcpy(more + list->count * entry_size, body + sizeof(reply), reply.count * entry_size);
	list->count += reply.count;
	*from = reply.next;
	return 0;
}

static int fetch_all(struct viaduct *v, uint32_t op, size_t entry_size, void **out, size_t *count)
{
	struct list list = { 0 };
	uint32_t from = 0;
	int err;

	do {
		err = fetch(v, op, &from, 0, entry_size, &list);
	} while (err == 0 && from != CONTROL_LIST_END);
	if (err != 0) {
		free(list.entries);
		return err;
	}
	*out = list.entries;
	*count = list.count;
	return 0;
}

/* The first entry at or after key. -ENOENT: none. */
static int fetch_one(struct viaduct *v, uint32_t op, uint32_t key, size_t entry_size, void *out)
{
	struct list list = { 0 };
	uint32_t from = key;
	int err = fetch(v, op, &from, 1, entry_size, &list);

	if (err == 0 && list.count != 1) {
		err = -ENOENT;
	}
	if (err == 0) {
		memcpy(out, list.entries, entry_size);
	}
	free(list.entries);
	return err;
}

static void terminate(struct control_function *f)
{
	f->name[sizeof(f->name) - 1] = '\0';
	f->broken_why[sizeof(f->broken_why) - 1] = '\0';
}

int viaduct_domain_list(struct viaduct *v, struct control_domain **list, size_t *count)
{
	void *entries;
	int err = fetch_all(v, CONTROL_DOMAIN_LIST, sizeof(**list), &entries, count);

	if (err != 0) {
		return err;
	}
	*list = entries;
	for (size_t i = 0; i < *count; i++) {
		(*list)[i].name[sizeof((*list)[i].name) - 1] = '\0';
	}
	return 0;
}

int viaduct_domain_get(struct viaduct *v, uint32_t id, struct control_domain *out)
{
	int err = fetch_one(v, CONTROL_DOMAIN_LIST, id, sizeof(*out), out);

	if (err == -ENOENT || (err == 0 && out->id != id)) {
		return client_fail(v, -ENOENT, "no domain has the number %u", id);
	}
	out->name[sizeof(out->name) - 1] = '\0';
	return err;
}

int viaduct_domain_find(struct viaduct *v, const char *name_or_id, struct control_domain *out)
{
	struct control_domain *list;
	size_t count;
	char *end;
	unsigned long id;
	int err = viaduct_domain_list(v, &list, &count);

	if (err != 0) {
		return err;
	}
	id = strtoul(name_or_id, &end, 10);
	if (end == name_or_id || *end != '\0') {
		id = CONTROL_NO_DOMAIN;
	}
	err = -ENOENT;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].name, name_or_id) == 0) {
			*out = list[i];
			err = 0;
			break;
		}
		if (list[i].id == id) {
			*out = list[i];
			err = 0;
		}
	}
	free(list);
	return err == 0 ? 0 : client_fail(v, err, "no domain is called \"%s\"", name_or_id);
}

int viaduct_shared_list(struct viaduct *v, struct control_shared **list, size_t *count)
{
	void *entries;
	int err = fetch_all(v, CONTROL_SHARED_LIST, sizeof(**list), &entries, count);

	if (err != 0) {
		return err;
	}
	*list = entries;
	for (size_t i = 0; i < *count; i++) {
		(*list)[i].name[sizeof((*list)[i].name) - 1] = '\0';
	}
	return 0;
}

int viaduct_pci_list(struct viaduct *v, struct control_function **list, size_t *count)
{
	void *entries;
	int err = fetch_all(v, CONTROL_PCI_LIST, sizeof(**list), &entries, count);

	if (err != 0) {
		return err;
	}
	*list = entries;
	for (size_t i = 0; i < *count; i++) {
		terminate(&(*list)[i]);
	}
	return 0;
}

int viaduct_pci_get(struct viaduct *v, uint32_t sbdf, struct control_function *out)
{
	int err = fetch_one(v, CONTROL_PCI_LIST, sbdf, sizeof(*out), out);

	if (err == -ENOENT || (err == 0 && out->sbdf != sbdf)) {
		return client_fail(v, -ENODEV, "no such PCI function");
	}
	terminate(out);
	return err;
}

int viaduct_domain_wait_gone(struct viaduct *v, uint32_t id, unsigned int timeout_ms)
{
	uint64_t end = client_now_ms() + timeout_ms;
	struct control_domain d;
	int err;

	for (;;) {
		err = viaduct_domain_get(v, id, &d);
		if (err == -ENOENT) {
			return 0;
		}
		if (err != 0) {
			return err;
		}
		if (d.state != CONTROL_DOMAIN_STATE_DYING) {
			return 0; /* the number is another domain's by now */
		}
		if (client_now_ms() > end) {
			return client_fail(v, -ETIMEDOUT, "the domain is still dying");
		}
		client_pause(10);
	}
}

/* Until the function is in another state than that, or it is said what it is still doing. */
static int wait_while(struct viaduct *v, uint32_t sbdf, uint32_t state, unsigned int timeout_ms,
		      const char *still, struct control_function *out)
{
	uint64_t end = client_now_ms() + timeout_ms;

	for (;;) {
		int err = viaduct_pci_get(v, sbdf, out);

		if (err != 0 || out->state != state) {
			return err;
		}
		if (client_now_ms() > end) {
			return client_fail(v, -ETIMEDOUT, "%s", still);
		}
		client_pause(10);
	}
}

int viaduct_pci_wait(struct viaduct *v, uint32_t sbdf, unsigned int timeout_ms,
		     struct control_function *out)
{
	return wait_while(v, sbdf, CONTROL_FUNCTION_RESETTING, timeout_ms,
			  "the function is still resetting", out);
}

int viaduct_pci_wait_let_go(struct viaduct *v, uint32_t sbdf, unsigned int timeout_ms,
			    struct control_function *out)
{
	return wait_while(v, sbdf, CONTROL_FUNCTION_LENT, timeout_ms,
			  "the domain has not let go of the function", out);
}
