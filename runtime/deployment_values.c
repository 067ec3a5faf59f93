// SPDX-License-Identifier: Apache-2.0
#include "runtime/deployment_values.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

/* Values of a descriptor, in the language of its file. */

/* clang-format off */
static const struct deployment_form forms[] = {
	{ .suffix = ".json",    .is_document = true,                              .takes_controls = true },
	{ .suffix = ".yaml",    .is_document = true,                              .takes_controls = true },
	/* POSIX shell, 2.2.3 Double-Quotes */
	{ .suffix = ".sh",      .escaped = "\\\"$`", .escape = '\\', .doubled = "", .takes_controls = true },
	/* systemd.service(5), Command lines, and systemd.unit(5), Specifiers */
	{ .suffix = ".service", .escaped = "\\\"",   .escape = '\\', .doubled = "%$" },
};
/* clang-format on */

const struct deployment_form *deployment_form_find(const char *file)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (str_has_suffix(file, forms[i].suffix))
			return &forms[i];
	return &forms[0];
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static bool is_utf8(const char *text)
{
	return str_utf8_prefix(text, strlen(text)) == strlen(text);
}

static char *escape_json(const char *text)
{
	AUTO(auto_json_decref) json_t *value = json_string(text);
	AUTO(auto_free) char *quoted = json_text(value, NULL);

	return mem_strndup(quoted + 1, strlen(quoted) - 2);
}

bool deployment_escape(char **out, const struct deployment_form *form, const char *what,
		       const char *text, struct err *err)
{
	AUTO(buf_free) struct buf escaped = BUF_INIT(2 * LIMIT_TEMPLATE);

	if (!is_utf8(text) || (!form->takes_controls && has_control(text)))
		return err_set(err, E_USAGE, "%s holds characters that a *%s file cannot have",
			       what, form->suffix);
	if (form->is_document) {
		*out = escape_json(text);
		return true;
	}
	for (; *text; text++) {
		char before = strchr(form->escaped, *text)   ? form->escape
			      : strchr(form->doubled, *text) ? *text
							     : '\0';

		if ((before && !buf_append(&escaped, &before, 1, err)) ||
		    !buf_append(&escaped, text, 1, err))
			return err_wrap(err, "%s", what);
	}
	*out = buf_steal(&escaped);
	return true;
}

bool deployment_put(struct map *out, const struct deployment_form *form, const char *name,
		    const char *text, struct err *err)
{
	AUTO(auto_free) char *escaped = NULL;

	if (!deployment_escape(&escaped, form, name, text ? text : "", err))
		return false;
	map_put_text(out, name, escaped);
	return true;
}

static void put_document(struct map *out, const char *name, const json_t *doc)
{
	AUTO(auto_free) char *text = json_text(doc, NULL);

	map_put_text(out, name, text);
}

/* --- variables --- */

struct variables {
	json_t *list, *literals, *map;
	struct buf items, options;
};

static void variables_free(struct variables *v)
{
	json_decref(v->list);
	json_decref(v->literals);
	json_decref(v->map);
	buf_free(&v->items);
	buf_free(&v->options);
}

static json_t *variable(const char *type, const char *name, const char *value)
{
	json_t *one = json_object();

	if (type)
		json_object_set_new(one, "type", json_string(type));
	json_object_set_new(one, "name", json_string(name));
	json_object_set_new(one, "value", json_string(value));
	return one;
}

static bool add_variable(struct variables *v, const struct deployment_form *form, const char *name,
			 const char *value, struct err *err)
{
	AUTO(auto_free) char *name_text = NULL;
	AUTO(auto_free) char *value_text = NULL;

	if (!deployment_escape(&name_text, form, "--env", name, err) ||
	    !deployment_escape(&value_text, form, name, value, err))
		return false;
	json_array_append_new(v->list, variable(NULL, name, value));
	json_array_append_new(v->literals, variable("literal", name, value));
	json_object_set_new(v->map, name, json_string(value));
	return buf_printf(&v->items, err,
			  "%s            - name: \"%s\"\n              value: \"%s\"",
			  v->items.len ? "\n" : "", name_text, value_text) &&
	       buf_printf(&v->options, err, " --env \"%s=%s\"", name_text, value_text);
}

bool deployment_put_env(struct map *out, const struct deployment_form *form,
			const struct str_list *env, struct err *err)
{
	AUTO(variables_free)
	struct variables v = { .list = json_array(),
			       .literals = json_array(),
			       .map = json_object(),
			       .items = BUF_INIT(2 * LIMIT_TEMPLATE),
			       .options = BUF_INIT(2 * LIMIT_TEMPLATE) };

	for (size_t i = 0; i < env->len; i++) {
		struct slice value, name = slice_cut(slice_of(env->items[i]), '=', &value);
		AUTO(auto_free) char *key = mem_strndup(name.ptr, name.len);

		if (!name.len || !value.ptr)
			return err_set(err, E_USAGE, "--env '%s' is not NAME=VALUE", env->items[i]);
		if (!is_utf8(value.ptr))
			return err_set(err, E_USAGE, "--env %s: its value is no UTF-8", key);
		if (json_object_get(v.map, key))
			return err_set(err, E_USAGE, "--env %s is given twice", key);
		if (!add_variable(&v, form, key, value.ptr, err))
			return false;
	}
	map_put_text(out, "env", env->len ? "yes" : "");
	put_document(out, "env_list", v.list);
	put_document(out, "env_literals", v.literals);
	put_document(out, "env_map", v.map);
	map_put_text(out, "env_items", v.items.ptr);
	map_put_text(out, "env_options", v.options.ptr);
	return true;
}

/* --- words --- */

bool deployment_put_args(struct map *out, const struct deployment_form *form, const char *entry,
			 const struct str_list *args, struct err *err)
{
	AUTO(auto_json_decref) json_t *list = json_array(), *whole = json_array();
	AUTO(buf_free) struct buf words = BUF_INIT(2 * LIMIT_TEMPLATE);

	json_array_append_new(whole, json_string(entry));
	for (size_t i = 0; i < args->len; i++) {
		AUTO(auto_free) char *word = NULL;

		if (!deployment_escape(&word, form, "an argument", args->items[i], err) ||
		    !buf_printf(&words, err, " \"%s\"", word))
			return false;
		json_array_append_new(list, json_string(args->items[i]));
	}
	json_array_extend(whole, list);
	put_document(out, "args", list);
	if (!args->len)
		map_put_text(out, "args", "");
	put_document(out, "entry_args", whole);
	map_put_text(out, "args_words", words.ptr);
	return true;
}
