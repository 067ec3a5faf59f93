// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/store_private.h"

/* Cache records, as far as the store must know them: which blobs they pin, and when they were used
 * last. */

void store_records_free(struct store_records *r)
{
	for (size_t i = 0; i < r->len; i++) {
		free(r->items[i].path);
		free(r->items[i].pins);
	}
	free(r->items);
	*r = (struct store_records){ 0 };
}

static struct digest *push_pin(struct store_record *r)
{
	r->pins = mem_grow(r->pins, &r->pin_cap, r->pin_count, sizeof(*r->pins));
	return &r->pins[r->pin_count++];
}

static void read_pins(struct store_record *r, struct slice text)
{
	while (text.ptr && slice_has_prefix(text, "pin ")) {
		struct slice line = slice_cut(text, '\n', &text);
		AUTO(auto_free) char *digest = mem_strndup(line.ptr + 4, line.len - 4);
		struct err ignored = { 0 };
		struct digest d;

		if (digest_parse(&d, digest, &ignored))
			*push_pin(r) = d;
	}
}

static bool add_record(struct store_records *out, struct store *s, const char *path,
		       const struct stat *st, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	struct store_record *record;

	if (!fs_read(&text, s->dir, path, text.max, FS_BENEATH_NOLINK, err))
		return err_wrap(err, "store %s: cache record", s->path);
	record = ARRAY_PUSH(out);
	record->path = mem_strdup(path);
	record->used = st->st_mtim.tv_sec;
	read_pins(record, (struct slice){ text.ptr, text.len });
	return true;
}

bool store_records_load(struct store_records *out, struct store *s, struct err *err)
{
	AUTO(store_records_free) struct store_records records = { 0 };
	AUTO(str_list_free) struct str_list todo = { 0 };

	if (fs_exists(s->dir, STORE_STEPS))
		str_list_push(&todo, STORE_STEPS);
	for (size_t next = 0; next < todo.len; next++) {
		AUTO(str_list_free) struct str_list names = { 0 };
		struct stat st;

		if (!fs_stat(&st, s->dir, todo.items[next], FS_BENEATH_NOLINK, err))
			return err_wrap(err, "store %s", s->path);
		if (S_ISREG(st.st_mode) && !add_record(&records, s, todo.items[next], &st, err))
			return false;
		if (!S_ISDIR(st.st_mode))
			continue;
		if (!fs_list(&names, s->dir, todo.items[next], FS_BENEATH_NOLINK, err))
			return err_wrap(err, "store %s", s->path);
		for (size_t i = 0; i < names.len; i++)
			str_list_push_take(&todo, fs_join(todo.items[next], names.items[i]));
	}
	*out = records;
	records = (struct store_records){ 0 };
	return true;
}
