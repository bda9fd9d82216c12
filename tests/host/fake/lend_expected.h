/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The second bookkeeping of a property of lending: what BARs and COMMAND say ought to be in each
 * stage 2, and what must hold of every function.
 */
#ifndef FAKE_LEND_EXPECTED_H
#define FAKE_LEND_EXPECTED_H

void lend_expected_begin(void);
/* After each step, when no job is left: follow what users wrote, and check all. */
void lend_expected_check(void);

#endif
