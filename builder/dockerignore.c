// SPDX-License-Identifier: Apache-2.0
#include "builder/dockerignore.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "builder/glob.h"

/*
 * moby/patternmatcher in C: each pattern becomes one of four kinds as there, and the general kind
 * is matched by following all states at once, since a pattern comes with a context from anywhere.
 */

enum token_kind {
	TOKEN_CHARACTER,
	TOKEN_ANY,      /* ? : one but "/" */
	TOKEN_STAR,     /* * : any number but "/" */
	TOKEN_BRACKET,  /* [..] */
	TOKEN_DEEP,     /* ** inside: nothing, or anything that ends in "/" */
	TOKEN_DEEP_END, /* ** at the end: anything */
};

struct token {
	enum token_kind kind;
	uint32_t character;
	const char *bracket; /* in the pattern's text */
};

enum match_kind { MATCH_EXACT, MATCH_PREFIX, MATCH_SUFFIX, MATCH_TOKENS };

struct pattern {
	char *text; /* clean, without "!" */
	bool exception;
	enum match_kind kind;
	size_t plain;     /* length of the text before the first special character */
	const char *tail; /* the plain ASCII the text ends in */
	struct token *items;
	size_t len, cap;
};

struct dockerignore {
	struct pattern *items;
	size_t len, cap;
	bool has_exceptions;
};

static void add_token(struct pattern *p, enum token_kind kind, uint32_t character,
		      const char *bracket)
{
	*ARRAY_PUSH(p) = (struct token){ .kind = kind, .character = character, .bracket = bracket };
}

/* Behind "**"; `first`: the pattern begins with it. */
static const char *compile_deep(struct pattern *p, const char *at, bool first)
{
	if (*at == '/')
		at++;
	if (*at) {
		add_token(p, TOKEN_DEEP, 0, NULL);
		p->kind = MATCH_TOKENS;
	} else if (p->kind == MATCH_EXACT) {
		p->kind = MATCH_PREFIX;
	} else {
		add_token(p, TOKEN_DEEP_END, 0, NULL);
		p->kind = MATCH_TOKENS;
	}
	if (first)
		p->kind = MATCH_SUFFIX;
	return at;
}

static bool is_plain(char c)
{
	return (unsigned char)c < 0x80 && !strchr("*?[]\\", c);
}

static void compile(struct pattern *p)
{
	const char *at = p->text;

	p->plain = strcspn(p->text, "*?[\\");
	p->tail = p->text + strlen(p->text);
	while (p->tail > p->text && is_plain(p->tail[-1]))
		p->tail--;
	if (*p->tail == '/' && p->tail > p->text)
		p->tail++; /* the one behind ** may match nothing */
	p->kind = MATCH_EXACT;
	while (*at) {
		bool ignored;
		size_t len;

		if (at[0] == '*' && at[1] == '*') {
			at = compile_deep(p, at + 2, at == p->text);
			continue;
		}
		if (*at == '*' || *at == '?') {
			add_token(p, *at == '*' ? TOKEN_STAR : TOKEN_ANY, 0, NULL);
			p->kind = MATCH_TOKENS;
			at++;
			continue;
		}
		if (*at == '[') {
			add_token(p, TOKEN_BRACKET, 0, at);
			p->kind = MATCH_TOKENS;
			at = glob_bracket(at, 0, &ignored);
			continue;
		}
		if (*at == '\\' && at[1]) {
			p->kind = MATCH_TOKENS;
			at++;
		}
		if (*at == ']')
			p->kind = MATCH_TOKENS;
		add_token(p, TOKEN_CHARACTER, glob_character(at, &len), NULL);
		at += len;
	}
}

/* States that need no character to go on. */
static void close_states(const struct pattern *p, bool *states)
{
	for (size_t i = 0; i < p->len; i++) {
		enum token_kind kind = p->items[i].kind;

		if (states[i] &&
		    (kind == TOKEN_STAR || kind == TOKEN_DEEP || kind == TOKEN_DEEP_END))
			states[i + 1] = true;
	}
}

/* What token i does with `c`: stays, goes on, or dies. */
static void feed(const struct token *t, uint32_t c, bool *stay, bool *next)
{
	bool matches = false;

	switch (t->kind) {
	case TOKEN_CHARACTER:
		*next = t->character == c;
		break;
	case TOKEN_ANY:
		*next = c != '/';
		break;
	case TOKEN_STAR:
		*stay = c != '/';
		break;
	case TOKEN_BRACKET:
		*next = glob_bracket(t->bracket, c, &matches) && matches;
		break;
	case TOKEN_DEEP:
		/* only text that ends in "/" may be left behind; see match_tokens */
		*stay = true;
		*next = c == '/';
		break;
	case TOKEN_DEEP_END:
		*stay = true;
		break;
	}
}

/*
 * TOKEN_DEEP has two ways out: at once (nothing), or behind a "/". Inside it a second state is
 * needed, so each token has two bits: 0 entered, 1 inside a deep that has eaten something.
 */
static bool match_tokens(const struct pattern *p, const char *path)
{
	size_t count = p->len + 1;
	AUTO(auto_free) bool *heap = NULL;
	bool few[256] = { false };
	bool *now = 4 * count <= sizeof(few) ? few : (heap = mem_alloc(4 * count));
	bool *inside = now + count;
	bool *next = now + 2 * count;
	bool *next_inside = now + 3 * count;

	now[0] = true;
	close_states(p, now);
	while (*path) {
		size_t len;
		uint32_t c = glob_character(path, &len);
		bool alive = false;

		memset(next, 0, 2 * count);
		for (size_t i = 0; i < p->len; i++) {
			bool stay = false;
			bool on = false;

			if (!now[i] && !inside[i])
				continue;
			feed(&p->items[i], c, &stay, &on);
			if (stay && p->items[i].kind == TOKEN_DEEP)
				next_inside[i] = true;
			else if (stay)
				next[i] = true;
			if (on)
				next[i + 1] = true;
			alive = alive || stay || on;
		}
		if (!alive)
			return false;
		close_states(p, next);
		memcpy(now, next, 2 * count);
		path += len;
	}
	return now[p->len];
}

static bool pattern_matches(const struct pattern *p, const char *path)
{
	const char *suffix;

	switch (p->kind) {
	case MATCH_EXACT:
		return str_eq(path, p->text);
	case MATCH_PREFIX:
		return strncmp(path, p->text, strlen(p->text) - 2) == 0;
	case MATCH_SUFFIX:
		suffix = p->text + 2;
		return str_has_suffix(path, suffix) || (*suffix == '/' && str_eq(path, suffix + 1));
	case MATCH_TOKENS:
		/* asked for each pattern and each file: most are told apart by how they end */
		return str_has_suffix(path, p->tail) && match_tokens(p, path);
	}
	return false;
}

static struct slice trim(struct slice s)
{
	return slice_trim(s, " \t\v\f\r\n");
}

/* One pattern, already trimmed and not empty. */
static bool add_pattern(struct dockerignore *d, struct slice text, struct err *err)
{
	AUTO(auto_free) char *copy = mem_strndup(text.ptr, text.len);
	AUTO(auto_free) char *clean = fs_clean(copy);
	struct pattern *p;

	if (str_eq(clean, "!")) {
		err_set(err, E_INPUT, "a '!' with no pattern behind it");
		return err_hint(err, "write !path, or \\! for a name that begins with '!'");
	}
	if (!glob_is_valid(clean + (*clean == '!')))
		return err_set(err, E_INPUT, "malformed pattern '%s'", copy);
	if (d->len >= LIMIT_IGNORE_PATTERNS)
		return err_set(err, E_INPUT, "more than %d patterns", LIMIT_IGNORE_PATTERNS);
	p = ARRAY_PUSH(d);
	p->exception = *clean == '!';
	p->text = mem_strdup(clean + p->exception);
	if (p->exception)
		d->has_exceptions = true;
	compile(p);
	return true;
}

/* A line of a file, as moby's ignorefile.ReadAll has it. */
static bool add_line(struct dockerignore *d, struct slice line, struct err *err)
{
	AUTO(auto_free) char *copy = NULL;
	AUTO(auto_free) char *clean = NULL;
	AUTO(auto_free) char *whole = NULL;
	bool exception;
	const char *rest;

	if (line.len && *line.ptr == '#')
		return true;
	line = trim(line);
	if (!line.len)
		return true;
	exception = *line.ptr == '!';
	if (exception) {
		line.ptr++;
		line.len--;
		line = trim(line);
	}
	copy = mem_strndup(line.ptr, line.len);
	clean = *copy ? fs_clean(copy) : mem_strdup("");
	rest = clean[0] == '/' && clean[1] ? clean + 1 : clean;
	whole = mem_printf("%s%s", exception ? "!" : "", rest);
	return add_pattern(d, slice_of(whole), err);
}

bool dockerignore_parse(struct dockerignore **out, const char *file, const char *text, size_t len,
			struct err *err)
{
	AUTO(auto_dockerignore_free) struct dockerignore *d = mem_alloc(sizeof(*d));
	struct slice rest = { .ptr = text, .len = len };

	if (len > LIMIT_IGNORE_FILE)
		return err_set(err, E_INPUT, "%s is larger than %d bytes", file, LIMIT_IGNORE_FILE);
	if (slice_has_prefix(rest, "\xef\xbb\xbf"))
		rest = (struct slice){ text + 3, len - 3 };
	for (int line = 1; rest.ptr; line++) {
		struct slice text_line = slice_cut(rest, '\n', &rest);

		if (text_line.len && memchr(text_line.ptr, '\0', text_line.len)) {
			err_set(err, E_INPUT, "the line contains a NUL");
			return err_at(err, file, line, 0, "", 0);
		}
		if (!add_line(d, text_line, err))
			return err_at(err, file, line, 1, text_line.ptr, text_line.len);
	}
	*out = STEAL(d);
	return true;
}

bool dockerignore_load(struct dockerignore **out, int dir, const char *dir_name,
		       const char *dockerfile, struct err *err)
{
	AUTO(auto_free)
	char *own = dockerfile && *dockerfile ? mem_printf("%s.dockerignore", dockerfile) : NULL;
	AUTO(auto_free) char *common = mem_printf("%s/.dockerignore", dir_name);
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_IGNORE_FILE);
	struct stat st;

	*out = NULL;
	if (own && stat(own, &st) == 0) {
		if (!fs_read_path(&text, own, LIMIT_IGNORE_FILE, err))
			return false;
		return dockerignore_parse(out, own, text.ptr, text.len, err);
	}
	if (!fs_read(&text, dir, ".dockerignore", LIMIT_IGNORE_FILE, FS_BENEATH, err)) {
		if (err->code != E_NOT_FOUND)
			return err_wrap(err, "%s", common);
		err_clear(err);
		return true;
	}
	return dockerignore_parse(out, common, text.ptr, text.len, err);
}

bool dockerignore_make(struct dockerignore **out, const char *const *patterns, size_t count,
		       struct err *err)
{
	AUTO(auto_dockerignore_free) struct dockerignore *d = mem_alloc(sizeof(*d));

	for (size_t i = 0; i < count; i++) {
		struct slice text = trim(slice_of(patterns[i]));

		if (text.len && !add_pattern(d, text, err))
			return false;
	}
	*out = STEAL(d);
	return true;
}

void dockerignore_free(struct dockerignore *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->len; i++) {
		free(d->items[i].text);
		free(d->items[i].items);
	}
	free(d->items);
	free(d);
}

size_t dockerignore_count(const struct dockerignore *d)
{
	return d ? d->len : 0;
}

bool dockerignore_step(const struct dockerignore *d, const char *path, const bool *parent,
		       bool *own)
{
	bool matched = false;

	for (size_t i = 0; d && i < d->len; i++) {
		const struct pattern *p = &d->items[i];
		bool match = parent && parent[i];

		own[i] = false;
		if (!match) {
			/* what cannot change the answer is not asked */
			if (p->exception != matched)
				continue;
			match = pattern_matches(p, path);
		}
		own[i] = match;
		if (match)
			matched = !p->exception;
	}
	return matched;
}

static bool matches_or_parent(const struct pattern *p, const char *path)
{
	AUTO(auto_free) char *part = NULL;

	if (pattern_matches(p, path))
		return true;
	part = mem_strdup(path);
	for (char *slash = strchr(part, '/'); slash; slash = strchr(slash + 1, '/')) {
		bool match;

		*slash = '\0';
		match = pattern_matches(p, part);
		*slash = '/';
		if (match)
			return true;
	}
	return false;
}

bool dockerignore_matches(const struct dockerignore *d, const char *path)
{
	bool matched = false;

	for (size_t i = 0; d && i < d->len; i++) {
		const struct pattern *p = &d->items[i];

		if (p->exception == matched && matches_or_parent(p, path))
			matched = !p->exception;
	}
	return matched;
}

bool dockerignore_may_return(const struct dockerignore *d, const char *dir)
{
	size_t dir_len = strlen(dir);

	for (size_t i = 0; d && d->has_exceptions && i < d->len; i++) {
		const struct pattern *p = &d->items[i];
		size_t common = p->plain < dir_len ? p->plain : dir_len;

		if (!p->exception || strncmp(p->text, dir, common) != 0)
			continue;
		/* special characters begin inside the directory's own name, or the pattern goes on
		 * below it */
		if (p->plain <= dir_len ? p->text[p->plain] != '\0' : p->text[dir_len] == '/')
			return true;
	}
	return false;
}

bool dockerignore_has_exceptions(const struct dockerignore *d)
{
	return d && d->has_exceptions;
}

bool dockerignore_is_total(const struct dockerignore *d)
{
	static const char *const total[] = { "*", "**", "**/*" };

	for (size_t i = 0; d && i < d->len; i++) {
		for (size_t k = 0; k < ARRAY_LEN(total); k++) {
			if (!d->items[i].exception && str_eq(d->items[i].text, total[k]))
				return true;
		}
	}
	return false;
}
