// SPDX-License-Identifier: Apache-2.0
#include "builder/instruction.h"

#include <assert.h>
#include <ctype.h>

/* The table alone; parsing is dockerfile.c's, meaning is interpret.c's. */

/* clang-format off */
static const struct flag_spec from_flags[] = {
	{ "platform", FLAG_TEXT, NULL },
};
static const struct flag_spec copy_flags[] = {
	{ "from",    FLAG_TEXT, NULL },
	{ "chown",   FLAG_TEXT, NULL },
	{ "chmod",   FLAG_TEXT, NULL },
	{ "link",    FLAG_BOOL, NULL },
	{ "parents", FLAG_BOOL, NULL },
	{ "exclude", FLAG_LIST, NULL },
};
static const struct flag_spec add_flags[] = {
	{ "chown",        FLAG_TEXT, NULL },
	{ "chmod",        FLAG_TEXT, NULL },
	{ "link",         FLAG_BOOL, NULL },
	{ "exclude",      FLAG_LIST, NULL },
	{ "checksum",     FLAG_TEXT, NULL },
	{ "unpack",       FLAG_BOOL, NULL },
	{ "keep-git-dir", FLAG_BOOL, NULL },
};
static const struct flag_spec run_flags[] = {
	{ "mount",    FLAG_LIST, NULL },
	{ "network",  FLAG_TEXT, NULL },
	{ "security", FLAG_TEXT, NULL },
	{ "device",   FLAG_LIST, "leave it out: devices are of the labs language, and no RUN gets one" },
};
static const struct flag_spec health_flags[] = {
	{ "interval",       FLAG_TEXT, NULL },
	{ "timeout",        FLAG_TEXT, NULL },
	{ "start-period",   FLAG_TEXT, NULL },
	{ "start-interval", FLAG_TEXT, NULL },
	{ "retries",        FLAG_TEXT, NULL },
};
#define FLAGS(table) (table), ARRAY_LEN(table)

static const struct instruction_spec specs[] = {
	[INSTRUCTION_ADD]         = { "ADD",         FORM_JSON_OR_WORDS, 2, 0, FLAGS(add_flags),    true,  "ADD app.tar.gz /app/" },
	[INSTRUCTION_ARG]         = { "ARG",         FORM_NAMES,         1, 0, NULL, 0,             false, "ARG VERSION=1" },
	[INSTRUCTION_CMD]         = { "CMD",         FORM_JSON_OR_TEXT,  0, 0, NULL, 0,             false, "CMD [\"python3\", \"app.py\"]" },
	[INSTRUCTION_COPY]        = { "COPY",        FORM_JSON_OR_WORDS, 2, 0, FLAGS(copy_flags),   true,  "COPY app.py /app/" },
	[INSTRUCTION_ENTRYPOINT]  = { "ENTRYPOINT",  FORM_JSON_OR_TEXT,  0, 0, NULL, 0,             false, "ENTRYPOINT [\"python3\"]" },
	[INSTRUCTION_ENV]         = { "ENV",         FORM_PAIRS,         2, 0, NULL, 0,             false, "ENV NAME=value" },
	[INSTRUCTION_EXPOSE]      = { "EXPOSE",      FORM_WORDS,         1, 0, NULL, 0,             false, "EXPOSE 8080" },
	[INSTRUCTION_FROM]        = { "FROM",        FORM_WORDS,         1, 3, FLAGS(from_flags),   false, "FROM debian:12 AS build" },
	[INSTRUCTION_HEALTHCHECK] = { "HEALTHCHECK", FORM_HEALTH,        1, 0, FLAGS(health_flags), false, "HEALTHCHECK CMD curl -f http://localhost" },
	[INSTRUCTION_LABEL]       = { "LABEL",       FORM_PAIRS,         2, 0, NULL, 0,             false, "LABEL name=value" },
	[INSTRUCTION_MAINTAINER]  = { "MAINTAINER",  FORM_TEXT,          1, 1, NULL, 0,             false, "LABEL org.opencontainers.image.authors=me" },
	[INSTRUCTION_ONBUILD]     = { "ONBUILD",     FORM_TRIGGER,       1, 1, NULL, 0,             true,  "ONBUILD COPY . /app" },
	[INSTRUCTION_RUN]         = { "RUN",         FORM_JSON_OR_TEXT,  1, 0, FLAGS(run_flags),    true,  "RUN make" },
	[INSTRUCTION_SHELL]       = { "SHELL",       FORM_JSON_OR_TEXT,  1, 0, NULL, 0,             false, "SHELL [\"/bin/bash\", \"-c\"]" },
	[INSTRUCTION_STOPSIGNAL]  = { "STOPSIGNAL",  FORM_TEXT,          1, 1, NULL, 0,             false, "STOPSIGNAL SIGTERM" },
	[INSTRUCTION_USER]        = { "USER",        FORM_TEXT,          1, 1, NULL, 0,             false, "USER app" },
	[INSTRUCTION_VOLUME]      = { "VOLUME",      FORM_JSON_OR_WORDS, 1, 0, NULL, 0,             false, "VOLUME /data" },
	[INSTRUCTION_WORKDIR]     = { "WORKDIR",     FORM_TEXT,          1, 1, NULL, 0,             false, "WORKDIR /app" },
};
/* clang-format on */
static_assert(ARRAY_LEN(specs) == INSTRUCTION_KINDS, "one row for each instruction");

const struct instruction_spec *instruction_spec(enum instruction_kind kind)
{
	return &specs[kind];
}

bool instruction_find(enum instruction_kind *out, const char **near_out, struct slice name)
{
	const char *names[INSTRUCTION_KINDS];
	char upper[32] = "";

	*near_out = NULL;
	if (name.len >= sizeof(upper))
		return false;
	for (size_t i = 0; i < name.len; i++)
		upper[i] = (char)toupper((unsigned char)name.ptr[i]);
	for (size_t i = 0; i < INSTRUCTION_KINDS; i++) {
		names[i] = specs[i].name;
		if (str_eq(upper, specs[i].name)) {
			*out = (enum instruction_kind)i;
			return true;
		}
	}
	*near_out = str_nearest(upper, names, INSTRUCTION_KINDS);
	return false;
}

const struct flag_spec *instruction_flag(const struct instruction_spec *spec, struct slice name)
{
	for (size_t i = 0; i < spec->flag_count; i++) {
		if (slice_eq(name, spec->flags[i].name))
			return &spec->flags[i];
	}
	return NULL;
}
