// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/fs.h"
#include "python/record.h"
#include "python/wheel.h"

#define INFO "fuzz-1.dist-info/"

/*
 * Parts to a wheel: first what stands in RECORD behind the true lines (or, behind a "!", instead of
 * them), then name and bytes of each member.
 */
static void make_wheel(struct buf *out, struct slice rest)
{
	AUTO(entry_list_free) struct entry_list members = { 0 };
	AUTO(record_free) struct record record = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 24);
	struct slice more = next_part(&rest);
	struct sink_buf to = sink_buf(out);
	struct err err = { 0 };

	while (rest.ptr) {
		AUTO(auto_free) char *name = next_text(&rest);
		struct slice bytes = next_part(&rest);

		if (!*name || record_find(&record, name))
			continue;
		entry_add_bytes(&members, name, bytes.ptr, bytes.len);
		if (!str_has_suffix(name, "RECORD"))
			record_add_bytes(&record, name, bytes.ptr, bytes.len);
	}
	if (!slice_has_prefix(more, "!"))
		record_format(&text, &record);
	else
		more = (struct slice){ more.ptr + 1, more.len - 1 };
	buf_put_bytes(&text, more.ptr, more.len);
	entry_add_bytes(&members, INFO "RECORD", text.ptr, text.len);
	if (!entry_list_sort(&members, &err) || !zip_write(&to.sink, &members, &err))
		buf_clear(out);
}

/* A wheel as make_wheel has it: opened, laid out, and every file read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct wheel_layout layout = { .site = "usr/lib/site",
						    .scripts = "usr/bin",
						    .data = "usr",
						    .headers = "usr/include",
						    .interpreter = "/usr/bin/python3",
						    .minor = 11 };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(buf_free) struct buf zip = BUF_INIT(1 << 26);
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(metadata_free) struct metadata metadata = { 0 };
	AUTO(entry_list_free) struct entry_list files = { 0 };
	AUTO(wheel_close) struct wheel wheel = { .fd = -1 };
	AUTO(auto_free) char *path = NULL;
	struct wheel_name name;
	struct err err = { 0 };

	make_wheel(&zip, (struct slice){ (const char *)data, len });
	assert(fs_tmpdir_open(&dir, &err) &&
	       fs_write_atomic(dir.fd, "w", zip.ptr, zip.len, 0644, &err) &&
	       wheel_name_parse(&name, &arena, "fuzz-1-py3-none-any.whl", &err));
	path = mem_printf("%s/w", dir.path);
	if (!verdict(wheel_open(&wheel, &metadata, &arena, path, &name, &err), &err) ||
	    !verdict(wheel_entries(&files, &wheel, &layout, &err), &err))
		return 0;
	for (size_t i = 0; i < files.len; i++) {
		const struct entry *e = &files.items[i];
		AUTO(auto_source_close) struct source *from = NULL;
		AUTO(buf_free) struct buf bytes = BUF_INIT(1 << 26);
		struct sink_buf to = sink_buf(&bytes);

		assert(str_has_prefix(e->path, "usr/") && !strstr(e->path, "/../"));
		if (e->open &&
		    verdict(e->open(e, &from, &err) && source_copy(from, &to.sink, NULL, &err),
			    &err))
			assert((int64_t)bytes.len == e->size);
	}
	return 0;
}
