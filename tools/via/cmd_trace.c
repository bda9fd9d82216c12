/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace: exits and interrupts of a while, one by one, as a file for a trace viewer. Records are
 * kept as they are until the end: to make text of one takes longer than what it tells of.
 */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "signals.h"
#include "trace_json.h"

#define SECONDS_MAX 3600.0
#define PAUSE_MS    10

struct chunk {
	uint32_t cpu;
	uint32_t count;
	uint64_t lost; /* before the first */
	struct control_trace_record records[VIADUCT_TRACE_MAX];
};

struct trace {
	const struct command *c;
	struct viaduct *v;
	double seconds;
	const char *path; /* NULL: standard output */
	const char *domain;
	struct control_info info;
	uint64_t position[CONTROL_CPUS_MAX];
	FILE *kept; /* struct chunk, but of its records only as many as there are */
	uint64_t lost;
	struct trace_json json;
};

/* Those that come while this goes on, too: at its end they are looked for again. */
static int name_domains(struct trace *t)
{
	struct control_domain *list;
	size_t count;
	int err = viaduct_domain_list(t->v, &list, &count);

	for (size_t i = 0; err == 0 && i < count; i++) {
		trace_json_domain(&t->json, list[i].id, list[i].name);
	}
	if (err == 0) {
		free(list);
	}
	return err;
}

/*
 * What is there of one CPU, but no more than a ring holds: the others' wait meanwhile. Until fewer
 * come than could, not until none do: each look is an exit, too.
 */
static int drain(struct trace *t, uint32_t cpu)
{
	struct chunk chunk = { .cpu = cpu };
	size_t count = VIADUCT_TRACE_MAX;

	for (size_t taken = 0; count == VIADUCT_TRACE_MAX && taken < CONTROL_TRACE_KEPT;
	     taken += count) {
		int err = viaduct_trace_read(t->v, cpu, &t->position[cpu], chunk.records, &count,
					     &chunk.lost);

		if (err != 0) {
			return err;
		}
		chunk.count = (uint32_t)count;
		fwrite(&chunk, offsetof(struct chunk, records) + count * sizeof(chunk.records[0]),
		       1, t->kept);
	}
	return 0;
}

static int drain_all(struct trace *t)
{
	int err = 0;

	for (uint32_t cpu = 0; err == 0 && cpu < CONTROL_CPUS_MAX; cpu++) {
		if ((t->info.cpus_online >> cpu & 1) != 0) {
			err = drain(t, cpu);
		}
	}
	return err;
}

/* Until time is over, or a signal or a full disk ends it. */
static int record(struct trace *t)
{
	double end = via_seconds() + t->seconds;
	int err = name_domains(t);

	while (err == 0 && !signals_came() && via_seconds() < end && fflush(t->json.to) == 0 &&
	       !ferror(t->kept)) {
		nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000L }, NULL);
		err = drain_all(t);
	}
	return err != 0 ? err : name_domains(t);
}

static void write_kept(struct trace *t)
{
	struct chunk chunk;

	if (t->kept != NULL) {
		rewind(t->kept);
	}
	while (t->kept != NULL && !ferror(t->json.to) &&
	       fread(&chunk, offsetof(struct chunk, records), 1, t->kept) == 1 &&
	       fread(chunk.records, sizeof(chunk.records[0]), chunk.count, t->kept) ==
		       chunk.count) {
		if (chunk.lost != 0) {
			trace_json_lost(&t->json, chunk.cpu, chunk.lost);
			t->lost += chunk.lost;
		}
		for (uint32_t i = 0; i < chunk.count; i++) {
			trace_json_record(&t->json, chunk.cpu, &chunk.records[i]);
		}
	}
}

/* The file is whole, whatever ended it. */
static int write_file(struct trace *t, FILE *to)
{
	int status = VIA_OK;
	bool bad;

	write_kept(t);
	trace_json_end(&t->json);
	bad = ferror(to) != 0;
	if ((to == stdout ? fflush(to) : fclose(to)) != 0 || bad) {
		status = via_fail(t->c, "%s: %s", t->path != NULL ? t->path : "standard output",
				  strerror(errno));
	}
	if (t->lost != 0) {
		fprintf(stderr, "via trace: %llu records were lost: they came too fast\n",
			(unsigned long long)t->lost);
	}
	return status;
}

/* While the hypervisor records. */
static int begin_file(struct trace *t, FILE *to, uint32_t only)
{
	if (to == NULL) {
		return via_fail(t->c, "%s: %s", t->path, strerror(errno));
	}
	trace_json_begin(&t->json, to, t->info.tick_hz, only);
	t->kept = tmpfile();
	if (t->kept == NULL) {
		return via_fail(t->c, "temporary file: %s", strerror(errno));
	}
	if (record(t) != 0) {
		return via_fail(t->c, "%s", viaduct_error(t->v));
	}
	return ferror(t->kept) ? via_fail(t->c, "temporary file: %s", strerror(errno)) : VIA_OK;
}

/* A file that is there is kept when there is nothing to put in its place. */
static int run(struct trace *t)
{
	struct control_domain d = { .id = CONTROL_NO_DOMAIN };
	int err = viaduct_info(t->v, &t->info);
	struct signals_saved saved;
	int status;
	FILE *to;

	if (err == 0 && t->domain != NULL) {
		err = viaduct_domain_find(t->v, t->domain, &d);
	}
	if (err == 0) {
		err = viaduct_trace_start(t->v);
	}
	if (err != 0) {
		return via_fail(t->c, "%s", viaduct_error(t->v));
	}
	signals_catch(&saved);
	to = t->path != NULL ? fopen(t->path, "w") : stdout;
	status = begin_file(t, to, d.id);
	if (viaduct_trace_stop(t->v) != 0) {
		status = via_fail(t->c, "%s", viaduct_error(t->v));
	}
	if (to != NULL) {
		int written = write_file(t, to);

		status = status != VIA_OK ? status : written;
	}
	if (t->kept != NULL) {
		fclose(t->kept);
	}
	signals_restore(&saved);
	return status;
}

static bool read_options(struct trace *t, int argc, char **argv)
{
	char *end;
	int letter;

	while ((letter = via_option(t->c, argc, argv, "o:s:", 0, 1)) > 0 && letter != '?') {
		if (letter == 'o') {
			t->path = optarg;
			continue;
		}
		t->seconds = strtod(optarg, &end);
		if (end == optarg || *end != '\0' ||
		    !(t->seconds > 0 && t->seconds <= SECONDS_MAX)) {
			via_fail(t->c, "-s: \"%s\" is no number of seconds up to %.0f", optarg,
				 SECONDS_MAX);
			return false;
		}
	}
	if (letter == -1 && optind < argc) {
		t->domain = argv[optind];
	}
	return letter == -1;
}

int cmd_trace(const struct command *c, int argc, char **argv)
{
	struct trace *t = calloc(1, sizeof(*t));
	int status = VIA_MALFORMED;

	if (t == NULL) {
		abort();
	}
	t->c = c;
	t->seconds = 1;
	if (read_options(t, argc, argv)) {
		t->v = via_connect(c);
		status = t->v != NULL ? run(t) : VIA_FAILED;
		viaduct_close(t->v);
	}
	free(t);
	return status;
}
