// SPDX-License-Identifier: Apache-2.0
#include "runtime/check_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Where in an artifact Python, the packages and the handler are. */

void check_close(struct rule_check *c)
{
	contents_free(&c->contents);
	free(c->python);
	free(c->interpreter);
	free(c->site);
	free(c->handler);
	str_list_free(&c->search);
}

bool check_is_image(const struct backend *b)
{
	return backend_is_image(b);
}

bool check_is_zip(const struct backend *b)
{
	return str_eq(b->artifact, "zip") || str_eq(b->artifact, "layer");
}

const char *check_env(const struct rule_check *c, const char *name)
{
	return c->req->image ? config_env(&c->req->image->config, name) : NULL;
}

bool check_platform(struct platform *out, const struct rule_check *c)
{
	const struct backend *b = c->req->backend;
	const char *const *all = b->platforms.items;
	struct err ignored = { 0 };

	if (c->req->image) {
		*out = image_platform(c->req->image);
		return true;
	}
	if (c->req->platform) {
		*out = *c->req->platform;
		return true;
	}
	return b->platforms.len == 1 && platform_parse(out, all[0], &ignored);
}

/* --- paths --- */

/* Without leading, doubled and trailing slashes and "."; ".." stays, and then nothing is found. */
static char *canonical(const char *path)
{
	AUTO(buf_free) struct buf out = BUF_INIT(LIMIT_CONFIG);
	struct slice rest = slice_of(path);

	while (rest.ptr) {
		struct slice part = slice_cut(rest, '/', &rest);

		if (!part.len || slice_eq(part, "."))
			continue;
		if (out.len)
			buf_put_byte(&out, '/');
		buf_put_bytes(&out, part.ptr, part.len);
	}
	return buf_steal(&out);
}

static char *below(const char *dir, const char *path)
{
	AUTO(auto_free) char *joined = mem_printf("%s/%s", dir, path);

	return canonical(joined);
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? mem_strndup(path, (size_t)(slash - path)) : mem_strdup("");
}

static char *fill_python(const char *text, const char *python)
{
	static const char mark[] = "{{python}}";
	AUTO(buf_free) struct buf out = BUF_INIT(LIMIT_CONFIG);
	const char *at;

	while ((at = strstr(text, mark))) {
		buf_put_bytes(&out, text, (size_t)(at - text));
		buf_put(&out, python);
		text = at + strlen(mark);
	}
	buf_put(&out, text);
	return buf_steal(&out);
}

/* --- programs --- */

static bool find_file(const struct entry **out, char **path_out, const struct rule_check *c,
		      const char *path, struct err *err)
{
	AUTO(auto_free) char *at = NULL;

	if (!contents_find(out, &at, &c->contents, path, err))
		return false;
	if (*out && (*out)->kind == ENTRY_DIR)
		*out = NULL;
	if (*out && path_out)
		*path_out = STEAL(at);
	return true;
}

bool check_program(const struct entry **out, char **path_out, const struct rule_check *c,
		   const char *word, struct err *err)
{
	const char *path = check_env(c, "PATH"),
		   *workdir = config_text(&c->req->image->config, "WorkingDir");
	struct slice rest = slice_of(
		path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

	*out = NULL;
	if (strchr(word, '/')) {
		AUTO(auto_free)
		char *at = word[0] == '/' ? canonical(word) : below(workdir ? workdir : "", word);

		return find_file(out, path_out, c, at, err);
	}
	while (rest.ptr && !*out) {
		struct slice dir = slice_cut(rest, ':', &rest);
		AUTO(auto_free) char *parent = mem_strndup(dir.ptr, dir.len);
		AUTO(auto_free) char *at = below(parent, word);

		if (dir.len && !find_file(out, path_out, c, at, err))
			return false;
	}
	return true;
}

static void push_words(struct str_list *out, const json_t *list)
{
	size_t i;
	json_t *word;

	json_array_foreach(list, i, word) if (json_is_string(word))
		str_list_push(out, json_string_value(word));
}

void check_command(struct str_list *out, const struct rule_check *c)
{
	const struct config *config = &c->req->image->config;

	push_words(out, config_member(config, "Entrypoint"));
	push_words(out, config_member(config, "Cmd"));
}

/* --- Python --- */

static char *minor_of(const char *text)
{
	size_t len = strlen("3.");

	if (!str_has_prefix(text, "3."))
		return NULL;
	len += strspn(text + len, "0123456789");
	return len > strlen("3.") && !text[len] ? mem_strdup(text) : NULL;
}

/* By its own name, else by the library that lies beside it: bin/python3 and lib/python3.11. */
static bool version_of(char **out, const struct rule_check *c, const char *interpreter,
		       struct err *err)
{
	const char *base = strrchr(interpreter, '/');
	AUTO(auto_free) char *bin = directory_of(interpreter);
	AUTO(auto_free) char *prefix = directory_of(bin);
	AUTO(auto_free) char *lib = below(prefix, "lib");
	AUTO(str_list_free) struct str_list names = { 0 };

	base = base ? base + 1 : interpreter;
	*out = str_has_prefix(base, "python") ? minor_of(base + strlen("python")) : NULL;
	if (*out)
		return true;
	if (!contents_list(&names, &c->contents, lib, err))
		return false;
	for (size_t i = 0; i < names.len && !*out; i++) {
		AUTO(auto_free) char *os = mem_printf("%s/%s/os.py", lib, names.items[i]);
		const struct entry *e;

		if (!contents_find(&e, NULL, &c->contents, os, err))
			return false;
		if (e && str_has_prefix(names.items[i], "python"))
			*out = minor_of(names.items[i] + strlen("python"));
	}
	return true;
}

static bool find_python(struct rule_check *c, struct err *err)
{
	static const char *const words[] = { "python3", "python" };
	const struct entry *e = NULL;

	for (size_t i = 0; i < ARRAY_LEN(words) && !e; i++)
		if (!check_program(&e, &c->interpreter, c, words[i], err))
			return false;
	return !e || version_of(&c->python, c, c->interpreter, err);
}

/* --- sys.path --- */

static void add_search(struct rule_check *c, char *path)
{
	if (str_list_has(&c->search, path))
		free(path);
	else
		str_list_push_take(&c->search, path);
}

static void add_variable(struct rule_check *c, const char *paths)
{
	struct slice rest = slice_of(paths);

	while (paths && rest.ptr) {
		struct slice one = slice_cut(rest, ':', &rest);
		AUTO(auto_free) char *path = mem_strndup(one.ptr, one.len);

		if (one.len)
			add_search(c, canonical(path));
	}
}

/* A row's working directory is where its handler goes; an image may have moved both. */
static void find_places(struct rule_check *c)
{
	const struct backend *b = c->req->backend;
	struct backend_layout layout = backend_layout(b);
	const char *workdir = c->req->image && b->workdir ? b->workdir : "";
	const char *python = c->python        ? c->python
			     : c->req->python ? c->req->python
					      : b->default_python;
	AUTO(auto_free) char *site = fill_python(layout.site, python);

	c->site = canonical(site);
	if (b->handler.as) {
		c->handler = below(workdir, b->handler.as);
		add_search(c, directory_of(c->handler));
		add_search(c, canonical(workdir));
		if (b->handler.site)
			add_search(c, canonical(b->handler.site));
	}
	add_variable(c, check_env(c, "PYTHONPATH"));
	if (c->interpreter && c->python) {
		AUTO(auto_free) char *bin = directory_of(c->interpreter);
		AUTO(auto_free) char *prefix = directory_of(bin);

		add_search(c, mem_printf("%s/lib/python%s/site-packages", prefix, c->python));
	}
	add_search(c, mem_strdup(c->site));
}

bool check_open(struct rule_check *c, struct err *err)
{
	const struct check_request *req = c->req;

	if (c->is_open)
		return true;
	if (c->gate.refused)
		return err_set(err, E_NOT_FOUND, "layers are not here");
	if (!(req->image ? contents_of_image(&c->contents, req->image, &c->gate.source, req->store,
					     err)
			 : contents_of_zip(&c->contents, req->zip, err)) ||
	    (req->image && !find_python(c, err)))
		return false;
	find_places(c);
	c->is_open = true;
	return true;
}
