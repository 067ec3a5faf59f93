// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/repository.h"
#include "registry/remove.h"
#include "registry/sync_list.h"
#include "registry/tags.h"

/* rtbuild sync: repositories kept alike by a list. */

struct sync_args {
	const char *file, *jobs;
	bool plan, dry_run, prune;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("FILE",            struct sync_args, file,    "the list, YAML; - is standard input"),
	OPT_FLAG(0,   "plan",      struct sync_args, plan,    "only say what would be copied and deleted"),
	OPT_FLAG(0,   "dry-run",   struct sync_args, dry_run, "the same"),
	OPT_FLAG(0,   "prune",     struct sync_args, prune,   "delete tags of the destinations that the list does not name"),
	OPT_TEXT('j', "jobs", "N", struct sync_args, jobs,    "so many blobs or questions at once (default: 6)"),
	OPT_END
};
/* clang-format on */

struct syncing {
	struct session *s;
	const struct sync_args *args;
	size_t jobs;
	bool plan;
	json_t *list;
	size_t copied, unchanged, pruned;
	uint64_t bytes;
	size_t failed;
	struct err first; /* of the failed entries */
};

static bool wants(const void *entry, const char *tag)
{
	return sync_entry_wants(entry, tag);
}

/* --- pruning --- */

static bool doomed_tags(struct str_list *out, struct syncing *y, const struct sync_entry *e,
			const struct str_list *wanted, struct err *err)
{
	static const struct tags_request all;
	AUTO(str_list_free) struct str_list have = { 0 };
	struct registry *registry;
	struct err why = { 0 };

	if (!session_registry(&registry, y->s, err))
		return false;
	if (!registry_tags(&have, NULL, registry, &e->to, &all, &why) && why.code != E_NOT_FOUND) {
		*err = why;
		return false;
	}
	for (size_t i = 0; i < have.len; i++) {
		const char *suffix;
		struct digest ignored;

		/* What speaks of an image goes with the image's digest, or stays harmless. */
		if (!str_list_has(wanted, have.items[i]) &&
		    !tags_is_of_digest(&ignored, &suffix, have.items[i]))
			str_list_push(out, have.items[i]);
	}
	str_list_sort(out);
	return true;
}

/* Where only digests can be deleted, a manifest goes when none of its tags is to stay. */
static bool prune_tag(bool *gone_out, struct syncing *y, const struct sync_entry *e,
		      const struct str_list *doomed, const char *tag, struct err *err)
{
	AUTO(remove_result_free) struct remove_result result = { 0 };
	const struct remove_options options = { .also = doomed };
	struct reference at = e->to;
	struct registry *registry;
	struct err why = { 0 };

	*gone_out = true;
	if (!session_registry(&registry, y->s, err) || !reference_set_tag(&at, tag, err))
		return false;
	if (y->plan || registry_remove(&result, registry, &at, &options, &why) ||
	    why.code == E_NOT_FOUND) /* it went with another tag */
		return true;
	*gone_out = false;
	if (why.code == E_NEGATIVE) {
		event_warn(y->s->events, "%s stays: %s", tag, why.msg);
		return true;
	}
	*err = why;
	return false;
}

static bool prune(json_t *item, struct syncing *y, const struct sync_entry *e,
		  const struct str_list *wanted, struct err *err)
{
	AUTO(str_list_free) struct str_list doomed = { 0 };
	json_t *list = json_array();

	json_object_set_new(item, "pruned", list);
	if (!wanted->len) {
		err_set(err, E_INPUT, "no tag of %s is wanted, so all of %s would go",
			reference_name(&e->from).text, reference_name(&e->to).text);
		return err_hint(err, "check the patterns; rtbuild delete deletes tags by name");
	}
	if (!doomed_tags(&doomed, y, e, wanted, err))
		return false;
	for (size_t i = 0; i < doomed.len; i++) {
		bool gone;

		if (!prune_tag(&gone, y, e, &doomed, doomed.items[i], err))
			return false;
		if (!gone)
			continue;
		y->pruned++;
		json_array_append_new(list, json_string(doomed.items[i]));
		event_note(y->s->events, "%s %s:%s", y->plan ? "would delete" : "deleted",
			   reference_name(&e->to).text, doomed.items[i]);
	}
	return true;
}

/* --- */

static bool sync_entry(struct syncing *y, const struct sync_entry *e, struct err *err)
{
	AUTO(repository_report_free) struct repository_report r = { 0 };
	struct place from = { .kind = PLACE_REGISTRY, .is_explicit = true, .reference = e->from };
	struct place to = { .kind = PLACE_REGISTRY, .is_explicit = true, .reference = e->to };
	const struct repository_request request = {
		.from = &from,
		.to = &to,
		.wants = wants,
		.arg = e,
		.options = { .platforms = e->platforms,
			     .platform_count = e->platform_count,
			     .no_signatures = e->no_referrers,
			     .plan = y->plan,
			     .ask_first = true,
			     .jobs = y->jobs },
	};
	json_t *item = json_object();

	json_array_append_new(y->list, item);
	json_object_set_new(item, "from", json_string(reference_name(&e->from).text));
	json_object_set_new(item, "to", json_string(reference_name(&e->to).text));
	if (!repository_copy(&r, y->s, &request, err))
		return false;
	y->copied += r.copied;
	y->unchanged += r.unchanged;
	y->bytes += r.bytes_sent;
	json_object_set_new(item, "tags", json_integer((json_int_t)r.tags.len));
	json_object_set_new(item, "copied", json_integer((json_int_t)r.copied));
	json_object_set_new(item, "unchanged", json_integer((json_int_t)r.unchanged));
	json_object_set(item, "images", r.images);
	if (!r.tags.len)
		event_warn(y->s->events, "%s: no tag is wanted by the list",
			   reference_name(&e->from).text);
	return !y->args->prune || prune(item, y, e, &r.tags, err);
}

/* One entry that fails does not keep the others from being done; the first failure is the
 * command's. */
static bool sync_all(struct syncing *y, const struct sync_list *list, struct err *err)
{
	for (size_t i = 0; i < list->len; i++) {
		struct err why = { 0 };

		if (sync_entry(y, &list->items[i], &why))
			continue;
		if (!y->failed++)
			y->first = why;
		if (why.code == E_CANCELLED)
			break;
		event_warn(y->s->events, "%s: %s", reference_name(&list->items[i].from).text,
			   why.msg);
	}
	if (!y->failed)
		return true;
	*err = y->first;
	return y->failed > 1 &&
	       err_wrap(err, "%zu of %zu entries failed, first", y->failed, list->len);
}

static bool print(struct syncing *y, struct err *err)
{
	AUTO(auto_free) char *line = NULL;
	json_t *doc = json_object();

	json_object_set(doc, "sync", y->list);
	json_object_set_new(doc, "copied", json_integer((json_int_t)y->copied));
	json_object_set_new(doc, "unchanged", json_integer((json_int_t)y->unchanged));
	json_object_set_new(doc, "pruned", json_integer((json_int_t)y->pruned));
	json_object_set_new(doc, "failed", json_integer((json_int_t)y->failed));
	json_object_set_new(doc, "blob_bytes_sent", json_integer((json_int_t)y->bytes));
	json_object_set_new(doc, "plan", json_boolean(y->plan));
	line = mem_printf("%s %zu tags, %s; %zu there already; %s %zu",
			  y->plan ? "would copy" : "copied", y->copied,
			  str_format_size(y->bytes).text, y->unchanged,
			  y->plan ? "would delete" : "deleted", y->pruned);
	return session_result(y->s, doc, line, err);
}

static bool read_list(struct sync_list *out, const char *file, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	bool is_stdin = str_eq(file, "-");

	return (is_stdin ? fs_read_fd(&text, 0, text.max, err)
			 : fs_read_path(&text, file, text.max, err)) &&
	       sync_list_parse(out, text.ptr, text.len, is_stdin ? "standard input" : file, err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct sync_args *args = arg;
	AUTO(sync_list_free) struct sync_list list = { 0 };
	AUTO(auto_json_decref) json_t *items = json_array();
	struct syncing y = {
		.s = s, .args = args, .plan = args->plan || args->dry_run, .list = items
	};
	struct err failure = { 0 };
	bool ok;

	if (!copying_jobs(&y.jobs, args->jobs, err) || !read_list(&list, args->file, err))
		return false;
	ok = sync_all(&y, &list, &failure);
	if (!print(&y, err))
		return false;
	if (!ok)
		*err = failure;
	return ok;
}

const struct cmd cmd_sync = {
	.name = "sync",
	.summary = "keep repositories alike, by a list",
	.about =
		"FILE lists repositories: sync: [{from: HOST/NAME, to: HOST/NAME, tags: [...], "
		"exclude: [...], platforms: [...], referrers: true}]. A pattern of tags is a glob, "
		"/a regular expression/ or a range of versions (>=1.2 <2, ^1.4). What is there "
		"already is not moved: doing it again costs one question a tag and side.",
	.example = "  rtbuild sync --plan mirror.yaml\n"
		   "  rtbuild sync --prune mirror.yaml",
	.opts = opts,
	.args_size = sizeof(struct sync_args),
	.run = run,
};
