// SPDX-License-Identifier: Apache-2.0
#include "templates/render.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "templates/embedded.h"

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

/* Requirements as words of a shell command: quoted where a shell would read more into them. */
static char *pip_words(const struct backend *b, const struct render_options *opt)
{
	AUTO(buf_free) struct buf out = BUF_INIT(LIMIT_TEMPLATE);
	const char *const *own = b->packages.items;
	size_t count = opt->packages ? opt->packages->len : b->packages.len;

	for (size_t i = 0; i < count; i++) {
		const char *word = opt->packages ? opt->packages->items[i] : own[i];
		const char *quote = strpbrk(word, "<>=!~;[] ") ? "'" : "";

		buf_putf(&out, " \\\n        %s%s%s", quote, word, quote);
	}
	return buf_steal(&out);
}

void render_values(struct map *out, const struct backend *b, const struct render_options *opt)
{
	AUTO(auto_free) char *python_flat = flat(opt->python);
	AUTO(auto_free) char *words = pip_words(b, opt);
	AUTO(auto_free)
	char *version = tag_safe(opt->lithops_version ? opt->lithops_version : "unknown");

	*out = (struct map)MAP_TEXT;
	map_put_text(out, "title", b->title);
	map_put_text(out, "python", opt->python);
	map_put_text(out, "python_flat", python_flat);
	map_put_text(out, "lithops_version", version);
	map_put_text(out, "packages", words);
	map_put_text(out, "wheels", opt->installer == INSTALLER_WHEELS ? "yes" : "");
	map_put_text(out, "pip", opt->installer == INSTALLER_PIP ? "yes" : "");
}

static const struct embedded_file *find_file(const struct backend *b, const char *name)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", b->directory, name);

	for (size_t i = 0; i < embedded_count; i++)
		if (str_eq(embedded_files[i].name, path))
			return &embedded_files[i];
	return NULL;
}

bool render_file(struct buf *out, const struct backend *b, const char *name,
		 const struct map *values, struct err *err)
{
	const struct embedded_file *file = find_file(b, name);

	if (!file)
		return err_set(err, E_INPUT, "templates/%s has no %s", b->directory, name);
	return render_text(out, file->name, file->data, file->len, values, err);
}

bool render_field(char **out, const struct backend *b, const char *field,
		  const struct render_options *opt, struct err *err)
{
	AUTO(map_free) struct map values = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);

	render_values(&values, b, opt);
	if (!render_text(&text, b->name, field, strlen(field), &values, err))
		return false;
	*out = buf_steal(&text);
	return true;
}

bool render_dockerfile(struct buf *out, const struct backend *b, const struct render_options *opt,
		       struct err *err)
{
	const struct embedded_file *file = find_file(b, "Dockerfile");
	AUTO(map_free) struct map values = { 0 };
	AUTO(auto_free) char *base = NULL;

	if (!file || !b->base) {
		err_set(err, E_UNSUPPORTED, "%s has no Dockerfile: it takes a %s", b->name,
			b->artifact);
		return err_hint(err, "rtbuild layer makes it");
	}
	if (!render_field(&base, b, opt->base ? opt->base : b->base, opt, err))
		return false;
	render_values(&values, b, opt);
	map_put_text(&values, "base", base);
	return render_text(out, file->name, file->data, file->len, &values, err);
}
