// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_OPTS_H
#define BASE_OPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Option tables: parsing, --help and completion come from one table. Options
 * may follow positionals; `--name v`, `--name=v`, `-n v`, `-nv`, clusters of
 * short flags, and `--` are understood; a flag also takes `--name=true|false`
 * and `--no-name`. The last one wins for single values. Unknown ones get "did you mean".
 */
enum opt_kind {
	OPT_KIND_FLAG,  /* bool */
	OPT_KIND_TEXT,  /* const char *, borrowed from argv */
	OPT_KIND_LIST,  /* struct str_list, one item a use */
	OPT_KIND_ARG,   /* positional: const char * */
	OPT_KIND_ARGS,  /* the remaining positionals: struct str_list */
	OPT_KIND_GROUP, /* a heading in --help */
	OPT_KIND_OTHER, /* an option of other programs': OPT_OTHER */
	OPT_KIND_END,
};

struct opt {
	enum opt_kind kind;
	char letter;   /* 0: none */
	bool required; /* positionals only */
	bool stops;    /* OPT_KIND_ARGS: from its place on no word is an option (`run IMAGE -x`) */
	const char *name;
	const char *value; /* in --help: "NAME[:TAG]" */
	const char *help;  /* NULL: not shown, it is between processes of ours */
	size_t offset;
	const char *reason, *accepts; /* OPT_KIND_OTHER */
};

/* offsetof, but a compile error unless the member has exactly this type. */
#define OPT_AT(type, member, want) _Generic(&((type *)0)->member, want * : offsetof(type, member))

#define OPT_FLAG(l, n, st, m, h)                                                                  \
	{                                                                                         \
		.kind = OPT_KIND_FLAG, .letter = (l), .name = (n), .offset = OPT_AT(st, m, bool), \
		.help = (h)                                                                       \
	}
#define OPT_TEXT(l, n, v, st, m, h)                                              \
	{                                                                        \
		.kind = OPT_KIND_TEXT, .letter = (l), .name = (n), .value = (v), \
		.offset = OPT_AT(st, m, const char *), .help = (h)               \
	}
#define OPT_LIST(l, n, v, st, m, h)                                              \
	{                                                                        \
		.kind = OPT_KIND_LIST, .letter = (l), .name = (n), .value = (v), \
		.offset = OPT_AT(st, m, struct str_list), .help = (h)            \
	}
#define OPT_ARG(v, st, m, h)                                          \
	{                                                             \
		.kind = OPT_KIND_ARG, .value = (v), .required = true, \
		.offset = OPT_AT(st, m, const char *), .help = (h)    \
	}
#define OPT_ARG_OPTIONAL(v, st, m, h)                                                      \
	{                                                                                  \
		.kind = OPT_KIND_ARG, .value = (v), .offset = OPT_AT(st, m, const char *), \
		.help = (h)                                                                \
	}
#define OPT_ARGS(v, st, m, h)                                                                  \
	{                                                                                      \
		.kind = OPT_KIND_ARGS, .value = (v), .offset = OPT_AT(st, m, struct str_list), \
		.help = (h)                                                                    \
	}
#define OPT_REST(v, st, m, h)                                         \
	{                                                             \
		.kind = OPT_KIND_ARGS, .stops = true, .value = (v),   \
		.offset = OPT_AT(st, m, struct str_list), .help = (h) \
	}
#define OPT_GROUP(h)                                \
	{                                           \
		.kind = OPT_KIND_GROUP, .help = (h) \
	}
/*
 * One that users of other programs type: a value (`v` NULL: a flag) in `ok`, "a|b", asks for what
 * is so anyway and is taken; any other is E_UNSUPPORTED, with the reason and the cure `h`. Not in
 * --help.
 */
#define OPT_OTHER(l, n, v, ok, why, cure)                                                         \
	{                                                                                         \
		.kind = OPT_KIND_OTHER, .letter = (l), .name = (n), .value = (v), .help = (cure), \
		.reason = (why), .accepts = (ok)                                                  \
	}
#define OPT_END                      \
	{                            \
		.kind = OPT_KIND_END \
	}

/*
 * Parse argv[1..argc-1] by two tables: the command's own (into `args`) and the
 * global one (into `globals`; may be NULL). *help_out is set by -h and --help, and then nothing
 * else counts. E_USAGE otherwise, E_UNSUPPORTED for one of other programs'.
 */
MUST_CHECK bool opts_parse(void *args, const struct opt *own, void *globals,
			   const struct opt *global, int argc, char **argv, bool *help_out,
			   struct err *err);

/* The first of these options (long names of the table, with blanks between) that was given; NULL:
 * none was. */
const char *opts_given(const void *args, const struct opt *own, const char *names);
/* As if none of them had been given. `args` is a copy: nothing is released. */
void opts_unset(void *args, const struct opt *own, const char *names);

/* Release the lists inside `args`. */
void opts_free(void *args, const struct opt *own);

/* The tables as text for --help, wrapped at 100 columns. */
void opts_help(struct buf *out, const struct opt *table);
/* A paragraph, wrapped the same, and its newline. */
void opts_paragraph(struct buf *out, const char *text);
/* "IMAGE [CMD...]" for the usage line. */
void opts_usage(struct buf *out, const struct opt *table);

#endif
