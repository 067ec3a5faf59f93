// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/counters.h"
#include "base/event.h"
#include "base/json.h"
#include "base/opts.h"
#include "base/parallel.h"
#include "builder/build.h"
#include "image/store.h"
#include "python/index_client.h"
#include "registry/registry.h"
#include "sandbox/sandbox.h"
#include "templates/lithops_config.h"

/* Options every command takes. */
struct globals {
	const char *store, *progress, *authfile, *ca_file, *chunk_size, *config;
	struct str_list trusted_realms;
	bool quiet, verbose, debug, json, plain_http, insecure, create_repository, foreign_layers,
		no_config;
};

/* What sessions have in common that are under way side by side: see cmd/build_matrix.h. */
struct session_company {
	/* Packages are resolved and read by one at a time: what it finds, the others find kept. */
	struct lock resolving;
	struct build_company *builds;
};

/*
 * One invocation: its options, and what commands share, each made when it is
 * first asked for. stdout carries only results, by session_result_*.
 */
struct session {
	struct globals options;
	struct events *events;
	struct store *store;
	struct registry *registry;
	struct index_client *index_client;
	struct sandbox *sandbox;       /* commands with CMD_SANDBOX only */
	struct lithops_config lithops; /* by cmd/configuration.h, once has_lithops */
	bool has_lithops, explained_lithops;
	struct counters *counters; /* what it cost, so far */
	uint64_t started_ms;
	int exit_status;                 /* of a command that ran another one; 0 otherwise */
	struct session_company *company; /* NULL: it is alone */
	json_t **kept; /* where session_result puts its document instead of printing; NULL: no */
	const struct cmd *command; /* the one that runs; NULL before */
};

MUST_CHECK bool session_store(struct store **out, struct session *s, struct err *err);
MUST_CHECK bool session_registry(struct registry **out, struct session *s, struct err *err);
/* Around the time in which packages are looked for and read. */
void session_resolve_begin(struct session *s);
void session_resolve_end(struct session *s);

/* "os/arch", or the host's when NULL; several are E_UNSUPPORTED here. */
MUST_CHECK bool session_platform(struct platform *out, const char *text, struct err *err);
/* "os/arch,os/arch", given once or several times; the host's when there is none. Each counts once.
 * The caller frees. */
MUST_CHECK bool session_platforms(struct platform **out, size_t *count_out,
				  const struct str_list *texts, struct err *err);

/* "500MB": SI units, as the store's own figures have them. E_USAGE. */
MUST_CHECK bool session_size(uint64_t *out, const char *text, struct err *err);

/* "-", or a path that leads where standard output goes (/dev/stdout): nothing else may be printed
 * there. To be asked before anything is written. */
bool session_is_stdout(const char *path);

/* One line on stdout. False with E_IO when stdout cannot take it. */
MUST_CHECK bool session_print(const char *line, struct err *err);
/* Bytes on stdout as they are. */
MUST_CHECK bool session_print_raw(const char *data, size_t len, struct err *err);
/* A document on stdout, indented. */
MUST_CHECK bool session_print_json(const json_t *doc, struct err *err);
/* requests, bytes, blobs and seconds so far, as members. */
void session_put_counters(json_t *doc, const struct session *s);
/* With --json: `doc` (may be NULL; taken) gets these and is printed; else `line` is. */
MUST_CHECK bool session_result(struct session *s, json_t *doc, const char *line, struct err *err);

enum cmd_flags {
	CMD_SANDBOX = 1, /* needs the sandbox helper, which must be forked first of all */
	CMD_HIDDEN = 2,
};

struct cmd {
	const char *name;
	const char *summary;
	const char *about;   /* more, for its --help; NULL: none */
	const char *example; /* lines, for its --help; NULL: none */
	const struct opt *opts;
	size_t args_size;
	unsigned int flags;
	/* Exit statuses of docker's command line: when it fails, when it is not understood. 0:
	 * ours, by the kind of error. */
	int failure_status, usage_status;
	bool (*run)(struct session *s, void *args, struct err *err);
	const struct cmd *const
		*subs; /* `rtbuild template list`: NULL-terminated; then run is NULL */
	const struct cmd
		*same_as; /* another name of that one; then only name and summary are here */
};

extern const struct cmd *const commands[]; /* NULL-terminated, in the order of --help */
extern const struct opt global_opts[];

#endif
