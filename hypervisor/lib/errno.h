/* SPDX-License-Identifier: BSD-2-Clause */
/* Error numbers, Linux values: they also travel through the control interface. */
#ifndef LIB_ERRNO_H
#define LIB_ERRNO_H

#define EPERM      1
#define ENOENT     2
#define EIO        5
#define E2BIG      7
#define EBADF      9
#define EAGAIN     11
#define ENOMEM     12
#define EACCES     13
#define EFAULT     14
#define EBUSY      16
#define EEXIST     17
#define ENODEV     19
#define EINVAL     22
#define ENOSPC     28
#define ERANGE     34
#define ENOSYS     38
#define ENOTEMPTY  39
#define ENOLINK    67
#define EOPNOTSUPP 95
#define ETIMEDOUT  110
#define ECANCELED  125

#endif
