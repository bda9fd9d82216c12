/* SPDX-License-Identifier: BSD-2-Clause */
/* Encoder of ITS commands (IHI0069 5.3). */
#include "irq/its_cmd.h"

enum {
	CMD_INT = 0x03,
	CMD_CLEAR = 0x04,
	CMD_SYNC = 0x05,
	CMD_MAPD = 0x08,
	CMD_MAPC = 0x09,
	CMD_MAPTI = 0x0a,
	CMD_INV = 0x0c,
	CMD_INVALL = 0x0d,
	CMD_DISCARD = 0x0f,
	CMD_VMOVI = 0x21,
	CMD_VMOVP = 0x22,
	CMD_VSYNC = 0x25,
	CMD_VMAPP = 0x29,
	CMD_VMAPTI = 0x2a,
	CMD_VINVALL = 0x2d,
};

#define VALID BIT(63)

/* Doublewords 0 and 1 of every command about one event of one device. */
static struct its_cmd event_cmd(uint64_t number, device_id_t id, uint32_t event)
{
	return (struct its_cmd){ .dw = { number | (uint64_t)id.v << 32, event } };
}

struct its_target its_target_address(paddr_t redist)
{
	return (struct its_target){ redist.v & GENMASK(50, 16) };
}

struct its_target its_target_number(uint32_t processor)
{
	return (struct its_target){ (uint64_t)processor << 16 };
}

struct its_cmd its_cmd_mapd(device_id_t id, paddr_t itt, uint32_t event_bits)
{
	return (struct its_cmd){ .dw = {
		CMD_MAPD | (uint64_t)id.v << 32,
		(event_bits - 1) & GENMASK(4, 0),
		(itt.v & GENMASK(51, 8)) | VALID,
	} };
}

struct its_cmd its_cmd_unmapd(device_id_t id)
{
	return (struct its_cmd){ .dw = { CMD_MAPD | (uint64_t)id.v << 32 } };
}

struct its_cmd its_cmd_mapc(uint32_t collection, struct its_target target)
{
	return (struct its_cmd){ .dw = {
		CMD_MAPC,
		0,
		(collection & GENMASK(15, 0)) | target.field | VALID,
	} };
}

struct its_cmd its_cmd_mapti(device_id_t id, uint32_t event, uint32_t lpi, uint32_t collection)
{
	struct its_cmd cmd = event_cmd(CMD_MAPTI, id, event);

	cmd.dw[1] |= (uint64_t)lpi << 32;
	cmd.dw[2] = collection & GENMASK(15, 0);
	return cmd;
}

struct its_cmd its_cmd_discard(device_id_t id, uint32_t event)
{
	return event_cmd(CMD_DISCARD, id, event);
}

struct its_cmd its_cmd_inv(device_id_t id, uint32_t event)
{
	return event_cmd(CMD_INV, id, event);
}

struct its_cmd its_cmd_invall(uint32_t collection)
{
	return (struct its_cmd){ .dw = { CMD_INVALL, 0, collection & GENMASK(15, 0) } };
}

struct its_cmd its_cmd_int(device_id_t id, uint32_t event)
{
	return event_cmd(CMD_INT, id, event);
}

struct its_cmd its_cmd_sync(struct its_target target)
{
	return (struct its_cmd){ .dw = { CMD_SYNC, 0, target.field } };
}

struct its_cmd its_cmd_clear(device_id_t id, uint32_t event)
{
	return event_cmd(CMD_CLEAR, id, event);
}

/* Doublewords 0 and 1 of every command about a vPE. */
static struct its_cmd vpe_cmd(uint64_t number, uint16_t vpe)
{
	return (struct its_cmd){ .dw = { number, (uint64_t)vpe << 32 } };
}

struct its_cmd its_cmd_vmapp(uint16_t vpe, struct its_target target, paddr_t table,
			     uint32_t id_bits)
{
	struct its_cmd cmd = vpe_cmd(CMD_VMAPP, vpe);

	cmd.dw[2] = target.field | VALID;
	cmd.dw[3] = (table.v & GENMASK(51, 16)) | ((id_bits - 1) & GENMASK(4, 0));
	return cmd;
}

struct its_cmd its_cmd_unvmapp(uint16_t vpe)
{
	return vpe_cmd(CMD_VMAPP, vpe);
}

struct its_cmd its_cmd_vmovp(uint16_t vpe, struct its_target target)
{
	struct its_cmd cmd = vpe_cmd(CMD_VMOVP, vpe);

	cmd.dw[2] = target.field;
	return cmd;
}

struct its_cmd its_cmd_vmapti(device_id_t id, uint32_t event, uint16_t vpe, uint32_t vintid,
			      uint32_t doorbell)
{
	struct its_cmd cmd = event_cmd(CMD_VMAPTI, id, event);

	cmd.dw[1] |= (uint64_t)vpe << 32;
	cmd.dw[2] = vintid | (uint64_t)doorbell << 32;
	return cmd;
}

struct its_cmd its_cmd_vmovi(device_id_t id, uint32_t event, uint16_t vpe)
{
	struct its_cmd cmd = event_cmd(CMD_VMOVI, id, event);

	/* D = 0: the doorbell stays what it is. */
	cmd.dw[1] |= (uint64_t)vpe << 32;
	return cmd;
}

struct its_cmd its_cmd_vsync(uint16_t vpe)
{
	return vpe_cmd(CMD_VSYNC, vpe);
}

struct its_cmd its_cmd_vinvall(uint16_t vpe)
{
	return vpe_cmd(CMD_VINVALL, vpe);
}
