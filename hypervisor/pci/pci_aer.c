/* SPDX-License-Identifier: BSD-2-Clause */
/* Error messages: who may send them, and who is to blame for one. */
#include "pci/pci_aer.h"

#include "core/log.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

/* Correctable, non-fatal, fatal. Unsupported requests a guest makes by any odd access. */
#define REPORTED (PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE)
/* A bus reset takes the link down; a link that is down otherwise shows by what it loses. */
#define MASKED (PCI_AER_UNCOR_UR | PCI_AER_UNCOR_SURPRISE_DOWN)

struct pci_aer_report pci_aer_decode(uint32_t status, uint32_t source)
{
	return (struct pci_aer_report){
		.corrected = (status & PCI_AER_ROOT_COR) != 0,
		.corrected_by = (uint16_t)source,
		.uncorrected = (status & PCI_AER_ROOT_UNCOR) != 0,
		.fatal = (status & PCI_AER_ROOT_FATAL) != 0,
		.several = (status & PCI_AER_ROOT_UNCOR_MULTI) != 0,
		.culprit = (uint16_t)(source >> 16),
	};
}

static void set_bits(struct pci_function *f, uint32_t offset, uint32_t size, uint32_t bits)
{
	pci_write(f, offset, size, pci_read(f, offset, size) | bits);
}

static void forget_errors(struct pci_function *f)
{
	/* Both write one to clear, whatever else the register holds. */
	pci_write(f, f->cap_express + PCI_EXP_DEVSTA, 2, PCI_EXP_DEVSTA_ERRORS);
	if (f->cap_aer != 0) {
		pci_write(f, f->cap_aer + PCI_AER_UNCOR_STATUS, 4, 0xffffffffU);
		pci_write(f, f->cap_aer + PCI_AER_COR_STATUS, 4, 0xffffffffU);
	}
}

/* Non-fatal and fatal ones need either SERR or their own bits (6.2.6); not all hardware agrees. */
static void let_through(struct pci_function *f)
{
	forget_errors(f);
	if (f->cap_aer != 0) {
		set_bits(f, f->cap_aer + PCI_AER_UNCOR_MASK, 4, MASKED);
	}
	if (f->header_type == 1) {
		set_bits(f, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CONTROL_SERR);
	}
	f->reports_errors = true;
	pci_write(f, PCI_COMMAND, 2, (pci_read(f, PCI_COMMAND, 2) & 0xffff) | PCI_COMMAND_SERR);
	pci_write(f, f->cap_express + PCI_EXP_DEVCTL, 2,
		  (pci_read(f, f->cap_express + PCI_EXP_DEVCTL, 2) &
		   ~(uint32_t)(PCI_EXP_DEVCTL_URRE | PCI_EXP_DEVCTL_FLR)) | REPORTED);
	/* Whoever gets it next begins so too. */
	pci_reset_remember(f);
}

/* No system error and no interrupt, or a lent function could stop or storm the machine. */
static void own_root(struct pci_function *f)
{
	uint32_t control = pci_read(f, f->cap_express + PCI_EXP_ROOTCTL, 2);

	control &= ~(uint32_t)PCI_EXP_ROOTCTL_SYSTEM;
	pci_write(f, f->cap_express + PCI_EXP_ROOTCTL, 2, control);
	pci_write(f, f->cap_aer + PCI_AER_ROOT_COMMAND, 4, 0);
	pci_write(f, f->cap_aer + PCI_AER_ROOT_STATUS, 4, PCI_AER_ROOT_ALL);
	f->error_root = true;
}

static bool is_root(const struct pci_function *f)
{
	return f->cap_express != 0 && f->express_type == PCI_EXP_TYPE_ROOT_PORT &&
	       f->header_type == 1 && f->cap_aer != 0 &&
	       (uint32_t)f->cap_aer + PCI_AER_ROOT_SIZE <= PCI_EXT_CONFIG_SIZE;
}

void pci_aer_join(struct pci_function *f)
{
	if (f->cap_express != 0 && f->parent != NULL && f->parent->reports_errors) {
		let_through(f);
	}
}

void pci_aer_enable(const struct host_bridge *b)
{
	struct pci_function *f;

	/* Parents come before their children. */
	for (f = b->functions; f != NULL; f = pci_function_next_below(f)) {
		if (f->header_type == 1 && f->cap_dpc != 0) {
			/* A link that went down by itself would wait for who lets it up again. */
			pci_write(f, f->cap_dpc + PCI_DPC_CONTROL, 2, 0);
		}
		if (is_root(f)) {
			own_root(f);
			let_through(f);
		} else {
			pci_aer_join(f);
		}
	}
}

static bool is_below(const struct pci_function *f, const struct pci_function *bridge)
{
	while (f != NULL && f != bridge) {
		f = f->parent;
	}
	return f == bridge;
}

/* Whoever has that requester ID at or below port; NULL: nobody. */
static struct pci_function *sender(const struct pci_function *port, uint16_t id)
{
	struct sbdf s = { (uint32_t)SBDF_SEG(port->sbdf) << 16 | id };
	struct pci_function *f = pci_function_find(s);

	return f != NULL && is_below(f, port) ? f : NULL;
}

/* So that who sends them for ever says little. */
static bool is_power_of_2(uint64_t n)
{
	return (n & (n - 1)) == 0;
}

static void count_corrected(const struct pci_function *port, uint16_t id)
{
	struct pci_function *f = sender(port, id);

	if (f == NULL) {
		return;
	}
	f->errors_corrected++;
	if (is_power_of_2(f->errors_corrected)) {
		log_info("pci", SBDF_FMT ": corrected errors (%llu)", SBDF_ARG(f->sbdf),
			 (unsigned long long)f->errors_corrected);
	}
	if (!pci_reset_active(&f->reset)) {
		forget_errors(f);
	}
}

/*
 * A non-fatal error lost a transaction and left the link whole (6.2.2.2.2). Nobody but its user is
 * concerned, and an owner would lose more with the function, its root disk perhaps, than with the
 * transaction. From a guest it goes: a retry resets it before anyone relies on it again.
 */
static bool spared(const struct pci_function *f, bool fatal)
{
	return !fatal && pci_function_state(f) == FUNCTION_OWNED;
}

static void blame(struct pci_function *f, bool fatal)
{
	uint32_t what = 0;

	f->errors_uncorrected++;
	if (f->cap_express != 0 && !pci_reset_active(&f->reset)) {
		what = f->cap_aer != 0 ? pci_read(f, f->cap_aer + PCI_AER_UNCOR_STATUS, 4) : 0;
		forget_errors(f);
	}
	if (spared(f, fatal)) {
		if (is_power_of_2(f->errors_uncorrected)) {
			log_warn("pci",
				 SBDF_FMT ": non-fatal errors of its owner's (%llu), status 0x%x",
				 SBDF_ARG(f->sbdf), (unsigned long long)f->errors_uncorrected,
				 what);
		}
		return;
	}
	log_warn("pci", SBDF_FMT ": %s error, status 0x%x", SBDF_ARG(f->sbdf),
		 fatal ? "fatal" : "non-fatal", what);
	pci_contain(f, fatal ? PCI_CONTAIN_FATAL : PCI_CONTAIN_NONFATAL);
}

static bool has_errors(struct pci_function *f)
{
	return f->cap_express != 0 && !pci_reset_active(&f->reset) &&
	       (pci_read(f, f->cap_express + PCI_EXP_DEVSTA, 2) &
		(PCI_EXP_DEVSTA_NFED | PCI_EXP_DEVSTA_FED)) != 0;
}

/* guilty: only those whose own status says that they had one. */
static void blame_below(const struct pci_function *bridge, bool fatal, bool guilty)
{
	struct pci_function *f;

	for (f = pci_function_first(); f != NULL; f = f->next) {
		if (f->header_type == 0 && f->state != FUNCTION_ABSENT && is_below(f, bridge) &&
		    (!guilty || has_errors(f))) {
			blame(f, fatal);
		}
	}
}

static void look_at(struct pci_function *port)
{
	uint32_t status = pci_read(port, port->cap_aer + PCI_AER_ROOT_STATUS, 4);
	struct pci_aer_report r;
	struct pci_function *f;

	if ((status & PCI_AER_ROOT_ALL) == 0 || status == 0xffffffffU) {
		return;
	}
	r = pci_aer_decode(status, pci_read(port, port->cap_aer + PCI_AER_SOURCE, 4));
	/* From here on the port names the next one. */
	pci_write(port, port->cap_aer + PCI_AER_ROOT_STATUS, 4, status & PCI_AER_ROOT_ALL);
	if (r.corrected) {
		count_corrected(port, r.corrected_by);
	}
	if (!r.uncorrected) {
		return;
	}
	f = sender(port, r.culprit);
	if (f != NULL && f->header_type == 0) {
		blame(f, r.fatal);
	} else {
		log_warn("pci", SBDF_FMT ": %s error of %s", SBDF_ARG((f ? f : port)->sbdf),
			 r.fatal ? "fatal" : "non-fatal",
			 f != NULL ? "this bridge" : "an unknown function below");
		forget_errors(f != NULL && f->cap_express != 0 ? f : port);
		blame_below(f != NULL ? f : port, r.fatal, false);
	}
	if (r.several) {
		blame_below(port, r.fatal, true);
	}
}

void pci_aer_look(void)
{
	struct pci_function *f;

	for (f = pci_function_first(); f != NULL; f = f->next) {
		if (f->error_root) {
			look_at(f);
		}
	}
}
