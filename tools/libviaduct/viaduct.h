/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libviaduct: everything the hypervisor can be asked for, from a program in the control domain.
 *
 * A connection is one client of the control function (include/viaduct/control.h). It needs root and
 * a kernel that lets root map PCI BARs through sysfs: kernel lockdown forbids that. Nothing is kept
 * here that the hypervisor does not know: a program that dies loses nothing but its connection.
 *
 * A program is built with what "pkg-config --cflags --libs libviaduct" says;
 * docs/examples/functions.c is one. The library's number is that of the control interface, whose
 * structures it hands out: a program of another number does not start, and a library that meets a
 * hypervisor of another does not connect and says so.
 *
 * Unless said otherwise a call returns 0 or a negative errno; viaduct_error() then has a sentence
 * for people. What a number means for a request is with the request in control.h. When a call
 * fails, what it was to fill in is undefined unless said otherwise, and nothing has to be freed.
 *
 * A connection is for one thread at a time, from where it does not matter; connections of different
 * threads and programs are independent, and what they ask for is carried out one by one. A child
 * made by fork() must not use its parent's. Pointers that are handed in are not kept
 * unless said otherwise; lists and handles that are handed out are the caller's, with free() or the
 * function named with them.
 */
#ifndef LIBVIADUCT_VIADUCT_H
#define LIBVIADUCT_VIADUCT_H

#include <stddef.h>
#include <stdint.h>

#include <viaduct/control.h>

struct viaduct;

/*
 * Connect. -ENODEV: not in the control domain of a Viaduct machine; -EACCES, -EPERM: not allowed;
 * -EBUSY: all client pages taken; -EPROTO: library and hypervisor do not fit. On failure *out is a
 * connection that can only be asked for viaduct_error() and closed, or NULL with -ENOMEM.
 */
int viaduct_open(struct viaduct **out);
/* NULL is allowed. */
void viaduct_close(struct viaduct *v);
/* Why the last call that failed did. Valid until the next call. */
const char *viaduct_error(const struct viaduct *v);

/* Does nothing, all the way. */
int viaduct_null(struct viaduct *v);
int viaduct_info(struct viaduct *v, struct control_info *out);

/* The hypervisor's log from byte position *position on (0: the oldest kept); advances *position. */
int viaduct_log_read(struct viaduct *v, uint64_t *position, char *buf, size_t size, size_t *got);

/* Domains. */
struct viaduct_domain_spec {
	const char *name;
	uint32_t vcpu_count;
	uint64_t ram_bytes;   /* rounded up to 2 MiB */
	uint64_t flash_bytes; /* the same; viaduct_boot_flash_bytes(), or 0 */
	uint64_t table_bytes; /* the most page tables for BARs may take; 0: the usual amount */
	uint32_t flags;       /* CONTROL_CREATE_* */
};

int viaduct_domain_create(struct viaduct *v, const struct viaduct_domain_spec *spec, uint32_t *id);
/*
 * pc and arg (x0) of vCPU 0, guest physical; flags: CONTROL_START_*. Ends viaduct_memory_write()
 * for this domain.
 */
int viaduct_domain_start(struct viaduct *v, uint32_t id, uint64_t pc, uint64_t arg, uint32_t flags);
int viaduct_domain_pause(struct viaduct *v, uint32_t id);
int viaduct_domain_unpause(struct viaduct *v, uint32_t id);
/* Returns at once; see viaduct_domain_wait_gone(). */
int viaduct_domain_destroy(struct viaduct *v, uint32_t id);
/* -ETIMEDOUT. */
int viaduct_domain_wait_gone(struct viaduct *v, uint32_t id, unsigned int timeout_ms);
/* All domains by ascending id; the caller frees *list. */
int viaduct_domain_list(struct viaduct *v, struct control_domain **list, size_t *count);
/* -ENOENT. */
int viaduct_domain_get(struct viaduct *v, uint32_t id, struct control_domain *out);
/* By name, else by number. -ENOENT. */
int viaduct_domain_find(struct viaduct *v, const char *name_or_id, struct control_domain *out);
/* By index; *count of them. */
int viaduct_domain_vcpus(struct viaduct *v, uint32_t id,
			 struct control_vcpu list[CONTROL_VCPUS_MAX], size_t *count);
/* A vCPU may be on these CPUs only, by bit; CONTROL_ANY_CPU. -ENOENT, -EINVAL, -ERANGE. */
int viaduct_vcpu_pin(struct viaduct *v, uint32_t id, uint32_t vcpu, uint32_t allowed);
/*
 * Weight and cap of a domain: those that flags (CONTROL_SHARE_*) name are set from *share, and
 * *share is what holds then. -ENOENT, -ERANGE; *share is as it was.
 */
int viaduct_domain_share(struct viaduct *v, uint32_t id, uint32_t flags,
			 struct control_domain_share *share);
int viaduct_domain_stats(struct viaduct *v, uint32_t id, struct control_domain_stats *out);
/* -EEXIST: the name is in use. */
int viaduct_domain_rename(struct viaduct *v, uint32_t id, const char *name);
/*
 * A guest's power key. means: CONTROL_POWEROFF or CONTROL_REBOOT, what it counts as when the guest
 * powers off; not looked at by CONTROL_KEY_LOOK. *key: CONTROL_KEY_* flags.
 */
int viaduct_power_key(struct viaduct *v, uint32_t id, enum control_key_action action,
		      enum control_shutdown means, uint32_t *key);
/*
 * Write into the RAM of a domain that was created and not started; offset from its start. Flash
 * follows where RAM ends.
 */
int viaduct_memory_write(struct viaduct *v, uint32_t id, uint64_t offset, const void *data,
			 size_t size);

/* A guest's console. *position as for the log. */
int viaduct_console_read(struct viaduct *v, uint32_t id, uint64_t *position, char *buf, size_t size,
			 size_t *got);
/* *taken may be less than size: the guest reads slowly. */
int viaduct_console_write(struct viaduct *v, uint32_t id, const char *text, size_t size,
			  size_t *taken);

/* PCI functions, host numbering: segment << 16 | bus << 8 | device << 3 | function. */
int viaduct_pci_list(struct viaduct *v, struct control_function **list, size_t *count);
/* -ENODEV. */
int viaduct_pci_get(struct viaduct *v, uint32_t sbdf, struct control_function *out);
/* Can it be lent, and what that depends on. -ENODEV. */
int viaduct_pci_examine(struct viaduct *v, uint32_t sbdf, struct control_pci_report *out);
/* Make assignable; name may be NULL. Returns while the function still resets. */
int viaduct_pci_quarantine(struct viaduct *v, uint32_t sbdf, const char *name);
/* Until the function is done resetting; *out is how it is then. -ETIMEDOUT. */
int viaduct_pci_wait(struct viaduct *v, uint32_t sbdf, unsigned int timeout_ms,
		     struct control_function *out);
/* Back to the owner of its bridge. */
int viaduct_pci_return(struct viaduct *v, uint32_t sbdf);
/* Lend as options say, whose domain and sbdf are filled in. *vsbdf: where the domain sees it. */
int viaduct_pci_attach(struct viaduct *v, const struct control_pci_attach *options,
		       uint32_t *vsbdf);
int viaduct_pci_detach(struct viaduct *v, uint32_t sbdf);
/*
 * Ask the domain to let go of it. Returns at once; *out of viaduct_pci_wait_let_go() says whether
 * it has: -ETIMEDOUT if the function is still lent when timeout_ms are over.
 */
int viaduct_pci_eject(struct viaduct *v, uint32_t sbdf);
int viaduct_pci_wait_let_go(struct viaduct *v, uint32_t sbdf, unsigned int timeout_ms,
			    struct control_function *out);
/*
 * Load the expansion ROM a function in quarantine will show its next user: 1..CONTROL_ROM_MAX
 * bytes, filled up with ff to a power of two.
 */
int viaduct_pci_rom(struct viaduct *v, uint32_t sbdf, const void *data, size_t size);

/*
 * A domain that was created and not started shares a region of memory with others that name it:
 * bytes a power of two, vectors by which each can be interrupted, or 0. *vsbdf: where the domain
 * sees it. -EEXIST: the region has another size or number of vectors. -EBUSY, -EOPNOTSUPP, -ENOSPC,
 * -ENOMEM.
 */
int viaduct_shared_join(struct viaduct *v, uint32_t id, const char *name, uint64_t bytes,
			uint32_t vectors, uint32_t *vsbdf);
/* All regions, oldest first; the caller frees *list. */
int viaduct_shared_list(struct viaduct *v, struct control_shared **list, size_t *count);

/*
 * Every CPU begins or ends to record its exits. -EBUSY: they are recorded already, for somebody
 * else or for who ended less than CONTROL_TRACE_IDLE_MS ago without a word.
 */
int viaduct_trace_start(struct viaduct *v);
int viaduct_trace_stop(struct viaduct *v);
/* What VIADUCT_TRACE_MAX records or fewer of a CPU come next from *position, 0 at first, on. */
#define VIADUCT_TRACE_MAX 126U
int viaduct_trace_read(struct viaduct *v, uint32_t cpu, uint64_t *position,
		       struct control_trace_record records[VIADUCT_TRACE_MAX], size_t *count,
		       uint64_t *lost);

/*
 * What a guest boots: an arm64 Linux Image, perhaps a ramdisk, a command line; or firmware, a flat
 * binary that lies in flash at address 0 and is entered there. Opening reads and checks the files
 * and decides where everything goes; nothing is asked of the hypervisor.
 */
struct viaduct_boot;

struct viaduct_boot_spec {
	const char *firmware; /* NULL: kernel; else kernel, ramdisk and extra are not looked at */
	const char *kernel;
	const char *ramdisk; /* NULL: none */
	const char *extra;   /* kernel command line; NULL: none */
	uint32_t vcpu_count;
	uint64_t ram_bytes;
	/* overlay (.dtbo) laid over the domain's device tree; NULL: none */
	const char *device_tree;
};

/* extra stays the caller's until the end. why (at least 1 byte) gets a sentence on failure. */
int viaduct_boot_open(const struct viaduct_boot_spec *spec, struct viaduct_boot **out, char *why,
		      size_t why_size);
void viaduct_boot_close(struct viaduct_boot *b);
/* The flash that the domain needs besides its RAM. */
uint64_t viaduct_boot_flash_bytes(const struct viaduct_boot *b);
/* done of total bytes are written. Not 0: stop; the load ends with -ECANCELED. */
typedef int viaduct_progress(void *arg, uint64_t done, uint64_t total);
/*
 * Into a domain made with the same vCPU count, RAM and flash. *pc, *arg: for
 * viaduct_domain_start().
 */
int viaduct_boot_load(struct viaduct *v, struct viaduct_boot *b, uint32_t id,
		      viaduct_progress *progress, void *progress_arg, uint64_t *pc, uint64_t *arg);

#endif
