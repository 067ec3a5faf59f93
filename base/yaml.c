// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

/*
 * YAML as JSON values, by libyaml's events: one document, the core schema's
 * scalars, no anchors, aliases or tags (they are what makes YAML files explode).
 */

struct reader {
	yaml_parser_t parser;
	const char *file, *data;
	size_t len;
	int depth;
};

static void reader_close(struct reader *r)
{
	yaml_parser_delete(&r->parser);
}

/* libyaml counts characters, a place counts bytes: `count` characters on from `at`. */
static size_t skip_characters(const struct reader *r, size_t at, size_t count)
{
	while (count-- && at < r->len && r->data[at] != '\n')
		for (at++; at < r->len && ((unsigned char)r->data[at] & 0xc0) == 0x80;)
			at++;
	return at;
}

static bool place(const struct reader *r, yaml_mark_t at, struct err *err)
{
	size_t start = 0, end;

	for (size_t line = 0; line < at.line && start < r->len; start++)
		line += r->data[start] == '\n';
	end = start;
	while (end < r->len && r->data[end] != '\n')
		end++;
	return err_at(err, r->file, (int)at.line + 1,
		      (int)(skip_characters(r, start, at.column) - start) + 1, r->data + start,
		      end - start);
}

static bool fail(struct reader *r, yaml_mark_t at, struct err *err, const char *text)
{
	err_set(err, E_INPUT, "%s: %s", r->file, text);
	return place(r, at, err);
}

static bool next(struct reader *r, yaml_event_t *event, struct err *err)
{
	if (yaml_parser_parse(&r->parser, event))
		return true;
	return fail(r, r->parser.problem_mark, err,
		    r->parser.problem ? r->parser.problem : "not valid YAML");
}

/* "012345678901": an account's number, which YAML 1.1 reads as octal and 1.2 without its zero.
 * Nobody means either, so it stays text. */
static bool has_leading_zero(const char *text)
{
	text += *text == '-' || *text == '+';
	return text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

/* YAML 1.2 core schema for a plain scalar, but for leading zeros. */
static json_t *plain_scalar(const char *text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
	static const char *const trues[] = { "true", "True", "TRUE" };
	static const char *const falses[] = { "false", "False", "FALSE" };
	long long number;
	double real;
	char *end;

	for (size_t i = 0; i < ARRAY_LEN(nulls); i++)
		if (str_eq(text, nulls[i]))
			return json_null();
	for (size_t i = 0; i < ARRAY_LEN(trues); i++) {
		if (str_eq(text, trues[i]))
			return json_true();
		if (str_eq(text, falses[i]))
			return json_false();
	}
	if (strspn(text, "0123456789+-.eE") != strlen(text) || has_leading_zero(text))
		return json_string(text);
	errno = 0;
	number = strtoll(text, &end, 10);
	if (!*end && !errno)
		return json_integer(number);
	real = strtod(text, &end);
	return *end ? json_string(text) : json_real(real);
}

static bool read_value(json_t **out, struct reader *r, const yaml_event_t *event, struct err *err);

static bool read_list(json_t *list, struct reader *r, struct err *err)
{
	for (;;) {
		AUTO(yaml_event_delete) yaml_event_t event = { 0 };
		json_t *item;

		if (!next(r, &event, err))
			return false;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			return true;
		if (!read_value(&item, r, &event, err))
			return false;
		json_array_append_new(list, item);
	}
}

static bool read_map(json_t *map, struct reader *r, struct err *err)
{
	for (;;) {
		AUTO(yaml_event_delete) yaml_event_t key = { 0 }, value = { 0 };
		const char *name;
		json_t *item;

		if (!next(r, &key, err))
			return false;
		if (key.type == YAML_MAPPING_END_EVENT)
			return true;
		if (key.type != YAML_SCALAR_EVENT)
			return fail(r, key.start_mark, err, "a key must be text");
		name = (const char *)key.data.scalar.value;
		if (strlen(name) != key.data.scalar.length)
			return fail(r, key.start_mark, err, "a key contains a NUL");
		if (json_object_get(map, name))
			return fail(r, key.start_mark, err, "the key is there twice");
		if (!next(r, &value, err) || !read_value(&item, r, &value, err))
			return false;
		json_object_set_new(map, name, item);
	}
}

static bool read_scalar(json_t **out, struct reader *r, const yaml_event_t *event, struct err *err)
{
	const char *text = (const char *)event->data.scalar.value;

	if (strlen(text) != event->data.scalar.length)
		return fail(r, event->start_mark, err, "text contains a NUL");
	*out = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain_scalar(text)
								   : json_string(text);
	return *out || fail(r, event->start_mark, err, "text is not UTF-8");
}

static bool read_value(json_t **out, struct reader *r, const yaml_event_t *event, struct err *err)
{
	bool is_map = event->type == YAML_MAPPING_START_EVENT;
	bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
	AUTO(auto_json_decref) json_t *value = NULL;

	if (event->type == YAML_ALIAS_EVENT ||
	    (event->type == YAML_SCALAR_EVENT &&
	     (event->data.scalar.anchor || event->data.scalar.tag)) ||
	    (is_map && (event->data.mapping_start.anchor || event->data.mapping_start.tag)) ||
	    (is_list && (event->data.sequence_start.anchor || event->data.sequence_start.tag)))
		return fail(r, event->start_mark, err, "anchors, aliases and tags are not taken");
	if (event->type == YAML_SCALAR_EVENT)
		return read_scalar(out, r, event, err);
	if (!is_map && !is_list)
		return fail(r, event->start_mark, err, "a value is missing");
	if (++r->depth > LIMIT_JSON_DEPTH)
		return fail(r, event->start_mark, err, "nested too deeply");
	value = is_map ? json_object() : json_array();
	if (is_map ? !read_map(value, r, err) : !read_list(value, r, err))
		return false;
	r->depth--;
	*out = STEAL(value);
	return true;
}

/* Events that only frame the document. */
static bool skip(struct reader *r, yaml_event_type_t want, struct err *err)
{
	AUTO(yaml_event_delete) yaml_event_t event = { 0 };

	if (!next(r, &event, err))
		return false;
	return event.type == want ||
	       fail(r, event.start_mark, err,
		    want == YAML_STREAM_END_EVENT ? "a second document" : "no document");
}

bool yaml_parse(json_t **out, const char *data, size_t len, const char *file, struct err *err)
{
	AUTO(reader_close) struct reader r = { .file = file, .data = data, .len = len };
	AUTO(auto_json_decref) json_t *value = NULL;
	AUTO(yaml_event_delete) yaml_event_t event = { 0 };

	if (!yaml_parser_initialize(&r.parser))
		abort();
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)data, len);
	if (!skip(&r, YAML_STREAM_START_EVENT, err) || !skip(&r, YAML_DOCUMENT_START_EVENT, err) ||
	    !next(&r, &event, err) || !read_value(&value, &r, &event, err) ||
	    !skip(&r, YAML_DOCUMENT_END_EVENT, err) || !skip(&r, YAML_STREAM_END_EVENT, err))
		return false;
	*out = STEAL(value);
	return true;
}

/* --- where a value is --- */

/* The next event of a document that was read once without an error. */
static bool again(struct reader *r, yaml_event_t *event)
{
	return yaml_parser_parse(&r->parser, event) == 1;
}

static bool opens(const yaml_event_t *event)
{
	return event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT;
}

/* What is behind a value whose first event was read. */
static bool pass_over(struct reader *r, const yaml_event_t *first)
{
	size_t open = opens(first);

	while (open) {
		AUTO(yaml_event_delete) yaml_event_t event = { 0 };

		if (!again(r, &event))
			return false;
		open += opens(&event);
		open -= event.type == YAML_MAPPING_END_EVENT ||
			event.type == YAML_SEQUENCE_END_EVENT;
	}
	return true;
}

/* One item of a list, or member of a map: its events, key first. False at the end. */
static bool next_item(struct reader *r, bool in_map, yaml_event_t *key, yaml_event_t *value)
{
	if (in_map && (!again(r, key) || key->type != YAML_SCALAR_EVENT))
		return false;
	return again(r, value) && value->type != YAML_SEQUENCE_END_EVENT;
}

/* *at is moved to the value as far as the path can be followed. */
static void locate(struct reader *r, const yaml_event_t *from, const struct yaml_step *path,
		   size_t depth, bool of_key, yaml_mark_t *at)
{
	bool in_map = from->type == YAML_MAPPING_START_EVENT;

	if (!depth || !opens(from))
		return;
	for (size_t i = 0;; i++) {
		AUTO(yaml_event_delete) yaml_event_t key = { 0 }, value = { 0 };

		if (!next_item(r, in_map, &key, &value))
			return;
		if (in_map ? path->key && str_eq((const char *)key.data.scalar.value, path->key)
			   : !path->key && i == path->index) {
			*at = in_map && of_key && depth == 1 ? key.start_mark : value.start_mark;
			locate(r, &value, path + 1, depth - 1, of_key, at);
			return;
		}
		if (!pass_over(r, &value))
			return;
	}
}

bool yaml_err_at(struct err *err, const char *data, size_t len, const char *file,
		 const struct yaml_step *path, size_t depth, bool of_key)
{
	AUTO(reader_close) struct reader r = { .file = file, .data = data, .len = len };
	yaml_mark_t at = { 0 };
	bool reading = true;

	if (!yaml_parser_initialize(&r.parser))
		abort();
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)data, len);
	while (reading) {
		AUTO(yaml_event_delete) yaml_event_t event = { 0 };

		reading = again(&r, &event) && event.type != YAML_STREAM_END_EVENT;
		if (!opens(&event))
			continue;
		at = event.start_mark;
		locate(&r, &event, path, depth, of_key, &at);
		reading = false;
	}
	return place(&r, at, err);
}
