// SPDX-License-Identifier: Apache-2.0
#include "python/wheels.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "python/location.h"
#include "python/selection.h"

/* The whole way from a request to wheels, and from wheels to one list of files. */

void wheel_list_free(struct wheel_list *l)
{
	for (size_t i = 0; i < l->len; i++)
		wheel_close(&l->items[i]);
	free(l->items);
	*l = (struct wheel_list){ 0 };
}

static bool fetch_text(void *arg, struct buf *out, const char *url, struct err *err)
{
	return index_client_text(out, arg, url, err);
}

static bool read_requirements(struct requirements *r, const struct wheel_request *req,
			      struct err *err)
{
	if (req->indexes) {
		r->fetch = fetch_text;
		r->fetch_arg = req->indexes->client;
	}
	for (size_t i = 0; i < req->file_count; i++)
		if (!requirements_read(r, req->files[i], err))
			return false;
	for (size_t i = 0; i < req->requirement_count; i++)
		if (!requirements_add(r, req->requirements[i], err))
			return false;
	return true;
}

static bool add_links(struct candidates *c, const char *where, struct err *err)
{
	if (!location_is_remote(where))
		return candidates_add_dir(c, where, err);
	return c->client ? candidates_add_page(c, where, err) : location_refuse_remote(where, err);
}

/* The indexes in the order they are asked: those that were added to the usual one come first, since
 * they are the user's own. */
static bool add_indexes(struct candidates *c, const struct requirements *r,
			const struct wheel_request *req, struct err *err)
{
	const struct wheel_indexes *x = req->indexes;
	const struct str_list none = { 0 };
	const struct str_list *lists[] = { x && x->extra ? x->extra : &none, &r->extra_indexes };
	const char *usual = r->index_url ? r->index_url : x ? x->url : NULL;
	bool has_links = req->find_links_count || r->find_links.len;

	if (!x || x->none || r->no_index)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (size_t k = 0; k < lists[i]->len; k++)
			if (!candidates_add_index(c, lists[i]->items[k], err))
				return false;
	if (!usual && (c->indexes.len || !has_links))
		usual = WHEELS_PYPI;
	return !usual || candidates_add_index(c, usual, err);
}

/* The wheel that a line names itself. */
static bool add_named_file(struct candidates *c, const struct requirement_line *line,
			   struct err *err)
{
	if (line->path)
		return candidates_add_file(c, line->path, err);
	if (line->url)
		return c->client ? candidates_add_url(c, line, err)
				 : location_refuse_remote(line->url, err);
	return true;
}

static bool gather(struct candidates *c, const struct requirements *r,
		   const struct wheel_request *req, struct err *err)
{
	c->only_sha256 = true;
	for (size_t i = 0; i < req->find_links_count; i++)
		if (!add_links(c, req->find_links[i], err))
			return false;
	for (size_t i = 0; i < r->find_links.len; i++)
		if (!add_links(c, r->find_links.items[i], err))
			return false;
	for (size_t i = 0; i < r->len; i++) {
		const struct requirement_line *line = &r->items[i];

		for (size_t k = 0; k < line->hash_count; k++)
			c->only_sha256 = c->only_sha256 && line->hashes[k].kind == HASH_SHA256;
		if (!add_named_file(c, line, err))
			return requirement_line_fail_at(line, err);
	}
	return add_indexes(c, r, req, err);
}

static int cmp_wheels(const void *a, const void *b)
{
	return strcmp(((const struct wheel *)a)->name, ((const struct wheel *)b)->name);
}

/* The chosen wheels leave their candidates. */
static bool take_wheels(struct wheel_list *out, struct candidates *c,
			const struct selected_list *chosen, struct events *events, struct err *err)
{
	AUTO(auto_free)
	struct candidate **list = mem_alloc((chosen->len + 1) * sizeof(struct candidate *));

	for (size_t i = 0; i < chosen->len; i++)
		list[i] = chosen->items[i].candidate;
	if (!candidates_fetch(c, list, chosen->len, err))
		return false;
	for (size_t i = 0; i < chosen->len; i++) {
		struct candidate *ca = chosen->items[i].candidate;
		struct wheel *w = ARRAY_PUSH(out);

		*w = ca->wheel;
		w->requested = chosen->items[i].requested;
		ca->wheel = (struct wheel){ .fd = -1 };
		if (candidate_is_yanked(ca))
			event_warn(events, "%s is yanked from its index%s%s", ca->filename,
				   ca->file->yanked[0] ? ": " : "", ca->file->yanked);
	}
	if (out->len > 1)
		qsort(out->items, out->len, sizeof(*out->items), cmp_wheels);
	return true;
}

bool wheels_select(struct wheel_list *out, const struct wheel_request *req, struct events *events,
		   struct err *err)
{
	const struct selection_options options = { .target = req->target, .no_deps = req->no_deps };
	AUTO(requirements_free) struct requirements r = { 0 };
	AUTO(candidates_free) struct candidates c = { 0 };
	AUTO(selected_list_free) struct selected_list chosen = { 0 };
	AUTO(wheel_list_free) struct wheel_list wheels = { 0 };

	if (!read_requirements(&r, req, err))
		return false;
	for (size_t i = 0; i < r.notes.len; i++)
		event_warn(events, "%s", r.notes.items[i]);
	candidates_init(&c, req->target, req->indexes ? req->indexes->client : NULL, events);
	if (!gather(&c, &r, req, err) || !selection_make(&chosen, &c, &r, &options, events, err) ||
	    !take_wheels(&wheels, &c, &chosen, events, err))
		return false;
	*out = wheels;
	wheels = (struct wheel_list){ 0 };
	return true;
}

/* All files so far: path -> index + 1, and whose they are. */
struct merge {
	struct entry_list *out;
	const struct wheel_list *wheels;
	struct map paths;
	struct {
		size_t *items;
		size_t len, cap;
	} owners;     /* by index of the entry */
	size_t first; /* entries before it are not ours */
};

static void merge_free(struct merge *m)
{
	map_free(&m->paths);
	free(m->owners.items);
}

static size_t owner_of(const struct merge *m, const struct entry *e)
{
	return m->owners.items[(size_t)(e - m->out->items) - m->first];
}

static const struct entry *find_entry(const struct merge *m, const char *path)
{
	size_t index = (size_t)(uintptr_t)map_get(&m->paths, path);

	return index ? &m->out->items[index - 1] : NULL;
}

static bool collide(const struct merge *m, const char *path, size_t a, size_t b, const char *how,
		    struct err *err)
{
	return err_set(err, E_INPUT, "%s and %s both bring %s, %s", m->wheels->items[a].filename,
		       m->wheels->items[b].filename, path, how);
}

/* `e` against the earlier entry of the same path: equal bytes are one file, executable if either
 * is. */
static bool merge_equal(const struct merge *m, const struct entry *earlier, size_t wheel,
			const struct entry *e, struct err *err)
{
	unsigned char first[SHA256_SIZE], second[SHA256_SIZE];
	struct entry *kept = &m->out->items[earlier - m->out->items];

	if (!wheel_entry_hash(first, earlier, err) || !wheel_entry_hash(second, e, err))
		return false;
	if (memcmp(first, second, sizeof(first)) != 0)
		return collide(m, e->path, owner_of(m, earlier), wheel, "with different content",
			       err);
	kept->mode |= e->mode;
	return true;
}

/* Put the entries from `from` on, all of one wheel, behind those there are; equal ones fall away.
 */
static bool merge_wheel(struct merge *m, size_t from, size_t wheel, struct err *err)
{
	size_t kept = from;

	for (size_t i = from; i < m->out->len; i++) {
		const struct entry e = m->out->items[i];
		const struct entry *earlier = find_entry(m, e.path);

		if (earlier) {
			if (!merge_equal(m, earlier, wheel, &e, err))
				return false;
			continue;
		}
		m->out->items[kept++] = e;
		map_put(&m->paths, e.path, (void *)(uintptr_t)kept);
		*ARRAY_PUSH(&m->owners) = wheel;
	}
	m->out->len = kept;
	return true;
}

/* A file of one wheel where another has a folder. */
static bool check_folders(const struct merge *m, struct err *err)
{
	for (size_t i = m->first; i < m->out->len; i++) {
		AUTO(auto_free) char *folder = mem_strdup(m->out->items[i].path);
		char *slash;

		while ((slash = strrchr(folder, '/'))) {
			const struct entry *file;

			*slash = '\0';
			file = find_entry(m, folder);
			if (file)
				return collide(m, folder, owner_of(m, file),
					       owner_of(m, &m->out->items[i]),
					       "once as a file and once as a folder", err);
		}
	}
	return true;
}

bool wheels_merge(struct entry_list *out, const struct wheel_list *wheels,
		  const struct wheel_layout *layout, struct err *err)
{
	AUTO(merge_free) struct merge m = { .out = out, .wheels = wheels, .first = out->len };

	for (size_t i = 0; i < wheels->len; i++) {
		size_t from = out->len;

		if (!wheel_entries(out, &wheels->items[i], layout, err) ||
		    !merge_wheel(&m, from, i, err))
			return false;
	}
	return check_folders(&m, err) && entry_list_sort(out, err);
}

/* Length first, so that no two different lists of texts hash alike. */
static void identify(struct sha256 *s, const char *text)
{
	AUTO(auto_free) char *length = mem_printf("%zu:", text ? strlen(text) : 0);

	sha256_update(s, text ? length : "-", text ? strlen(length) : 1);
	sha256_update(s, text ? text : "", text ? strlen(text) : 0);
}

static int cmp_pointers(const void *a, const void *b)
{
	return cmp_wheels(*(const struct wheel *const *)a, *(const struct wheel *const *)b);
}

void wheels_identity(unsigned char out[SHA256_SIZE], const struct wheel_list *wheels,
		     const struct wheel_layout *layout)
{
	/* raised when wheel_entries gives other files for the same wheels */
	static const char format[] = "rtbuild wheel files 1";
	AUTO(auto_free)
	const struct wheel **sorted = mem_alloc((wheels->len + 1) * sizeof(*sorted));
	AUTO(auto_free) char *minor = mem_printf("%d", layout->minor);
	struct sha256 s;

	for (size_t i = 0; i < wheels->len; i++)
		sorted[i] = &wheels->items[i];
	qsort(sorted, wheels->len, sizeof(*sorted), cmp_pointers);
	sha256_init(&s);
	identify(&s, format);
	identify(&s, layout->site);
	identify(&s, layout->scripts);
	identify(&s, layout->data);
	identify(&s, layout->headers);
	identify(&s, layout->interpreter);
	identify(&s, minor);
	for (size_t i = 0; i < wheels->len; i++) {
		identify(&s, sorted[i]->filename);
		identify(&s, sorted[i]->requested ? "requested" : NULL);
		sha256_update(&s, sorted[i]->hash, SHA256_SIZE);
	}
	sha256_final(&s, out);
}
