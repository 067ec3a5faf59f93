// SPDX-License-Identifier: Apache-2.0
#include "python/wheels.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "python/resolve.h"

/* The whole way from a request to wheels, and from wheels to one list of files. */

void wheel_list_free(struct wheel_list *l)
{
	for (size_t i = 0; i < l->len; i++)
		wheel_close(&l->items[i]);
	free(l->items);
	*l = (struct wheel_list){ 0 };
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
		w->url = ca->given_url ? mem_strdup(ca->given_url) : NULL;
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
	AUTO(resolve_free) struct resolve x = { 0 };
	AUTO(wheel_list_free) struct wheel_list wheels = { 0 };

	if (!resolve_run(&x, req, events, err) ||
	    !take_wheels(&wheels, &x.candidates, &x.chosen, events, err))
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
	if (layout->precompiler)
		identify(&s, precompiler_identity(layout->precompiler));
	for (size_t i = 0; i < wheels->len; i++) {
		identify(&s, sorted[i]->filename);
		identify(&s, sorted[i]->requested ? "requested" : NULL);
		sha256_update(&s, sorted[i]->hash, SHA256_SIZE);
		if (sorted[i]->url)
			identify(&s, sorted[i]->url);
	}
	sha256_final(&s, out);
}
