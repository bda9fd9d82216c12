/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening, closing, one request, and words for what can go wrong. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"

#define PATIENCE_MS 60000U

struct error_text {
	uint32_t op; /* CONTROL_OPS: any */
	int err;
	const char *text;
};

/* First match counts. */
static const struct error_text error_texts[] = {
	{ CONTROL_DOMAIN_CREATE, EEXIST, "a domain of that name exists" },
	{ CONTROL_DOMAIN_CREATE, ENOMEM, "not enough free memory" },
	{ CONTROL_DOMAIN_CREATE, ENOSPC, "too many domains" },
	{ CONTROL_DOMAIN_CREATE, ERANGE,
	  "unprotected_dma: not so much free memory is in one piece, where a guest has no devices" },
	{ CONTROL_DOMAIN_CREATE, EINVAL, "name, memory or number of vCPUs not accepted" },
	{ CONTROL_DOMAIN_RENAME, EEXIST, "a domain of that name exists" },
	{ CONTROL_DOMAIN_POWER_KEY, EPERM, "the machine's own power key is not virtual" },
	{ CONTROL_VCPU_PIN, EINVAL, "no such vCPU" },
	{ CONTROL_VCPU_PIN, ERANGE, "no such CPU, or it is not online" },
	{ CONTROL_DOMAIN_SHARE, ERANGE, "weight must be 1 to 65535, cap 0 to 1600 percent" },
	{ CONTROL_APERTURE_MAP, ENOSPC, "the memory aperture is full" },
	{ CONTROL_APERTURE_MAP, EINVAL, "the domain's memory can no longer be written" },
	{ CONTROL_PCI_QUARANTINE, EEXIST, "another function has that name" },
	{ CONTROL_PCI_QUARANTINE, EPERM, "a bridge, or used by the hypervisor: cannot be lent" },
	{ CONTROL_PCI_QUARANTINE, ENOTEMPTY, "its virtual functions are enabled, or still lent" },
	{ CONTROL_PCI_QUARANTINE, EBUSY, "lent to a domain, or resetting" },
	{ CONTROL_PCI_QUARANTINE, EINVAL, "not in a state to be made assignable" },
	{ CONTROL_PCI_RETURN, EBUSY, "lent to a domain, or resetting" },
	{ CONTROL_PCI_RETURN, EINVAL, "not assignable" },
	{ CONTROL_PCI_RETURN, EEXIST,
	  "another member of its isolation group is used elsewhere or broken" },
	{ CONTROL_PCI_ATTACH, EPERM, "a bridge cannot be lent" },
	{ CONTROL_PCI_ATTACH, EBUSY, "lent or resetting, or the virtual slot is taken" },
	{ CONTROL_PCI_ATTACH, EINVAL, "not assignable, or the domain cannot take devices now" },
	{ CONTROL_PCI_ATTACH, EACCES,
	  "no usable IOMMU stands between it and memory, and the domain has no unprotected_dma" },
	{ CONTROL_PCI_ATTACH, EEXIST,
	  "another member of its isolation group is used elsewhere or broken" },
	{ CONTROL_PCI_ATTACH, ENOSPC,
	  "a BAR has no address, or all slots of the domain are taken" },
	{ CONTROL_PCI_ATTACH, ERANGE,
	  "its host bridge's dma-ranges do not reach all of the domain's memory" },
	{ CONTROL_PCI_ATTACH, EOPNOTSUPP,
	  "lent before and not reset since: no way of resetting it is there" },
	{ CONTROL_PCI_ATTACH, ENOLINK, "its physical function is broken or being reset" },
	{ CONTROL_PCI_DETACH, EINVAL, "not lent" },
	{ CONTROL_PCI_EJECT, EINVAL, "not lent" },
	{ CONTROL_SHARED_JOIN, EEXIST, "it is there with another size or number of vectors" },
	{ CONTROL_SHARED_JOIN, EBUSY, "the domain has it already" },
	{ CONTROL_SHARED_JOIN, EOPNOTSUPP,
	  "the domain has no ITS, so nothing of it can be rung for: leave vectors out" },
	{ CONTROL_SHARED_JOIN, ENOSPC, "all device numbers of the domain are taken" },
	{ CONTROL_SHARED_JOIN, ENOMEM, "not enough free memory" },
	{ CONTROL_SHARED_JOIN, EINVAL,
	  "the domain cannot take it now, or a bad size or number of vectors" },
	{ CONTROL_TRACE, EBUSY, "exits are recorded already, or were until a moment ago" },
	{ CONTROL_TRACE, EAGAIN, "what was recorded before is still being freed" },
	{ CONTROL_TRACE_READ, ENOENT, "exits are not recorded any more" },
	{ CONTROL_OPS, EAGAIN, "the domain's memory is still being cleaned" },
	{ CONTROL_CONSOLE_READ, EPERM, "its console is the machine's own" },
	{ CONTROL_OPS, ENODEV, "no such PCI function" },
	{ CONTROL_OPS, EBADF, "the function is broken" },
	{ CONTROL_OPS, ENOENT, "no such domain" },
	{ CONTROL_OPS, EPERM, "the hypervisor does not allow it" },
	{ CONTROL_OPS, EINVAL, "not possible in the present state" },
	{ CONTROL_OPS, ENOMEM, "the hypervisor is out of memory" },
	{ CONTROL_OPS, ENOSYS, "the hypervisor does not know this request" },
};

int client_fail(struct viaduct *v, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->error, sizeof(v->error), fmt, ap);
	va_end(ap);
	return err;
}

static int explain(struct viaduct *v, uint32_t op, int err)
{
	for (size_t i = 0; i < sizeof(error_texts) / sizeof(error_texts[0]); i++) {
		const struct error_text *t = &error_texts[i];

		if (t->err == -err && (t->op == op || t->op == CONTROL_OPS)) {
			return client_fail(v, err, "%s", t->text);
		}
	}
	return client_fail(v, err, "%s", strerror(-err));
}

/* Put the request into the client's page and ring. The result; the header is left in *header. */
static int ring(struct viaduct *v, uint32_t op, const void *in, size_t in_size,
		struct control_header *header)
{
	uint8_t *page = v->transport->page;

	/* -EPROTO is what is left there if nobody carries the request out. */
	*header = (struct control_header){ .op = op, .size = (uint32_t)in_size, .result = -EPROTO };
	if (in_size != 0) {
		memcpy(page + sizeof(*header), in, in_size);
	}
	memcpy(page, header, sizeof(*header));
	v->transport->ops->ring(v->transport);
	memcpy(header, page, sizeof(*header));
	return header->result;
}

int client_call(struct viaduct *v, uint32_t op, const void *in, size_t in_size, void *out,
		size_t out_size, size_t *got)
{
	struct control_header header;
	uint8_t *page;

	if (v->transport == NULL) {
		return client_fail(v, -ENOTCONN, "not connected");
	}
	page = v->transport->page;
	if (ring(v, op, in, in_size, &header) < 0) {
		return explain(v, op, header.result);
	}
	if (header.size > CONTROL_BODY_SIZE || (got == NULL && header.size != out_size)) {
		return client_fail(v, -EPROTO, "the hypervisor's reply has the wrong size");
	}
	if (out_size > header.size) {
		out_size = header.size;
	}
	if (out_size != 0) {
		memcpy(out, page + sizeof(header), out_size);
	}
	if (got != NULL) {
		*got = out_size;
	}
	return 0;
}

int viaduct_open(struct viaduct **out)
{
	struct viaduct *v = calloc(1, sizeof(*v));
	int err;

	*out = v;
	if (v == NULL) {
		return -ENOMEM;
	}
	err = transport_open(&v->transport, v->error, sizeof(v->error));
	if (err != 0) {
		v->transport = NULL;
		return err;
	}
	/* Whatever a client that died left open here. */
	return client_call(v, CONTROL_CLAIM, NULL, 0, NULL, 0, NULL);
}

void viaduct_close(struct viaduct *v)
{
	if (v == NULL) {
		return;
	}
	if (v->transport != NULL) {
		client_call(v, CONTROL_CLAIM, NULL, 0, NULL, 0, NULL);
		v->transport->ops->close(v->transport);
	}
	free(v);
}

const char *viaduct_error(const struct viaduct *v)
{
	return v == NULL ? "out of memory" : v->error;
}

void client_pause(unsigned int ms)
{
	struct timespec t = { .tv_nsec = (long)ms * 1000 * 1000 };

	nanosleep(&t, NULL);
}

uint64_t client_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int client_call_patiently(struct viaduct *v, uint32_t op, const void *in, size_t in_size, void *out,
			  size_t out_size)
{
	uint64_t end = client_now_ms() + PATIENCE_MS;
	int err;

	while ((err = client_call(v, op, in, in_size, out, out_size, NULL)) == -EAGAIN &&
	       client_now_ms() < end) {
		client_pause(1);
	}
	return err;
}
