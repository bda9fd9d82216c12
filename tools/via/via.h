/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands share. */
#ifndef VIA_VIA_H
#define VIA_VIA_H

#include <stdbool.h>
#include <stdint.h>

#include "libviaduct/viaduct.h"

/* Exit statuses, those of xl: done; not done; the command line makes no sense. */
enum { VIA_OK = 0, VIA_FAILED = 1, VIA_MALFORMED = 2 };

struct command {
	const char *name;
	const char *arguments; /* for usage lines */
	const char *summary;   /* one line */
	const char *help;      /* options and remarks; NULL: none */
	int (*run)(const struct command *c, int argc, char **argv);
};

/* Run one command line; argv[0] is the program's name. */
int via_main(int argc, char **argv);

/* "via NAME: text" on standard error; returns VIA_FAILED. */
int via_fail(const struct command *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Usage on standard error; returns VIA_MALFORMED. */
int via_usage(const struct command *c);
/* Connect, or say why not and return NULL. */
struct viaduct *via_connect(const struct command *c);
/* A command whose one argument names a domain: find it, act on it. Returns the exit status. */
int via_on_domain(const struct command *c, int argc, char **argv,
		  int (*act)(const struct command *c, struct viaduct *v,
			     const struct control_domain *d));

/*
 * Parse options. letters: getopt's, of which 'j' is also --json, 'n:' also --name, 'n' also
 * --show-names, 's' also --svg. Returns the next letter; -1 at the end, when optind is at the first
 * argument and there are between min and max of them; '?' after an error, which has been reported.
 */
int via_option(const struct command *c, int argc, char **argv, const char *letters, int min,
	       int max);
/* The options of a command with --json alone. VIA_OK, or VIA_MALFORMED, which has been reported. */
int via_json_option(const struct command *c, int argc, char **argv, int min, int max, bool *json);

/* Of a clock that only goes on. */
double via_seconds(void);

/* "0000:02:00.0"; buf of at least 16 bytes. Returns buf. */
const char *via_bdf_text(uint32_t sbdf, char *buf);
/* printf arguments for BDF_FMT. */
#define BDF_FMT     "%04x:%02x:%02x.%01x"
#define BDF_ARGS(s) (s) >> 16, ((s) >> 8) & 0xff, ((s) >> 3) & 31, (s) & 7

int cmd_console(const struct command *c, int argc, char **argv);
int cmd_create(const struct command *c, int argc, char **argv);
int cmd_destroy(const struct command *c, int argc, char **argv);
int cmd_dmesg(const struct command *c, int argc, char **argv);
int cmd_info(const struct command *c, int argc, char **argv);
int cmd_list(const struct command *c, int argc, char **argv);
int cmd_metrics(const struct command *c, int argc, char **argv);
int cmd_monitor(const struct command *c, int argc, char **argv);
int cmd_pause(const struct command *c, int argc, char **argv);
int cmd_pci_assignable_add(const struct command *c, int argc, char **argv);
int cmd_pci_assignable_list(const struct command *c, int argc, char **argv);
int cmd_pci_assignable_remove(const struct command *c, int argc, char **argv);
int cmd_pci_attach(const struct command *c, int argc, char **argv);
int cmd_pci_detach(const struct command *c, int argc, char **argv);
int cmd_pci_doctor(const struct command *c, int argc, char **argv);
int cmd_pci_list(const struct command *c, int argc, char **argv);
int cmd_pci_tree(const struct command *c, int argc, char **argv);
int cmd_reboot(const struct command *c, int argc, char **argv);
int cmd_rename(const struct command *c, int argc, char **argv);
int cmd_shared_memory_list(const struct command *c, int argc, char **argv);
int cmd_shutdown(const struct command *c, int argc, char **argv);
int cmd_sched_weight(const struct command *c, int argc, char **argv);
int cmd_stats(const struct command *c, int argc, char **argv);
int cmd_top(const struct command *c, int argc, char **argv);
int cmd_trace(const struct command *c, int argc, char **argv);
int cmd_unpause(const struct command *c, int argc, char **argv);
int cmd_vcpu_list(const struct command *c, int argc, char **argv);
int cmd_vcpu_pin(const struct command *c, int argc, char **argv);

/* Show a domain's console until it ends or the user leaves. The domain is d. */
int console_run(const struct command *c, struct viaduct *v, const struct control_domain *d);

#endif
