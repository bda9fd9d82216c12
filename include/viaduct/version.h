/* SPDX-License-Identifier: BSD-2-Clause */
/* The release, as the boot log, `via info` and `via --version` print it. Keep equal to meson.build's. */
#ifndef VIADUCT_VERSION_H
#define VIADUCT_VERSION_H

#define VIADUCT_VERSION "0.1.0"

#endif
