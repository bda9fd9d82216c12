/* SPDX-License-Identifier: BSD-2-Clause */
/* ITS commands as the four doublewords hardware reads (IHI0069 5.3). Pure. */
#ifndef IRQ_ITS_CMD_H
#define IRQ_ITS_CMD_H

#include "lib/types.h"

struct its_cmd {
	uint64_t dw[4];
};

/*
 * Where a collection points: the "RDbase" field. With GITS_TYPER.PTA it is a redistributor's
 * address (64 KiB aligned), without it a processor number.
 */
struct its_target {
	uint64_t field; /* bits 50:16, in place */
};

struct its_target its_target_address(paddr_t redist);
struct its_target its_target_number(uint32_t processor);

/* event_bits: 1..32; itt: 256-byte aligned. */
struct its_cmd its_cmd_mapd(device_id_t id, paddr_t itt, uint32_t event_bits);
struct its_cmd its_cmd_unmapd(device_id_t id);
struct its_cmd its_cmd_mapc(uint32_t collection, struct its_target target);
struct its_cmd its_cmd_mapti(device_id_t id, uint32_t event, uint32_t lpi, uint32_t collection);
struct its_cmd its_cmd_discard(device_id_t id, uint32_t event);
struct its_cmd its_cmd_inv(device_id_t id, uint32_t event);
struct its_cmd its_cmd_invall(uint32_t collection);
struct its_cmd its_cmd_int(device_id_t id, uint32_t event);
struct its_cmd its_cmd_clear(device_id_t id, uint32_t event);
struct its_cmd its_cmd_sync(struct its_target target);

/*
 * GICv4.0, for an ITS that moves a vPE without the others' help (GITS_TYPER.VMOVP). table: pending
 * table of 2^id_bits bits, 64 KiB aligned. doorbell: a physical LPI, signalled when an event comes
 * while the vPE is not resident.
 */
struct its_cmd its_cmd_vmapp(uint16_t vpe, struct its_target target, paddr_t table,
			     uint32_t id_bits);
struct its_cmd its_cmd_unvmapp(uint16_t vpe);
struct its_cmd its_cmd_vmovp(uint16_t vpe, struct its_target target);
struct its_cmd its_cmd_vmapti(device_id_t id, uint32_t event, uint16_t vpe, uint32_t vintid,
			      uint32_t doorbell);
struct its_cmd its_cmd_vmovi(device_id_t id, uint32_t event, uint16_t vpe);
struct its_cmd its_cmd_vsync(uint16_t vpe);
struct its_cmd its_cmd_vinvall(uint16_t vpe);

#endif
