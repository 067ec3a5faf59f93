// SPDX-License-Identifier: Apache-2.0
#include "image/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/document.h"

/*
 * The image configuration as a document that is patched in place. Its shape is
 * checked once, by config_parse, so that everything else may rely on it. null counts as absent.
 */

void config_free(struct config *c)
{
	json_decref(c->doc);
	c->doc = NULL;
}

void config_init(struct config *c, const struct platform *p)
{
	json_t *rootfs = json_object();

	c->doc = json_object();
	json_object_set_new(c->doc, "architecture", json_string(p->architecture));
	json_object_set_new(c->doc, "os", json_string(p->os));
	if (p->os_version[0])
		json_object_set_new(c->doc, "os.version", json_string(p->os_version));
	if (p->variant[0])
		json_object_set_new(c->doc, "variant", json_string(p->variant));
	json_object_set_new(c->doc, "config", json_object());
	json_object_set_new(rootfs, "type", json_string("layers"));
	json_object_set_new(rootfs, "diff_ids", json_array());
	json_object_set_new(c->doc, "rootfs", rootfs);
	json_object_set_new(c->doc, "history", json_array());
}

/* NULL for null too. */
static json_t *member(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

static json_t *execution(const struct config *c)
{
	return member(c->doc, "config");
}

static json_t *diff_ids(const struct config *c)
{
	return json_object_get(member(c->doc, "rootfs"), "diff_ids");
}

static bool check_rootfs(const json_t *doc, struct err *err)
{
	const json_t *rootfs = member(doc, "rootfs");
	const char *type = json_text_member(rootfs, "type");
	const json_t *list = json_object_get(rootfs, "diff_ids"), *item;
	struct digest ignored;
	size_t i;

	if (!json_is_object(rootfs) || !json_is_array(list))
		return err_set(err, E_INTEGRITY,
			       "no image configuration: rootfs.diff_ids is missing");
	if (type && !str_eq(type, "layers"))
		return err_set(err, E_UNSUPPORTED, "rootfs.type '%s' is not 'layers'", type);
	if (!document_list_fits(rootfs, "diff_ids", LIMIT_LAYERS, err))
		return err_wrap(err, "rootfs");
	json_array_foreach(list, i, item)
	{
		if (!json_is_string(item))
			return err_set(err, E_INTEGRITY, "rootfs.diff_ids: [%zu] is not text", i);
		if (!digest_parse(&ignored, json_string_value(item), err))
			return err_wrap(err, "rootfs.diff_ids: [%zu]", i);
	}
	return true;
}

static bool check_history(const json_t *doc, struct err *err)
{
	const json_t *history = member(doc, "history"), *item;
	size_t i;

	if (history && !json_is_array(history))
		return err_set(err, E_INTEGRITY, "history is not a list");
	json_array_foreach(history, i, item)
	{
		const json_t *empty = member(item, "empty_layer");

		if (!json_is_object(item) || (empty && !json_is_boolean(empty)))
			return err_set(err, E_INTEGRITY, "history: [%zu] is malformed", i);
	}
	return true;
}

static bool check_execution(const json_t *doc, struct err *err)
{
	const json_t *execution = member(doc, "config");
	const json_t *env = member(execution, "Env");
	const json_t *labels = member(execution, "Labels"), *item;
	const char *key;
	size_t i;

	if (execution && !json_is_object(execution))
		return err_set(err, E_INTEGRITY, "config is not an object");
	if (env && !json_is_array(env))
		return err_set(err, E_INTEGRITY, "config: Env is not a list");
	json_array_foreach(env, i, item) if (!json_is_string(item)) return err_set(
		err, E_INTEGRITY, "config: Env: [%zu] is not text", i);
	if (labels && !json_is_object(labels))
		return err_set(err, E_INTEGRITY, "config: Labels is not an object");
	json_object_foreach(
		(json_t *)(uintptr_t)labels, key,
		item) if (!json_is_string(item)) return err_set(err, E_INTEGRITY,
								"config: Labels: '%s' is not text",
								key);
	return true;
}

static bool check(json_t *doc, struct err *err)
{
	struct platform platform;

	return platform_type.decode(&platform_type, &platform, doc, NULL, err) &&
	       check_rootfs(doc, err) && check_history(doc, err) && check_execution(doc, err);
}

bool config_parse(struct config *out, const char *raw, size_t len, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;

	if (!document_parse(&doc, raw, len, LIMIT_CONFIG, "image configuration", err))
		return false;
	if (!check(doc, err))
		return document_refuse(err, "image configuration");
	out->doc = STEAL(doc);
	return true;
}

void config_copy(struct config *out, const struct config *from)
{
	out->doc = json_deep_copy(from->doc);
}

char *config_encode(const struct config *c, size_t *len_out)
{
	return json_text(c->doc, len_out);
}

struct platform config_platform(const struct config *c)
{
	struct platform p = { 0 };
	struct err ignored = { 0 };

	if (!platform_type.decode(&platform_type, &p, c->doc, NULL, &ignored))
		return (struct platform){ 0 };
	return p;
}

size_t config_diff_id_count(const struct config *c)
{
	return json_array_size(diff_ids(c));
}

struct digest config_diff_id(const struct config *c, size_t i)
{
	const char *text = json_string_value(json_array_get(diff_ids(c), i));
	struct digest d = { 0 };
	struct err ignored = { 0 };

	if (!text || !digest_parse(&d, text, &ignored))
		return (struct digest){ 0 };
	return d;
}

const char *config_text(const struct config *c, const char *key)
{
	return json_text_member(execution(c), key);
}

json_t *config_member(const struct config *c, const char *key)
{
	return member(execution(c), key);
}

void config_set_member(struct config *c, const char *key, json_t *value)
{
	json_t *config = execution(c);

	if (!value) {
		json_object_del(config, key);
		return;
	}
	if (!config) {
		config = json_object();
		json_object_set_new(c->doc, "config", config);
	}
	json_object_set_new(config, key, value);
}

void config_set_text(struct config *c, const char *key, const char *value)
{
	config_set_member(c, key, value && value[0] ? document_text(value) : NULL);
}

/* The item of Env that sets `name`; its value behind the "=" in *value_out. */
static bool find_env(const struct config *c, const char *name, size_t *index_out,
		     const char **value_out)
{
	const json_t *env = config_member(c, "Env"), *item;
	size_t len = strlen(name), i;

	json_array_foreach(env, i, item)
	{
		const char *text = json_string_value(item);

		if (strncmp(text, name, len) != 0 || (text[len] != '=' && text[len]))
			continue;
		*index_out = i;
		*value_out = text[len] ? text + len + 1 : "";
		return true;
	}
	return false;
}

const char *config_env(const struct config *c, const char *name)
{
	const char *value;
	size_t i;

	return find_env(c, name, &i, &value) ? value : NULL;
}

void config_set_env(struct config *c, const char *name, const char *value)
{
	AUTO(auto_free) char *text = mem_printf("%s=%s", name, value);
	json_t *env = config_member(c, "Env");
	const char *old;
	size_t i;

	if (!env) {
		config_set_member(c, "Env", json_array());
		env = config_member(c, "Env");
	}
	if (find_env(c, name, &i, &old))
		json_array_set_new(env, i, document_text(text));
	else
		json_array_append_new(env, document_text(text));
}

const char *config_label(const struct config *c, const char *name)
{
	return json_text_member(config_member(c, "Labels"), name);
}

void config_set_label(struct config *c, const char *name, const char *value)
{
	AUTO(auto_free) char *key = document_utf8(name);
	json_t *labels = config_member(c, "Labels");

	if (!value) {
		json_object_del(labels, key);
		return;
	}
	if (!labels) {
		config_set_member(c, "Labels", json_object());
		labels = config_member(c, "Labels");
	}
	json_object_set_new(labels, key, document_text(value));
}

static json_t *ensure_history(struct config *c)
{
	json_t *history = member(c->doc, "history");

	if (!history) {
		history = json_array();
		json_object_set_new(c->doc, "history", history);
	}
	return history;
}

void config_append(struct config *c, const struct history_entry *entry,
		   const struct digest *diff_id)
{
	json_t *item = json_object();

	json_object_set_new(item, "created", json_string(clock_format(entry->created).text));
	if (entry->created_by)
		json_object_set_new(item, "created_by", document_text(entry->created_by));
	if (entry->comment)
		json_object_set_new(item, "comment", document_text(entry->comment));
	if (!diff_id)
		json_object_set_new(item, "empty_layer", json_true());
	json_array_append_new(ensure_history(c), item);
	if (diff_id)
		json_array_append_new(diff_ids(c), json_string(digest_format(diff_id).text));
}

static bool is_empty_layer(const json_t *item)
{
	return json_is_true(json_object_get(item, "empty_layer"));
}

/* An entry for a layer whose making nobody recorded, dated like the image. */
static json_t *unrecorded(const struct config *c)
{
	const char *created = json_text_member(c->doc, "created");
	json_t *item = json_object();

	if (created)
		json_object_set_new(item, "created", json_string(created));
	json_object_set_new(item, "comment", json_string("no history was recorded for this layer"));
	return item;
}

bool config_repair_history(struct config *c)
{
	size_t layers = config_diff_id_count(c), entries = 0, i;
	json_t *history = member(c->doc, "history"), *item;

	json_array_foreach(history, i, item) entries += !is_empty_layer(item);
	if (entries == layers)
		return false;
	history = ensure_history(c);
	for (; entries < layers; entries++)
		json_array_append_new(history, unrecorded(c));
	for (i = json_array_size(history); i-- && entries > layers;) {
		item = json_array_get(history, i);
		if (is_empty_layer(item))
			continue;
		json_object_set_new(item, "empty_layer", json_true());
		entries--;
	}
	return true;
}

void config_set_created(struct config *c, int64_t seconds)
{
	json_object_set_new(c->doc, "created", json_string(clock_format(seconds).text));
}

/* Exactly `count` digits at *at, which moves behind them; -1 otherwise. */
static int digits(const char **at, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		value = value * 10 + (**at - '0');
	}
	return value;
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, days_from_civil). */
static int64_t days(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* "Z" or "+hh:mm" behind the seconds, in seconds; false when it is neither. */
static bool zone(int64_t *out, const char *at)
{
	int sign = *at == '-' ? -1 : 1;
	int hours, minutes;

	*out = 0;
	if (*at == 'Z' || *at == 'z')
		return !at[1];
	if (*at != '+' && *at != '-')
		return false;
	at++;
	hours = digits(&at, 2);
	if (hours < 0 || *at++ != ':')
		return false;
	minutes = digits(&at, 2);
	*out = sign * (hours * 3600 + minutes * 60);
	return minutes >= 0 && !*at;
}

int64_t config_created(const struct config *c)
{
	static const char separators[] = { '-', '-', 'T', ':', ':' };
	const char *at = json_text_member(c->doc, "created");
	int64_t offset;
	int field[6]; /* year, month, day, hour, minute, second */

	if (!at)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(field); i++) {
		field[i] = digits(&at, i ? 2 : 4);
		if (field[i] < 0 || (i < ARRAY_LEN(separators) && *at++ != separators[i]))
			return 0;
	}
	if (*at == '.')
		at += 1 + strspn(at + 1, "0123456789");
	if (!zone(&offset, at) || field[1] < 1 || field[1] > 12)
		return 0;
	return days(field[0], field[1], field[2]) * 86400 + field[3] * 3600 + field[4] * 60 +
	       field[5] - offset;
}
