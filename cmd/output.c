// SPDX-License-Identifier: Apache-2.0
#include "cmd/output.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/destination.h"
#include "base/mem.h"
#include "builder/words.h"

/* -o as it is written. What is done then is output_write.c's. */

static const struct {
	const char *name;
	enum output_kind kind;
	bool has_dest, needs_dest;
} kinds[] = {
	{ "store", OUTPUT_STORE, false, false }, { "image", OUTPUT_STORE, false, false },
	{ "oci", OUTPUT_OCI, true, false },      { "registry", OUTPUT_REGISTRY, false, false },
	{ "docker", OUTPUT_DOCKER, true, true }, { "tar", OUTPUT_TAR, true, false },
	{ "local", OUTPUT_LOCAL, true, true },   { "cacheonly", OUTPUT_CACHEONLY, false, false },
	{ "bundle", OUTPUT_BUNDLE, true, true },
};

void outputs_free(struct outputs *o)
{
	for (size_t i = 0; i < o->len; i++) {
		free(o->items[i].dest);
		free(o->items[i].names);
	}
	free(o->items);
	free(o->names);
}

static bool bad(const char *text, const char *why, struct err *err)
{
	err_set(err, E_USAGE, "--output '%s': %s", text, why);
	return false;
}

static bool add_name(struct output *o, const char *name, struct err *err)
{
	struct reference ref;

	if (!reference_parse(&ref, name, err))
		return false;
	if (ref.has_digest)
		return err_set(err, E_USAGE, "'%s': a new image cannot be named by digest", name);
	reference_default_tag(&ref);
	o->names = mem_realloc(o->names, (o->name_count + 2) * sizeof(ref));
	o->names[o->name_count++] = ref;
	return true;
}

static bool add_names(struct output *o, const char *value, struct err *err)
{
	struct slice rest = slice_of(value);

	while (rest.ptr) {
		struct slice one = slice_trim(slice_cut(rest, ',', &rest), " ");
		AUTO(auto_free) char *name = mem_strndup(one.ptr, one.len);

		if (!add_name(o, name, err))
			return false;
	}
	o->has_names = true;
	return true;
}

static bool parse_bool(bool *out, const char *text, const char *value, struct err *err)
{
	*out = str_eq(value, "true") || str_eq(value, "1");
	return *out || str_eq(value, "false") || str_eq(value, "0") ||
	       bad(text, "true or false is expected", err);
}

static bool take_kind(struct output *o, const char *text, const char *value, struct err *err)
{
	const char *names[ARRAY_LEN(kinds)];
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		names[i] = kinds[i].name;
		if (!str_eq(kinds[i].name, value))
			continue;
		o->kind = kinds[i].kind;
		return true;
	}
	near = str_nearest(value, names, ARRAY_LEN(names));
	bad(text, "the type is unknown", err);
	return near ? err_hint(err, "did you mean type=%s?", near)
		    : err_hint(err, "store, registry, oci, docker, tar, local or cacheonly");
}

/* One KEY=VALUE. */
/* clang-format off */
/* Members of buildx's outputs that are said otherwise here, or are so anyway. */
static const struct {
	const char *key, *cure;
} elsewhere[] = {
	{ "annotation",         "--annotation says that" },
	{ "attestation-inline", "leave it out: no attestations are made" },
	{ "compression",        "--compression says that" },
	{ "compression-level",  "leave it out: each --compression has one level" },
	{ "force-compression",  "leave it out: layers of the base stay as they are" },
	{ "mode",               "leave it out: what is in the directory stays" },
	{ "name-canonical",     "leave it out: --print ref gives NAME@DIGEST" },
	{ "oci-mediatypes",     "--format says that" },
	{ "platform-split",     "leave it out: several platforms get a directory each, one gets none" },
	{ "push-by-digest",     "push under a tag; --digestfile gives the digest, `rtbuild index` joins images by it" },
	{ "rewrite-timestamp",  "leave it out: files of contexts are dated 1980-01-01, or $SOURCE_DATE_EPOCH" },
	{ "store",              "leave it out: type=image is in the store, type=registry is not" },
	{ "unpack",             "leave it out: trees are unpacked when a command needs one" },
};
/* clang-format on */

static bool unknown_field(const char *text, struct slice key, struct err *err)
{
	static const char *const names[] = { "type", "dest", "name", "push", "tar" };
	AUTO(auto_free) char *word = mem_strndup(key.ptr, key.len);
	struct slice first = slice_cut(key, '.', &(struct slice){ 0 });
	const char *near = str_nearest(word, names, ARRAY_LEN(names));

	bad(text, "it takes type, dest, name, push and tar", err);
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
		if (slice_eq(key, elsewhere[i].key) || slice_eq(first, elsewhere[i].key))
			return err_hint(err, "%s", elsewhere[i].cure);
	return near && err_hint(err, "did you mean %s=?", near);
}

static bool take_field(struct output *o, const char *text, const char *field, struct err *err)
{
	struct slice value, key = slice_cut(slice_of(field), '=', &value);
	bool flag;

	if (!value.ptr)
		return bad(text, "KEY=VALUE is expected between commas", err);
	if (slice_eq(key, "type"))
		return take_kind(o, text, value.ptr, err);
	if (slice_eq(key, "name"))
		return add_names(o, value.ptr, err);
	if (slice_eq(key, "dest")) {
		free(o->dest);
		o->dest = mem_strdup(value.ptr);
		return true;
	}
	if (slice_eq(key, "push"))
		return parse_bool(&o->push, text, value.ptr, err);
	if (slice_eq(key, "tar")) {
		if (!parse_bool(&flag, text, value.ptr, err))
			return false;
		o->as_layout = !flag;
		return true;
	}
	return unknown_field(text, key, err);
}

static bool check(const struct output *o, const char *text, struct err *err)
{
	size_t row = 0;

	while (kinds[row].kind != o->kind)
		row++;
	if (kinds[row].needs_dest && !o->dest)
		return bad(text,
			   o->kind == OUTPUT_LOCAL ? "dest=DIR is missing" : "dest=FILE is missing",
			   err);
	if (!kinds[row].has_dest && o->dest)
		return bad(text, "this type has no dest", err);
	if (o->push && o->kind != OUTPUT_STORE && o->kind != OUTPUT_REGISTRY)
		return bad(text, "this type is not pushed", err);
	if (o->as_layout && o->kind != OUTPUT_OCI)
		return bad(text, "tar=false is for type=oci", err);
	if ((o->as_layout || o->kind == OUTPUT_LOCAL || o->kind == OUTPUT_BUNDLE) &&
	    (!o->dest || str_eq(o->dest, "-")))
		return bad(text, "dest=DIR is missing", err);
	return true;
}

static bool parse_one(struct output *o, const char *text, struct err *err)
{
	AUTO(word_list_free) struct word_list fields = { 0 };
	size_t bad_at;

	if (!strchr(text, '=')) {
		o->kind = str_eq(text, "-") ? OUTPUT_TAR : OUTPUT_LOCAL;
		o->dest = mem_strdup(text);
		return *text || bad(text, "it is empty", err);
	}
	if (!words_csv(&fields, text, &bad_at))
		return bad(text, "a quote is out of place", err);
	for (size_t i = 0; i < fields.len; i++)
		if (!take_field(o, text, fields.items[i].text, err))
			return false;
	if (!o->dest && (o->kind == OUTPUT_TAR || (o->kind == OUTPUT_OCI && !o->as_layout)))
		o->dest = mem_strdup("-");
	return check(o, text, err);
}

static bool wants_names(const struct output *o)
{
	return o->kind != OUTPUT_TAR && o->kind != OUTPUT_LOCAL && o->kind != OUTPUT_BUNDLE &&
	       o->kind != OUTPUT_CACHEONLY;
}

bool output_is_pushed(const struct output *o)
{
	return o->kind == OUTPUT_REGISTRY || o->push;
}

static void note_names(struct outputs *out, const struct output *o)
{
	for (size_t i = 0; i < o->name_count; i++) {
		size_t at = 0;

		while (at < out->name_count &&
		       !(reference_same_repository(&out->names[at], &o->names[i]) &&
			 str_eq(out->names[at].tag, o->names[i].tag)))
			at++;
		if (at < out->name_count)
			continue;
		out->names = mem_realloc(out->names, (at + 2) * sizeof(*out->names));
		out->names[out->name_count++] = o->names[i];
	}
}

/* The directory a file will lie in is there now, not only after an hour. */
static bool check_dest(const struct output *o, struct err *err)
{
	return !o->dest || str_eq(o->dest, "-") || o->as_layout || o->kind == OUTPUT_LOCAL ||
	       o->kind == OUTPUT_BUNDLE || destination_check(o->dest, err) ||
	       err_wrap(err, "--output %s", o->dest);
}

static bool settle(struct outputs *out, struct output *o, const struct output_request *r,
		   struct err *err)
{
	bool to_stdout = o->dest && str_eq(o->dest, "-");

	if (wants_names(o) && !o->has_names)
		for (size_t i = 0; i < r->names->len; i++)
			if (!add_name(o, r->names->items[i], err))
				return false;
	if (output_is_pushed(o) && !o->name_count) {
		err_set(err, E_USAGE, "pushing needs a name");
		return err_hint(err, "add -t HOST/NAME:TAG");
	}
	if (o->kind == OUTPUT_BUNDLE && !r->bundle) {
		err_set(err, E_USAGE, "--output type=bundle: there is none of this");
		return err_hint(err, "singularity and the virtual machines have one: --backend");
	}
	if (o->kind == OUTPUT_DOCKER && r->is_index) {
		err_set(err, E_USAGE, "docker's archive holds one platform, and no index");
		return err_hint(err, "write type=oci, or one archive a platform");
	}
	if (to_stdout && out->takes_stdout)
		return err_set(err, E_USAGE, "two outputs for standard output");
	if (to_stdout && isatty(STDOUT_FILENO)) {
		err_set(err, E_USAGE, "an archive is not written to a terminal");
		return err_hint(err, "name a file by dest=, or send it into a pipe");
	}
	out->takes_stdout = out->takes_stdout || to_stdout;
	note_names(out, o);
	return check_dest(o, err);
}

/* --push: what goes into the store is pushed too; nothing does, then that alone is added. */
static void add_push(struct outputs *out)
{
	for (size_t i = 0; i < out->len; i++)
		if (out->items[i].kind == OUTPUT_STORE || out->items[i].kind == OUTPUT_REGISTRY) {
			out->items[i].push = true;
			return;
		}
	ARRAY_PUSH(out)->kind = OUTPUT_REGISTRY;
}

static void add_bundle(struct outputs *out, const struct bundle_request *bundle)
{
	struct output *o = ARRAY_PUSH(out);

	o->kind = OUTPUT_BUNDLE;
	o->dest = bundle_name(bundle->runtime);
}

bool outputs_parse(struct outputs *out, const struct output_request *r, struct err *err)
{
	for (size_t i = 0; i < r->texts->len; i++)
		if (!parse_one(ARRAY_PUSH(out), r->texts->items[i], err))
			return false;
	if (!out->len) {
		ARRAY_PUSH(out)->kind = OUTPUT_STORE;
		if (r->bundle)
			add_bundle(out, r->bundle);
	}
	out->bundle = r->bundle;
	if (r->push)
		add_push(out);
	for (size_t i = 0; i < out->len; i++)
		if (!settle(out, &out->items[i], r, err))
			return false;
	/* -t says how the result is called, whatever becomes of it */
	if (!out->name_count) {
		struct output named = { 0 };
		bool ok = true;

		for (size_t i = 0; ok && i < r->names->len; i++)
			ok = add_name(&named, r->names->items[i], err);
		note_names(out, &named);
		free(named.names);
		return ok;
	}
	return true;
}
