// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "layers/zip.h"
#include "runtime/lithops.h"

/* The package lithops and an entry point, as a backend wants them. The interface is in lithops.h.
 */

/* A copy of `e` under another path; its bytes stay where they are. */
static void add_copy(struct entry_list *to, const struct entry *e, const char *path)
{
	struct entry *copy = entry_add(to, e->kind, path);
	const char *own_path = copy->path;

	*copy = *e;
	copy->path = own_path;
}

static bool find_entry(const struct entry **out, const struct lithops *l, const struct backend *b,
		       struct err *err)
{
	for (size_t i = 0; i < l->files.len; i++)
		if (str_eq(l->files.items[i].path, b->handler.entry)) {
			*out = &l->files.items[i];
			return true;
		}
	err_set(err, E_NOT_FOUND, "lithops %s has no %s", l->version, b->handler.entry);
	return err_hint(err, "this Lithops does not know the backend %s", b->name);
}

static char *identity_of(const struct lithops *l, const struct backend_handler *h)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);
	const char *const *files = h->files.items;

	buf_putf(&text, "%s %s as %s", l->identity, h->entry, h->as);
	if (h->site)
		buf_putf(&text, " in %s", h->site);
	for (size_t i = 0; i < h->files.len; i++)
		buf_putf(&text, " and %s", files[i]);
	return buf_steal(&text);
}

bool handler_layout(struct entry_list *out, char **identity, const struct lithops *l,
		    const struct backend *b, struct err *err)
{
	const struct backend_handler *h = &b->handler;
	const char *const *files = h->files.items;
	const struct entry *entry;

	if (!find_entry(&entry, l, b, err))
		return false;
	for (size_t i = 0; i < l->files.len; i++) {
		const struct entry *e = &l->files.items[i];
		AUTO(auto_free)
		char *path = h->site ? mem_printf("%s/%s", h->site, e->path) : mem_strdup(e->path);

		add_copy(out, e, path);
	}
	add_copy(out, entry, h->as);
	for (size_t i = 0; i < h->files.len; i++)
		entry_add_bytes(out, files[i], "", 0);
	*identity = identity_of(l, h);
	return entry_list_add_parents(out, err);
}

bool handler_zip(struct buf *out, const struct lithops *l, const struct backend *b, struct err *err)
{
	AUTO(entry_list_free) struct entry_list all = { 0 };
	struct sink_buf to = sink_buf(out);
	const struct entry *entry;

	if (!find_entry(&entry, l, b, err))
		return false;
	/* its name is nowhere below lithops/, so nothing is there twice */
	add_copy(&all, entry, b->handler.zip_as ? b->handler.zip_as : b->handler.as);
	for (size_t i = 0; i < l->files.len; i++)
		add_copy(&all, &l->files.items[i], l->files.items[i].path);
	return zip_write(&to.sink, &all, err) && sink_finish(&to.sink, err);
}
