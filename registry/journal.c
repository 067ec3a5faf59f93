// SPDX-License-Identifier: Apache-2.0
#include "registry/journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

/* Journals of uploads as files. When one is believed is chunks.c's. */

enum { JOURNAL_MAX = 4 * MIB };

struct journal {
	int dir, fd;
	char name[2 * SHA256_SIZE + 1];
	char *repository; /* host and name */
	struct digest digest;
	uint64_t size;
};

static void name_it(struct journal *j)
{
	AUTO(auto_free)
	char *text = mem_printf("%s %s", j->repository, digest_format(&j->digest).text);
	unsigned char hash[SHA256_SIZE];

	sha256_of(hash, text, strlen(text));
	hex_format(j->name, hash, sizeof(hash));
}

/* The lock is on the file itself, which another process may have removed meanwhile: then what is
 * written here helps nobody, and harms nobody. */
static bool lock_file(struct journal *j, struct store *store)
{
	struct err ignored = { 0 };

	return store_subdir(&j->dir, store, STORE_UPLOADS, &ignored) &&
	       fs_open(&j->fd, j->dir, j->name, O_RDWR | O_CREAT | O_APPEND, 0600,
		       FS_BENEATH_NOLINK, &ignored) &&
	       flock(j->fd, LOCK_EX | LOCK_NB) == 0;
}

struct journal *journal_open(struct store *store, const struct reference *repository,
			     const struct digest *digest, uint64_t size)
{
	struct journal *j;

	if (!store)
		return NULL;
	j = mem_alloc(sizeof(*j));
	j->dir = j->fd = -1;
	j->repository = mem_printf("%s/%s", repository->host, repository->repository);
	j->digest = *digest;
	j->size = size;
	name_it(j);
	if (lock_file(j, store))
		return j;
	journal_close(j);
	return NULL;
}

void journal_close(struct journal *j)
{
	struct stat st;

	if (!j)
		return;
	if (j->fd >= 0 && fstat(j->fd, &st) == 0 && st.st_size == 0)
		unlinkat(j->dir, j->name, 0); /* nothing ever went */
	auto_close(&j->fd);
	auto_close(&j->dir);
	free(j->repository);
	free(j);
}

static bool text_is(const json_t *doc, const char *key, const char *wanted)
{
	const char *text = json_text_member(doc, key);

	return text && str_eq(text, wanted);
}

/* One line; false when it is not whole, or of something else. */
static bool read_line(struct url *location, uint64_t *offset, const struct journal *j,
		      struct slice line)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct err ignored = { 0 };
	json_int_t at, when, size;
	const char *text;

	if (!json_parse(&doc, line.ptr, line.len, "journal", &ignored))
		return false;
	text = json_text_member(doc, "location");
	at = json_integer_value(json_object_get(doc, "offset"));
	size = json_integer_value(json_object_get(doc, "size"));
	when = json_integer_value(json_object_get(doc, "time"));
	if (!text_is(doc, "repository", j->repository) ||
	    !text_is(doc, "digest", digest_format(&j->digest).text) || (uint64_t)size != j->size ||
	    at < 0 || at > size || clock_wall() - when > LIMIT_PARTIAL_AGE_S || !text)
		return false;
	url_free(location);
	*offset = (uint64_t)at;
	return url_parse(location, text, &ignored);
}

bool journal_recall(struct url *location_out, uint64_t *offset_out, const struct journal *j)
{
	AUTO(buf_free) struct buf text = BUF_INIT(JOURNAL_MAX);
	AUTO(auto_close) int fd = -1;
	struct slice rest;
	struct err ignored = { 0 };
	bool found = false;

	if (!fs_open(&fd, j->dir, j->name, O_RDONLY, 0, FS_BENEATH_NOLINK, &ignored) ||
	    !fs_read_fd(&text, fd, text.max, &ignored))
		return false;
	rest = (struct slice){ text.ptr, text.len };
	while (rest.ptr) {
		struct slice line = slice_cut(rest, '\n', &rest);

		if (rest.ptr) /* what follows the last newline is not whole */
			found = read_line(location_out, offset_out, j, line) || found;
	}
	return found && location_out->target;
}

void journal_note(struct journal *j, const struct url *location, uint64_t offset)
{
	AUTO(auto_json_decref) json_t *doc = json_object();
	AUTO(auto_free) char *url = url_text(location);
	AUTO(auto_free) char *text = NULL;
	AUTO(auto_free) char *line = NULL;
	struct err ignored = { 0 };
	size_t len;

	json_object_set_new(doc, "repository", json_string(j->repository));
	json_object_set_new(doc, "digest", json_string(digest_format(&j->digest).text));
	json_object_set_new(doc, "size", json_integer((json_int_t)j->size));
	json_object_set_new(doc, "offset", json_integer((json_int_t)offset));
	json_object_set_new(doc, "time", json_integer(clock_wall()));
	json_object_set_new(doc, "location", json_string(url));
	text = json_text(doc, &len);
	line = mem_printf("%s\n", text);
	if (!fs_write_all(j->fd, line, len + 1, &ignored))
		err_clear(&ignored);
}

void journal_forget(struct journal *j)
{
	(void)!ftruncate(j->fd, 0); /* journal_close takes it away */
}
