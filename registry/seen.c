// SPDX-License-Identifier: Apache-2.0
#include "registry/seen.h"

#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/media.h"

/* Lines in a file. What is mounted by them is push.c's. */

enum {
	LINE_MAX_LEN = 64 + 1 + 255 + 1, /* a repository's name ends at 255 */
	FILE_MAX = LIMIT_SEEN_LAYERS * LINE_MAX_LEN,
};

static const char hosts_dir[] = "cache/hosts";

static char *file_name(const struct seen *s)
{
	return mem_printf("%s.layers", reference_api_host(&s->to));
}

void seen_open(struct seen *s, struct store *store, const struct reference *to)
{
	AUTO(auto_close) int dir = -1;
	AUTO(auto_free) char *name = NULL;
	struct err ignored = { 0 };

	/* a line more than is kept, and the push's own layers */
	*s = (struct seen){ .store = store, .to = *to, .lines = BUF_INIT(2 * (size_t)FILE_MAX) };
	lock_init(&s->lock);
	name = file_name(s);
	if (!store || !store_subdir(&dir, store, hosts_dir, &ignored) ||
	    !fs_read(&s->lines, dir, name, FILE_MAX, FS_BENEATH_NOLINK, &ignored))
		buf_clear(&s->lines);
}

void seen_close(struct seen *s)
{
	if (!s->lines.ptr)
		return;
	buf_free(&s->lines);
	lock_free(&s->lock);
}

/* The repository of the next line about a layer at or behind `*at`; empty at the end. */
static struct slice next_repository(const struct seen *s, const char *hex, const char **at)
{
	const char *end = s->lines.ptr + s->lines.len;

	while (*at < end) {
		struct slice rest, line = { *at, (size_t)(end - *at) };
		struct slice repository;

		line = slice_cut(line, '\n', &rest);
		*at = rest.ptr ? rest.ptr : end;
		if (slice_has_prefix(line, hex) && line.len > 65 && line.ptr[64] == ' ') {
			repository = (struct slice){ line.ptr + 65, line.len - 65 };
			return repository;
		}
	}
	return (struct slice){ 0 };
}

static bool is_layer(const struct descriptor *d)
{
	return media_find(d->media_type)->kind == MEDIA_LAYER;
}

/* The last repository told, if any; *here_out: the one pushed to is among them. */
static struct slice last_repository(bool *here_out, const struct seen *s,
				    const struct digest *layer)
{
	struct digest_text hex = digest_hex(layer);
	const char *at = s->lines.ptr;
	struct slice found, last = { 0 };

	*here_out = false;
	while ((found = next_repository(s, hex.text, &at)).len) {
		*here_out = *here_out || slice_eq(found, s->to.repository);
		last = found;
	}
	return last;
}

bool seen_find(struct reference *out, struct seen *s, const struct descriptor *d)
{
	AUTO(auto_free) char *text = NULL;
	struct err ignored = { 0 };
	struct slice last;
	bool here;

	if (!is_layer(d))
		return false;
	lock_take(&s->lock);
	last = last_repository(&here, s, &d->digest);
	if (last.len && !here)
		text = mem_printf("%s/" SLICE_FMT, s->to.host, SLICE_ARG(last));
	lock_drop(&s->lock);
	return text && reference_parse(out, text, &ignored);
}

void seen_add(struct seen *s, const struct descriptor *d)
{
	bool here;

	if (!is_layer(d))
		return;
	lock_take(&s->lock);
	(void)last_repository(&here, s, &d->digest);
	if (!here && s->lines.len + LINE_MAX_LEN <= s->lines.max) {
		buf_putf(&s->lines, "%s %s\n", digest_hex(&d->digest).text, s->to.repository);
		s->changed = true;
	}
	lock_drop(&s->lock);
}

void seen_save(struct seen *s)
{
	AUTO(auto_free) char *name = file_name(s);
	const char *from = s->lines.ptr + s->lines.len;
	struct err ignored = { 0 };

	if (!s->store || !s->changed)
		return;
	/* the newest lines */
	for (int lines = 0; from > s->lines.ptr; from--)
		if (from[-1] == '\n' && lines++ == LIMIT_SEEN_LAYERS)
			break;
	if (!store_put_file(s->store, hosts_dir, name, from,
			    (size_t)(s->lines.ptr + s->lines.len - from), 0600, &ignored))
		err_clear(&ignored);
	s->changed = false;
}
