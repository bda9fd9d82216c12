/* SPDX-License-Identifier: BSD-2-Clause */
/* The release, as `via --version` prints it. Keep equal to meson.build. */
#ifndef VIADUCT_VERSION_H
#define VIADUCT_VERSION_H

#define VIADUCT_RELEASE "0.1.0"

#endif
