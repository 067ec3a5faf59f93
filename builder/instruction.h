// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_INSTRUCTION_H
#define BUILDER_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * The instructions of the Dockerfile language as a table: name, how the rest of the line is read,
 * how many words it takes, its flags. Adding one is adding a row here and its meaning in
 * interpret.c.
 */
enum instruction_kind {
	INSTRUCTION_ADD,
	INSTRUCTION_ARG,
	INSTRUCTION_CMD,
	INSTRUCTION_COPY,
	INSTRUCTION_ENTRYPOINT,
	INSTRUCTION_ENV,
	INSTRUCTION_EXPOSE,
	INSTRUCTION_FROM,
	INSTRUCTION_HEALTHCHECK,
	INSTRUCTION_LABEL,
	INSTRUCTION_MAINTAINER,
	INSTRUCTION_ONBUILD,
	INSTRUCTION_RUN,
	INSTRUCTION_SHELL,
	INSTRUCTION_STOPSIGNAL,
	INSTRUCTION_USER,
	INSTRUCTION_VOLUME,
	INSTRUCTION_WORKDIR,
};
enum { INSTRUCTION_KINDS = INSTRUCTION_WORKDIR + 1 };

/* How the rest of the line is cut into words. */
enum instruction_form {
	FORM_WORDS,         /* at blanks, quotes mean nothing */
	FORM_TEXT,          /* the whole rest is one word */
	FORM_NAMES,         /* name or name=value, quotes hold blanks together */
	FORM_PAIRS,         /* name=value ..., or the old "name the rest"; words come in pairs */
	FORM_JSON_OR_WORDS, /* a JSON array of texts, else FORM_WORDS */
	FORM_JSON_OR_TEXT,  /* a JSON array of texts, else FORM_TEXT */
	FORM_HEALTH,        /* a first word, then FORM_JSON_OR_TEXT */
	FORM_TRIGGER,       /* another instruction */
};

enum flag_kind {
	FLAG_TEXT, /* --name=value, once */
	FLAG_BOOL, /* --name or --name=true|false, once */
	FLAG_LIST, /* --name=value, any number */
};

struct flag_spec {
	const char *name;
	enum flag_kind kind;
	const char *refused; /* why it is not done here, a cure; NULL: it is. "false" of a
				FLAG_BOOL passes */
};

struct instruction_spec {
	const char *name; /* upper case */
	enum instruction_form form;
	size_t words_min, words_max; /* 0: no maximum */
	const struct flag_spec *flags;
	size_t flag_count;
	bool heredocs;
	const char *example; /* for messages */
};

const struct instruction_spec *instruction_spec(enum instruction_kind kind);
/* By name, in any case. False when there is none; *near_out is then the nearest name or NULL. */
bool instruction_find(enum instruction_kind *out, const char **near_out, struct slice name);
const struct flag_spec *instruction_flag(const struct instruction_spec *spec, struct slice name);

#endif
