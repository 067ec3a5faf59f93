// SPDX-License-Identifier: Apache-2.0
#include "git/smart.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "git/location.h"
#include "git/pktline.h"

/* The protocol. How bytes travel is transport.h's; what becomes of the pack is mirror.c's. */

/* Lines before the pack, and of a greeting: real servers send some dozens. */
enum { LINES_MAX = 100000 };

static const char agent[] = "agent=rtbuild/" RTBUILD_VERSION;

void smart_free(struct smart *s)
{
	free(s->refs.items);
	arena_free(&s->arena);
}

static struct pkt_reader *reader_new(struct source *from)
{
	struct pkt_reader *r = mem_alloc(sizeof(*r));

	r->from = from;
	return r;
}

static bool confused(const char *where, struct err *err)
{
	return err_set(err, E_NETWORK, "the git server's %s is malformed", where);
}

/* --- refs --- */

/* An id and what follows it. */
static bool take_id(char id[41], struct slice *rest)
{
	if (rest->len < 41 || rest->ptr[40] != ' ')
		return false;
	memcpy(id, rest->ptr, 40);
	id[40] = '\0';
	*rest = (struct slice){ rest->ptr + 41, rest->len - 41 };
	return git_is_commit(id);
}

static struct git_ref *add_ref(struct smart *s, const char *id, struct slice name, struct err *err)
{
	struct git_ref *ref;

	if (s->refs.len == LIMIT_GIT_REFS) {
		err_set(err, E_INPUT, "the repository has more than %d refs (limit LIMIT_GIT_REFS)",
			LIMIT_GIT_REFS);
		return NULL;
	}
	ref = ARRAY_PUSH(&s->refs);
	ref->name = arena_slice(&s->arena, name);
	memcpy(ref->id, id, sizeof(ref->id));
	return ref;
}

/* One line of version 2: "ID NAME[ symref-target:X][ peeled:ID]". */
static bool take_ref_line(struct smart *s, struct slice line, struct err *err)
{
	struct slice name, attribute;
	struct git_ref *ref;
	char id[41];

	if (slice_has_prefix(line, "unborn "))
		return true;
	if (!take_id(id, &line))
		return confused("list of refs", err);
	name = slice_cut(line, ' ', &line);
	ref = add_ref(s, id, name, err);
	while (ref && line.ptr) {
		attribute = slice_cut(line, ' ', &line);
		if (slice_has_prefix(attribute, "peeled:") && attribute.len == 47)
			memcpy(ref->peeled, attribute.ptr + 7, 40);
		if (slice_has_prefix(attribute, "symref-target:") && slice_eq(name, "HEAD"))
			s->head = arena_slice(&s->arena, (struct slice){ attribute.ptr + 14,
									 attribute.len - 14 });
	}
	return ref &&
	       (!ref->peeled[0] || git_is_commit(ref->peeled) || confused("list of refs", err));
}

/* One of version 0: "ID NAME", or "ID NAME^{}" for what the tag before it is of. */
static bool take_old_ref_line(struct smart *s, struct slice line, struct err *err)
{
	struct git_ref *last = s->refs.len ? &s->refs.items[s->refs.len - 1] : NULL;
	size_t last_len = last ? strlen(last->name) : 0;
	char id[41];

	if (slice_has_prefix(line, "shallow "))
		return true;
	if (!take_id(id, &line))
		return confused("list of refs", err);
	if (slice_eq(line, "capabilities^{}"))
		return true;
	if (last && line.len == last_len + 3 && memcmp(line.ptr, last->name, last_len) == 0 &&
	    memcmp(line.ptr + last_len, "^{}", 3) == 0) {
		memcpy(last->peeled, id, sizeof(id));
		return true;
	}
	return add_ref(s, id, line, err) != NULL;
}

/* --- the greeting --- */

static bool check_format(struct slice format, struct err *err)
{
	return slice_eq(format, "sha1") ||
	       err_set(err, E_UNSUPPORTED,
		       "the repository's objects are named by " SLICE_FMT
		       ", and libgit2 1.5 only knows sha1",
		       SLICE_ARG(format));
}

static bool take_capability(struct smart *s, struct slice text, struct err *err)
{
	static const char format[] = "object-format=", head[] = "symref=HEAD:";

	if (slice_has_prefix(text, format)) {
		s->names_format = true;
		return check_format(
			(struct slice){ text.ptr + strlen(format), text.len - strlen(format) },
			err);
	}
	if (slice_has_prefix(text, head))
		s->head = arena_slice(&s->arena, (struct slice){ text.ptr + strlen(head),
								 text.len - strlen(head) });
	s->can_shallow = s->can_shallow || slice_eq(text, "shallow");
	s->can_thin = s->can_thin || slice_eq(text, "thin-pack");
	s->can_any = s->can_any || slice_eq(text, "allow-tip-sha1-in-want") ||
		     slice_eq(text, "allow-reachable-sha1-in-want");
	return true;
}

/* The first line of version 0 has the capabilities behind a NUL. */
static bool take_old_capabilities(struct smart *s, const struct pkt_reader *r, struct err *err)
{
	struct slice text = pkt_text(r);
	struct slice rest = slice_cut(text, '\0', &text);
	bool bands = false;

	if (!text.ptr)
		return confused("greeting", err);
	while (text.ptr) {
		struct slice capability = slice_cut(text, ' ', &text);

		bands = bands || slice_eq(capability, "side-band-64k");
		if (!take_capability(s, capability, err))
			return false;
	}
	return (bands || err_set(err, E_UNSUPPORTED, "the git server is too old: no side bands")) &&
	       take_old_ref_line(s, rest, err);
}

static bool greet_old(struct smart *s, struct pkt_reader *r, struct err *err)
{
	if (!take_old_capabilities(s, r, err))
		return false;
	for (;;) {
		if (!pkt_read(r, err))
			return false;
		if (r->kind != PKT_LINE)
			return r->kind == PKT_FLUSH || confused("list of refs", err);
		if (!take_old_ref_line(s, pkt_text(r), err))
			return false;
	}
}

static bool greet_v2(struct smart *s, struct pkt_reader *r, struct err *err)
{
	s->version = 2;
	s->can_shallow = s->can_any = s->can_thin = true;
	for (int lines = 0; lines < LINES_MAX; lines++) {
		if (!pkt_read(r, err))
			return false;
		if (r->kind != PKT_LINE)
			return r->kind == PKT_FLUSH || confused("greeting", err);
		if (!take_capability(s, pkt_text(r), err))
			return false;
	}
	return confused("greeting", err);
}

/* Over HTTP a line names the service first, and a flush follows it. */
static bool skip_service(struct pkt_reader *r, struct err *err)
{
	if (!pkt_read(r, err))
		return false;
	if (r->kind != PKT_LINE || !slice_has_prefix(pkt_text(r), "# service="))
		return true;
	return pkt_read(r, err) && (r->kind == PKT_FLUSH || confused("greeting", err)) &&
	       pkt_read(r, err);
}

bool smart_open(struct smart *s, struct git_transport *t, struct err *err)
{
	AUTO(auto_free) struct pkt_reader *r = NULL;
	struct source *from;

	*s = (struct smart){ .transport = t };
	if (!t->greet(t, &from, err))
		return false;
	r = reader_new(from);
	if (!skip_service(r, err))
		return false;
	if (r->kind == PKT_FLUSH) /* nothing there yet */
		return true;
	if (r->kind != PKT_LINE)
		return err_set(err, E_NETWORK, "the git server says nothing");
	if (slice_eq(pkt_text(r), "version 2"))
		return greet_v2(s, r, err);
	if (slice_eq(pkt_text(r), "version 1") && !pkt_read(r, err))
		return false;
	return greet_old(s, r, err);
}

/* --- looking up --- */

static void begin_command(const struct smart *s, struct buf *out, const char *command)
{
	pkt_put(out, "command=%s\n", command);
	pkt_put(out, "%s\n", agent);
	if (s->names_format)
		pkt_put(out, "object-format=sha1\n");
	pkt_put_delim(out);
}

/* ls-refs of the refs with these prefixes; what is announced already is not asked for. */
static bool look_up(struct smart *s, char *const *prefixes, size_t count, struct err *err)
{
	AUTO(auto_free) struct pkt_reader *r = NULL;
	AUTO(buf_free) struct buf request = BUF_INIT(64 * KIB);
	struct source *from;

	if (s->version != 2)
		return true;
	s->refs.len = 0;
	begin_command(s, &request, "ls-refs");
	pkt_put(&request, "peel\n");
	pkt_put(&request, "symrefs\n");
	for (size_t i = 0; i < count; i++)
		pkt_put(&request, "ref-prefix %s\n", prefixes[i]);
	pkt_put_flush(&request);
	if (!s->transport->ask(s->transport, &from, &request, err))
		return false;
	r = reader_new(from);
	for (;;) {
		if (!pkt_read(r, err))
			return false;
		if (r->kind != PKT_LINE)
			return r->kind == PKT_FLUSH || confused("list of refs", err);
		if (!take_ref_line(s, pkt_text(r), err))
			return false;
	}
}

static const struct git_ref *ref_named(const struct smart *s, const char *name)
{
	for (size_t i = 0; i < s->refs.len; i++)
		if (str_eq(s->refs.items[i].name, name))
			return &s->refs.items[i];
	return NULL;
}

bool smart_find(const struct git_ref **out, struct smart *s, const char *ref, struct err *err)
{
	static const char *const folders[] = { "refs/", "refs/heads/", "refs/tags/" };
	char *names[ARRAY_LEN(folders)] = { NULL };
	size_t count = 0;
	bool ok;

	*out = NULL;
	if (!ref)
		names[count++] = mem_strdup("HEAD");
	for (size_t i = 0; ref && i < ARRAY_LEN(folders); i++)
		names[count++] =
			mem_printf("%s%s", str_has_prefix(ref, folders[i]) ? "" : folders[i], ref);
	ok = look_up(s, names, count, err);
	for (size_t i = 0; ok && !*out && i < count; i++)
		*out = ref_named(s, names[i]);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	if (!ok || *out)
		return ok;
	if (!ref)
		return err_set(err, E_NOT_FOUND,
			       "the repository has no default branch: it is empty");
	return err_set(err, E_NOT_FOUND, "the repository has no branch or tag '%s'", ref);
}

bool smart_list(struct smart *s, struct err *err)
{
	static char heads[] = "refs/heads/", tags[] = "refs/tags/";
	char *prefixes[] = { heads, tags };

	return look_up(s, prefixes, ARRAY_LEN(prefixes), err);
}

/* --- fetching --- */

enum { BAND_PACK = 1, BAND_PROGRESS = 2, BAND_ERROR = 3 };

/* A piece of the pack, or what the server has to say about it. */
static bool take_band(const struct pkt_reader *r, struct sink *pack, struct err *err)
{
	struct slice said = { r->data + 1, r->len - 1 };

	if (r->data[0] == BAND_PACK)
		return sink_write(pack, said.ptr, said.len, err);
	if (r->data[0] == BAND_PROGRESS)
		return true;
	if (r->data[0] != BAND_ERROR)
		return confused("pack", err);
	said = slice_trim(said, "\r\n ");
	AUTO(auto_free) char *shown = str_printable(said.ptr, said.len, 400);

	return err_set(err, E_NETWORK, "the git server says: %s", shown);
}

static bool take_shallow(struct slice line, struct str_list *shallow, struct err *err)
{
	AUTO(auto_free) char *id = NULL;

	if (!slice_has_prefix(line, "shallow "))
		return true; /* "unshallow", acknowledgements: nothing to keep */
	id = mem_strndup(line.ptr + 8, line.len - 8);
	if (!git_is_commit(id))
		return confused("answer", err);
	str_list_push_take(shallow, STEAL(id));
	return true;
}

static bool is_band(const struct pkt_reader *r)
{
	return r->kind == PKT_LINE && r->len && r->data[0] <= BAND_ERROR && r->data[0] >= BAND_PACK;
}

/*
 * Both versions send lines (shallow commits, acknowledgements, names of sections), with flushes or
 * delimiters between, then the pack in bands, then a flush.
 */
static bool take_answer(struct source *from, struct sink *pack, struct str_list *shallow,
			struct err *err)
{
	AUTO(auto_free) struct pkt_reader *r = reader_new(from);
	bool begun = false;

	for (int lines = 0; lines < LINES_MAX; lines += !begun) {
		if (!pkt_read(r, err))
			return false;
		if (r->kind == PKT_END || (begun && r->kind == PKT_FLUSH))
			return begun || err_set(err, E_NETWORK, "the git server sent no pack");
		begun = begun || is_band(r);
		if (r->kind == PKT_LINE &&
		    !(begun ? take_band(r, pack, err) : take_shallow(pkt_text(r), shallow, err)))
			return false;
	}
	return confused("answer", err);
}

static void put_common(struct buf *out, const struct smart_fetch *f)
{
	for (size_t i = 0; f->haves && i < f->haves->len; i++)
		pkt_put(out, "shallow %s\n", f->haves->items[i]);
	/* git's own number for "all of it" */
	pkt_put(out, "deepen %d\n", f->whole_history ? 0x7fffffff : 1);
}

static void put_haves(struct buf *out, const struct smart_fetch *f)
{
	for (size_t i = 0; f->haves && i < f->haves->len; i++)
		pkt_put(out, "have %s\n", f->haves->items[i]);
	pkt_put(out, "done\n");
}

static bool is_thin(const struct smart *s, const struct smart_fetch *f)
{
	return s->can_thin && f->haves && f->haves->len;
}

static void put_v2(const struct smart *s, struct buf *out, const struct smart_fetch *f)
{
	begin_command(s, out, "fetch");
	if (is_thin(s, f))
		pkt_put(out, "thin-pack\n");
	pkt_put(out, "ofs-delta\n");
	pkt_put(out, "no-progress\n");
	for (size_t i = 0; i < f->want_count; i++)
		pkt_put(out, "want %s\n", f->wants[i]);
	put_common(out, f);
	put_haves(out, f);
	pkt_put_flush(out);
}

static void put_old(const struct smart *s, struct buf *out, const struct smart_fetch *f)
{
	for (size_t i = 0; i < f->want_count; i++)
		pkt_put(out, "want %s%s%s%s\n", f->wants[i],
			i ? "" : " side-band-64k ofs-delta no-progress ", i ? "" : agent,
			!i && is_thin(s, f) ? " thin-pack" : "");
	if (s->can_shallow)
		put_common(out, f);
	pkt_put_flush(out);
	put_haves(out, f);
}

bool smart_fetch(struct smart *s, const struct smart_fetch *f, struct sink *pack,
		 struct str_list *shallow, struct err *err)
{
	AUTO(buf_free) struct buf request = BUF_INIT(64 * MIB);
	struct source *from;

	if (s->version == 2)
		put_v2(s, &request, f);
	else
		put_old(s, &request, f);
	return s->transport->ask(s->transport, &from, &request, err) &&
	       take_answer(from, pack, shallow, err);
}
