// SPDX-License-Identifier: Apache-2.0
#include "builder/copycheck.h"

#include <string.h>

#include "builder/dockerignore.h"
#include "builder/download.h"
#include "builder/owner.h"
#include "image/digest.h"

static bool at_flag(const struct maker *m, const struct flag *flag, struct err *err)
{
	return dockerfile_at(m->file, flag_value_place(flag, 0), (int)strlen(flag->value), err);
}

/* Whether a text is what it will be: no variable in it waits for the base image. */
static bool is_final(const struct maker *m, const char *text)
{
	return m->s->base_known || !strchr(text, '$');
}

static bool check_mode(const struct maker *m, struct err *err)
{
	const char *text = m->step->copy.chmod;
	struct mode_change ignored;

	if (!text || !*text || !is_final(m, text) || mode_parse(&ignored, text, err))
		return true;
	return at_flag(m, instruction_find_flag(m->in, "chmod"), err);
}

static bool check_excludes(const struct maker *m, struct err *err)
{
	const struct step_copy *c = &m->step->copy;
	size_t number = 0;

	for (size_t i = 0; i < m->in->flag_count; i++) {
		const struct flag *flag = &m->in->flags[i];
		AUTO(auto_dockerignore_free) struct dockerignore *one = NULL;

		if (!str_eq(flag->spec->name, "exclude"))
			continue;
		if (!is_final(m, c->excludes[number++]))
			continue;
		if (!dockerignore_make(&one, &c->excludes[number - 1], 1, err))
			return at_flag(m, flag, err);
	}
	return true;
}

static bool check_checksum(const struct maker *m, struct err *err)
{
	const struct step_copy *c = &m->step->copy;
	const char *source = c->source_count ? c->sources[0] : "";
	struct digest ignored;

	if (!c->checksum || !*c->checksum || !is_final(m, c->checksum) || !is_final(m, source))
		return true;
	if (c->source_count + c->inline_count != 1) {
		err_set(err, E_INPUT, "--checksum is for one source, not several");
		err_hint(err, "write an ADD for each");
	} else if (download_is_git(source) ||
		   (download_is_url(source) && digest_parse(&ignored, c->checksum, err))) {
		return true;
	} else if (download_is_url(source)) {
		err_wrap(err, "--checksum");
		err_hint(err, "write sha256: and 64 hexadecimal digits");
	} else {
		err_set(err, E_INPUT, "--checksum is for URLs and git repositories");
		err_hint(err, "leave it out: a file of the context is what it is");
	}
	return at_flag(m, instruction_find_flag(m->in, "checksum"), err);
}

static bool check_sources(const struct maker *m, struct err *err)
{
	const struct step_copy *c = &m->step->copy;

	for (size_t i = 0; !c->is_add && i < c->source_count; i++) {
		const char *source = c->sources[i];

		if (!is_final(m, source) || (!download_is_url(source) && !download_is_git(source)))
			continue;
		err_set(err, E_INPUT, "COPY cannot take '%s'", source);
		err_hint(err, "ADD can");
		return dockerfile_at(m->file, c->source_places[i], (int)strlen(source), err);
	}
	return true;
}

bool copycheck(const struct maker *m, struct err *err)
{
	return check_mode(m, err) && check_excludes(m, err) && check_checksum(m, err) &&
	       check_sources(m, err);
}
