/* SPDX-License-Identifier: BSD-2-Clause */
/* Intrusive doubly linked list. A node that is in no list points at itself. */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list {
	struct list *next;
	struct list *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_add_tail(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_add_head(struct list *head, struct list *node)
{
	list_add_tail(head->next, node);
}

/* Safe on a node that is in no list. */
static inline void list_del(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Those of `from` come before those of `to`, in their order; `from` is empty then. */
static inline void list_prepend(struct list *to, struct list *from)
{
	if (!list_empty(from)) {
		from->prev->next = to->next;
		to->next->prev = from->prev;
		to->next = from->next;
		from->next->prev = to;
		list_init(from);
	}
}

#define list_entry(node, type, member) container_of(node, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)

#define list_for_each(pos, head, member)                                                           \
	for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member);                         \
	     &(pos)->member != (head);                                                             \
	     (pos) = list_entry((pos)->member.next, __typeof__(*(pos)), member))

/* The same, when the body may remove pos from the list. */
#define list_for_each_safe(pos, tmp, head, member)                                                 \
	for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member),                         \
	    (tmp) = list_entry((pos)->member.next, __typeof__(*(pos)), member);                    \
	     &(pos)->member != (head);                                                             \
	     (pos) = (tmp), (tmp) = list_entry((pos)->member.next, __typeof__(*(pos)), member))

#endif
