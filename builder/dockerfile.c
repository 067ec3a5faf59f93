// SPDX-License-Identifier: Apache-2.0
#include "builder/dockerfile.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "builder/words.h"

/*
 * Logical lines to instructions: name, flags, words, here-documents, and what can be checked of
 * each alone. How text is cut into words is words.c's, what words mean is interpret.c's.
 */

struct parser {
	struct dockerfile *d;
	struct lex lex;
	struct {
		struct instruction *items;
		size_t len, cap;
	} instructions;
	struct {
		struct dockerfile_note *items;
		size_t len, cap;
	} notes;
	size_t stages;
};

static void parser_free(struct parser *p)
{
	lex_free(&p->lex);
	free(p->instructions.items);
	free(p->notes.items);
}

bool dockerfile_at(const struct dockerfile *d, struct place place, int width, struct err *err)
{
	const char *line = d->text;
	const char *end = d->text + d->len;
	size_t len;

	if (d->len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3;
	for (int i = 1; i < place.line && line < end; i++) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));

		line = newline ? newline + 1 : end;
	}
	len = (size_t)(end - line);
	if (memchr(line, '\n', len))
		len = (size_t)((const char *)memchr(line, '\n', len) - line);
	while (len && line[len - 1] == '\r')
		len--;
	if (!err->at.line)
		err->at.width = width;
	return err_at(err, d->name, place.line, place.column, line, len);
}

bool dockerfile_at_flag(const struct dockerfile *d, const struct flag *flag, struct err *err)
{
	size_t width = strlen("--=") + strlen(flag->spec->name) + strlen(flag->value);

	return dockerfile_at(d, flag->place, (int)width, err);
}

static void add_note(struct parser *p, struct place place, bool warning, const char *text)
{
	struct dockerfile_note *note = ARRAY_PUSH(&p->notes);

	*note = (struct dockerfile_note){ .place = place, .text = text, .warning = warning };
}

/* What is left of a logical line, and where it begins in it. */
struct rest {
	const char *text; /* NUL-terminated */
	size_t at;
};

static void skip_blanks(struct rest *r)
{
	while (*r->text && strchr(" \t\v\f\r", *r->text)) {
		r->text++;
		r->at++;
	}
}

static struct slice without_blanks_behind(const char *text)
{
	struct slice s = slice_of(text);

	while (s.len && strchr(" \t\v\f\r", s.ptr[s.len - 1]))
		s.len--;
	return s;
}

static bool parse_bool_flag(struct flag *flag, const char *value, struct err *err)
{
	if (!value)
		value = "true";
	if (strcasecmp(value, "true") != 0 && strcasecmp(value, "false") != 0)
		return err_set(err, E_INPUT, "--%s takes true or false, not '%s'", flag->spec->name,
			       value);
	flag->value = strcasecmp(value, "true") == 0 ? "true" : "false";
	return true;
}

static bool unknown_flag(const struct instruction *in, struct slice name, struct err *err)
{
	AUTO(auto_free) char *text = mem_strndup(name.ptr, name.len);
	AUTO(buf_free) struct buf all = BUF_INIT(ERR_HINT_MAX);
	const char *names[16];
	const char *near;

	for (size_t i = 0; i < in->spec->flag_count; i++)
		names[i] = in->spec->flags[i].name;
	near = str_nearest(text, names, in->spec->flag_count);
	err_set(err, E_INPUT, "%s has no flag --%s", in->spec->name, text);
	if (near)
		return err_hint(err, "did you mean --%s?", near);
	if (!in->spec->flag_count)
		return err_hint(err, "%s takes no flags", in->spec->name);
	for (size_t i = 0; i < in->spec->flag_count; i++)
		buf_putf(&all, "%s--%s", i ? ", " : "", names[i]);
	return err_hint(err, "%s takes %s", in->spec->name, all.ptr);
}

/* "--name" or "--name=value", already without quotes. */
static bool parse_flag(struct parser *p, const struct instruction *in, struct flag *flag,
		       const char *word, struct err *err)
{
	struct slice value;
	struct slice name = slice_cut(slice_of(word + 2), '=', &value);

	flag->spec = instruction_flag(in->spec, name);
	if (!flag->spec)
		return unknown_flag(in, name, err);
	if (flag->spec->kind == FLAG_BOOL)
		return parse_bool_flag(flag, value.ptr ? arena_slice(&p->d->arena, value) : NULL,
				       err);
	if (!value.ptr) {
		err_set(err, E_INPUT, "--%s needs a value", flag->spec->name);
		return err_hint(err, "write --%s=value", flag->spec->name);
	}
	flag->value = arena_slice(&p->d->arena, value);
	return true;
}

struct place flag_value_place(const struct flag *f, size_t at)
{
	struct place place = f->place;

	for (size_t i = 0; i < f->piece_count && f->pieces[i].at <= at; i++) {
		place = f->pieces[i].place;
		place.column += (int)(at - f->pieces[i].at);
	}
	return place;
}

/* Runs of bytes that stand beside each other in the file too: a quote taken off or a continued line
 * begins the next one. */
static void place_value(struct parser *p, struct flag *flag, const struct word_at *word, size_t at)
{
	const char *sign = strchr(word->text, '=');
	size_t from = sign ? (size_t)(sign + 1 - word->text) : 0;
	size_t len = strlen(word->text);
	struct lex_piece *pieces;
	struct place last = { 0 };

	if (!sign || from == len)
		return;
	pieces = ARENA_ARRAY(&p->d->arena, struct lex_piece, len - from);
	for (size_t i = from; i < len; i++) {
		struct place place = lex_place(&p->lex, at + word->ats[i]);

		if (place.line != last.line || place.column != last.column + 1)
			pieces[flag->piece_count++] =
				(struct lex_piece){ .at = i - from, .place = place };
		last = place;
	}
	flag->pieces = pieces;
}

static bool flag_repeats(const struct flag *flags, size_t count, const struct flag *flag)
{
	if (flag->spec->kind == FLAG_LIST)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (flags[i].spec == flag->spec)
			return true;
	}
	return false;
}

/* The words with "--" that lead the rest. */
static bool parse_flags(struct parser *p, struct instruction *in, struct rest *rest,
			struct err *err)
{
	AUTO(word_list_free) struct word_list words = { 0 };
	struct flag *flags;
	size_t used = words_flags(&words, rest->text);

	flags = ARENA_ARRAY(&p->d->arena, struct flag, words.len + 1);
	for (size_t i = 0; i < words.len; i++) {
		struct flag *flag = &flags[i];

		flag->place = lex_place(&p->lex, rest->at + words.items[i].at);
		place_value(p, flag, &words.items[i], rest->at);
		if (!parse_flag(p, in, flag, words.items[i].text, err))
			return dockerfile_at(p->d, flag->place, (int)strlen(words.items[i].text),
					     err);
		if (flag_repeats(flags, i, flag)) {
			err_set(err, E_INPUT, "--%s is given twice", flag->spec->name);
			err_hint(err, "leave one out");
			return dockerfile_at(p->d, flag->place, (int)strlen(words.items[i].text),
					     err);
		}
	}
	in->flags = flags;
	in->flag_count = words.len;
	rest->text += used;
	rest->at += used;
	skip_blanks(rest);
	return true;
}

static bool take_words(struct parser *p, struct instruction *in, const struct word_list *words,
		       size_t at)
{
	struct word *out = ARENA_ARRAY(&p->d->arena, struct word, in->word_count + words->len + 1);

	if (in->word_count)
		memcpy(out, in->words, in->word_count * sizeof(*out));
	for (size_t i = 0; i < words->len; i++) {
		out[in->word_count + i] = (struct word){
			.text = arena_strdup(&p->d->arena, words->items[i].text),
			.place = lex_place(&p->lex, at + words->items[i].at),
		};
	}
	in->words = out;
	in->word_count += words->len;
	return true;
}

/* A JSON array of texts, when it is one. False only for an array that holds something else. */
static bool try_json(struct parser *p, struct instruction *in, const struct rest *rest,
		     bool *is_out, struct err *err)
{
	AUTO(word_list_free) struct word_list words = { 0 };
	size_t bad_at = 0;

	*is_out = false;
	switch (words_json(&words, rest->text, &bad_at)) {
	case WORDS_JSON_NOT:
		return true;
	case WORDS_JSON_OTHER:
		err_set(err, E_INPUT, "the JSON form of %s holds something that is no text",
			in->spec->name);
		err_hint(err, "write every element in double quotes");
		return dockerfile_at(p->d, lex_place(&p->lex, rest->at + bad_at), 0, err);
	case WORDS_JSON_TEXTS:
		*is_out = true;
		in->json = true;
		return take_words(p, in, &words, rest->at);
	}
	return true;
}

static bool parse_words(struct parser *p, struct instruction *in, const struct rest *rest)
{
	AUTO(word_list_free) struct word_list words = { 0 };

	words_blank(&words, rest->text);
	return take_words(p, in, &words, rest->at);
}

static bool parse_text(struct parser *p, struct instruction *in, const struct rest *rest)
{
	AUTO(word_list_free) struct word_list words = { 0 };

	if (*rest->text)
		word_list_add(&words, rest->text, strlen(rest->text), 0);
	return take_words(p, in, &words, rest->at);
}

static bool parse_pairs(struct parser *p, struct instruction *in, const struct rest *rest,
			struct err *err)
{
	AUTO(word_list_free) struct word_list words = { 0 };
	size_t bad_at = 0;

	switch (words_pairs(&words, rest->text, p->lex.escape, &in->legacy, &bad_at)) {
	case WORDS_PAIRS_OK:
		return take_words(p, in, &words, rest->at);
	case WORDS_PAIRS_NO_VALUE:
		err_set(err, E_INPUT, "%s needs a name and a value", in->spec->name);
		err_hint(err, "write %s %s=value", in->spec->name, rest->text);
		break;
	case WORDS_PAIRS_NO_SIGN:
		err_set(err, E_INPUT, "%s: expected name=value", in->spec->name);
		err_hint(err, "a value with blanks needs quotes: name=\"two words\"");
		break;
	case WORDS_PAIRS_NO_NAME:
		err_set(err, E_INPUT, "%s: the name before '=' is missing", in->spec->name);
		err_hint(err, "for example %s", in->spec->example);
		break;
	}
	return dockerfile_at(p->d, lex_place(&p->lex, rest->at + bad_at), 0, err);
}

static bool parse_names(struct parser *p, struct instruction *in, const struct rest *rest,
			struct err *err)
{
	AUTO(word_list_free) struct word_list words = { 0 };

	words_quoted(&words, rest->text, p->lex.escape);
	for (size_t i = 0; i < words.len; i++) {
		if (words.items[i].text[0] != '=')
			continue;
		err_set(err, E_INPUT, "%s: the name before '=' is missing", in->spec->name);
		err_hint(err, "for example %s", in->spec->example);
		return dockerfile_at(p->d, lex_place(&p->lex, rest->at + words.items[i].at), 0,
				     err);
	}
	return take_words(p, in, &words, rest->at);
}

static bool parse_health(struct parser *p, struct instruction *in, const struct rest *rest,
			 struct err *err)
{
	struct rest command = *rest;
	AUTO(word_list_free) struct word_list first = { 0 };
	bool is_json = false;

	while (*command.text && !isspace((unsigned char)*command.text))
		command.text++;
	if (command.text != rest->text)
		word_list_add(&first, rest->text, (size_t)(command.text - rest->text), 0);
	command.at += (size_t)(command.text - rest->text);
	skip_blanks(&command);
	take_words(p, in, &first, rest->at);
	if (!try_json(p, in, &command, &is_json, err))
		return false;
	return is_json || parse_text(p, in, &command);
}

static bool parse_line(struct parser *p, struct instruction *in, struct rest rest, struct err *err);

/* As it is stored in the image: the line, then its here-documents. */
static struct word *trigger_text(struct parser *p, const struct instruction *held)
{
	AUTO(buf_free) struct buf text = BUF_INIT(2 * LIMIT_DOCKERFILE);
	struct word *word = ARENA_NEW(&p->d->arena, struct word);

	buf_put(&text, held->original);
	for (size_t i = 0; i < held->heredoc_count; i++) {
		buf_put(&text, "\n");
		buf_put(&text, held->heredocs[i].raw);
		buf_put(&text, held->heredocs[i].name);
	}
	word->text = arena_strdup(&p->d->arena, text.ptr);
	word->place = held->place;
	return word;
}

static bool parse_onbuild(struct parser *p, struct instruction *in, const struct rest *rest,
			  struct err *err)
{
	struct instruction *held = ARENA_NEW(&p->d->arena, struct instruction);
	struct slice name = { .ptr = rest->text, .len = strcspn(rest->text, " \t\v\f\r") };
	enum instruction_kind kind;
	const char *near;

	if (!*rest->text) {
		err_set(err, E_INPUT, "ONBUILD needs an instruction");
		err_hint(err, "for example %s", in->spec->example);
		return dockerfile_at(p->d, in->place, 7, err);
	}
	/* before it is read: ONBUILD ONBUILD ... would nest as deep as a line is long */
	if (instruction_find(&kind, &near, name) &&
	    (kind == INSTRUCTION_ONBUILD || kind == INSTRUCTION_FROM ||
	     kind == INSTRUCTION_MAINTAINER)) {
		err_set(err, E_INPUT, "%s cannot be a trigger of ONBUILD",
			instruction_spec(kind)->name);
		err_hint(err, kind == INSTRUCTION_ONBUILD
				      ? "write ONBUILD once: triggers are not passed on"
				      : "any other instruction can");
		return dockerfile_at(p->d, lex_place(&p->lex, rest->at), (int)name.len, err);
	}
	if (!parse_line(p, held, *rest, err))
		return false;
	in->trigger = held;
	in->words = trigger_text(p, held);
	in->word_count = 1;
	return true;
}

static bool parse_rest(struct parser *p, struct instruction *in, const struct rest *rest,
		       struct err *err)
{
	bool is_json = false;

	switch (in->spec->form) {
	case FORM_WORDS:
		return parse_words(p, in, rest);
	case FORM_TEXT:
		return parse_text(p, in, rest);
	case FORM_NAMES:
		return parse_names(p, in, rest, err);
	case FORM_PAIRS:
		return parse_pairs(p, in, rest, err);
	case FORM_JSON_OR_WORDS:
		return try_json(p, in, rest, &is_json, err) &&
		       (is_json || parse_words(p, in, rest));
	case FORM_JSON_OR_TEXT:
		return try_json(p, in, rest, &is_json, err) && (is_json || parse_text(p, in, rest));
	case FORM_HEALTH:
		return parse_health(p, in, rest, err);
	case FORM_TRIGGER:
		return parse_onbuild(p, in, rest, err);
	}
	return true;
}

static bool read_heredoc(struct parser *p, struct heredoc *doc, const struct heredoc_word *word,
			 struct err *err)
{
	AUTO(buf_free) struct buf content = BUF_INIT(LIMIT_DOCKERFILE);
	AUTO(buf_free) struct buf raw = BUF_INIT(LIMIT_DOCKERFILE);
	struct slice line, whole;

	doc->name = arena_strdup(&p->d->arena, word->name);
	doc->expand = word->expand;
	doc->chomp = word->chomp;
	doc->place = (struct place){ p->lex.line + 1, 1 };
	while (lex_raw_line(&p->lex, &line, &whole)) {
		struct slice kept = whole;
		struct slice end = line;

		while (word->chomp && kept.len && *kept.ptr == '\t') {
			kept.ptr++;
			kept.len--;
		}
		while (word->chomp && end.len && *end.ptr == '\t') {
			end.ptr++;
			end.len--;
		}
		if (slice_eq(end, word->name)) {
			doc->content = arena_strdup(&p->d->arena, content.ptr);
			doc->raw = arena_strdup(&p->d->arena, raw.ptr);
			return true;
		}
		buf_put_bytes(&content, kept.ptr, kept.len);
		buf_put_bytes(&raw, whole.ptr, whole.len);
	}
	err_set(err, E_INPUT, "the here-document '%s' has no end", word->name);
	return err_hint(err, "put a line that is only '%s' behind it", word->name);
}

static bool read_heredocs(struct parser *p, struct instruction *in, const struct rest *rest,
			  struct err *err)
{
	AUTO(heredoc_words_free) struct heredoc_words words = { 0 };
	struct heredoc *docs;

	if (!in->spec->heredocs || in->json || in->spec->form == FORM_TRIGGER)
		return true;
	words_heredocs(&words, rest->text);
	docs = ARENA_ARRAY(&p->d->arena, struct heredoc, words.len + 1);
	for (size_t i = 0; i < words.len; i++) {
		struct place place = lex_place(&p->lex, rest->at + words.items[i].at);

		if (!read_heredoc(p, &docs[i], &words.items[i], err))
			return dockerfile_at(p->d, place, 0, err);
	}
	in->heredocs = docs;
	in->heredoc_count = words.len;
	return true;
}

static bool check_count(struct parser *p, const struct instruction *in, struct err *err)
{
	const struct instruction_spec *spec = in->spec;
	int width = (int)strlen(spec->name);

	if (in->word_count < spec->words_min && spec->form != FORM_TRIGGER) {
		if (in->kind == INSTRUCTION_COPY || in->kind == INSTRUCTION_ADD)
			err_set(err, E_INPUT, "%s needs at least one source and a destination",
				spec->name);
		else if (spec->words_max == 1)
			err_set(err, E_INPUT, "%s needs one argument", spec->name);
		else
			err_set(err, E_INPUT, "%s needs at least one argument", spec->name);
		err_hint(err, "for example %s", spec->example);
		return dockerfile_at(p->d, in->place, width, err);
	}
	if (spec->words_max && in->word_count > spec->words_max && spec->form != FORM_TRIGGER) {
		err_set(err, E_INPUT, "%s has too many arguments", spec->name);
		err_hint(err, "for example %s", spec->example);
		return dockerfile_at(p->d, in->words[spec->words_max].place, 0, err);
	}
	if (in->kind == INSTRUCTION_SHELL && !in->json) {
		err_set(err, E_INPUT, "SHELL takes a JSON array only");
		err_hint(err, "for example SHELL [\"/bin/bash\", \"-c\"]");
		return dockerfile_at(p->d, in->words[0].place, 0, err);
	}
	if (in->kind == INSTRUCTION_FROM && in->word_count != 1 &&
	    (in->word_count != 3 || strcasecmp(in->words[1].text, "as") != 0)) {
		err_set(err, E_INPUT, "FROM takes an image, or an image AS a name");
		err_hint(err, "for example %s", spec->example);
		return dockerfile_at(p->d, in->words[1].place, 0, err);
	}
	return true;
}

/* One instruction from `rest` on; its here-documents are read too. */
static bool parse_line(struct parser *p, struct instruction *in, struct rest rest, struct err *err)
{
	size_t name_len = strcspn(rest.text, " \t\v\f\r");
	struct slice name = { .ptr = rest.text, .len = name_len };
	struct slice original = slice_trim(slice_of(rest.text), " \t\v\f\r");
	const char *near;

	in->place = lex_place(&p->lex, rest.at);
	in->original = arena_slice(&p->d->arena, original);
	if (!instruction_find(&in->kind, &near, name)) {
		AUTO(auto_free) char *shown = str_printable(name.ptr, name.len, 40);

		err_set(err, E_INPUT, "unknown instruction '%s'", shown);
		if (near)
			err_hint(err, "did you mean %s?", near);
		else
			err_hint(err,
				 "a line goes on behind \"%c\" at the end of the one before it",
				 p->lex.escape);
		return dockerfile_at(p->d, in->place, (int)name_len, err);
	}
	in->spec = instruction_spec(in->kind);
	rest.text += name_len;
	rest.at += name_len;
	skip_blanks(&rest);
	if (in->kind != INSTRUCTION_ONBUILD && !parse_flags(p, in, &rest, err))
		return false;
	rest.text = arena_slice(&p->d->arena, without_blanks_behind(rest.text));
	return parse_rest(p, in, &rest, err) && check_count(p, in, err) &&
	       read_heredocs(p, in, &rest, err);
}

static bool check_order(struct parser *p, const struct instruction *in, struct err *err)
{
	if (in->kind == INSTRUCTION_FROM && ++p->stages > LIMIT_STAGES) {
		err_set(err, E_INPUT, "more than %d stages", LIMIT_STAGES);
		err_hint(err, "put some into an image of their own");
		return dockerfile_at(p->d, in->place, 4, err);
	}
	if (!p->stages && in->kind != INSTRUCTION_ARG) {
		err_set(err, E_INPUT, "%s before the first FROM", in->spec->name);
		err_hint(err, "only ARG may stand before FROM");
		return dockerfile_at(p->d, in->place, (int)strlen(in->spec->name), err);
	}
	if (p->instructions.len > LIMIT_INSTRUCTIONS) {
		err_set(err, E_INPUT, "more than %d instructions", LIMIT_INSTRUCTIONS);
		err_hint(err, "put some into an image of their own");
		return dockerfile_at(p->d, in->place, 0, err);
	}
	return true;
}

bool dockerfile_is_own_frontend(struct slice name)
{
	return slice_has_prefix(name, "docker/dockerfile") ||
	       slice_has_prefix(name, "docker.io/docker/dockerfile");
}

static void note_directives(struct parser *p)
{
	const struct lex_directive *syntax = &p->lex.syntax;

	if (!syntax->value.ptr)
		return;
	if (dockerfile_is_own_frontend(syntax->value))
		add_note(p, syntax->place, false,
			 "the syntax directive is ignored: rtbuild reads the stable language "
			 "itself");
	else
		add_note(p, syntax->place, true,
			 arena_printf(&p->d->arena,
				      "the frontend '" SLICE_FMT
				      "' is not run: the file is read as a Dockerfile",
				      SLICE_ARG(syntax->value)));
}

static void take_comments(struct parser *p, struct instruction *in)
{
	size_t count = p->lex.comments.len;
	struct comment *comments = ARENA_ARRAY(&p->d->arena, struct comment, count + 1);

	for (size_t i = 0; i < count; i++) {
		const struct lex_comment *from = &p->lex.comments.items[i];

		comments[i] = (struct comment){ from->line, arena_slice(&p->d->arena, from->text) };
	}
	p->lex.comments.len = 0;
	in->comments = comments;
	in->comment_count = count;
}

static bool parse_all(struct parser *p, struct err *err)
{
	bool more = true;

	while (more) {
		struct instruction *in;

		if (!lex_next(&p->lex, &more, err))
			return dockerfile_at(p->d, p->lex.error_at, 0, err);
		if (!more)
			break;
		in = ARRAY_PUSH(&p->instructions);
		in->empty_line = p->lex.empty_line;
		take_comments(p, in);
		if (!parse_line(p, in, (struct rest){ p->lex.logical.ptr, 0 }, err)) {
			p->instructions.len--;
			return false;
		}
	}
	return true;
}

static void parse_begin(struct parser *p, struct dockerfile *d, const char *name, const char *text,
			size_t len)
{
	memset(d, 0, sizeof(*d));
	d->name = arena_strdup(&d->arena, name && *name ? name : "Dockerfile");
	d->text = arena_slice(&d->arena, (struct slice){ .ptr = text, .len = len });
	d->len = len;
	p->d = d;
	lex_init(&p->lex, d->text, d->len);
}

static void parse_end(struct parser *p)
{
	struct dockerfile *d = p->d;
	struct instruction *instructions =
		ARENA_ARRAY(&d->arena, struct instruction, p->instructions.len + 1);
	struct dockerfile_note *notes =
		ARENA_ARRAY(&d->arena, struct dockerfile_note, p->notes.len + 1);

	if (p->instructions.len)
		memcpy(instructions, p->instructions.items,
		       p->instructions.len * sizeof(*instructions));
	if (p->notes.len)
		memcpy(notes, p->notes.items, p->notes.len * sizeof(*notes));
	d->escape = p->lex.escape;
	if (p->lex.check.value.ptr) {
		d->check = arena_slice(&d->arena, p->lex.check.value);
		d->check_place = p->lex.check.place;
	}
	d->instructions = instructions;
	d->instruction_count = p->instructions.len;
	d->notes = notes;
	d->note_count = p->notes.len;
}

bool dockerfile_parse(struct dockerfile *out, const char *name, const char *text, size_t len,
		      struct err *err)
{
	AUTO(parser_free) struct parser p = { 0 };
	bool ok;

	if (len > LIMIT_DOCKERFILE)
		return err_set(err, E_INPUT, "%s is larger than %d bytes", name, LIMIT_DOCKERFILE);
	parse_begin(&p, out, name, text, len);
	ok = parse_all(&p, err);
	for (size_t i = 0; ok && i < p.instructions.len; i++)
		ok = check_order(&p, &p.instructions.items[i], err);
	if (ok && !p.stages) {
		err_set(err, E_INPUT, "there is no FROM in it");
		err_hint(err, "start with FROM image, or FROM scratch");
		ok = dockerfile_at(out, (struct place){ 1, 0 }, 0, err);
	}
	note_directives(&p);
	parse_end(&p);
	return ok;
}

bool dockerfile_parse_trigger(struct dockerfile *out, const char *name, const char *text,
			      struct err *err)
{
	AUTO(parser_free) struct parser p = { 0 };

	parse_begin(&p, out, name, text, strlen(text));
	if (!parse_all(&p, err))
		return false;
	if (p.instructions.len != 1) {
		err_set(err, E_INPUT, "an ONBUILD trigger must be one instruction");
		return dockerfile_at(out, (struct place){ 1, 0 }, 0, err);
	}
	parse_end(&p);
	return true;
}

void dockerfile_free(struct dockerfile *d)
{
	arena_free(&d->arena);
	memset(d, 0, sizeof(*d));
}

const struct flag *instruction_find_flag(const struct instruction *i, const char *name)
{
	for (size_t k = i->flag_count; k > 0; k--) {
		if (str_eq(i->flags[k - 1].spec->name, name))
			return &i->flags[k - 1];
	}
	return NULL;
}
