/* SPDX-License-Identifier: BSD-2-Clause */
#include "nvme.h"

/* Controller registers (3.1.3). */
#define CC   0x14U
#define CSTS 0x1cU
#define AQA  0x24U
#define ASQ  0x28U
#define ACQ  0x30U
#define DOORBELLS 0x1000U /* with the smallest stride: submission, completion of queue 0, of 1 */

#define CC_ENABLE 1U
#define CC_SIZES  (6U << 16 | 4U << 20) /* entries of 64 and 16 bytes */
#define CSTS_READY 1U

#define ADMIN_CREATE_SQ 1U
#define ADMIN_CREATE_CQ 5U
#define ADMIN_IDENTIFY  6U
#define IO_WRITE 1U
#define IO_READ  2U

#define IDENTIFY_CONTROLLER 1U
#define CONTIGUOUS 1U

#define ENTRIES 4U
#define SQ_WORDS 16U
#define CQ_WORDS 4U
#define TRIES 20000000U

struct queue {
	volatile uint32_t *sq;
	volatile uint32_t *cq;
	uint32_t id;
	uint32_t tail;
	uint32_t head;
	uint32_t phase;
};

static uint32_t memory[5][1024] __attribute__((aligned(4096)));
static struct queue admin, io;
static uint64_t regs;

static uint64_t address_of(const volatile void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static bool wait_ready(uint32_t ready)
{
	for (uint32_t i = 0; i < TRIES; i++) {
		if ((read32(regs + CSTS) & CSTS_READY) == ready) {
			return true;
		}
	}
	return false;
}

static void write_pair(uint32_t offset, uint64_t value)
{
	write32(regs + offset, (uint32_t)value);
	write32(regs + offset + 4, (uint32_t)(value >> 32));
}

/* One command, until it is completed. True: with success. */
static bool command(struct queue *q, const uint32_t words[SQ_WORDS])
{
	volatile uint32_t *entry = &q->sq[q->tail * SQ_WORDS];
	volatile uint32_t *done = &q->cq[q->head * CQ_WORDS];
	uint32_t status = 0;

	for (uint32_t i = 0; i < SQ_WORDS; i++) {
		entry[i] = words[i];
	}
	q->tail = (q->tail + 1) % ENTRIES;
	barrier();
	write32(regs + DOORBELLS + 8 * q->id, q->tail);
	for (uint32_t i = 0; i < TRIES; i++) {
		status = done[3] >> 16;
		if ((status & 1) == q->phase) {
			break;
		}
	}
	if ((status & 1) != q->phase) {
		return false;
	}
	q->head = (q->head + 1) % ENTRIES;
	q->phase ^= q->head == 0 ? 1U : 0U;
	write32(regs + DOORBELLS + 8 * q->id + 4, q->head);
	return status >> 1 == 0;
}

/* data: where the command's data is, 0: nowhere. */
static bool issue(struct queue *q, uint32_t opcode, uint32_t namespace, uint64_t data,
		  const uint32_t dwords[3])
{
	const uint32_t words[SQ_WORDS] = {
		[0] = opcode,
		[1] = namespace,
		[6] = (uint32_t)data,
		[7] = (uint32_t)(data >> 32),
		[10] = dwords[0],
		[11] = dwords[1],
		[12] = dwords[2],
	};

	return command(q, words);
}

bool nvme_start(uint64_t bar)
{
	regs = bar;
	write32(regs + CC, 0);
	if (!wait_ready(0)) {
		return false;
	}
	admin = (struct queue){ memory[0], memory[1], 0, 0, 0, 1 };
	io = (struct queue){ memory[2], memory[3], 1, 0, 0, 1 };
	write32(regs + AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	write_pair(ASQ, address_of(admin.sq));
	write_pair(ACQ, address_of(admin.cq));
	barrier();
	write32(regs + CC, CC_SIZES | CC_ENABLE);
	return wait_ready(CSTS_READY);
}

const uint8_t *nvme_identify(void)
{
	static const uint32_t dwords[3] = { IDENTIFY_CONTROLLER };

	if (!issue(&admin, ADMIN_IDENTIFY, 0, address_of(memory[4]), dwords)) {
		return NULL;
	}
	barrier();
	return (const uint8_t *)memory[4];
}

bool nvme_create_queues(void)
{
	const uint32_t dwords[3] = { (ENTRIES - 1) << 16 | io.id, CONTIGUOUS };
	const uint32_t sq_dwords[3] = { dwords[0], io.id << 16 | CONTIGUOUS };

	return issue(&admin, ADMIN_CREATE_CQ, 0, address_of(io.cq), dwords) &&
	       issue(&admin, ADMIN_CREATE_SQ, 0, address_of(io.sq), sq_dwords);
}

bool nvme_transfer(uint64_t block, const void *data, bool write)
{
	const uint32_t dwords[3] = { (uint32_t)block, (uint32_t)(block >> 32) };
	bool good;

	barrier();
	good = issue(&io, write ? IO_WRITE : IO_READ, 1, address_of(data), dwords);
	barrier();
	return good;
}
