// SPDX-License-Identifier: Apache-2.0
#include "templates/render.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "templates/release.h"

/* Placeholders to text. */

struct render {
	const char *file, *text, *at, *end;
	const struct map *values;
	struct buf *out;
};

static bool fail(const struct render *r, const char *at, struct err *err, const char *what,
		 struct slice name)
{
	const char *start = at, *stop = at;
	int line = 1;

	for (const char *p = r->text; p < at; p++)
		line += *p == '\n';
	while (start > r->text && start[-1] != '\n')
		start--;
	while (stop < r->end && *stop != '\n')
		stop++;
	err_set(err, E_INPUT, "%s '" SLICE_FMT "'", what, SLICE_ARG(name));
	return err_at(err, r->file, line, (int)(at - start) + 1, start, (size_t)(stop - start));
}

/* The next tag: *tag is what stands between the braces, r->at goes behind it. False at the end of
 * the text. */
static bool next_tag(struct render *r, struct slice *before, struct slice *tag, const char **tag_at)
{
	const char *open = memmem(r->at, (size_t)(r->end - r->at), "{{", 2);
	const char *close = open ? memmem(open, (size_t)(r->end - open), "}}", 2) : NULL;

	if (!close) {
		*before = (struct slice){ r->at, (size_t)(r->end - r->at) };
		r->at = r->end;
		return false;
	}
	*before = (struct slice){ r->at, (size_t)(open - r->at) };
	*tag = (struct slice){ open + 2, (size_t)(close - open - 2) };
	*tag_at = open;
	r->at = close + 2;
	return true;
}

/* A section tag alone on its line takes the newline with it. */
static void eat_line(struct render *r, const char *tag_at)
{
	bool starts = tag_at == r->text || tag_at[-1] == '\n';

	if (starts && r->at < r->end && *r->at == '\n')
		r->at++;
}

static bool known(const struct render *r, struct slice name, const char *at, const char **value,
		  struct err *err)
{
	AUTO(auto_free) char *key = mem_strndup(name.ptr, name.len);

	if (!map_has(r->values, key))
		return fail(r, at, err, "no such placeholder:", name);
	*value = map_text(r->values, key);
	return true;
}

/* Until the end, or the closing tag of `section`. `show` false: read on without writing. */
static bool render_part(struct render *r, struct slice section, const char *section_at, bool show,
			struct err *err)
{
	for (;;) {
		struct slice before, tag, name;
		const char *at, *value = NULL;
		bool more = next_tag(r, &before, &tag, &at);

		if (show && !buf_append(r->out, before.ptr, before.len, err))
			return false;
		if (!more)
			return !section.ptr ||
			       fail(r, section_at, err, "no end of section", section);
		name = tag.len && strchr("#/", tag.ptr[0])
			       ? (struct slice){ tag.ptr + 1, tag.len - 1 }
			       : tag;
		if (slice_has_prefix(tag, "/")) {
			if (!section.ptr || name.len != section.len ||
			    memcmp(name.ptr, section.ptr, name.len) != 0)
				return fail(r, at, err, "end of a section that is not open:", name);
			eat_line(r, at);
			return true;
		}
		if (!known(r, name, at, &value, err))
			return false;
		if (slice_has_prefix(tag, "#")) {
			eat_line(r, at);
			/* sections nest no deeper than the templates do: LIMIT_TEMPLATE bounds it
			 */
			if (!render_part(r, name, at, show && value[0], err))
				return false;
		} else if (show && !buf_append(r->out, value, strlen(value), err)) {
			return false;
		}
	}
}

bool render_text(struct buf *out, const char *file, const char *text, size_t len,
		 const struct map *values, struct err *err)
{
	struct render r = { .file = file,
			    .text = text,
			    .at = text,
			    .end = text + len,
			    .values = values,
			    .out = out };

	return render_part(&r, (struct slice){ 0 }, text, true, err);
}

bool installer_parse(enum installer *out, const char *text, struct err *err)
{
	if (!text || str_eq(text, "wheels"))
		*out = INSTALLER_WHEELS;
	else if (str_eq(text, "pip"))
		*out = INSTALLER_PIP;
	else {
		err_set(err, E_USAGE, "unknown installer '%s'", text);
		return err_hint(err, "wheels (no Python needed here) or pip (in a RUN)");
	}
	return true;
}

bool installer_of(enum installer *out, const struct backend *b, const char *text, struct err *err)
{
	const char *const *own = b->zip.installers.items;
	AUTO(buf_free) struct buf all = BUF_INIT(LIMIT_TEMPLATE);
	bool fits = !b->zip.name;

	if (!text && b->zip.name)
		text = own[0];
	if (!installer_parse(out, text, err))
		return false;
	for (size_t i = 0; i < b->zip.installers.len; i++) {
		fits = fits || str_eq(own[i], text);
		buf_putf(&all, "%s%s", i ? ", " : "", own[i]);
	}
	if (fits)
		return true;
	err_set(err, E_USAGE, "the packages of %s cannot be installed by '%s'", b->name, text);
	return err_hint(err, "it has %s", all.ptr);
}

static char *flat(const char *python)
{
	char *out = mem_strdup(python), *to = out;

	for (const char *p = python; *p; p++)
		if (*p != '.')
			*to++ = *p;
	*to = '\0';
	return out;
}

/* A tag takes no '+' (distribution reference grammar). */
static char *tag_safe(const char *version)
{
	char *out = mem_strdup(version);

	for (char *p = out; *p; p++)
		if (*p == '+')
			*p = '-';
	return out;
}

/* --- the values of a backend --- */

/* Text that grows line by line, each a text of the backend with its own placeholders. */
struct block {
	struct buf text;
	const struct backend *backend;
	const struct map *values;
	bool ok;
	struct err *err;
};

/* Past the limit of a template it is the data file's fault. */
#define BLOCK_ADD(b, ...) ((b)->ok = (b)->ok && buf_printf(&(b)->text, (b)->err, __VA_ARGS__))

static void block_put(struct block *b, const char *before, const char *text, const char *after)
{
	BLOCK_ADD(b, "%s", before);
	b->ok = b->ok &&
		render_text(&b->text, b->backend->name, text, strlen(text), b->values, b->err);
	BLOCK_ADD(b, "%s", after);
}

static void block_end(struct block *b, struct map *values, const char *name)
{
	if (b->ok)
		map_put_text(values, name, b->text.ptr);
	buf_clear(&b->text);
}

/* What a shell would read more into: a word with it is quoted. */
#define SHELL_SPECIAL "<>=!~;[] $`\\\"*?(){}&|#"

/* Requirements as words of a shell command. */
static void put_packages(struct block *b, const struct render_options *opt)
{
	const char *const *own = b->backend->packages.items;
	size_t count = opt->packages ? opt->packages->len : b->backend->packages.len;

	for (size_t i = 0; i < count; i++) {
		const char *word = opt->packages ? opt->packages->items[i] : own[i];
		const char *quote = strpbrk(word, SHELL_SPECIAL) ? "'" : "";

		BLOCK_ADD(b, " \\\n        %s%s%s", quote, word, quote);
	}
}

/* Where pip looks, on a line of its own. */
static void put_options(struct block *b, const struct str_list *words)
{
	for (size_t i = 0; words && i < words->len; i++) {
		const char *quote = strpbrk(words->items[i], SHELL_SPECIAL) ? "'" : "";

		BLOCK_ADD(b, "%s%s%s%s", i ? " " : " \\\n        ", quote, words->items[i], quote);
	}
}

#define REQUIREMENTS_DIR "/tmp/python-requirements"

static void put_files(struct block *b, const struct str_list *files)
{
	for (size_t i = 0; files && i < files->len; i++)
		BLOCK_ADD(b, " \\\n        -r '" REQUIREMENTS_DIR "/%s'", files->items[i]);
}

/*
 * One call of pip, so that all requirements are met together. It takes hashes of all packages or of
 * none: then the backend's own come after, and a last call that may install nothing fails when one
 * of them replaced what has a hash.
 */
static void put_install(struct block *b, const struct render_options *opt, const char *packages)
{
	const char *pip = map_text(b->values, "pip");

	BLOCK_ADD(b, "%s install --no-cache-dir", pip);
	put_options(b, opt->pip_options);
	put_files(b, opt->requirement_files);
	if (opt->hashed && *packages) {
		BLOCK_ADD(b, " \\\n    && %s install --no-cache-dir", pip);
		put_options(b, opt->pip_options);
	}
	BLOCK_ADD(b, "%s", packages);
	if (!opt->hashed || !*packages)
		return;
	BLOCK_ADD(b, " \\\n    && %s install --no-deps --no-index", pip);
	put_files(b, opt->requirement_files);
}

/* A value of ENV: $NAME is left to the Dockerfile. */
static void put_environment(struct block *b)
{
	const struct json_pairs *env = &b->backend->environment;

	for (size_t i = 0; i < env->len; i++) {
		const char *value = env->items[i].value;
		const char *quote = !*value || strpbrk(value, " \t'\"\\#") ? "\"" : "";

		BLOCK_ADD(b, "%sENV %s=%s", i ? "\n" : "", env->items[i].key, quote);
		for (const char *p = value; *quote && *p; p++)
			BLOCK_ADD(b, "%s%c", strchr("\"\\", *p) ? "\\" : "", *p);
		block_put(b, "", *quote ? "" : value, quote);
	}
}

static void put_system(struct block *b)
{
	const char *const *packages = b->backend->system_packages.items;

	if (!b->backend->system_packages.len)
		return;
	if (b->backend->system_probe)
		BLOCK_ADD(b, "%s || { \\\n        ", b->backend->system_probe);
	BLOCK_ADD(b, "apt-get update \\\n        && apt-get install -y --no-install-recommends");
	for (size_t i = 0; i < b->backend->system_packages.len; i++)
		BLOCK_ADD(b, " %s", packages[i]);
	BLOCK_ADD(b, " \\\n        && rm -rf /var/lib/apt/lists/*%s",
		  b->backend->system_probe ? "; }" : "");
}

static void put_setup(struct block *b)
{
	const char *const *commands = b->backend->setup.items;

	for (size_t i = 0; i < b->backend->setup.len; i++)
		block_put(b, i ? " \\\n    && " : "", commands[i], "");
}

static void put_downloads(struct block *b)
{
	for (size_t i = 0; i < b->backend->downloads.len; i++)
		BLOCK_ADD(b, "%sADD %s %s", i ? "\n" : "", b->backend->downloads.items[i].value,
			  b->backend->downloads.items[i].key);
}

/* A list is the exec form, text the shell form. */
static void put_start(struct block *b, const char *instruction, const json_t *value)
{
	AUTO(buf_free) struct buf words = BUF_INIT(2 * LIMIT_TEMPLATE);
	const json_t *item;
	size_t i;

	if (!value)
		return;
	json_array_foreach(value, i, item)
	{
		AUTO(auto_free) char *word = json_text(item, NULL);

		buf_putf(&words, "%s%s", i ? ", " : "[", word);
	}
	if (json_is_array(value))
		buf_put(&words, "]");
	BLOCK_ADD(b, "%s%s%s ", b->text.len ? "\n" : "",
		  json_is_string(value)
			  ? "# check=skip=JSONArgsRecommended (a shell puts the variables in)\n"
			  : "",
		  instruction);
	block_put(b, "", json_is_array(value) ? words.ptr : json_string_value(value), "");
}

static void put_scalars(struct map *out, const struct backend *b, const struct render_options *opt)
{
	const struct python_release *release = python_release_find(opt->python);
	AUTO(auto_free) char *python_flat = flat(opt->python);
	AUTO(auto_free)
	char *version = tag_safe(opt->lithops_version ? opt->lithops_version : "unknown");
	AUTO(auto_free) char *version_flat = flat(version);
	const char *user = b->user ? b->user : "";
	AUTO(auto_free) char *chown = mem_printf("--chown=%s ", user);

	map_put_text(out, "title", b->title);
	map_put_text(out, "python", opt->python);
	map_put_text(out, "python_flat", python_flat);
	map_put_text(out, "debian", release ? release->debian : "bookworm");
	map_put_text(out, "lithops_version", version);
	map_put_text(out, "batch_revision", strstr(version, "dev") ? "latest" : version_flat);
	map_put_text(out, "wheels", opt->installer == INSTALLER_WHEELS ? "yes" : "");
	map_put_text(out, "workdir", b->workdir ? b->workdir : "");
	map_put_text(out, "handler",
		     !b->handler.entry ? ""
		     : b->handler.zip  ? b->handler.zip
				       : "the handler");
	map_put_text(out, "user", user);
	map_put_text(out, "chown", *user ? chown : "");
}

bool render_values(struct map *out, const struct backend *b, const struct render_options *opt,
		   struct err *err)
{
	struct block block = { .text = BUF_INIT(LIMIT_TEMPLATE),
			       .backend = b,
			       .values = out,
			       .ok = true,
			       .err = err };

	*out = (struct map)MAP_TEXT;
	put_scalars(out, b, opt);
	put_packages(&block, opt);
	block_end(&block, out, "packages");
	put_environment(&block);
	block_end(&block, out, "environment");
	put_system(&block);
	block_end(&block, out, "system");
	put_setup(&block);
	block_end(&block, out, "setup");
	put_downloads(&block);
	block_end(&block, out, "downloads");
	put_start(&block, "ENTRYPOINT", b->entrypoint);
	put_start(&block, "CMD", b->command);
	block_end(&block, out, "start");
	if (opt->installer == INSTALLER_PIP &&
	    (*map_text(out, "packages") || opt->requirement_files))
		BLOCK_ADD(&block, "%s", b->pip ? b->pip : "pip");
	block_end(&block, out, "pip");
	if (*map_text(out, "pip"))
		put_install(&block, opt, map_text(out, "packages"));
	block_end(&block, out, "install");
	map_put_text(out, "requirements", opt->requirement_files ? "yes" : "");
	buf_free(&block.text);
	return block.ok;
}

bool render_field(char **out, const struct backend *b, const char *field,
		  const struct render_options *opt, struct err *err)
{
	AUTO(map_free) struct map values = MAP_TEXT;
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);

	put_scalars(&values, b, opt);
	if (!render_text(&text, b->name, field, strlen(field), &values, err))
		return false;
	*out = buf_steal(&text);
	return true;
}

/* The backend's own file, else that of its kind of artifact, else that of images. */
static const struct template_file *find_file(const struct backend_table *t, const struct backend *b,
					     const char *name)
{
	const char *const folders[] = { b->directory, b->artifact, "image" };
	const struct template_file *file = NULL;

	for (size_t i = 0; !file && i < ARRAY_LEN(folders); i++)
		file = template_files_find(&t->files, folders[i], name);
	return file;
}

bool render_file(struct buf *out, const struct backend_table *t, const struct backend *b,
		 const char *name, const struct map *values, struct err *err)
{
	const struct template_file *file = find_file(t, b, name);

	if (!file)
		return err_set(err, E_INPUT, "%s has no template file %s", b->name, name);
	return render_text(out, file->shown, file->data, file->len, values, err);
}

bool render_dockerfile(struct buf *out, const struct backend_table *t, const struct backend *b,
		       const struct render_options *opt, struct err *err)
{
	AUTO(map_free) struct map values = { 0 };
	AUTO(auto_free) char *base = NULL;

	if (!backend_check_built(b, err))
		return false;
	if (!b->base) {
		err_set(err, E_UNSUPPORTED, "%s has no Dockerfile: it takes a %s", b->name,
			b->artifact);
		return err_hint(err, "rtbuild %s --backend %s makes it",
				str_eq(b->artifact, "layer") ? "layer" : "build", b->name);
	}
	if (!render_values(&values, b, opt, err) ||
	    !render_field(&base, b, opt->base ? opt->base : b->base, opt, err))
		return false;
	map_put_text(&values, "base", base);
	return render_file(out, t, b, "Dockerfile", &values, err);
}
