// SPDX-License-Identifier: Apache-2.0
#include "runtime/recipe.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "builder/build.h"
#include "python/name.h"

/* Reading a plan for what it installs and sets. */

void recipe_free(struct recipe *r)
{
	free(r->base);
	str_list_free(&r->packages);
	str_list_free(&r->system);
	map_free(&r->environment);
	free(r->workdir);
	free(r->user);
	free(r->entrypoint);
	free(r->command);
	*r = (struct recipe){ 0 };
}

/* --- the words of a shell command --- */

/* A command's words, quotes taken off; what stands between commands is a word of its own: ";". */
static void shell_words(struct str_list *out, const char *text)
{
	AUTO(buf_free) struct buf word = BUF_INIT(LIMIT_DOCKERFILE);
	bool in_word = false;
	char quote = 0;

	for (const char *p = text;; p++) {
		bool breaks = !*p || (!quote && strchr(" \t\n;&|(){}", *p));

		if (breaks && in_word) {
			str_list_push(out, word.ptr);
			buf_clear(&word);
			in_word = false;
		}
		if (!*p)
			return;
		if (breaks) {
			if (!strchr(" \t", *p))
				str_list_push(out, ";");
			continue;
		}
		if (*p == '\\' && quote != '\'' && p[1]) {
			p++;
			if (*p == '\n')
				continue;
			buf_put_byte(&word, (unsigned char)*p);
		} else if (quote ? *p == quote : *p == '\'' || *p == '"') {
			quote = quote ? 0 : *p;
		} else {
			buf_put_byte(&word, (unsigned char)*p);
		}
		in_word = true;
	}
}

static bool is_program(const char *word, const char *name)
{
	const char *slash = strrchr(word, '/');
	const char *own = slash ? slash + 1 : word;
	size_t len = strlen(name);

	return strncmp(own, name, len) == 0 &&
	       strspn(own + len, "0123456789.") == strlen(own + len);
}

/* "PyYAML >= 5" and "pyyaml>=5" are one requirement. */
static void add_package(struct str_list *to, const char *word)
{
	AUTO(arena_free) struct arena arena = { 0 };
	size_t len = name_span(slice_of(word));
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_DOCKERFILE);

	buf_put(&text, name_is_valid((struct slice){ word, len })
			       ? name_normalize(&arena, (struct slice){ word, len })
			       : "");
	if (!text.len)
		len = 0;
	for (const char *p = word + len; *p; p++)
		if (!isspace((unsigned char)*p))
			buf_put_byte(&text, (unsigned char)*p);
	str_list_push(to, text.ptr);
}

/* Options of pip install that take the next word. */
static bool takes_value(const char *word)
{
	static const char *const options[] = { "-c",
					       "--constraint",
					       "-t",
					       "--target",
					       "-i",
					       "--index-url",
					       "--extra-index-url",
					       "-f",
					       "--find-links",
					       "--prefix",
					       "--root",
					       "-o" };

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (str_eq(word, options[i]))
			return true;
	return false;
}

/* From words[at], behind the program: what `install` is told, until the command ends. */
static void read_install(struct recipe *r, const struct str_list *words, size_t at, bool pip)
{
	while (at < words->len && words->items[at][0] == '-')
		at++;
	if (at == words->len || !str_eq(words->items[at], "install"))
		return;
	for (at++; at < words->len && !str_eq(words->items[at], ";"); at++) {
		const char *word = words->items[at];

		if (pip && (str_eq(word, "-r") || str_eq(word, "--requirement")) &&
		    at + 1 < words->len) {
			AUTO(auto_free) char *file = mem_printf("-r %s", words->items[++at]);

			str_list_push(&r->packages, file);
		} else if (word[0] == '-') {
			at += pip && takes_value(word);
		} else if (pip) {
			add_package(&r->packages, word);
		} else {
			str_list_push(&r->system, word);
		}
	}
}

static void read_run(struct recipe *r, const char *text)
{
	AUTO(str_list_free) struct str_list words = { 0 };

	shell_words(&words, text);
	for (size_t i = 0; i < words.len; i++) {
		const char *word = words.items[i];
		bool module = str_eq(word, "-m") && i + 1 < words.len &&
			      str_eq(words.items[i + 1], "pip");

		if (is_program(word, "pip") && !(i && str_eq(words.items[i - 1], "-m")))
			read_install(r, &words, i + 1, true);
		else if (module)
			read_install(r, &words, i + 2, true);
		else if (is_program(word, "apt-get") || is_program(word, "apt"))
			read_install(r, &words, i + 1, false);
	}
}

/* --- the plan --- */

static void set(char **to, const char *text)
{
	free(*to);
	*to = mem_strdup(text ? text : "");
}

static void set_json(char **to, const json_t *value)
{
	free(*to);
	*to = json_text(value, NULL);
}

static void read_step(struct recipe *r, const json_t *step)
{
	const char *what = json_text_member(step, "instruction");
	const char *image = json_text_member(step, "fromImage");
	const json_t *argv = json_object_get(step, "argv"), *item;
	size_t i;

	if (str_eq(what, "ENV"))
		json_array_foreach(json_object_get(step, "pairs"), i, item)
			map_put_text(&r->environment, json_text_member(item, "name"),
				     json_text_member(item, "value"));
	else if (str_eq(what, "WORKDIR"))
		set(&r->workdir, json_text_member(step, "value"));
	else if (str_eq(what, "USER"))
		set(&r->user, json_text_member(step, "value"));
	else if (str_eq(what, "ENTRYPOINT"))
		set_json(&r->entrypoint, json_object_get(step, "list"));
	else if (str_eq(what, "CMD"))
		set_json(&r->command, json_object_get(step, "list"));
	else if (str_eq(what, "RUN") && json_array_size(argv))
		read_run(r, json_string_value(json_array_get(argv, json_array_size(argv) - 1)));
	else if (str_eq(what, "COPY") && image && str_eq(image, "python-packages"))
		r->packages_beside = true;
}

static const json_t *find_stage(const json_t *stages, json_int_t number)
{
	const json_t *stage;
	size_t i;

	json_array_foreach(stages, i, stage) if (json_integer_value(json_object_get(
							 stage, "stage")) == number) return stage;
	return NULL;
}

/* A stage and, before it, the one it goes on from. A plan's stages go on from earlier ones. */
static void read_stage(struct recipe *r, const json_t *stages, json_int_t number)
{
	const json_t *stage = find_stage(stages, number), *step;
	const json_t *parent = json_object_get(stage, "fromStage");
	size_t i;

	if (json_is_integer(parent))
		read_stage(r, stages, json_integer_value(parent));
	else
		set(&r->base, json_text_member(stage, "from"));
	json_array_foreach(json_object_get(stage, "steps"), i, step) read_step(r, step);
}

static void unique(struct str_list *l)
{
	struct str_list out = { 0 };

	str_list_sort(l);
	for (size_t i = 0; i < l->len; i++)
		if (!i || !str_eq(l->items[i], l->items[i - 1]))
			str_list_push(&out, l->items[i]);
	str_list_free(l);
	*l = out;
}

bool recipe_read(struct recipe *out, const char *name, const char *text, size_t len,
		 struct err *err)
{
	const struct map none = MAP_TEXT;
	const struct build_request request = { .dockerfile = text,
					       .dockerfile_len = len,
					       .dockerfile_name = name,
					       .build_args = &none,
					       .platform = platform_host() };
	AUTO(auto_json_decref) json_t *plan = NULL;

	*out = (struct recipe){ .environment = MAP_TEXT };
	if (!build_plan_json(&plan, &request, err))
		return false;
	set(&out->base, NULL);
	set(&out->workdir, NULL);
	set(&out->user, NULL);
	set(&out->entrypoint, NULL);
	set(&out->command, NULL);
	read_stage(out, json_object_get(plan, "stages"),
		   json_integer_value(json_object_get(plan, "target")));
	map_sort(&out->environment);
	unique(&out->packages);
	unique(&out->system);
	return true;
}

/* --- differences --- */

static void differ(struct str_list *out, const char *what, const char *a, const char *b)
{
	if (str_eq(a, b))
		return;
	if (*a)
		str_list_push_take(out, mem_printf("- %s %s", what, a));
	if (*b)
		str_list_push_take(out, mem_printf("+ %s %s", what, b));
}

static void differ_lists(struct str_list *out, const char *what, const struct str_list *a,
			 const struct str_list *b)
{
	for (size_t i = 0; i < a->len; i++)
		if (!str_list_has(b, a->items[i]))
			str_list_push_take(out, mem_printf("- %s %s", what, a->items[i]));
	for (size_t i = 0; i < b->len; i++)
		if (!str_list_has(a, b->items[i]))
			str_list_push_take(out, mem_printf("+ %s %s", what, b->items[i]));
}

static void list_environment(struct str_list *out, const struct recipe *r)
{
	for (size_t i = 0; i < r->environment.len; i++) {
		const char *key = r->environment.items[i].key;

		str_list_push_take(out, mem_printf("%s=%s", key, map_text(&r->environment, key)));
	}
}

void recipe_diff(struct str_list *out, const struct recipe *a, const struct recipe *b)
{
	AUTO(str_list_free) struct str_list env_a = { 0 }, env_b = { 0 };

	list_environment(&env_a, a);
	list_environment(&env_b, b);
	differ(out, "base", a->base, b->base);
	differ_lists(out, "environment", &env_a, &env_b);
	differ_lists(out, "system package", &a->system, &b->system);
	if (!a->packages_beside && !b->packages_beside)
		differ_lists(out, "package", &a->packages, &b->packages);
	differ(out, "workdir", a->workdir, b->workdir);
	differ(out, "user", a->user, b->user);
	differ(out, "entrypoint", a->entrypoint, b->entrypoint);
	differ(out, "command", a->command, b->command);
}
