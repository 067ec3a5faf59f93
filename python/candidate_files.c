// SPDX-License-Identifier: Apache-2.0
#include "python/candidates.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"

/* What is in the files: metadata, hashes, and the wheels themselves brought here. */

/* --- which Python --- */

/* Is the target's Python among those wanted? Without a known patch, any patch may make it so. */
static bool python_fits(const struct specifier_set *wanted, const struct python_target *t,
			struct arena *a)
{
	static const int patches[] = { 0, 99 };
	size_t count = t->patch ? 1 : ARRAY_LEN(patches);

	for (size_t i = 0; i < count; i++) {
		struct err never = { 0 };
		struct version python;
		const char *text =
			arena_printf(a, "3.%d.%d", t->minor, t->patch ? t->patch : patches[i]);

		if (version_parse(&python, a, slice_of(text), &never) &&
		    specifier_set_matches(wanted, &python))
			return true;
	}
	return false;
}

/* The same few texts stand on all files of a page, so the answers are kept. A malformed one
 * (">=3.6.*" is met) counts as none, as with pip. */
const char *candidates_python(struct candidates *c, const char *text)
{
	struct specifier_set wanted;
	struct err bad = { 0 };
	const char *why = NULL;

	if (!text)
		return NULL;
	if (map_has(&c->pythons, text))
		return map_get(&c->pythons, text);
	if (specifier_set_parse(&wanted, &c->arena, slice_of(text), NULL, &bad) &&
	    !python_fits(&wanted, c->target, &c->arena))
		why = arena_printf(&c->arena, "needs Python %s", text);
	map_put(&c->pythons, text, (void *)(uintptr_t)why);
	return why;
}

/* --- looking --- */

/* One candidate's file being read, on a thread of its own: what it allocates is its own too. */
struct reading {
	struct candidate *candidate;
	struct arena arena;
};

struct readings {
	struct candidates *candidates;
	struct reading *items;
	size_t len;
};

static void readings_free(struct readings *r)
{
	for (size_t i = 0; i < r->len; i++)
		arena_free(&r->items[i].arena);
	free(r->items);
}

static void put_reading(struct readings *r, struct candidate *ca)
{
	for (size_t i = 0; i < r->len; i++)
		if (r->items[i].candidate == ca)
			return;
	r->items[r->len++].candidate = ca;
}

static bool run_readings(struct readings *r, parallel_fn *fn, size_t workers, struct err *err)
{
	bool ok = !r->len || parallel_run(r->len, workers, fn, r, err);

	for (size_t i = 0; i < r->len; i++)
		arena_adopt(&r->candidates->arena, &r->items[i].arena);
	return ok;
}

/* A file of an index whose content cannot be taken rules itself out, not the whole command: old
 * releases have such. Damage on the way never comes here. */
static bool rule_out(struct candidate *ca, struct arena *a, struct err *err)
{
	if (err->code != E_INPUT && err->code != E_UNSUPPORTED && err->code != E_INTEGRITY)
		return false;
	ca->unfit = arena_printf(a, "cannot be taken: %s", err->msg);
	err_clear(err);
	return true;
}

static bool take_metadata(struct candidate *ca, struct arena *a, const struct buf *text,
			  struct err *err)
{
	if (!metadata_parse(&ca->metadata, a, (struct slice){ text->ptr, text->len }, err) ||
	    !metadata_check_name(&ca->metadata, a, &ca->name, err))
		return rule_out(ca, a, err);
	sha256_of(ca->metadata_hash, text->ptr, text->len);
	ca->has_metadata_hash = true;
	return true;
}

static bool fetch_wheel(struct candidate *ca, struct arena *a, struct index_client *x,
			bool *fresh_out, struct err *err)
{
	AUTO(auto_free) char *path = NULL;
	unsigned char hash[SHA256_SIZE];

	if (!index_client_wheel(&path, hash, fresh_out, x, ca->file, err))
		return false;
	ca->path = arena_strdup(a, path);
	memcpy(ca->hashes.values[HASH_SHA256], hash, sizeof(hash));
	ca->hashes.known[HASH_SHA256] = true;
	return true;
}

static bool look_into_wheel(struct candidate *ca, struct arena *a, struct err *err)
{
	ca->is_open = wheel_open(&ca->wheel, &ca->metadata, a, ca->path, &ca->name, err);
	return ca->is_open;
}

/* Always false: what is wrong with a wheel that a line names is wrong there. */
static bool fail_at_line(const struct candidate *ca, struct err *err)
{
	return ca->line && requirement_line_fail_at(ca->line, err);
}

static bool look_at(const struct readings *r, struct reading *reading, struct err *err)
{
	struct candidate *ca = reading->candidate;
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_WHEEL_METADATA);
	bool found = false, fresh;

	if (ca->is_open)
		return true;
	if (!ca->file)
		return look_into_wheel(ca, &reading->arena, err);
	if (!index_client_metadata(&text, &found, r->candidates->client, ca->file, err))
		return false;
	if (found)
		return take_metadata(ca, &reading->arena, &text, err);
	return fetch_wheel(ca, &reading->arena, r->candidates->client, &fresh, err) &&
	       (look_into_wheel(ca, &reading->arena, err) || rule_out(ca, &reading->arena, err));
}

static bool look_one(void *arg, size_t job, struct err *err)
{
	const struct readings *r = arg;

	return look_at(r, &r->items[job], err) || fail_at_line(r->items[job].candidate, err);
}

/* Requirements nobody can read rule the file out, not the whole command: old releases have such. */
static void parse_requires(struct candidate *ca, struct candidates *c)
{
	const struct str_list *texts = &ca->metadata.requires_dist;

	ca->requires_dist = ARENA_ARRAY(&c->arena, struct requirement, texts->len + 1);
	for (size_t i = 0; i < texts->len; i++) {
		struct err bad = { 0 };

		if (!requirement_parse(&ca->requires_dist[i], &c->arena, slice_of(texts->items[i]),
				       NULL, &bad)) {
			ca->unfit = arena_printf(&c->arena, "has a malformed Requires-Dist '%s'",
						 texts->items[i]);
			return;
		}
		ca->requires_count++;
	}
}

bool candidates_look(struct candidates *c, struct candidate *const *list, size_t count,
		     struct err *err)
{
	AUTO(readings_free)
	struct readings r = { .candidates = c, .items = mem_alloc((count + 1) * sizeof(*r.items)) };

	for (size_t i = 0; i < count; i++)
		if (!list[i]->is_looked && !list[i]->unfit)
			put_reading(&r, list[i]);
	if (!run_readings(&r, look_one, LIMIT_PARALLEL_PAGES, err))
		return false;
	for (size_t i = 0; i < r.len; i++) {
		struct candidate *ca = r.items[i].candidate;

		ca->is_looked = true;
		if (ca->unfit)
			continue;
		parse_requires(ca, c);
		if (!ca->unfit)
			ca->unfit = candidates_python(c, ca->metadata.requires_python);
	}
	return true;
}

bool candidate_look(struct candidate *ca, struct candidates *c, struct err *err)
{
	return candidates_look(c, &ca, 1, err);
}

/* --- fetching --- */

/* SHA-256 is always made, for the cache key of the wheel; the others where somebody knows them. */
static bool needs_others(const struct candidate *ca, const struct candidates *c)
{
	return !c->only_sha256 || (ca->file && !ca->file->hashes.known[HASH_SHA256] &&
				   file_hashes_any(&ca->file->hashes));
}

static bool read_hashes(struct candidate *ca, const struct candidates *c, struct err *err)
{
	static const enum hash_kind others[] = { HASH_SHA384, HASH_SHA512 };
	struct file_hashes *h = &ca->hashes;
	bool all = needs_others(ca, c);

	if (!wheel_read_hashes(&ca->wheel, others, all ? ARRAY_LEN(others) : 0,
			       &h->values[HASH_SHA384], err))
		return false;
	memcpy(h->values[HASH_SHA256], ca->wheel.hash, SHA256_SIZE);
	h->known[HASH_SHA256] = true;
	h->known[HASH_SHA384] = h->known[HASH_SHA512] = all;
	return true;
}

/* What the page says of the file is what the file is. */
static bool check_promises(const struct candidate *ca, struct err *err)
{
	const struct file_hashes *said = &ca->file->hashes;

	for (size_t i = 0; i < ARRAY_LEN(said->known); i++)
		if (said->known[i] && ca->hashes.known[i] &&
		    memcmp(said->values[i], ca->hashes.values[i],
			   hash_kind_size((enum hash_kind)i)) != 0)
			return err_set(err, E_INTEGRITY, "%s does not have the %s its page says",
				       ca->filename, hash_kind_name((enum hash_kind)i));
	return true;
}

/* PEP 658: byte for byte the one beside it. */
static bool check_metadata(const struct candidate *ca, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_WHEEL_METADATA);
	AUTO(auto_free) char *member = mem_printf("%s/METADATA", ca->wheel.info);
	unsigned char hash[SHA256_SIZE];

	if (!ca->has_metadata_hash)
		return true;
	if (!wheel_read_member(&text, &ca->wheel, member, err))
		return err_wrap(err, "%s", ca->filename);
	sha256_of(hash, text.ptr, text.len);
	return memcmp(hash, ca->metadata_hash, sizeof(hash)) == 0 ||
	       err_set(err, E_INTEGRITY, "%s holds another METADATA than its index gave for it",
		       ca->filename);
}

static bool open_wheel(struct candidate *ca, struct arena *a, struct err *err)
{
	AUTO(metadata_free) struct metadata again = { 0 };

	if (ca->is_open)
		return true;
	ca->is_open = wheel_open(&ca->wheel, ca->is_looked ? &again : &ca->metadata, a, ca->path,
				 &ca->name, err);
	return ca->is_open;
}

/* The bytes were hashed when they came. */
static void trust(struct candidate *ca)
{
	memcpy(ca->wheel.hash, ca->hashes.values[HASH_SHA256], SHA256_SIZE);
	close(steal_fd(&ca->wheel.fd));
}

/* A file kept in the store may have been damaged since: then it is fetched anew, once. */
static bool open_listed(struct candidate *ca, struct arena *a, const struct candidates *c,
			struct err *err)
{
	bool fresh = false;

	if (!ca->path && !fetch_wheel(ca, a, c->client, &fresh, err))
		return false;
	for (;;) {
		struct err why = { 0 };

		if (open_wheel(ca, a, &why)) {
			if (fresh && !needs_others(ca, c)) {
				trust(ca);
				return true;
			}
			if (read_hashes(ca, c, &why) && check_promises(ca, &why))
				return true;
		}
		if (fresh || why.code == E_CANCELLED) {
			*err = why;
			return false;
		}
		if (ca->is_open)
			wheel_close(&ca->wheel);
		ca->is_open = false;
		if (!ca->is_looked)
			metadata_free(&ca->metadata);
		index_client_forget_wheel(c->client, ca->path);
		ca->hashes = ca->file->hashes;
		if (!fetch_wheel(ca, a, c->client, &fresh, err))
			return false;
		fresh = true;
	}
}

static bool check_locked_size(const struct candidate *ca, struct err *err)
{
	const struct simple_file *said = ca->locked;

	return !said || said->size < 0 || said->size == ca->wheel.size ||
	       err_set(err, E_INTEGRITY, "%s has %lld bytes, its lock says %lld", ca->filename,
		       (long long)ca->wheel.size, (long long)said->size);
}

static bool fetch(const struct readings *r, struct reading *reading, struct err *err)
{
	struct candidate *ca = reading->candidate;

	if (ca->file)
		return open_listed(ca, &reading->arena, r->candidates, err) &&
		       check_metadata(ca, err);
	return open_wheel(ca, &reading->arena, err) && check_locked_size(ca, err) &&
	       read_hashes(ca, r->candidates, err);
}

static bool fetch_one(void *arg, size_t job, struct err *err)
{
	const struct readings *r = arg;

	return fetch(r, &r->items[job], err) || fail_at_line(r->items[job].candidate, err);
}

bool candidates_fetch(struct candidates *c, struct candidate *const *list, size_t count,
		      struct err *err)
{
	AUTO(readings_free)
	struct readings r = { .candidates = c, .items = mem_alloc((count + 1) * sizeof(*r.items)) };

	for (size_t i = 0; i < count; i++)
		if (!list[i]->is_open || list[i]->wheel.fd >= 0)
			put_reading(&r, list[i]);
	return run_readings(&r, fetch_one, LIMIT_PARALLEL_TRANSFERS, err);
}

/* A file of this machine that a lock lists has all hashes the lock has for it; those of another
 * file in the list are not enough. */
static bool matches_locked(bool *unsure_out, const struct candidate *ca)
{
	const struct file_hashes *said = &ca->locked->hashes;

	for (size_t i = 0; i < ARRAY_LEN(said->known); i++) {
		bool known = ca->hashes.known[i];

		if (said->known[i] && known &&
		    memcmp(ca->hashes.values[i], said->values[i],
			   hash_kind_size((enum hash_kind)i)) != 0) {
			*unsure_out = false;
			return false;
		}
		*unsure_out = *unsure_out || (said->known[i] && !known);
	}
	return !*unsure_out;
}

static bool matches(bool *unsure_out, const struct candidate *ca,
		    const struct requirement_line *line)
{
	*unsure_out = false;
	if (line->is_locked && ca->locked)
		return matches_locked(unsure_out, ca);
	for (size_t i = 0; i < line->hash_count; i++) {
		const struct requirement_hash *h = &line->hashes[i];

		if (!ca->hashes.known[h->kind])
			*unsure_out = true;
		else if (memcmp(ca->hashes.values[h->kind], h->value, hash_kind_size(h->kind)) == 0)
			return true;
	}
	return false;
}

bool candidate_has_hash(bool *out, struct candidate *ca, struct candidates *c,
			const struct requirement_line *line, struct err *err)
{
	bool unsure;

	*out = matches(&unsure, ca, line);
	if (*out || !unsure)
		return true;
	if (!candidates_fetch(c, &ca, 1, err))
		return false;
	*out = matches(&unsure, ca, line);
	return true;
}

bool candidate_may_have_hash(const struct candidate *ca, const struct requirement_line *line)
{
	bool unsure;

	return !line->hash_count || matches(&unsure, ca, line) || unsure;
}
