// SPDX-License-Identifier: Apache-2.0
#include "builder/copyargs.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "builder/copycheck.h"
#include "builder/words.h"

/* The words of COPY and ADD. Which files they mean is copystep.c's business. */

static bool copy_flag(const char **out, struct maker *m, const char *name, struct err *err)
{
	const struct flag *flag = instruction_find_flag(m->in, name);

	*out = NULL;
	return !flag || maker_expand_flag(out, m, flag, 0, flag->value, err);
}

static bool flag_is_true(const struct flag *flag)
{
	return flag && str_eq(flag->value, "true");
}

static bool copy_flags(struct maker *m, struct err *err)
{
	struct step_copy *c = &m->step->copy;
	const struct flag *from = instruction_find_flag(m->in, "from");
	const struct flag *unpack = instruction_find_flag(m->in, "unpack");
	const struct flag *git_dir = instruction_find_flag(m->in, "keep-git-dir");
	const char **excludes = ARENA_ARRAY(m->s->arena, const char *, m->in->flag_count + 1);

	c->is_add = m->in->kind == INSTRUCTION_ADD;
	c->link = flag_is_true(instruction_find_flag(m->in, "link"));
	c->parents = flag_is_true(instruction_find_flag(m->in, "parents"));
	c->has_unpack = unpack != NULL;
	c->unpack = flag_is_true(unpack);
	c->has_keep_git_dir = git_dir != NULL;
	c->keep_git_dir = flag_is_true(git_dir);
	if (from) {
		c->from = from->value;
		c->from_place = from->place;
		if (strchr(from->value, '$')) {
			err_set(err, E_INPUT, "--from does not expand variables");
			err_hint(err, "name a stage first: FROM image AS name, then --from=name");
			return dockerfile_at_flag(m->file, from, err);
		}
	}
	for (size_t i = 0; i < m->in->flag_count; i++) {
		const struct flag *flag = &m->in->flags[i];

		if (str_eq(flag->spec->name, "exclude") &&
		    !maker_expand_flag(&excludes[c->exclude_count++], m, flag, 0, flag->value, err))
			return false;
	}
	c->excludes = excludes;
	return copy_flag(&c->chown, m, "chown", err) && copy_flag(&c->chmod, m, "chmod", err) &&
	       copy_flag(&c->checksum, m, "checksum", err);
}

/* Byte `at` of the content, in the file; the leading tabs that <<- takes away are counted back in.
 */
static struct place heredoc_place(const struct heredoc *doc, size_t at)
{
	struct place place = { doc->place.line, 1 };
	const char *raw = doc->raw;

	for (size_t i = 0; i < at; i++) {
		place.column++;
		if (doc->content[i] != '\n')
			continue;
		place = (struct place){ place.line + 1, 1 };
		raw = strchr(raw, '\n') + 1;
	}
	if (doc->chomp)
		place.column += (int)strspn(raw, "\t");
	return place;
}

static bool copy_heredoc(struct step_inline *out, struct maker *m, const char *name,
			 struct err *err)
{
	const struct heredoc *doc = NULL;
	struct expand_options opt = maker_options(m);
	AUTO(auto_free) char *text = NULL;
	size_t bad_at = 0;

	for (size_t i = 0; i < m->in->heredoc_count; i++) {
		if (str_eq(m->in->heredocs[i].name, name))
			doc = &m->in->heredocs[i];
	}
	out->name = arena_strdup(m->s->arena, name);
	out->content = doc ? doc->content : "";
	if (!doc || !doc->expand)
		return true;
	opt.no_quotes = true;
	opt.escape = '\\';
	if (!expand_word(&text, doc->content, &opt, &bad_at, err))
		return dockerfile_at(m->file, heredoc_place(doc, bad_at), 0, err);
	out->content = arena_strdup(m->s->arena, text);
	return maker_count(m, strlen(text), err);
}

static bool copy_words(struct maker *m, struct err *err)
{
	struct step_copy *c = &m->step->copy;
	size_t count = m->in->word_count - 1;
	const char **sources = ARENA_ARRAY(m->s->arena, const char *, count + 1);
	struct place *places = ARENA_ARRAY(m->s->arena, struct place, count + 1);
	struct step_inline *inlines = ARENA_ARRAY(m->s->arena, struct step_inline, count + 1);

	for (size_t i = 0; i < count; i++) {
		const struct word *word = &m->in->words[i];
		struct heredoc_word doc = { 0 };

		if (m->in->heredoc_count && words_heredoc(&doc, word->text)) {
			AUTO(auto_free) char *name = doc.name;

			if (!copy_heredoc(&inlines[c->inline_count++], m, name, err))
				return false;
			continue;
		}
		places[c->source_count] = word->place;
		if (!maker_expand(&sources[c->source_count++], m, word, err))
			return false;
	}
	c->sources = sources;
	c->source_places = places;
	c->inlines = inlines;
	return true;
}

/* Absolute, with its final slash kept; "." and "" are the working directory. */
static bool copy_dest(const char **text_out, struct maker *m, struct err *err)
{
	const struct word *word = &m->in->words[m->in->word_count - 1];
	struct heredoc_word doc = { 0 };
	AUTO(auto_free) char *path = NULL;
	const char *text;
	bool is_dir;

	if (m->in->heredoc_count && words_heredoc(&doc, word->text)) {
		free(doc.name);
		err_set(err, E_INPUT, "%s: a here-document cannot be the destination",
			m->in->spec->name);
		err_hint(err, "the destination is the last word: COPY <<EOF /file");
		return maker_bad_word(m, m->in->word_count - 1, err);
	}
	if (!maker_expand(&text, m, word, err))
		return false;
	is_dir = !*text || str_eq(text, ".") || str_eq(text, "..") || str_has_suffix(text, "/") ||
		 str_has_suffix(text, "/.") || str_has_suffix(text, "/..");
	path = fs_join(m->s->workdir, text);
	m->step->copy.dest =
		arena_printf(m->s->arena, "%s%s", path, is_dir && !str_eq(path, "/") ? "/" : "");
	m->step->copy.dest_place = word->place;
	*text_out = text;
	return true;
}

bool copyargs_make(struct maker *m, struct err *err)
{
	AUTO(buf_free) struct buf history = BUF_INIT(SIZE_MAX / 2);
	const struct step_copy *c = &m->step->copy;
	const char *dest = "";

	if (!copy_flags(m, err) || !copy_words(m, err) || !copy_dest(&dest, m, err) ||
	    !copycheck(m, err))
		return false;
	buf_put(&history, m->in->spec->name);
	if (c->parents)
		buf_put(&history, " --parents");
	if (c->chown && *c->chown)
		buf_putf(&history, " --chown=%s", c->chown);
	if (c->chmod && *c->chmod)
		buf_putf(&history, " --chmod=%s", c->chmod);
	for (size_t i = 0; i < c->source_count; i++)
		buf_putf(&history, " %s", c->sources[i]);
	for (size_t i = 0; i < c->inline_count; i++)
		buf_putf(&history, " <<%s", c->inlines[i].name);
	buf_putf(&history, " %s # buildkit", dest);
	maker_history(m, &history);
	m->step->has_layer = true;
	return true;
}
