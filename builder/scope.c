// SPDX-License-Identifier: Apache-2.0
#include "builder/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

/* Variables and their reach. What each instruction does with them is interpret.c's. */

static const char *const default_shell[] = { "/bin/sh", "-c" };

static void put_platform(struct map *args, const char *prefix, const struct platform *p)
{
	struct platform_text text = platform_format(p);
	const struct {
		const char *suffix, *value;
	} rows[] = {
		{ "PLATFORM", text.text },      { "OS", p->os },
		{ "OSVERSION", p->os_version }, { "ARCH", p->architecture },
		{ "VARIANT", p->variant },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[32];

		snprintf(name, sizeof(name), "%s%s", prefix, rows[i].suffix);
		map_put_text(args, name, rows[i].value);
	}
}

void scope_globals_init(struct scope_globals *g, const struct map *build_args,
			const struct platform *target, const char *target_stage)
{
	*g = (struct scope_globals){ .build_args = build_args,
				     .args = MAP_TEXT,
				     .target = *target,
				     .build = platform_host() };
	put_platform(&g->args, "BUILD", &g->build);
	put_platform(&g->args, "TARGET", &g->target);
	map_put_text(&g->args, "TARGETSTAGE", target_stage ? target_stage : "default");
	/* a build argument of the same name replaces it */
	for (size_t i = 0; i < g->args.len; i++) {
		const char *given = scope_build_arg(g, g->args.items[i].key);

		if (given)
			map_put_text(&g->args, g->args.items[i].key, given);
	}
}

void scope_globals_free(struct scope_globals *g)
{
	map_free(&g->args);
}

const char *scope_build_arg(const struct scope_globals *g, const char *name)
{
	return g->build_args ? map_text(g->build_args, name) : NULL;
}

bool scope_is_proxy(const char *name)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
					     "all_proxy" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcasecmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static void take_env(struct scope *s, json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		struct slice value;
		struct slice name = slice_cut(slice_of(text), '=', &value);
		AUTO(auto_free) char *key = mem_strndup(name.ptr ? name.ptr : "", name.len);

		if (text)
			map_put_text(&s->env, key, value.ptr ? value.ptr : "");
	}
}

static void take_shell(struct scope *s, json_t *list)
{
	size_t count = json_array_size(list);
	const char **shell = ARENA_ARRAY(s->arena, const char *, count + 1);

	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		shell[i] = arena_strdup(s->arena, text ? text : "");
	}
	if (count) {
		s->shell = shell;
		s->shell_count = count;
		s->has_shell = true;
	}
}

void scope_init(struct scope *s, const struct scope_globals *g, const struct config *base,
		struct arena *arena)
{
	const char *workdir = base ? config_text(base, "WorkingDir") : NULL;
	const char *user = base ? config_text(base, "User") : NULL;

	*s = (struct scope){ .globals = g,
			     .arena = arena,
			     .env = MAP_TEXT,
			     .args = MAP_TEXT,
			     .shell = default_shell,
			     .shell_count = ARRAY_LEN(default_shell),
			     .base_known = base != NULL };
	if (base) {
		AUTO(auto_free) char *clean = fs_join("/", workdir ? workdir : "");

		take_env(s, config_member(base, "Env"));
		take_shell(s, config_member(base, "Shell"));
		s->workdir = arena_strdup(arena, clean);
		if (!map_has(&s->env, "PATH"))
			map_put_text(&s->env, "PATH", SCOPE_DEFAULT_PATH);
	} else {
		s->workdir = "/";
	}
	s->user = arena_strdup(arena, user ? user : "");
}

static void copy_map(struct map *out, const struct map *from)
{
	*out = (struct map)MAP_TEXT;
	for (size_t i = 0; i < from->len; i++)
		map_put_text(out, from->items[i].key, from->items[i].value);
}

void scope_copy(struct scope *out, const struct scope *from, struct arena *arena)
{
	*out = *from;
	out->arena = arena;
	copy_map(&out->env, &from->env);
	copy_map(&out->args, &from->args);
	out->declared.items = NULL;
	out->declared.len = out->declared.cap = 0;
	for (size_t i = 0; i < from->declared.len; i++)
		*ARRAY_PUSH(&out->declared) = from->declared.items[i];
	out->cmd_set = false;
}

void scope_free(struct scope *s)
{
	map_free(&s->env);
	map_free(&s->args);
	free(s->declared.items);
	s->declared.items = NULL;
	s->declared.len = s->declared.cap = 0;
}

void scope_declare(struct scope *s, const char *key, const char *value)
{
	struct scope_arg *arg = ARRAY_PUSH(&s->declared);

	arg->key = arena_strdup(s->arena, key);
	arg->value = value ? arena_strdup(s->arena, value) : NULL;
	if (value)
		map_put_text(&s->args, key, value);
}

const char *scope_value(const struct scope *s, const char *name)
{
	const char *value = map_text(&s->env, name);

	return value ? value : map_text(&s->args, name);
}
