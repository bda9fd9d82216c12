/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Randomness in a domain's device tree, from the CPU, which is the only source here. A domain that
 * begins again gets fresh seeds in the places of the old ones; that needs no libfdt, which is not
 * called once guests run.
 */
#include "arch/arm64/cpu.h"
#include "boot/domain_boot.h"
#include "lib/string.h"

#include <libfdt.h>

/* ID_AA64ISAR0_EL1.RNDR (DDI0487 D19.2.61): s3_3_c2_c4_0 is RNDR. */
#define ISAR0_RNDR 60

/* A read of RNDR may fail for a moment; it gives 0 then. */
#define TRIES 100

static bool random_word(uint64_t *out)
{
	*out = 0;
	for (uint32_t i = 0; i < TRIES && *out == 0; i++) {
		*out = read_sysreg(s3_3_c2_c4_0);
	}
	return *out != 0;
}

static bool random_words(void *to, size_t size)
{
	uint64_t word;

	for (size_t i = 0; i < size; i += sizeof(word)) {
		if (!random_word(&word)) {
			return false;
		}
		memcpy((char *)to + i, &word, sizeof(word));
	}
	return true;
}

void domain_boot_seed(struct guest_fdt *g)
{
	if (BITS(read_sysreg(id_aa64isar0_el1), ISAR0_RNDR + 3, ISAR0_RNDR) == 0 ||
	    !random_words(g->rng_seed, sizeof(g->rng_seed)) || !random_word(&g->kaslr_seed)) {
		g->kaslr_seed = 0;
	}
}

void domain_boot_find_seeds(struct domain_boot *b)
{
	int chosen = fdt_path_offset(b->fdt, "/chosen");

	b->rng_seed = fdt_getprop_w(b->fdt, chosen, "rng-seed", NULL);
	b->kaslr_seed = fdt_getprop_w(b->fdt, chosen, "kaslr-seed", NULL);
}

/* A property, with its tag, length and name, is no property any more (Devicetree 0.4 5.4.1). */
static void leave_out(void *data, size_t size)
{
	char *p = data;

	for (char *at = p - sizeof(struct fdt_property); at < p + size; at += sizeof(fdt32_t)) {
		fdt32_t nop = cpu_to_fdt32(FDT_NOP);

		memcpy(at, &nop, sizeof(nop));
	}
}

void domain_boot_reseed(struct domain_boot *b)
{
	if (b->rng_seed == NULL || b->kaslr_seed == NULL ||
	    (random_words(b->rng_seed, GUEST_FDT_SEED_SIZE) &&
	     random_words(b->kaslr_seed, sizeof(uint64_t)))) {
		return;
	}
	leave_out(b->rng_seed, GUEST_FDT_SEED_SIZE);
	leave_out(b->kaslr_seed, sizeof(uint64_t));
	b->rng_seed = NULL;
	b->kaslr_seed = NULL;
}
