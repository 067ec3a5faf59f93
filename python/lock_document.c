// SPDX-License-Identifier: Apache-2.0
#include "python/lock_document.h"

#include <string.h>

#include "base/fs.h"
#include "base/mem.h"

/* Locks as text. What is in them is lock.c's. */

/* The strongest habit first: what everybody reads. */
static bool put_hash(struct buf *out, const struct file_hashes *h, const char *between)
{
	for (size_t i = 0; i < ARRAY_LEN(h->known); i++) {
		if (!h->known[i])
			continue;
		buf_putf(out, "%s%s", hash_kind_name((enum hash_kind)i), between);
		buf_put_hex(out, h->values[i], hash_kind_size((enum hash_kind)i));
		return true;
	}
	return false;
}

/* As the kernel has it; the caller frees. */
static char *absolute(const char *path)
{
	char *whole = fs_absolute(path);

	return whole ? whole : mem_strdup(path);
}

/* --- requirements --- */

/* A wheel that was asked for by its place is asked for so again. */
static void put_place(struct buf *out, const struct candidate *ca, bool by_path)
{
	AUTO(auto_free) char *path = NULL;

	if (ca->given_url) {
		buf_putf(out, " @ %s", ca->file->url);
	} else if (by_path) {
		path = absolute(ca->path);
		buf_put(out, " @ file://");
		for (const char *c = path; *c; c++) {
			const char one[] = { *c, '\0' };

			if (*c == '/')
				buf_put(out, one);
			else
				buf_put_urlencoded(out, one);
		}
	} else {
		buf_putf(out, "==%s", ca->name.version.text);
	}
}

static void put_via(struct buf *out, const struct lock_package *p)
{
	if (p->via_count == 1)
		buf_putf(out, "    # via %s\n", p->via[0]);
	if (p->via_count < 2)
		return;
	buf_put(out, "    # via\n");
	for (size_t i = 0; i < p->via_count; i++)
		buf_putf(out, "    #   %s\n", p->via[i]);
}

void lock_document_put_requirements(struct buf *out, const struct lock_document *doc)
{
	buf_put(out, "# rtbuild python lock: ");
	python_target_format(out, doc->target);
	buf_put(out, "\n");
	for (size_t i = 0; i < doc->package_count; i++) {
		const struct lock_package *p = &doc->packages[i];

		buf_put(out, p->key);
		put_place(out, p->chosen, p->by_path);
		for (size_t k = 0; k < p->file_count; k++) {
			buf_put(out, " \\\n    --hash=");
			put_hash(out, &p->files[k].candidate->hashes, ":");
		}
		buf_put(out, "\n");
		put_via(out, p);
	}
}

/* --- pylock.toml --- */

/* A basic string. */
static void put_text(struct buf *out, const char *text)
{
	buf_put(out, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			buf_putf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_putf(out, "\\u%04x", c);
		else
			buf_put_byte(out, c);
	}
	buf_put(out, "\"");
}

static void put_pair(struct buf *out, const char *key, const char *text)
{
	buf_putf(out, "%s = ", key);
	put_text(out, text);
}

/* A local wheel as seen from the lock: relative to its folder when it lies below. */
static void put_path(struct buf *out, const struct candidate *ca, const char *output)
{
	size_t parent = output ? (size_t)(fs_basename(output) - output) : 0;
	AUTO(auto_free) char *beside = mem_printf("%.*s.", (int)parent, output ? output : "");
	AUTO(auto_free) char *folder = absolute(beside);
	AUTO(auto_free) char *path = absolute(ca->path);
	size_t len = strlen(folder);

	if (strncmp(path, folder, len) == 0 && path[len] == '/')
		put_pair(out, "path", path + len + 1);
	else
		put_pair(out, "path", path);
}

/* "2026-01-31T12:00:00.000000Z": TOML takes it without quotes, so it must be nothing else. */
static bool is_time(const char *text)
{
	static const char shape[] = "0000-00-00T00:00:00";
	size_t n = 0;

	for (; shape[n]; n++)
		if (shape[n] == '0' ? text[n] < '0' || text[n] > '9' : text[n] != shape[n])
			return false;
	if (text[n] == '.' && text[n + 1] >= '0' && text[n + 1] <= '9')
		n += 1 + strspn(text + n + 1, "0123456789");
	return str_eq(text + n, "Z");
}

static void put_file(struct buf *out, const struct lock_file *f, const char *output, bool named)
{
	const struct candidate *ca = f->candidate;

	buf_put(out, "{");
	if (named) { /* the specification gives an archive no name */
		put_pair(out, "name", ca->filename);
		buf_put(out, ", ");
	}
	if (ca->file && ca->file->upload_time && is_time(ca->file->upload_time))
		buf_putf(out, "upload-time = %s, ", ca->file->upload_time);
	if (ca->file)
		put_pair(out, "url", ca->file->url);
	else
		put_path(out, ca, output);
	if (f->size >= 0)
		buf_putf(out, ", size = %lld", (long long)f->size);
	buf_put(out, ", hashes = {");
	put_hash(out, &ca->hashes, " = \"");
	buf_put(out, "\"}}");
}

/* Those that ask for others of the lock, from the side of the one who asks. */
static void put_dependencies(struct buf *out, const struct lock_document *doc, const char *key)
{
	bool any = false;

	for (size_t i = 0; i < doc->package_count; i++) {
		const struct lock_package *p = &doc->packages[i];
		bool asks = false;

		for (size_t k = 0; k < p->via_count; k++)
			asks = asks || str_eq(p->via[k], key);
		if (!asks)
			continue;
		buf_put(out, any ? "    {" : "dependencies = [\n    {");
		put_pair(out, "name", p->key);
		buf_put(out, "},\n");
		any = true;
	}
	buf_put(out, any ? "]\n" : "");
}

/* What pip passes over, a lock does not have: whoever reads one is strict. */
static bool is_specifier(const char *text)
{
	AUTO(arena_free) struct arena a = { 0 };
	struct specifier_set set;
	struct err ignored = { 0 };

	return specifier_set_parse(&set, &a, slice_of(text), NULL, &ignored);
}

static void put_package(struct buf *out, const struct lock_document *doc,
			const struct lock_package *p)
{
	const struct candidate *ca = p->chosen;

	buf_put(out, "\n[[packages]]\n");
	put_pair(out, "name", p->key);
	buf_put(out, "\n");
	put_pair(out, "version", ca->name.version.text);
	buf_put(out, "\n");
	if (ca->metadata.requires_python && is_specifier(ca->metadata.requires_python)) {
		put_pair(out, "requires-python", ca->metadata.requires_python);
		buf_put(out, "\n");
	}
	put_dependencies(out, doc, p->key);
	if (ca->index) {
		put_pair(out, "index", ca->index);
		buf_put(out, "\n");
	}
	if (p->by_path || ca->given_url) {
		buf_put(out, "archive = ");
		put_file(out, &p->files[0], doc->output, false);
		buf_put(out, "\n");
		return;
	}
	buf_put(out, "wheels = [\n");
	for (size_t i = 0; i < p->file_count; i++) {
		buf_put(out, "    ");
		put_file(out, &p->files[i], doc->output, true);
		buf_put(out, ",\n");
	}
	buf_put(out, "]\n");
}

void lock_document_put_pylock(struct buf *out, const struct lock_document *doc)
{
	buf_put(out, "lock-version = \"1.0\"\nenvironments = [\n    ");
	put_text(out, doc->environment);
	buf_putf(out, ",\n]\nrequires-python = \"==3.%d.*\"\n", doc->target->minor);
	buf_put(out, "created-by = \"rtbuild\"\n");
	if (!doc->package_count)
		buf_put(out, "packages = []\n");
	for (size_t i = 0; i < doc->package_count; i++)
		put_package(out, doc, &doc->packages[i]);
}
