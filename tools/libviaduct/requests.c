/* SPDX-License-Identifier: BSD-2-Clause */
/* One function a request that needs no more than packing and unpacking. */
#include <errno.h>
#include <string.h>

#include "client.h"

int viaduct_null(struct viaduct *v)
{
	return client_call(v, CONTROL_NULL, NULL, 0, NULL, 0, NULL);
}

int viaduct_info(struct viaduct *v, struct control_info *out)
{
	int err = client_call(v, CONTROL_INFO, NULL, 0, out, sizeof(*out), NULL);

	out->version[sizeof(out->version) - 1] = '\0';
	return err;
}

/* Copy a name into its field; it must fit. */
static int set_name(struct viaduct *v, char field[CONTROL_NAME_SIZE], const char *name)
{
	size_t length = strlen(name);

	if (length >= CONTROL_NAME_SIZE) {
		return client_fail(v, -EINVAL, "name longer than %u characters",
				   CONTROL_NAME_SIZE - 1);
	}
	memcpy(field, name, length);
	return 0;
}

int viaduct_domain_create(struct viaduct *v, const struct viaduct_domain_spec *spec, uint32_t *id)
{
	struct control_domain_create in = {
		.vcpu_count = spec->vcpu_count,
		.ram_bytes = spec->ram_bytes,
		.flash_bytes = spec->flash_bytes,
		.table_bytes = spec->table_bytes,
		.flags = spec->flags,
	};
	struct control_domain_id out;
	int err = set_name(v, in.name, spec->name);

	if (err == 0) {
		err = client_call(v, CONTROL_DOMAIN_CREATE, &in, sizeof(in), &out, sizeof(out),
				  NULL);
	}
	if (err == 0) {
		*id = out.id;
	}
	return err;
}

int viaduct_domain_start(struct viaduct *v, uint32_t id, uint64_t pc, uint64_t arg, uint32_t flags)
{
	struct control_domain_start in = { .id = id, .flags = flags, .pc = pc, .arg = arg };

	return client_call_patiently(v, CONTROL_DOMAIN_START, &in, sizeof(in), NULL, 0);
}

static int domain_op(struct viaduct *v, uint32_t op, uint32_t id)
{
	struct control_domain_id in = { .id = id };

	return client_call(v, op, &in, sizeof(in), NULL, 0, NULL);
}

int viaduct_domain_pause(struct viaduct *v, uint32_t id)
{
	return domain_op(v, CONTROL_DOMAIN_PAUSE, id);
}

int viaduct_domain_unpause(struct viaduct *v, uint32_t id)
{
	return domain_op(v, CONTROL_DOMAIN_UNPAUSE, id);
}

int viaduct_domain_destroy(struct viaduct *v, uint32_t id)
{
	return domain_op(v, CONTROL_DOMAIN_DESTROY, id);
}

int viaduct_domain_rename(struct viaduct *v, uint32_t id, const char *name)
{
	struct control_domain_rename in = { .id = id };
	int err = set_name(v, in.name, name);

	return err != 0 ? err
			: client_call(v, CONTROL_DOMAIN_RENAME, &in, sizeof(in), NULL, 0, NULL);
}

int viaduct_power_key(struct viaduct *v, uint32_t id, enum control_key_action action,
		      enum control_shutdown means, uint32_t *key)
{
	struct control_power_key in = { .id = id,
					.action = (uint32_t)action,
					.means = (uint32_t)means };
	struct control_power_key_state out = { 0 };
	int err =
		client_call(v, CONTROL_DOMAIN_POWER_KEY, &in, sizeof(in), &out, sizeof(out), NULL);

	*key = out.flags;
	return err;
}

int viaduct_domain_stats(struct viaduct *v, uint32_t id, struct control_domain_stats *out)
{
	struct control_domain_id in = { .id = id };

	return client_call(v, CONTROL_DOMAIN_STATS, &in, sizeof(in), out, sizeof(*out), NULL);
}

int viaduct_domain_vcpus(struct viaduct *v, uint32_t id,
			 struct control_vcpu list[CONTROL_VCPUS_MAX], size_t *count)
{
	struct control_domain_id in = { .id = id };
	struct control_count reply;
	char body[CONTROL_BODY_SIZE];
	size_t length;
	int err;

	err = client_call(v, CONTROL_DOMAIN_VCPUS, &in, sizeof(in), body, sizeof(body), &length);
	if (err != 0) {
		return err;
	}
	if (length >= sizeof(reply)) {
		memcpy(&reply, body, sizeof(reply));
	}
	if (length < sizeof(reply) || reply.count > CONTROL_VCPUS_MAX ||
	    length != sizeof(reply) + reply.count * sizeof(*list)) {
		return client_fail(v, -EPROTO, "the hypervisor's reply has the wrong size");
	}
	memcpy(list, body + sizeof(reply), reply.count * sizeof(*list));
	*count = reply.count;
	return 0;
}

int viaduct_vcpu_pin(struct viaduct *v, uint32_t id, uint32_t vcpu, uint32_t allowed)
{
	struct control_vcpu_pin in = { .id = id, .vcpu = vcpu, .allowed = allowed };

	return client_call(v, CONTROL_VCPU_PIN, &in, sizeof(in), NULL, 0, NULL);
}

int viaduct_domain_share(struct viaduct *v, uint32_t id, uint32_t flags,
			 struct control_domain_share *share)
{
	struct control_domain_share in = *share;

	in.id = id;
	in.flags = flags;
	return client_call(v, CONTROL_DOMAIN_SHARE, &in, sizeof(in), share, sizeof(*share), NULL);
}

int viaduct_shared_join(struct viaduct *v, uint32_t id, const char *name, uint64_t bytes,
			uint32_t vectors, uint32_t *vsbdf)
{
	struct control_shared_join in = { .domain = id, .vectors = vectors, .bytes = bytes };
	struct control_count out;
	int err = set_name(v, in.name, name);

	if (err == 0) {
		err = client_call(v, CONTROL_SHARED_JOIN, &in, sizeof(in), &out, sizeof(out), NULL);
	}
	if (err == 0) {
		*vsbdf = out.count;
	}
	return err;
}

static int text_read(struct viaduct *v, uint32_t op, uint32_t id, uint64_t *position, char *buf,
		     size_t size, size_t *got)
{
	struct control_text_read in = { .id = id, .position = *position };
	struct control_text_reply reply;
	char body[CONTROL_BODY_SIZE];
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
	length -= sizeof(reply);
	if (reply.size < length) {
		length = reply.size;
	}
	*position = reply.position;
	if (length > size) {
		/* Come back for the rest. */
		*position -= length - size;
		length = size;
	}
	memcpy(buf, body + sizeof(reply), length);
	*got = length;
	return 0;
}

int viaduct_log_read(struct viaduct *v, uint64_t *position, char *buf, size_t size, size_t *got)
{
	return text_read(v, CONTROL_LOG_READ, 0, position, buf, size, got);
}

int viaduct_console_read(struct viaduct *v, uint32_t id, uint64_t *position, char *buf, size_t size,
			 size_t *got)
{
	return text_read(v, CONTROL_CONSOLE_READ, id, position, buf, size, got);
}

int viaduct_console_write(struct viaduct *v, uint32_t id, const char *text, size_t size,
			  size_t *taken)
{
	struct control_console_write in = { .id = id };
	struct control_count out;
	int err;

	in.size = size < sizeof(in.text) ? (uint32_t)size : (uint32_t)sizeof(in.text);
	memcpy(in.text, text, in.size);
	err = client_call(v, CONTROL_CONSOLE_WRITE, &in, sizeof(in), &out, sizeof(out), NULL);
	if (err == 0) {
		*taken = out.count;
	}
	return err;
}

static int pci_op(struct viaduct *v, uint32_t op, uint32_t sbdf, const char *name)
{
	struct control_pci_name in = { .sbdf = sbdf };
	int err = set_name(v, in.name, name != NULL ? name : "");

	return err != 0 ? err : client_call(v, op, &in, sizeof(in), NULL, 0, NULL);
}

int viaduct_pci_quarantine(struct viaduct *v, uint32_t sbdf, const char *name)
{
	return pci_op(v, CONTROL_PCI_QUARANTINE, sbdf, name);
}

int viaduct_pci_return(struct viaduct *v, uint32_t sbdf)
{
	return pci_op(v, CONTROL_PCI_RETURN, sbdf, NULL);
}

int viaduct_pci_detach(struct viaduct *v, uint32_t sbdf)
{
	return pci_op(v, CONTROL_PCI_DETACH, sbdf, NULL);
}

int viaduct_pci_eject(struct viaduct *v, uint32_t sbdf)
{
	return pci_op(v, CONTROL_PCI_EJECT, sbdf, NULL);
}

int viaduct_pci_attach(struct viaduct *v, const struct control_pci_attach *options,
		       uint32_t *vsbdf)
{
	struct control_count out;
	int err = client_call(v, CONTROL_PCI_ATTACH, options, sizeof(*options), &out, sizeof(out),
			      NULL);

	if (err == 0) {
		*vsbdf = out.count;
	}
	return err;
}

int viaduct_pci_examine(struct viaduct *v, uint32_t sbdf, struct control_pci_report *out)
{
	struct control_pci_examine in = { .sbdf = sbdf };
	int err = client_call(v, CONTROL_PCI_EXAMINE, &in, sizeof(in), out, sizeof(*out), NULL);

	out->iommu_why[sizeof(out->iommu_why) - 1] = '\0';
	return err;
}

int viaduct_pci_rom(struct viaduct *v, uint32_t sbdf, const void *data, size_t size)
{
	struct control_pci_rom in = { .sbdf = sbdf, .size = CONTROL_ROM_MIN };
	int err = 0;

	if (size == 0 || size > CONTROL_ROM_MAX) {
		return client_fail(v, -EINVAL, "a ROM has 1 to %u bytes", CONTROL_ROM_MAX);
	}
	while (in.size < size) {
		in.size *= 2;
	}
	for (; err == 0 && in.offset < size; in.offset += in.count) {
		size_t left = size - in.offset;

		in.count = left < CONTROL_ROM_CHUNK ? (uint32_t)left : CONTROL_ROM_CHUNK;
		memcpy(in.data, (const uint8_t *)data + in.offset, in.count);
		err = client_call(v, CONTROL_PCI_ROM, &in, sizeof(in), NULL, 0, NULL);
	}
	return err;
}
