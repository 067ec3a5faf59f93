// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/url.h"
#include "python/record.h"
#include "python/scripts.h"
#include "python/wheel.h"
#include "python/wheel_destination.h"
#include "python/wheel_file.h"

/*
 * From a wheel to the files it becomes where it is installed: RECORD is checked, each member put
 * where wheel_destination.c says, and what installers write is added.
 */

/* The work of one wheel_entries. */
struct installer {
	struct entry_list *out;
	const struct wheel *wheel;
	const struct wheel_layout *layout;
	struct record record;  /* the wheel's */
	struct record written; /* ours */
	struct entry_points points;
	struct map placed; /* destination -> the member it comes from */
	struct arena arena;
};

static void installer_free(struct installer *in)
{
	record_free(&in->record);
	record_free(&in->written);
	entry_points_free(&in->points);
	map_free(&in->placed);
	arena_free(&in->arena);
}

static const char *info_path(struct installer *in, const char *name)
{
	return arena_printf(&in->arena, "%s/%s", in->wheel->info, name);
}

/* `path` as seen from the site folder, as RECORD has it: "../../../bin/f2py". */
static const char *path_from_site(struct installer *in, const char *path)
{
	AUTO(buf_free) struct buf out = BUF_INIT(4 * (size_t)LIMIT_PATH);
	const char *site = in->layout->site;
	size_t same = 0;

	for (size_t i = 0;; i++) {
		bool site_ends = !site[i] || site[i] == '/';
		bool path_ends = !path[i] || path[i] == '/';

		if (site_ends && path_ends)
			same = i + (path[i] == '/');
		if (!site[i] || site[i] != path[i])
			break;
	}
	for (const char *rest = site + (same < strlen(site) ? same : strlen(site)); *rest;) {
		buf_put(&out, "../");
		rest += strcspn(rest, "/");
		rest += *rest == '/';
	}
	buf_put(&out, path + same);
	return arena_strdup(&in->arena, out.ptr);
}

static bool check_row(struct installer *in, const struct zip_member *m, struct err *err)
{
	const struct record_row *row = record_find(&in->record, m->name);
	unsigned char hash[HASH_SIZE_MAX];
	struct hasher empty;

	if (m->is_dir || wheel_destination_is_unlisted(in->wheel, m->name))
		return true;
	if (!row)
		return err_set(err, E_INTEGRITY, "RECORD does not list %s", m->name);
	if (!row->hash_text[0])
		return err_set(err, E_INTEGRITY, "RECORD has no hash of %s", m->name);
	if (row->size >= 0 && (uint64_t)row->size != m->size)
		return err_set(err, E_INTEGRITY, "%s has %llu bytes, RECORD says %lld", m->name,
			       (unsigned long long)m->size, (long long)row->size);
	if (m->size)
		return true;
	/* a file without bytes is never read, so it is checked here */
	hasher_init(&empty, row->kind);
	hasher_final(&empty, hash);
	if (memcmp(hash, row->hash, hash_kind_size(row->kind)) != 0)
		return err_set(err, E_INTEGRITY, "%s does not have the hash that RECORD promises",
			       m->name);
	return true;
}

static bool check_record(struct installer *in, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_WHEEL_RECORD);
	const struct zip *zip = in->wheel->zip;
	uint64_t total = 0;

	if (!wheel_read_member(&text, in->wheel, info_path(in, "RECORD"), err) ||
	    !record_parse(&in->record, (struct slice){ text.ptr, text.len }, err))
		return false;
	for (size_t i = 0; i < zip_count(zip); i++) {
		const struct zip_member *m = zip_at(zip, i);

		if (!cancel_check(err) || !check_row(in, m, err))
			return false;
		if (m->size > (uint64_t)LIMIT_WHEEL_UNPACKED - total)
			return err_set(err, E_INPUT, "it unpacks to more than the limit of %s",
				       str_format_size(LIMIT_WHEEL_UNPACKED).text);
		total += m->size;
	}
	for (size_t i = 0; i < in->record.len; i++) {
		const struct zip_member *m = zip_find(zip, in->record.items[i].path);

		if (!m || m->is_dir)
			return err_set(err, E_INTEGRITY, "RECORD lists %s, which is not there",
				       in->record.items[i].path);
	}
	return true;
}

static bool read_entry_points(struct installer *in, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_WHEEL_METADATA);
	const char *path = info_path(in, "entry_points.txt");

	if (!in->layout->scripts || !zip_find(in->wheel->zip, path))
		return true;
	if (!wheel_read_member(&text, in->wheel, path, err) ||
	    !entry_points_parse(&in->points, &in->arena, (struct slice){ text.ptr, text.len }, err))
		return false;
	entry_points_fix_pip(&in->points, &in->arena, in->layout->minor);
	return true;
}

static bool same_content(const struct record_row *a, const struct record_row *b)
{
	return a->kind == b->kind && memcmp(a->hash, b->hash, hash_kind_size(a->kind)) == 0;
}

/* Claim a destination; *again_out: an equal file is there already. */
static bool claim(bool *again_out, struct installer *in, const char *path, const char *member,
		  struct err *err)
{
	const char *other = map_get(&in->placed, path);
	AUTO(auto_free) char *clean = NULL;

	*again_out = false;
	if (!fs_clean_member(&clean, path, strlen(path), err))
		return false;
	if (!str_eq(clean, path))
		return err_set(err, E_INTEGRITY, "%s would become '%s'", member, path);
	if (!other) {
		map_put(&in->placed, path, arena_strdup(&in->arena, member));
		return true;
	}
	*again_out = true;
	if (record_find(&in->record, other) && record_find(&in->record, member) &&
	    same_content(record_find(&in->record, other), record_find(&in->record, member)))
		return true;
	return err_set(err, E_INPUT, "%s and %s would both become %s", other, member, path);
}

static void add_bytes(struct installer *in, const char *path, const struct buf *bytes, mode_t mode)
{
	entry_add_bytes(in->out, path, bytes->ptr, bytes->len)->mode = mode;
	record_add_bytes(&in->written, path_from_site(in, path), bytes->ptr, bytes->len);
}

/* The first bytes decide whether the whole is needed here: scripts can be programs of many
 * megabytes. */
static bool is_for_python(bool *out, const struct wheel *w, const struct zip_member *m,
			  struct err *err)
{
	AUTO(auto_source_close) struct source *from = NULL;
	char head[8];
	size_t have = 0, len = 1;

	if (!zip_open_member(&from, w->zip, m, err))
		return false;
	while (have < sizeof(head) && len) {
		if (!source_read(from, head + have, sizeof(head) - have, &len, err))
			return false;
		have += len;
	}
	*out = script_is_for_python((struct slice){ .ptr = head, .len = have });
	return true;
}

/* A whole member that RECORD vouches for. */
static bool read_verified(struct buf *out, const struct installer *in, const struct zip_member *m,
			  struct err *err)
{
	const struct record_row *row = record_find(&in->record, m->name);
	unsigned char hash[HASH_SIZE_MAX];
	struct hasher hasher;

	if (!wheel_read_member(out, in->wheel, m->name, err))
		return false;
	hasher_init(&hasher, row->kind);
	hasher_update(&hasher, out->ptr, out->len);
	hasher_final(&hasher, hash);
	if (memcmp(hash, row->hash, hash_kind_size(row->kind)) != 0)
		return err_set(err, E_INTEGRITY, "%s does not have the hash that RECORD promises",
			       m->name);
	return true;
}

/* A script with "#!python": its first line becomes the interpreter's. */
static bool add_python_script(struct installer *in, const char *path, const struct zip_member *m,
			      struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_WHEEL_SCRIPT);
	AUTO(buf_free) struct buf out = BUF_INIT(2 * (size_t)LIMIT_WHEEL_SCRIPT);
	const char *newline;

	if (!read_verified(&text, in, m, err))
		return false;
	script_put_shebang(&out, in->layout->interpreter);
	newline = memchr(text.ptr, '\n', text.len);
	if (newline)
		buf_put_bytes(&out, newline + 1, text.len - (size_t)(newline + 1 - text.ptr));
	add_bytes(in, path, &out, 0755);
	return true;
}

static void add_file(struct installer *in, const char *path, const struct zip_member *m,
		     bool executable)
{
	const struct record_row *row = record_find(&in->record, m->name);

	wheel_file_add(in->out, path, in->wheel, m, row, executable);
	record_add(&in->written, path_from_site(in, path), row->hash_text, (int64_t)m->size);
}

static bool is_in_site(const struct installer *in, const char *path)
{
	size_t len = strlen(in->layout->site);

	return !len || (str_has_prefix(path, in->layout->site) && path[len] == '/');
}

/* A module's bytecode beside it, where the import system looks (PEP 3147). Larger sources than
 * anybody writes are left to the interpreter that runs them. */
static bool add_bytecode(struct installer *in, const char *path, const struct zip_member *m,
			 struct err *err)
{
	AUTO(buf_free) struct buf source = BUF_INIT(LIMIT_WHEEL_SCRIPT);
	const char *name = fs_basename(path);
	struct slice code;
	struct entry *e;
	const char *to;
	bool again;

	if (!in->layout->precompiler || !str_has_suffix(name, ".py") ||
	    m->size > LIMIT_WHEEL_SCRIPT)
		return true;
	if (!read_verified(&source, in, m, err) ||
	    !precompiler_compile(&code, in->layout->precompiler, path,
				 (struct slice){ source.ptr, source.len }, err))
		return false;
	if (!code.ptr)
		return true;
	to = arena_printf(&in->arena, "%.*s__pycache__/%.*s.%s.pyc", (int)(name - path), path,
			  (int)(strlen(name) - strlen(".py")), name,
			  precompiler_tag(in->layout->precompiler));
	if (!claim(&again, in, to, m->name, err))
		return false;
	e = entry_add(in->out, ENTRY_FILE, to);
	e->size = (int64_t)code.len;
	e->data = code.ptr;
	e->open = entry_open_bytes;
	record_add_bytes(&in->written, path_from_site(in, to), code.ptr, code.len);
	return true;
}

static bool add_member(struct installer *in, const struct zip_member *m, struct err *err)
{
	const struct wheel_scheme scheme = { in->wheel, in->layout, &in->points, &in->arena };
	struct wheel_destination to;
	bool again, rewrite = false;

	if (m->is_dir)
		return true;
	if (!wheel_destination_find(&to, &scheme, m->name, err))
		return false;
	if (!to.path)
		return true;
	if (!claim(&again, in, to.path, m->name, err))
		return false;
	if (again)
		return true;
	if (to.is_script && !is_for_python(&rewrite, in->wheel, m, err))
		return false;
	if (rewrite)
		return add_python_script(in, to.path, m, err);
	add_file(in, to.path, m, to.is_script || (m->mode & 0111));
	return to.is_script || !is_in_site(in, to.path) || add_bytecode(in, to.path, m, err);
}

static bool add_wrappers(struct installer *in, struct err *err)
{
	for (size_t i = 0; i < in->points.len; i++) {
		AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_WHEEL_METADATA * (size_t)4);
		const struct entry_point *e = &in->points.items[i];
		const char *path = wheel_destination_join(&in->arena, in->layout->scripts, e->name);
		bool again;

		if (!claim(&again, in, path, "entry_points.txt", err))
			return false;
		script_put_wrapper(&text, e, in->layout->interpreter);
		add_bytes(in, path, &text, 0755);
	}
	return true;
}

static bool add_info(struct installer *in, const char *name, const char *text, struct err *err)
{
	const char *path =
		wheel_destination_join(&in->arena, in->layout->site, info_path(in, name));
	AUTO(buf_free) struct buf bytes = BUF_INIT(LIMIT_URL + KIB);
	bool again;

	buf_put(&bytes, text);
	if (!claim(&again, in, path, name, err))
		return false;
	add_bytes(in, path, &bytes, 0644);
	return true;
}

/* "https://user:password@host/x" without what is between; the caller frees. */
static char *without_user(const char *url)
{
	const char *mark = strstr(url, "://");
	const char *host = mark ? mark + strlen("://") : url;
	size_t len = strcspn(host, "/?#");
	const char *at = memrchr(host, '@', len);

	return at ? mem_printf("%.*s%s", (int)(host - url), url, at + 1) : mem_strdup(url);
}

/* PEP 610, for what was asked for by URL. Not for a path: where a file lay on this machine must not
 * reach an artifact. Neither must what a URL may have of secrets: user, password, query. */
static bool add_direct_url(struct installer *in, struct err *err)
{
	AUTO(url_free) struct url url = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *plain = NULL;
	AUTO(auto_free) char *shown = NULL;
	AUTO(auto_free) char *text = NULL;
	char hex[2 * SHA256_SIZE + 1];
	size_t len;

	if (!in->wheel->url)
		return true;
	plain = without_user(in->wheel->url);
	if (!url_parse(&url, plain, err))
		return false;
	shown = url_shown(&url);
	hex_format(hex, in->wheel->hash, SHA256_SIZE);
	doc = json_pack("{s:{s:{s:s}}, s:s}", "archive_info", "hashes", "sha256", hex, "url",
			shown);
	text = json_text(doc, &len);
	return add_info(in, "direct_url.json", text, err);
}

static bool add_record(struct installer *in, struct err *err)
{
	const char *path =
		wheel_destination_join(&in->arena, in->layout->site, info_path(in, "RECORD"));
	AUTO(buf_free) struct buf text = BUF_INIT(4 * (size_t)LIMIT_WHEEL_RECORD);
	bool again;

	if (!claim(&again, in, path, "RECORD", err))
		return false;
	record_add(&in->written, path_from_site(in, path), "", -1);
	record_format(&text, &in->written);
	entry_add_bytes(in->out, path, text.ptr, text.len);
	return true;
}

static bool install(struct installer *in, struct err *err)
{
	const struct zip *zip = in->wheel->zip;

	if (!check_record(in, err) || !read_entry_points(in, err))
		return false;
	for (size_t i = 0; i < zip_count(zip); i++)
		if (!add_member(in, zip_at(zip, i), err))
			return false;
	return add_wrappers(in, err) && add_info(in, "INSTALLER", "rtbuild\n", err) &&
	       (!in->wheel->requested || add_info(in, "REQUESTED", "", err)) &&
	       add_direct_url(in, err) && add_record(in, err);
}

bool wheel_entries(struct entry_list *out, const struct wheel *w, const struct wheel_layout *layout,
		   struct err *err)
{
	AUTO(installer_free) struct installer in = { .out = out, .wheel = w, .layout = layout };

	return install(&in, err) || err_wrap(err, "%s", w->filename);
}
