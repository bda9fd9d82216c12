/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of commands, and what every command line has in common. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <viaduct/version.h>

#include "via.h"

static const struct command commands[] = {
	{ "info", "[--json]", "what the machine and the hypervisor have", NULL, cmd_info },
	{ "list", "[-v] [--json] [DOMAIN...]", "the domains",
	  "  -v  with why they shut down, weight, cap, and how many functions are lent to them\n"
	  "State letters: r running, b blocked, p paused, s shut down followed by why (- power\n"
	  "off, r reboot, c crash, w watchdog), d dying. Mem is in MiB, Time is CPU seconds.\n",
	  cmd_list },
	{ "vcpu-list", "[--json] [DOMAIN...]", "the virtual CPUs of the domains",
	  "State letters: r running, b blocked, p off, or paused or shut down with its domain.\n",
	  cmd_vcpu_list },
	{ "vcpu-pin", "DOMAIN VCPU|all CPUS", "which CPUs a virtual CPU may be on",
	  "CPUS: all, or numbers and ranges as in 0-3,^1. The last word on a vCPU counts, and the\n"
	  "configuration's cpus is the first.\n",
	  cmd_vcpu_pin },
	{ "sched-weight", "[--json] [DOMAIN...] | DOMAIN [-w WEIGHT] [-c CAP]",
	  "what domains get of the CPUs",
	  "  -w  how much each of its vCPUs counts where others want the same CPU: 1 to 65535;\n"
	  "      256 is usual\n"
	  "  -c  what all its vCPUs together get at most, in percent of one CPU; 0: no limit\n",
	  cmd_sched_weight },
	{ "shared-memory-list", "[--json]", "regions of memory that domains share",
	  "Members: who rings for one writes its number to the doorbell, NUMBER << 16 | VECTOR.\n",
	  cmd_shared_memory_list },
	{ "top", "[-b] [-n N] [-d SECONDS] [-v] [-f]", "what domains do, as it happens",
	  "  -b  as text, without a terminal\n"
	  "  -n  so many times; 0, as without -n: until q, or a signal, ends it\n"
	  "  -d  seconds between two looks, 2 without -d\n"
	  "  -v  virtual CPUs too\n"
	  "  -f  functions that are lent too\n"
	  "A look covers the time since the last one: CPU% is of one CPU, the columns behind intr/s\n"
	  "are exits to the hypervisor a second, by reason. Keys: q quit, v vCPUs, f functions, s\n"
	  "busiest domain first, + and - look less or more often, space look now, up and down scroll.\n",
	  cmd_top },
	{ "trace", "[-s SECONDS] [-o FILE] [DOMAIN]", "record every exit, for a trace viewer",
	  "  -s  for so long, 1 second without -s\n"
	  "  -o  into FILE, not to standard output\n"
	  "One DOMAIN's, or all. The file is in Chrome's trace event format: ui.perfetto.dev and\n"
	  "chrome://tracing show it. A signal ends it early, and the file is whole all the same.\n",
	  cmd_trace },
	{ "create", "[-c | -F] [-p] FILE [KEY=VALUE...]",
	  "make and start a domain from a configuration file, via.cfg(5)",
	  "  -c  stay at its console\n"
	  "  -p  leave it paused before its first instruction\n"
	  "  -F  wait for its end, and do then what on_poweroff, on_reboot, on_crash or on_watchdog say\n"
	  "KEY=VALUE is a setting of the file's grammar that overrides the file's.\n",
	  cmd_create },
	{ "destroy", "DOMAIN", "end a domain at once; its devices become assignable again", NULL,
	  cmd_destroy },
	{ "shutdown", "[-w] [-t SECONDS] DOMAIN", "press a domain's power key",
	  "  -w  wait until it has shut down\n"
	  "  -t  how long it may take, 60 seconds unless said\n"
	  "Fails when the domain does not look at the key, or with -w goes on.\n",
	  cmd_shutdown },
	{ "reboot", "[-w] [-t SECONDS] DOMAIN",
	  "the same, and when it powers off that counts as a reboot",
	  "  -w  wait until it has shut down\n"
	  "  -t  how long it may take, 60 seconds unless said\n",
	  cmd_reboot },
	{ "pause", "DOMAIN", "stop a domain's CPUs", NULL, cmd_pause },
	{ "unpause", "DOMAIN", "let them run again", NULL, cmd_unpause },
	{ "rename", "DOMAIN NAME", "give a domain another name", NULL, cmd_rename },
	{ "console", "DOMAIN", "a domain's console", "Ctrl-] leaves. Ends when the domain does.\n",
	  cmd_console },
	{ "stats", "[--json] DOMAIN", "why and how often the domain left for the hypervisor", NULL,
	  cmd_stats },
	{ "metrics", "", "what is counted and measured, in Prometheus' text format", NULL,
	  cmd_metrics },
	{ "monitor", "[--json]", "what happens to domains and functions, as it happens",
	  "A line each, until it is interrupted. It looks ten times a second: what came and went in\n"
	  "between is not told.\n",
	  cmd_monitor },
	{ "dmesg", "", "the hypervisor's log", NULL, cmd_dmesg },
	{ "pci-assignable-list", "[-n] [--json]", "PCI functions that can be lent",
	  "  -n, --show-names  with their names\n", cmd_pci_assignable_list },
	{ "pci-assignable-add", "[-n NAME] BDF", "take a function away from this domain",
	  "  -n, --name=NAME  call it NAME\n"
	  "Its driver here is unbound, the function is reset and kept in quarantine.\n",
	  cmd_pci_assignable_add },
	{ "pci-assignable-remove", "[-r] BDF|NAME", "give a function back to this domain",
	  "  -r  bind its driver here again\n", cmd_pci_assignable_remove },
	{ "pci-list", "[-v] [--json] DOMAIN | -a [-v] [--json]", "functions lent to a domain",
	  "  -a  every function of the machine and its state\n"
	  "  -v  with what was counted since boot, as --json always has it\n", cmd_pci_list },
	{ "pci-tree", "[--svg]",
	  "every function of the machine, whose it is, and what it is behind",
	  "  -s, --svg  as a drawing\n"
	  "Lines are drawn with letters unless LC_ALL, LC_CTYPE or LANG say UTF-8.\n",
	  cmd_pci_tree },
	{ "pci-doctor", "[--json] [BDF...]", "can a function be lent, and if not, why not",
	  "Without BDF: every function. Status 0: each BDF can be lent, 1: one cannot.\n",
	  cmd_pci_doctor },
	{ "pci-attach", "DOMAIN SPEC", "lend a function to a domain", NULL, cmd_pci_attach },
	{ "pci-detach", "[-f | -t SECONDS] DOMAIN SPEC", "take it back",
	  "The domain is asked to let go of it, and has 10 seconds to do so.\n"
	  "  -t  so many seconds\n"
	  "  -f  without asking\n", cmd_pci_detach },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

double via_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int via_fail(const struct command *c, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "via %s: ", c->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return VIA_FAILED;
}

int via_usage(const struct command *c)
{
	fprintf(stderr, "usage: via %s %s\n", c->name, c->arguments);
	return VIA_MALFORMED;
}

static void help(const struct command *c)
{
	printf("usage: via %s %s\n%s.\n%s", c->name, c->arguments, c->summary,
	       c->help != NULL ? c->help : "");
}

static void overview(FILE *to)
{
	fputs("usage: via COMMAND [ARGUMENT...]\n\n", to);
	for (size_t i = 0; i < COMMANDS; i++) {
		fprintf(to, "  %-22s %s\n", commands[i].name, commands[i].summary);
	}
	fputs("\nvia COMMAND --help says more; via --version prints the version.\n", to);
}

struct viaduct *via_connect(const struct command *c)
{
	struct viaduct *v;

	if (viaduct_open(&v) != 0) {
		via_fail(c, "%s", viaduct_error(v));
		viaduct_close(v);
		return NULL;
	}
	return v;
}

/* Of the last option that was read; optarg goes with it. */
static bool has_letter(const char *letters, int letter)
{
	const char *at = strchr(letters, letter);

	return at != NULL && (at[1] != ':' || optarg != NULL);
}

int via_option(const struct command *c, int argc, char **argv, const char *letters, int min,
	       int max)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "name", required_argument, NULL, 'n' },
		{ "show-names", no_argument, NULL, 'n' },
		{ "svg", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	int letter = getopt_long(argc, argv, letters, long_options, NULL);
	int left = argc - optind;

	if (letter == -1 && (left < min || left > max)) {
		via_usage(c);
		return '?';
	}
	/* getopt_long() knows all long options; this command may not have it, or have it so. */
	if (letter == '?' || (letter != -1 && !has_letter(letters, letter))) {
		via_usage(c);
		return '?';
	}
	return letter;
}

int via_json_option(const struct command *c, int argc, char **argv, int min, int max, bool *json)
{
	int letter;

	*json = false;
	while ((letter = via_option(c, argc, argv, "j", min, max)) == 'j') {
		*json = true;
	}
	return letter == -1 ? VIA_OK : VIA_MALFORMED;
}

const char *via_bdf_text(uint32_t sbdf, char *buf)
{
	snprintf(buf, 16, BDF_FMT, BDF_ARGS(sbdf));
	return buf;
}

static int run(const struct command *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			help(c);
			return VIA_OK;
		}
	}
	optind = 0; /* start afresh: tests run several command lines */
	return c->run(c, argc, argv);
}

int via_main(int argc, char **argv)
{
	if (argc < 2) {
		overview(stderr);
		return VIA_MALFORMED;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		overview(stdout);
		return VIA_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("via %s\n", VIADUCT_RELEASE);
		return VIA_OK;
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			return run(&commands[i], argc - 1, argv + 1);
		}
	}
	fprintf(stderr, "via: no command \"%s\"; via --help lists them\n", argv[1]);
	return VIA_MALFORMED;
}

int via_on_domain(const struct command *c, int argc, char **argv,
		  int (*act)(const struct command *c, struct viaduct *v,
			     const struct control_domain *d))
{
	struct control_domain d;
	struct viaduct *v;
	int status;

	if (via_option(c, argc, argv, "", 1, 1) != -1) {
		return VIA_MALFORMED;
	}
	v = via_connect(c);
	if (v == NULL) {
		return VIA_FAILED;
	}
	if (viaduct_domain_find(v, argv[optind], &d) != 0) {
		status = via_fail(c, "%s", viaduct_error(v));
	} else {
		status = act(c, v, &d);
	}
	viaduct_close(v);
	return status;
}
