/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hot-plug slots of hardware ports (PCIe 6.0 6.7.3, 7.5.3.9-11). The hypervisor alone has their
 * registers: it looks at them, does what pci_slot.h says, and nobody is interrupted.
 */
#ifndef PCI_PCI_SLOTS_H
#define PCI_PCI_SLOTS_H

#include "pci/host_bridge.h"
#include "pci/pci_plug.h"
#include "pci/pci_slot.h"

#define PCI_SLOTS_PERIOD_MS 100 /* between two looks at a slot where nothing happens */
#define PCI_SLOTS_BUSY_MS   10

struct pci_slots_port {
	struct pci_slot slot;
	struct pci_plug plug;
	uint32_t capabilities;
	uint32_t events; /* seen, and not yet told to the slot: Slot Status */
	bool commanded;  /* a command is not completed yet (7.5.3.10)... */
	uint64_t command_ms; /* ...since then */
	bool done, failed; /* of what the slot wanted last */
};

/*
 * Functions below b are known: all its ports with a hot-plug capable slot are watched, but for one
 * that does not show what is there. Once of each bridge; out of memory is said in the log.
 */
void pci_slots_start(const struct host_bridge *b, uint64_t now_ms);
/*
 * One bounded step of each slot. True: there is more to do at once; else *wait_ms later. No lock
 * held.
 */
bool pci_slots_step(uint64_t now_ms, uint32_t *wait_ms);

#endif
