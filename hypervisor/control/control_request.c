/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One request: the caller's right, then one copy of what it wrote, then the table. The page stays
 * writable by other CPUs of the control domain throughout, so nothing is read from it twice.
 */
#include "control/control_request.h"

#include "arch/arm64/cpu.h"
#include "core/log.h"
#include "lib/errno.h"
#include "lib/string.h"

struct request {
	int (*run)(struct control_call *call);
	uint32_t in_size; /* exactly */
};

#define REQUEST(handler, type)                  \
	{                                       \
		handler, (uint32_t)sizeof(type) \
	}

static const struct request requests[CONTROL_OPS] = {
	[CONTROL_NULL] = { control_null, 0 },
	[CONTROL_CLAIM] = { control_aperture_claim, 0 },
	[CONTROL_INFO] = { control_info, 0 },
	[CONTROL_DOMAIN_CREATE] = REQUEST(control_domain_create, struct control_domain_create),
	[CONTROL_DOMAIN_START] = REQUEST(control_domain_start, struct control_domain_start),
	[CONTROL_DOMAIN_PAUSE] = REQUEST(control_domain_pause, struct control_domain_id),
	[CONTROL_DOMAIN_UNPAUSE] = REQUEST(control_domain_unpause, struct control_domain_id),
	[CONTROL_DOMAIN_DESTROY] = REQUEST(control_domain_destroy, struct control_domain_id),
	[CONTROL_DOMAIN_LIST] = REQUEST(control_domain_list, struct control_list),
	[CONTROL_DOMAIN_STATS] = REQUEST(control_domain_stats, struct control_domain_id),
	[CONTROL_CONSOLE_READ] = REQUEST(control_console_read, struct control_text_read),
	[CONTROL_CONSOLE_WRITE] = REQUEST(control_console_write, struct control_console_write),
	[CONTROL_LOG_READ] = REQUEST(control_log_read, struct control_text_read),
	[CONTROL_PCI_LIST] = REQUEST(control_pci_list, struct control_list),
	[CONTROL_PCI_QUARANTINE] = REQUEST(control_pci_quarantine, struct control_pci_name),
	[CONTROL_PCI_RETURN] = REQUEST(control_pci_return, struct control_pci_name),
	[CONTROL_PCI_ATTACH] = REQUEST(control_pci_attach, struct control_pci_attach),
	[CONTROL_PCI_DETACH] = REQUEST(control_pci_detach, struct control_pci_name),
	[CONTROL_PCI_EJECT] = REQUEST(control_pci_eject, struct control_pci_name),
	[CONTROL_APERTURE_MAP] = REQUEST(control_aperture_map, struct control_aperture_map),
	[CONTROL_APERTURE_UNMAP] = REQUEST(control_aperture_unmap, struct control_count),
	[CONTROL_PCI_EXAMINE] = REQUEST(control_pci_examine, struct control_pci_examine),
	[CONTROL_PCI_ROM] = REQUEST(control_pci_rom, struct control_pci_rom),
	[CONTROL_DOMAIN_VCPUS] = REQUEST(control_domain_vcpus, struct control_domain_id),
	[CONTROL_DOMAIN_POWER_KEY] = REQUEST(control_domain_power_key, struct control_power_key),
	[CONTROL_DOMAIN_RENAME] = REQUEST(control_domain_rename, struct control_domain_rename),
	[CONTROL_VCPU_PIN] = REQUEST(control_vcpu_pin, struct control_vcpu_pin),
	[CONTROL_DOMAIN_SHARE] = REQUEST(control_domain_share, struct control_domain_share),
	[CONTROL_SHARED_JOIN] = REQUEST(control_shared_join, struct control_shared_join),
	[CONTROL_SHARED_LIST] = REQUEST(control_shared_list, struct control_list),
	[CONTROL_TRACE] = REQUEST(control_trace, struct control_trace),
	[CONTROL_TRACE_READ] = REQUEST(control_trace_read, struct control_trace_read),
};

_Static_assert(sizeof(struct control_pci_rom) <= CONTROL_REQUEST_MAX, "biggest request");

/* Clients write past the caches (the BAR is mapped write-combining), EL2 through them. */
static void fetch(void *dst, const uint8_t *src, uint32_t size)
{
	cache_clean_invalidate(src, size);
	memcpy(dst, src, size);
}

static int carry_out(struct control_call *call, const struct control_header *header,
		     const uint8_t *body)
{
	uint64_t copy[CONTROL_REQUEST_MAX / sizeof(uint64_t)];
	const struct request *r;

	if (header->op >= CONTROL_OPS) {
		return -ENOSYS;
	}
	r = &requests[header->op];
	if (header->size != r->in_size) {
		return -E2BIG;
	}
	if (r->in_size != 0) {
		fetch(copy, body, r->in_size);
	}
	call->in = copy;
	return r->run(call);
}

bool control_request_run(struct control *c, struct domain *caller, uint32_t page)
{
	struct control_call call = { .control = c, .caller = caller, .page = page };
	struct control_header header;
	volatile struct control_header *shared; /* read once */
	uint8_t *at;

	if (!caller->control) {
		log_domain(caller, LOG_WARN, "control", "request refused: not the control domain");
		return false;
	}
	if (page >= CONTROL_PAGES) {
		log_domain(caller, LOG_WARN, "control", "doorbell for page %u, which is not there",
			   page);
		return false;
	}
	at = c->pages + (size_t)page * CONTROL_PAGE_SIZE;
	cache_clean_invalidate(at, sizeof(header));
	shared = (void *)at;
	header = *shared;
	call.out = at + sizeof(header);
	header.result = carry_out(&call, &header, call.out);
	if (call.again) {
		return true;
	}
	header.size = header.result == 0 ? call.out_size : 0;
	*shared = header;
	cache_clean(at, sizeof(header) + header.size);
	return false;
}

void control_reply(struct control_call *call, const void *body, uint32_t size)
{
	memcpy(call->out, body, size);
	call->out_size = size;
}

bool control_name_ok(const char *name, bool allow_empty)
{
	size_t length = strnlen(name, CONTROL_NAME_SIZE);

	if (length == CONTROL_NAME_SIZE || (length == 0 && !allow_empty)) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		if (name[i] <= ' ' || name[i] > '~') {
			return false;
		}
	}
	return true;
}

int control_null(struct control_call *call)
{
	return 0;
}
