// SPDX-License-Identifier: Apache-2.0
#include "base/toml.h"

#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/toml_scalar.h"

/*
 * The structure of TOML 1.0.0: keys, tables, arrays, and the rules of who may still be added to.
 * The values that hold no others are toml_scalar.c's.
 */

/*
 * How a table or array came to be decides what may be done with it later. Those without an entry
 * (inline tables, arrays in brackets) are complete as they are.
 */
enum origin {
	ORIGIN_COMPLETE,
	ORIGIN_HEADER, /* [it] stood there */
	ORIGIN_PARENT, /* only [it.x] did: [it] may follow, once */
	ORIGIN_DOTTED, /* "it.x = 1" did: more such keys and [it.y] may follow, [it] not */
	ORIGIN_TABLES, /* the array of [[it]] */
};

struct reader {
	struct toml_scan scan;
	struct map origins; /* address of a json_t -> enum origin */
	int depth;          /* of what is being read, in the document as JSON; the root is 1 */
};

struct key {
	struct str_list parts;
	struct {
		const char **items;
		size_t len, cap;
	} places; /* of each part */
};

static void key_free(struct key *k)
{
	str_list_free(&k->parts);
	free(k->places.items);
}

static void origin_key(char out[32], const json_t *of)
{
	snprintf(out, 32, "%p", (const void *)of);
}

static enum origin origin_of(const struct reader *r, const json_t *of)
{
	char key[32];
	const char *origin;

	origin_key(key, of);
	origin = map_get(&r->origins, key);
	return origin ? (enum origin)origin[0] : ORIGIN_COMPLETE;
}

static void set_origin(struct reader *r, const json_t *of, enum origin origin)
{
	char key[32], *value = mem_alloc(1);

	origin_key(key, of);
	value[0] = (char)origin;
	map_put(&r->origins, key, value);
}

/* --- what stands between --- */

static void skip_blanks(struct toml_scan *s)
{
	while (toml_peek(s) == ' ' || toml_peek(s) == '\t')
		s->p++;
}

static bool skip_comment(struct toml_scan *s, struct err *err)
{
	if (toml_peek(s) != '#')
		return true;
	for (; s->p < s->end && *s->p != '\n'; s->p++) {
		unsigned char c = (unsigned char)*s->p;

		if (c == '\r' && s->p + 1 < s->end && s->p[1] == '\n')
			return true;
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return toml_fail(s, s->p, err, "control character in a comment");
	}
	return true;
}

static bool take_line_end(struct toml_scan *s)
{
	return toml_take(s, "\n") || toml_take(s, "\r\n");
}

/* Blanks, comments and line ends, as they may stand between the values of an array. */
static bool skip_lines(struct toml_scan *s, struct err *err)
{
	do {
		skip_blanks(s);
		if (!skip_comment(s, err))
			return false;
	} while (take_line_end(s));
	return true;
}

static bool end_of_line(struct toml_scan *s, struct err *err)
{
	skip_blanks(s);
	if (!skip_comment(s, err))
		return false;
	return s->p == s->end || take_line_end(s) ||
	       toml_fail(s, s->p, err, "only one value or table can stand on a line");
}

/* --- keys --- */

static bool is_bare(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static bool read_key_part(struct key *key, struct toml_scan *s, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SIZE_MAX);
	const char *at = s->p;
	int c = toml_peek(s);

	if (c == '"' || c == '\'') {
		if (!toml_string(&text, s, false, err))
			return false;
	} else {
		while (is_bare(toml_peek(s)))
			s->p++;
		if (s->p == at)
			return toml_fail(s, at, err, "a key is missing");
		buf_put_bytes(&text, at, (size_t)(s->p - at));
	}
	str_list_push_take(&key->parts, buf_steal(&text));
	*ARRAY_PUSH(&key->places) = at;
	return true;
}

static bool read_key(struct key *key, struct toml_scan *s, struct err *err)
{
	for (;;) {
		skip_blanks(s);
		if (!read_key_part(key, s, err))
			return false;
		skip_blanks(s);
		if (!toml_take(s, "."))
			return true;
	}
}

/* --- tables by their keys --- */

static json_t *add_table(struct reader *r, json_t *to, const char *key, enum origin origin)
{
	json_t *made = json_object();

	json_object_set_new(to, key, made);
	set_origin(r, made, origin);
	return made;
}

static bool taken(const struct reader *r, const struct key *key, size_t part, struct err *err)
{
	AUTO(auto_free)
	char *shown = str_printable(key->parts.items[part], strlen(key->parts.items[part]), 60);

	return toml_fail(&r->scan, key->places.items[part], err, "'%s' is there already", shown);
}

static bool go_deeper(struct reader *r, struct err *err)
{
	return ++r->depth <= LIMIT_JSON_DEPTH ||
	       toml_fail(&r->scan, r->scan.p, err, "nested too deeply (limit %d)",
			 LIMIT_JSON_DEPTH);
}

/* From `table` down to where the last part of a header's key belongs. */
static bool walk_header(json_t **table, struct reader *r, const struct key *key, struct err *err)
{
	for (size_t i = 0; i + 1 < key->parts.len; i++) {
		json_t *next = json_object_get(*table, key->parts.items[i]);

		if (!go_deeper(r, err))
			return false;
		if (!next) {
			*table = add_table(r, *table, key->parts.items[i], ORIGIN_PARENT);
			continue;
		}
		switch (origin_of(r, next)) {
		case ORIGIN_COMPLETE:
			return taken(r, key, i, err);
		case ORIGIN_TABLES:
			next = json_array_get(next, json_array_size(next) - 1);
			if (!go_deeper(r, err))
				return false;
			break;
		case ORIGIN_HEADER:
		case ORIGIN_PARENT:
		case ORIGIN_DOTTED:
			break;
		}
		*table = next;
	}
	return true;
}

/* The same for "a.b.c = value". */
static bool walk_dotted(json_t **table, struct reader *r, const struct key *key, struct err *err)
{
	for (size_t i = 0; i + 1 < key->parts.len; i++) {
		json_t *next = json_object_get(*table, key->parts.items[i]);
		enum origin origin = next ? origin_of(r, next) : ORIGIN_DOTTED;

		if (origin != ORIGIN_DOTTED && origin != ORIGIN_PARENT)
			return taken(r, key, i, err);
		if (!go_deeper(r, err))
			return false;
		if (!next)
			next = add_table(r, *table, key->parts.items[i], ORIGIN_DOTTED);
		set_origin(r, next, ORIGIN_DOTTED);
		*table = next;
	}
	return true;
}

static const char *last_part(const struct key *key)
{
	return key->parts.items[key->parts.len - 1];
}

static bool open_table(json_t **table, struct reader *r, const struct key *key, struct err *err)
{
	json_t *have;

	if (!walk_header(table, r, key, err) || !go_deeper(r, err))
		return false;
	have = json_object_get(*table, last_part(key));
	if (have && origin_of(r, have) != ORIGIN_PARENT)
		return taken(r, key, key->parts.len - 1, err);
	if (!have)
		have = add_table(r, *table, last_part(key), ORIGIN_HEADER);
	set_origin(r, have, ORIGIN_HEADER);
	*table = have;
	return true;
}

static bool open_array_table(json_t **table, struct reader *r, const struct key *key,
			     struct err *err)
{
	json_t *list, *made;

	if (!walk_header(table, r, key, err) || !go_deeper(r, err) || !go_deeper(r, err))
		return false;
	list = json_object_get(*table, last_part(key));
	if (list && origin_of(r, list) != ORIGIN_TABLES)
		return taken(r, key, key->parts.len - 1, err);
	made = json_object();
	if (!list) {
		list = json_array();
		json_object_set_new(*table, last_part(key), list);
		set_origin(r, list, ORIGIN_TABLES);
	}
	json_array_append_new(list, made);
	set_origin(r, made, ORIGIN_HEADER);
	*table = made;
	return true;
}

/* --- values --- */

static bool read_value(json_t **out, struct reader *r, struct err *err);

static bool read_string(json_t **out, struct toml_scan *s, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SIZE_MAX);

	if (!toml_string(&text, s, true, err))
		return false;
	*out = json_stringn(text.ptr, text.len);
	return *out || toml_fail(s, s->p, err, "text is not UTF-8");
}

static bool read_array(json_t *list, struct reader *r, struct err *err)
{
	struct toml_scan *s = &r->scan;
	const char *start = s->p++;

	for (;;) {
		json_t *item;

		if (!skip_lines(s, err))
			return false;
		if (toml_take(s, "]"))
			return true;
		if (s->p == s->end)
			return toml_fail(s, start, err, "the array does not end");
		if (!read_value(&item, r, err))
			return false;
		json_array_append_new(list, item);
		if (!skip_lines(s, err))
			return false;
		if (!toml_take(s, ",") && toml_peek(s) != ']')
			return s->p == s->end ? toml_fail(s, start, err, "the array does not end")
					      : toml_fail(s, s->p, err, "',' or ']' is missing");
	}
}

/* key = value, into `table`. */
static bool read_pair(json_t *table, struct reader *r, struct err *err)
{
	AUTO(key_free) struct key key = { 0 };
	int depth = r->depth;
	json_t *value;

	if (!read_key(&key, &r->scan, err))
		return false;
	if (!toml_take(&r->scan, "="))
		return toml_fail(&r->scan, r->scan.p, err, "'=' is missing behind the key");
	skip_blanks(&r->scan);
	if (!walk_dotted(&table, r, &key, err))
		return false;
	if (json_object_get(table, last_part(&key)))
		return taken(r, &key, key.parts.len - 1, err);
	if (!read_value(&value, r, err))
		return false;
	r->depth = depth;
	json_object_set_new(table, last_part(&key), value);
	return true;
}

static bool read_inline_table(json_t *table, struct reader *r, struct err *err)
{
	struct toml_scan *s = &r->scan;

	s->p++;
	skip_blanks(s);
	if (toml_take(s, "}"))
		return true;
	for (;;) {
		if (!read_pair(table, r, err))
			return false;
		skip_blanks(s);
		if (toml_take(s, "}"))
			return true;
		if (!toml_take(s, ","))
			return toml_fail(s, s->p, err, "',' or '}' is missing on the same line");
		skip_blanks(s);
		if (toml_peek(s) == '}')
			return toml_fail(s, s->p, err, "an inline table does not end in ','");
	}
}

static bool read_value(json_t **out, struct reader *r, struct err *err)
{
	struct toml_scan *s = &r->scan;
	int c = toml_peek(s);
	AUTO(auto_json_decref) json_t *value = NULL;
	bool ok;

	if (c == '"' || c == '\'')
		return read_string(out, s, err);
	if (c != '[' && c != '{')
		return toml_scalar(out, s, err);
	if (!go_deeper(r, err))
		return false;
	value = c == '[' ? json_array() : json_object();
	ok = c == '[' ? read_array(value, r, err) : read_inline_table(value, r, err);
	r->depth--;
	if (ok)
		*out = STEAL(value);
	return ok;
}

/* --- lines --- */

static bool read_header(json_t **table, struct reader *r, json_t *root, struct err *err)
{
	AUTO(key_free) struct key key = { 0 };
	struct toml_scan *s = &r->scan;
	bool array = toml_take(s, "[[");

	if (!array)
		s->p++;
	if (!read_key(&key, s, err))
		return false;
	if (!toml_take(s, array ? "]]" : "]"))
		return toml_fail(s, s->p, err, "'%s' is missing", array ? "]]" : "]");
	*table = root;
	r->depth = 1;
	return array ? open_array_table(table, r, &key, err) : open_table(table, r, &key, err);
}

static bool read_document(json_t *root, struct reader *r, struct err *err)
{
	struct toml_scan *s = &r->scan;
	json_t *table = root;

	for (;;) {
		if (!skip_lines(s, err))
			return false;
		if (s->p == s->end)
			return true;
		if (!(toml_peek(s) == '[' ? read_header(&table, r, root, err)
					  : read_pair(table, r, err)) ||
		    !end_of_line(s, err))
			return false;
	}
}

static bool check_text(const struct toml_scan *s, size_t len, struct err *err)
{
	size_t good;

	if (len > LIMIT_TOML)
		return err_set(err, E_INPUT, "%s: larger than the limit of %d bytes", s->file,
			       LIMIT_TOML);
	good = str_utf8_prefix(s->data, len);
	return good == len || toml_fail(s, s->data + good, err, "not UTF-8");
}

static void reader_free(struct reader *r)
{
	map_free(&r->origins);
}

bool toml_parse(json_t **out, const char *data, size_t len, const char *file, struct err *err)
{
	AUTO(reader_free)
	struct reader r = { .scan = { .file = file, .data = data, .end = data + len, .p = data },
			    .origins = MAP_TEXT,
			    .depth = 1 };
	AUTO(auto_json_decref) json_t *root = json_object();

	if (!check_text(&r.scan, len, err))
		return false;
	toml_take(&r.scan, "\xef\xbb\xbf"); /* a byte order mark, which some editors write */
	if (!read_document(root, &r, err))
		return false;
	*out = STEAL(root);
	return true;
}
