// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "layers/zip.h"

/* What is sound as a whole is sound by its end, too, and its members lie where they are said to. */
static void check_partial(const uint8_t *data, size_t len, bool is_sound)
{
	AUTO(auto_zip_close) struct zip *z = NULL;
	struct err err = { 0 };
	uint64_t missing = 0, at, end;
	int fd = memfd_create("parts", MFD_CLOEXEC);

	assert(fd >= 0 && fs_write_all(fd, data, len, &err));
	if (!verdict(zip_open_partial(&z, &missing, fd, 0, "fuzz.zip", &err), &err)) {
		assert(!is_sound);
		return;
	}
	assert(z && missing <= len);
	for (size_t i = 0; i < zip_count(z); i++) {
		AUTO(auto_source_close) struct source *from = NULL;
		const struct zip_member *m = zip_at(z, i);

		zip_member_extent(&at, &end, z, m);
		assert(end <= missing && (!is_sound || at < end));
		if (!verdict(zip_open_member(&from, z, m, &err), &err))
			assert(!is_sound);
	}
}

/* The bytes of a zip: every member read to its end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(auto_zip_close) struct zip *z = NULL;
	struct err err = { 0 };
	int fd = memfd_create("zip", MFD_CLOEXEC);

	assert(fd >= 0 && fs_write_all(fd, data, len, &err));
	check_partial(data, len, verdict(zip_open(&z, fd, "fuzz.zip", &err), &err));
	if (!z)
		return 0;
	for (size_t i = 0; i < zip_count(z); i++) {
		const struct zip_member *m = zip_at(z, i);
		AUTO(auto_source_close) struct source *from = NULL;
		AUTO(buf_free) struct buf bytes = BUF_INIT(1 << 24);
		struct sink_buf to = sink_buf(&bytes);
		uint64_t size;

		assert(zip_find(z, m->name) == m && m->name[0] != '/' && !strstr(m->name, "../"));
		if (verdict(zip_open_member(&from, z, m, &err) &&
				    source_copy(from, &to.sink, &size, &err),
			    &err))
			assert(size == m->size);
	}
	return 0;
}
