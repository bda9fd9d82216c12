/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding what trapped. */
#ifndef ARCH_ARM64_TRAP_H
#define ARCH_ARM64_TRAP_H

#include "core/vcpu.h"
#include "lib/types.h"

/* Accesses to nothing in a row, without any progress between, that end a guest. */
#define FAULT_STREAK_MAX 1000

/* A stage-2 data abort (ISS encoding for exceptions from a Data Abort). */
struct abort_info {
	ipaddr_t at;
	bool translation; /* translation fault at stage 2, not on a stage 1 walk: at is valid */
	bool emulable;    /* syndrome valid, size known, naturally aligned */
	bool write;
	bool sign_extend;
	bool is_64bit;
	uint8_t size; /* bytes */
	uint8_t reg;
};

/* Pure. */
struct abort_info abort_decode(uint64_t esr, uint64_t far, uint64_t hpfar);
/* A write to what stage 2 maps read-only. HPFAR_EL2 does not say where. Pure. */
bool abort_write_denied(uint64_t esr);

/* A trapped MRS or MSR of the current vCPU. */
void trap_sysreg(struct vcpu *v, uint64_t esr);

/* Called by vectors.S. */
void trap_sync(struct vcpu *v);
void trap_irq(struct vcpu *v);
void trap_fiq(struct vcpu *v);
void trap_serror(struct vcpu *v);
/* The same while this CPU records (core/trace.h). */
void record_sync(struct vcpu *v);
void record_irq(struct vcpu *v);
void record_serror(struct vcpu *v);

/* An SError of v's was found pending when it was taken off its CPU. No lock held. */
void trap_late_serror(struct vcpu *v);

struct own_frame {
	uint64_t x[31];
	uint64_t pc;
	uint64_t pstate;
};
/* Returns when f says where a guarded access goes on. */
void trap_own(struct own_frame *f, uint64_t kind);

#endif
