/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_rcar.h"

#include <assert.h>
#include <string.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/guarded.h"
#include "arch/arm64/mmio.h"

struct model_rcar model_rcar;

static uint8_t window[MODEL_RCAR_SIZE];
static uint8_t second_window[MODEL_RCAR_SIZE];
static uint32_t car, cctlr, msr, intxr, msitxr, errfr, tctlr, macctlr, tlctlr, idsetr1;
static struct msi_block {
	uint32_t msifr, msialr, msiaur, msiier;
} blocks[2];
static uint32_t prar[6], lar[6], lamr[6];
static struct {
	uint32_t low, high, mask, control;
} outbound[4];
static uint32_t l1_left;
static bool l1_entered;
static uint64_t now;
static bool guarded, aborted;

uint64_t ticks_now(void)
{
	return now++;
}

volatile void *mmio_map_device(uint64_t base, uint64_t size)
{
	assert(size == MODEL_RCAR_SIZE);
	if (base == MODEL_RCAR_SECOND) {
		return second_window;
	}
	assert(base == MODEL_RCAR_BASE);
	return window;
}

static uint32_t *msi_register_at(struct msi_block *m, uint32_t offset)
{
	switch (offset) {
	case 0x2048:
		return &m->msialr;
	case 0x204c:
		return &m->msiaur;
	case 0x2050:
		return &m->msiier;
	default:
		return NULL;
	}
}

static bool msi_write(struct msi_block *m, uint32_t offset, uint32_t value)
{
	uint32_t *reg = msi_register_at(m, offset);

	if (reg != NULL) {
		*reg = value;
	} else if (offset == 0x2044) {
		m->msifr &= ~value;
	} else {
		return false;
	}
	return true;
}

static bool in_second(const volatile uint8_t *p)
{
	return p >= second_window && p < second_window + MODEL_RCAR_SIZE;
}

static struct sbdf port_at(void)
{
	return sbdf_make(0, 0, 0, 0);
}

static uint32_t port_read(uint32_t offset)
{
	return model_pci_ops.cfg_read(&model_rcar.tree, port_at(), offset, 4);
}

/* Sticky until written: nothing that follows clears them. */
static uint32_t unsupported(void)
{
	errfr |= 1U << 4;
	model_rcar.port->config[7] |= 0x20;
	return 0xffffffffU;
}

/* Where the cycle in CAR and CCTLR goes. False: nobody. */
static bool target(struct sbdf *where, uint32_t *offset)
{
	uint8_t bus = (uint8_t)(car >> 24);
	uint8_t secondary = model_rcar.port->config[0x19];

	*offset = car & 0xffc;
	*where = sbdf_make(0, bus, car >> 19 & 31, car >> 16 & 7);
	/* The port cannot be its own completer. */
	assert(bus != 0);
	if (cctlr & 1U << 8) {
		return bus != secondary;
	}
	/* The partner takes every type 0 cycle as its own, whatever device it names. */
	assert(bus == secondary);
	*where = sbdf_make(0, bus, 0, car >> 16 & 7);
	return true;
}

/* Counted down to what happens at this cycle. */
static bool now_is(uint32_t *at)
{
	return *at > 0 && --*at == 0;
}

/* External aborts, which end the test unless the access is a guarded one. */
static bool aborts(void)
{
	struct model_rcar *m = &model_rcar;
	bool abort = now_is(&m->abort_at);

	if (now_is(&m->l1_asks_at)) {
		m->l1_asked = true;
		if (m->l1_asks_for > 0) {
			m->l1_asks_for--;
			m->l1_asks_at = 1;
		}
	}
	if (now_is(&m->link_lost_at)) {
		m->link = m->link_comes = false;
	}
	abort = abort || !m->link || m->l1_asked;
	assert(!abort || guarded);
	aborted = abort;
	return abort;
}

static uint32_t cycle(bool write, uint32_t value)
{
	struct sbdf where;
	uint32_t offset, read;

	assert((cctlr & 1U << 31) != 0 && "cycle without enable");
	model_rcar.cycles++;
	if (aborts()) {
		return 0xffffffffU;
	}
	if (!target(&where, &offset) ||
	    model_pci_ops.cfg_read(&model_rcar.tree, where, 0, 4) == 0xffffffffU) {
		return unsupported();
	}
	if (write) {
		model_pci_ops.cfg_write(&model_rcar.tree, where, offset, 4, value);
		return 0;
	}
	read = model_pci_ops.cfg_read(&model_rcar.tree, where, offset, 4);
	return read;
}

static uint32_t pmsr(void)
{
	uint32_t value = 0;

	if (l1_left > 0 && --l1_left == 0) {
		l1_entered = true;
		model_rcar.l1_asked = false;
	}
	value |= model_rcar.l1_asked || l1_entered ? 1U << 23 : 0;
	value |= l1_entered ? 1U << 31 : 0;
	return value;
}

static uint32_t tstr(void)
{
	if ((tctlr & 1) != 0 && model_rcar.link_comes && !model_rcar.link) {
		if (model_rcar.link_polls > 0) {
			model_rcar.link_polls--;
		} else {
			model_rcar.link = true;
		}
	}
	return model_rcar.link;
}

static uint32_t window_read(uint32_t offset)
{
	uint32_t n = (offset & 0xff) / 0x20;

	if (offset >= 0x3400 && offset < 0x3480) {
		const uint32_t regs[] = { outbound[n].low, outbound[n].high, outbound[n].mask,
					  outbound[n].control };

		assert(offset % 0x20 < 16);
		return regs[offset % 0x20 / 4];
	}
	if (offset >= 0x2080 && offset < 0x2098) {
		return prar[(offset - 0x2080) / 4];
	}
	if (offset >= 0x2200 && offset < 0x22c0 && offset % 0x20 == 0) {
		return lar[n];
	}
	if (offset >= 0x2200 && offset < 0x22c0 && offset % 0x20 == 8) {
		return lamr[n];
	}
	assert(!"a register the model does not have is read");
	return 0;
}

uint32_t mmio_read32(const volatile void *p)
{
	uint32_t offset = (uint32_t)((const volatile uint8_t *)p - window);

	if (in_second(p)) {
		assert((const volatile uint8_t *)p == second_window + 0x2044);
		return blocks[1].msifr;
	}
	assert(offset % 4 == 0 && offset < MODEL_RCAR_SIZE);
	if (offset >= 0x10000 && offset < 0x11000) {
		return port_read(offset - 0x10000);
	}
	switch (offset) {
	case 0x018:
		return cctlr;
	case 0x020:
		return cycle(false, 0);
	case 0x400:
		return intxr;
	case 0x7f0:
		return !model_rcar.no_phy;
	case 0x2004:
		return tstr();
	case 0x2020:
		return errfr;
	case 0x2044:
		return blocks[0].msifr;
	case 0x11048:
		return tlctlr;
	case 0x1105c:
		return pmsr();
	default:
		return window_read(offset);
	}
}

static void window_write(uint32_t offset, uint32_t value)
{
	uint32_t n = (offset & 0xff) / 0x20;

	if (offset >= 0x2080 && offset < 0x2098) {
		prar[(offset - 0x2080) / 4] = value;
	} else if (offset >= 0x2200 && offset < 0x22c0 && offset % 0x20 == 0) {
		lar[n] = value;
	} else if (offset >= 0x2200 && offset < 0x22c0 && offset % 0x20 == 8) {
		lamr[n] = value;
	} else if (offset >= 0x3400 && offset < 0x3480) {
		uint32_t *regs[] = { &outbound[n].low, &outbound[n].high, &outbound[n].mask,
				     &outbound[n].control };

		assert(offset % 0x20 < 16);
		/* An open window is not moved. */
		assert(offset % 0x20 == 12 || (outbound[n].control & 1U << 31) == 0);
		*regs[offset % 0x20 / 4] = value;
	} else {
		assert(!"a register the model does not have is written");
	}
}

static void pmctlr(uint32_t value)
{
	if ((value & 1U << 31) != 0 && model_rcar.l1_asked) {
		l1_left = model_rcar.l1_polls;
	}
}

void mmio_write32(volatile void *p, uint32_t value)
{
	uint32_t offset = (uint32_t)((volatile uint8_t *)p - window);
	struct {
		uint32_t offset;
		uint32_t *reg;
	} plain[] = {
		{ 0x010, &car },       { 0x018, &cctlr },       { 0x028, &msr },
		{ 0x400, &intxr },     { 0x840, &msitxr },      { 0x2000, &tctlr },
		{ 0x11004, &idsetr1 }, { 0x11048, &tlctlr },    { 0x11058, &macctlr },
	};

	if (in_second(p)) {
		assert(msi_write(&blocks[1],
				 (uint32_t)((volatile uint8_t *)p - second_window), value));
		return;
	}
	assert(offset % 4 == 0 && offset < MODEL_RCAR_SIZE);
	if (msi_write(&blocks[0], offset, value)) {
		return;
	}
	model_rcar.writes++;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (plain[i].offset == offset) {
			*plain[i].reg = value;
			return;
		}
	}
	if (offset >= 0x10000 && offset < 0x11000) {
		model_pci_ops.cfg_write(&model_rcar.tree, port_at(), offset - 0x10000, 4, value);
	} else if (offset == 0x020) {
		(void)cycle(true, value);
	} else if (offset == 0x2020) {
		errfr &= ~value;
	} else if (offset == 0x1105c) {
		l1_entered = l1_entered && (value & 1U << 31) == 0;
	} else if (offset == 0x11060) {
		pmctlr(value);
	} else {
		window_write(offset, value);
	}
}

bool guarded_read(const volatile void *p, uint32_t size, uint32_t *value)
{
	assert(size == 4);
	guarded = true;
	aborted = false;
	*value = mmio_read32(p);
	guarded = false;
	return !aborted;
}

bool guarded_write(volatile void *p, uint32_t size, uint32_t value)
{
	assert(size == 4);
	guarded = true;
	aborted = false;
	mmio_write32(p, value);
	guarded = false;
	return !aborted;
}

void model_rcar_init(void)
{
	struct model_rcar *m = &model_rcar;

	memset(m, 0, sizeof(*m));
	for (uint32_t i = 0; i < 2; i++) {
		/* Firmware's leftovers. */
		blocks[i] = (struct msi_block){ .msifr = 0x00010000, .msialr = ~0U, .msiaur = ~0U,
						.msiier = ~0U };
	}
	car = cctlr = msr = intxr = msitxr = errfr = tctlr = macctlr = tlctlr = idsetr1 = 0;
	memset(prar, 0, sizeof(prar));
	memset(lar, 0, sizeof(lar));
	memset(lamr, 0, sizeof(lamr));
	memset(outbound, 0, sizeof(outbound));
	l1_left = 0;
	l1_entered = false;
	model_pci_init(&m->pci, &m->tree, &m->tree_desc, 0, 0, 255);
	m->port = model_bridge(&m->pci, NULL, 0, 0, 0x00191912);
	m->port->clear[7] = 0xf9;
	/* What software has to describe first. */
	model_set32(m->port, 0x70, 0, 0x00f000ff);
	model_set8(m->port, 0x0e, 0, 0x7f);
	model_set32(m->port, 0x7c, 0, ~0U);
	model_set32(m->port, 0x84, 0xfff80000U, ~0U);
	model_set32(m->port, 0x100, 0x1bc10002, ~0U);
}

void model_rcar_free(void)
{
	model_pci_free(&model_rcar.pci);
}

bool model_rcar_idle(void)
{
	return cctlr == 0;
}

bool model_rcar_msi_at(uint32_t block, uint64_t bus, uint32_t data)
{
	struct msi_block *m = &blocks[block];
	uint64_t at = (uint64_t)m->msiaur << 32 | (m->msialr & ~3U);

	if ((m->msialr & 1) == 0 || bus != at) {
		return false;
	}
	m->msifr |= data < 32 ? 1U << data : 0;
	return true;
}

bool model_rcar_msi(uint64_t bus, uint32_t data)
{
	return model_rcar_msi_at(0, bus, data);
}

bool model_rcar_msi_line_of(uint32_t block)
{
	return (blocks[block].msifr & blocks[block].msiier) != 0;
}

bool model_rcar_msi_line(void)
{
	return model_rcar_msi_line_of(0);
}

void model_rcar_open_inbound(uint32_t n, uint64_t bus, uint64_t local, uint64_t size, bool wide)
{
	prar[n] = (uint32_t)bus;
	lar[n] = (uint32_t)local;
	lamr[n] = ((uint32_t)(size - 1) & ~0xfU) | 2U | (wide ? 4U : 0);
	if (wide) {
		prar[n + 1] = (uint32_t)(bus >> 32);
		lar[n + 1] = (uint32_t)(local >> 32);
	}
}

bool model_rcar_inbound(uint64_t bus, uint64_t *local)
{
	for (uint32_t n = 0; n < 6; n += 2) {
		uint64_t mask = lamr[n] | 0xf;
		uint64_t base = (uint64_t)prar[n + 1] << 32 | prar[n];
		uint64_t to = (uint64_t)lar[n + 1] << 32 | lar[n];

		if ((lamr[n] & 2) == 0) {
			continue;
		}
		/* A pair is 64 bits wide, its mask ones from bit 0, both sides aligned to it. */
		assert((lamr[n] & 4) != 0 && lamr[n + 1] == 0 && (mask & (mask + 1)) == 0);
		assert((base & mask) == 0 && (to & mask) == 0);
		if ((bus & ~mask) == base) {
			*local = to | (bus & mask);
			return true;
		}
	}
	(void)unsupported();
	return false;
}

bool model_rcar_outbound(uint32_t n, uint64_t offset, bool *io, uint64_t *bus)
{
	uint64_t mask = outbound[n].mask | 0x7f;

	if ((outbound[n].control & 1U << 31) == 0) {
		return false;
	}
	assert((mask & (mask + 1)) == 0);
	*io = (outbound[n].control & 1U << 8) != 0;
	*bus = ((uint64_t)outbound[n].high << 32 | outbound[n].low) + (offset & mask);
	return offset <= mask;
}

void model_rcar_open(uint32_t n, uint64_t bus, uint64_t size, bool io)
{
	outbound[n].low = (uint32_t)bus;
	outbound[n].high = (uint32_t)(bus >> 32);
	outbound[n].mask = (uint32_t)(size - 1) & ~0x7fU;
	outbound[n].control = 1U << 31 | (io ? 1U << 8 : 0);
}
