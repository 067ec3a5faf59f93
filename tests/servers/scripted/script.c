// SPDX-License-Identifier: Apache-2.0
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "tests/servers/scripted/scripted.h"

/* Scripts: reading them, and finding what is to be played on a request. */

/* clang-format off */
static const char *const actions[] = {
	/* the answer as a whole */
	"status",        /* =N: answer that and do nothing */
	"as",            /* =N: do it, then answer N */
	"code",          /* =NAME: errors[].code of the body of `status` */
	"body",          /* =TEXT of the body of `status`, or of the token server */
	"header",        /* =Name: value; many */
	"drop",          /* =Name: header left out; many */
	"early",         /* answer before reading the body, and close */
	"delay",         /* =MS before the answer */
	"hold",          /* no answer until another script comes */
	"rounds",        /* =N,N,...: answered when the first N requests are there, then when the next
	                    N are, ...: a client that needs more round trips is never answered */
	"redirect",      /* =URL ({self}, {other}, {digest}): 307 */
	/* the connection */
	"close",         /* read the body, do nothing, answer nothing */
	"lose",          /* do it, answer nothing */
	"cut-request",   /* =N: close after N bytes of the request's body */
	"cut",           /* =N: close after N bytes of the answer's body */
	"reset",         /* close by RST */
	"stall",         /* =SECONDS: pause `cut` bytes into the answer's body instead of closing,
	                    or before the answer when there is no cut */
	/* bytes of the answer */
	"short", "long", /* =N: a whole answer that much shorter or longer */
	"corrupt",       /* =OFFSET: that byte is another */
	"chunked",       /* no Content-Length */
	"gzip",          /* say Content-Encoding: gzip when the request accepted it */
	"range",         /* =ignore, =wrong, =416, =past: what becomes of a Range */
	/* uploads */
	"location",      /* =absolute, =http, =none, or a text ({self}, {other}, {id}) */
	"sticky-range",  /* the Range of a session stays at its first chunk (ECR) */
	"accept",        /* =N: only N bytes of a chunk are taken */
	"chunk-min",     /* =N: announced, and smaller ones only at the end */
	"chunk-max",     /* =N: larger ones 416 (GHCR) */
	"body-max",      /* =N: larger bodies 413 */
	"fragile",       /* a chunk that breaks kills its session (distribution 2.8) */
	"strict-offset", /* =N: the status of a chunk at the wrong offset; default 416 */
	"single-post",   /* POST ?digest= with a body */
	"mount",         /* =never, =lie, =referenced */
	"store-as",      /* =DIGEST: announced after a PUT */
	/* documents and names */
	"lenient",       /* anything is taken for a manifest */
	"one-family",    /* Docker's media types and OCI's do not go into one document (Quay) */
	"referrers",     /* the referrers API */
	"many-tags",     /* ?tag=a&tag=b and OCI-Tag */
	"tag-delete",    /* DELETE of a tag */
	"page",          /* =N: tags at a time */
	"link",          /* =relative, =absolute, =loop, =foreign, =garbage */
	/* logins */
	"basic",         /* =USER:PASSWORD */
	"expired",       /* another user or password is answered as ECR does: 403, "... has expired" */
	"bearer",        /* =USER:PASSWORD of the token server */
	"challenge",     /* =TEXT ({realm}): instead of ours; many */
	"token-field",   /* =access_token */
	"expires",       /* =SECONDS; 0: unsaid */
};
/* clang-format on */

struct rule {
	char *methods, *pattern;
	uint64_t first, last, seen;
	struct play play;
};

struct script {
	struct rule *items;
	size_t len, cap;
};

static const char *action_name(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (slice_eq(name, actions[i]))
			return actions[i];
	return NULL;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, c | 0x20);

	return at && c ? (int)(at - digits) : -1;
}

/* %XX are bytes. */
static char *decode(struct slice text)
{
	char *out = mem_alloc(text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		bool coded = text.ptr[i] == '%' && i + 2 < text.len &&
			     hex_digit(text.ptr[i + 1]) >= 0 && hex_digit(text.ptr[i + 2]) >= 0;

		out[len++] =
			coded ? (char)(hex_digit(text.ptr[i + 1]) * 16 + hex_digit(text.ptr[i + 2]))
			      : text.ptr[i];
		i += coded ? 2 : 0;
	}
	return out;
}

static struct slice next_word(struct slice *line)
{
	struct slice word = { line->ptr, 0 };

	while (line->len && strchr(" \t", *line->ptr)) {
		line->ptr++;
		line->len--;
	}
	word.ptr = line->ptr;
	while (line->len && !strchr(" \t", *line->ptr)) {
		line->ptr++;
		line->len--;
		word.len++;
	}
	return word;
}

static bool parse_when(struct rule *r, struct slice when, struct err *err)
{
	struct slice rest;
	struct slice first = slice_cut(when, '-', &rest);
	bool open = first.len && first.ptr[first.len - 1] == '+';

	r->first = 1;
	r->last = UINT64_MAX;
	if (slice_eq(when, "*"))
		return true;
	first.len -= open;
	if (!str_to_u64(&r->first, first, UINT64_MAX) ||
	    (rest.ptr && !str_to_u64(&r->last, rest, UINT64_MAX)))
		return err_set(err, E_USAGE, "'" SLICE_FMT "' is not *, 2, 2-4 or 3+",
			       SLICE_ARG(when));
	if (!rest.ptr && !open)
		r->last = r->first;
	return true;
}

static bool parse_rule(struct script *s, struct slice line, struct err *err)
{
	struct slice methods = next_word(&line), pattern = next_word(&line);
	struct slice when = next_word(&line), word;
	struct rule *r;

	if (methods.len == 0 || methods.ptr[0] == '#')
		return true;
	r = ARRAY_PUSH(s);
	r->methods = mem_strndup(methods.ptr, methods.len);
	r->pattern = mem_strndup(pattern.ptr, pattern.len);
	if (!parse_when(r, when, err))
		return false;
	for (word = next_word(&line); word.len; word = next_word(&line)) {
		struct slice value;
		const char *name = action_name(slice_cut(word, '=', &value));

		if (!name)
			return err_set(err, E_USAGE, "unknown action '" SLICE_FMT "'",
				       SLICE_ARG(word));
		ARRAY_PUSH(&r->play)->name = name;
		r->play.items[r->play.len - 1].value = decode(value);
	}
	return r->play.len > 0 ||
	       err_set(err, E_USAGE, "a rule without an action: " SLICE_FMT, SLICE_ARG(methods));
}

bool script_parse(struct script **out, const char *text, struct err *err)
{
	struct script *s = mem_alloc(sizeof(*s));
	struct slice rest = slice_of(text);

	while (rest.ptr) {
		struct slice line = slice_cut(rest, '\n', &rest);

		if (!parse_rule(s, line, err)) {
			script_free(s);
			return false;
		}
	}
	*out = s;
	return true;
}

void script_free(struct script *s)
{
	for (size_t i = 0; s && i < s->len; i++) {
		play_free(&s->items[i].play);
		free(s->items[i].methods);
		free(s->items[i].pattern);
	}
	if (s)
		free(s->items);
	free(s);
}

void play_free(struct play *p)
{
	for (size_t i = 0; i < p->len; i++)
		free(p->items[i].value);
	free(p->items);
	*p = (struct play){ 0 };
}

static bool has_method(const char *methods, const char *method)
{
	struct slice rest = slice_of(methods);

	while (rest.ptr) {
		struct slice one = slice_cut(rest, '|', &rest);

		if (slice_eq(one, "*") || slice_eq(one, method))
			return true;
	}
	return false;
}

void script_match(struct play *out, struct script *s, const char *method, const char *target)
{
	for (size_t i = 0; i < s->len; i++) {
		struct rule *r = &s->items[i];

		if (!has_method(r->methods, method) || fnmatch(r->pattern, target, 0) != 0)
			continue;
		if (++r->seen < r->first || r->seen > r->last)
			continue;
		for (size_t k = 0; k < r->play.len; k++) {
			ARRAY_PUSH(out)->name = r->play.items[k].name;
			out->items[out->len - 1].value = mem_strdup(r->play.items[k].value);
		}
	}
}

const char *play_get(const struct play *p, const char *name)
{
	for (size_t i = p->len; i-- > 0;)
		if (str_eq(p->items[i].name, name))
			return p->items[i].value;
	return NULL;
}

bool play_is(const struct play *p, const char *name, const char *value)
{
	const char *have = play_get(p, name);

	return have && str_eq(have, value);
}

bool play_has(const struct play *p, const char *name)
{
	return play_get(p, name) != NULL;
}

uint64_t play_number(const struct play *p, const char *name, uint64_t otherwise)
{
	const char *value = play_get(p, name);

	return value ? strtoull(value, NULL, 10) : otherwise;
}

const char *play_nth(const struct play *p, const char *name, size_t n)
{
	for (size_t i = 0; i < p->len; i++)
		if (str_eq(p->items[i].name, name) && n-- == 0)
			return p->items[i].value;
	return NULL;
}
