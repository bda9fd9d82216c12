/* SPDX-License-Identifier: BSD-2-Clause */
/* The trapped MSI capability (PCIe 6.0 7.7.1): virtual messages, the host's in hardware. */
#include "vpci/vpci_msi.h"

#include "irq/vmsi.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "vpci/vpci_msix.h"
#include "vpci/vpci_vectors.h"

#define ADDRESS_LOW  4U
#define ADDRESS_HIGH 8U
#define DATA_32      8U
#define DATA_64      12U
#define IN_USE_SHIFT 4U /* log2 of the messages in use... */
#define IN_USE       0x70U
#define MESSAGES_LOG 5U /* ...which is no more than this */

static uint32_t own(const struct vpci_function *vf, uint32_t at, uint32_t size)
{
	uint32_t value;

	/* All bits are the shadow's: hardware need not be asked. */
	(void)vpci_shadow_read_own(&vf->shadow, vf->function->msi.cap + at, size, &value);
	return value;
}

static uint32_t data_at(const struct pci_function *f)
{
	return f->msi.is_64bit ? DATA_64 : DATA_32;
}

static void set_control(struct vpci_function *vf, uint32_t control)
{
	pci_write(vf->function, vf->function->msi.cap + PCI_MSI_CONTROL, 2, control);
}

/* Vectors for count messages, which hardware is told. */
static bool begin(struct vpci_function *vf, uint32_t count)
{
	struct pci_function *f = vf->function;
	struct msi_message m;

	if (!vpci_vectors_take(vf, 0, count)) {
		return false;
	}
	vpci_vector_message(vf, 0, &m);
	if (!f->msi.is_64bit && m.address >> 32 != 0) {
		vpci_vectors_give(vf, 0, count);
		return false; /* it cannot write there */
	}
	pci_write(f, f->msi.cap + ADDRESS_LOW, 4, (uint32_t)m.address);
	if (f->msi.is_64bit) {
		pci_write(f, f->msi.cap + ADDRESS_HIGH, 4, (uint32_t)(m.address >> 32));
	}
	pci_write(f, f->msi.cap + data_at(f), 2, m.data & 0xffff);
	vf->msi_count = count;
	return true;
}

static void end(struct vpci_function *vf)
{
	if (vf->msi_count != 0) {
		vpci_vectors_give(vf, 0, vf->msi_count);
		vf->msi_count = 0;
	}
}

/* Of count messages the function replaces the low bits of the data by their number. */
static void aim(struct vpci_function *vf, uint32_t count)
{
	uint64_t address = own(vf, ADDRESS_LOW, 4);
	uint32_t data = own(vf, data_at(vf->function), 2) & ~(count - 1);

	if (vf->function->msi.is_64bit) {
		address |= (uint64_t)own(vf, ADDRESS_HIGH, 4) << 32;
	}
	for (uint32_t i = 0; i < count; i++) {
		vpci_vector_aim(vf, i, vmsi_target(vf->domain, address, data | i));
	}
}

/* A message that moves while MSI is on needs no word to hardware: its vector stays. */
static void follow(struct vpci_function *vf)
{
	uint32_t control = own(vf, PCI_MSI_CONTROL, 2);
	uint32_t log = MIN((control & IN_USE) >> IN_USE_SHIFT, MESSAGES_LOG);
	uint32_t count = (control & PCI_MSI_ENABLE) ? 1U << log : 0;

	if (count != vf->msi_count) {
		set_control(vf, 0);
		end(vf);
		if (count == 0 || !begin(vf, count)) {
			return;
		}
		aim(vf, count);
		set_control(vf, PCI_MSI_ENABLE | log << IN_USE_SHIFT);
	} else {
		aim(vf, count);
	}
}

void vpci_msi_written(struct vpci_function *vf)
{
	if (vf->vectors == NULL) {
		return;
	}
	if (vf->function->msi.cap != 0) {
		follow(vf);
	}
	vpci_msix_follow(vf);
}

void vpci_msi_reset(struct vpci_function *vf)
{
	if (vf->vectors != NULL) {
		end(vf);
		vpci_msix_reset(vf);
	}
}
