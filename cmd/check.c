// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cmd/backends.h"
#include "cmd/check_report.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/find.h"
#include "cmd/lookup.h"
#include "image/image.h"
#include "runtime/check_start.h"

/* rtbuild check: an artifact against its backend's rules. */

struct check_args {
	const char *artifact, *backend, *python, *lithops, *platform;
	struct str_list rules, ignore, templates;
	bool list, documents, run;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG_OPTIONAL("IMAGE|FILE.zip",        struct check_args, artifact,  "what is checked: an image of the store, a registry, oci:DIR, an archive; or a zip"),
	OPT_TEXT('b', "backend", "NAME",          struct check_args, backend,   "by the rules of which backend: `rtbuild template list`"),
	OPT_TEXT(0,   "python", "X.Y",            struct check_args, python,    "the Python that must be in it (default: any of the backend's)"),
	OPT_TEXT(0,   "lithops", "VERSION",       struct check_args, lithops,   "the client's Lithops, which must be in it"),
	OPT_TEXT(0,   "platform", "OS/ARCH",      struct check_args, platform,  "the platform it must be for (default: of an image, its own)"),
	OPT_LIST(0,   "rule", "ID",               struct check_args, rules,     "this rule alone; several are fine"),
	OPT_LIST(0,   "ignore", "ID",             struct check_args, ignore,    "not this rule"),
	OPT_FLAG(0,   "documents",                struct check_args, documents, "only rules that manifest and configuration answer: no layer is read"),
	OPT_FLAG(0,   "run",                      struct check_args, run,       "also start its Python: import Lithops, compile the entry point (`executed`, else `static`)"),
	OPT_LIST(0,   "templates", "DIR|GIT-URL", struct check_args, templates, "more backends, as DIR/NAME/backend.yaml"),
	OPT_FLAG(0,   "list",                     struct check_args, list,      "list the rules, with -b those of the backend, and stop"),
	OPT_END
};
/* clang-format on */

/* --- the list --- */

static json_t *rule_json(const struct check_rule *r)
{
	static const char *const needs[] = { "manifest", "documents", "listing", "contents" };

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "id", r->id, "severity",
			 check_severity_name(r->severity), "needs", needs[r->need], "about",
			 r->about, "source", r->source, "cure", r->cure);
}

static json_t *backends_of(const struct check_rule *r, const struct backend_table *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->len; i++)
		if (!t->items[i].variant && r->applies(&t->items[i]))
			json_array_append_new(list, json_string(t->items[i].name));
	return list;
}

static bool list_rules(struct session *s, const struct backend_table *t, const struct backend *b,
		       struct err *err)
{
	AUTO(buf_free) struct buf page = BUF_INIT(LIMIT_TEMPLATE);
	AUTO(auto_json_decref) json_t *all = json_array();

	for (size_t i = 0; i < check_rule_count; i++) {
		const struct check_rule *r = &check_rules[i];
		json_t *doc;

		if (b && !r->applies(b))
			continue;
		doc = rule_json(r);
		json_object_set_new(doc, "backends", backends_of(r, t));
		json_array_append_new(all, doc);
		buf_putf(&page, "%-20s %-8s %s\n", r->id, check_severity_name(r->severity),
			 r->about);
	}
	return s->options.json ? session_print_json(all, err)
			       : session_print_raw(page.ptr, page.len, err);
}

/* --- what is checked --- */

struct subject {
	struct reader *reader;
	struct place place;
	struct registry_document document;
	struct image image;
	struct zip *zip;
	struct platform platform;
};

static void subject_free(struct subject *s)
{
	image_free(&s->image);
	registry_document_free(&s->document);
	reader_close(s->reader);
	place_free(&s->place);
	zip_close(s->zip);
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool open_zip(struct subject *sub, struct check_request *req, const char *path,
		     struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0) {
		err_set_errno(err, "%s", path);
		return err_hint(err, "the artifact of %s is a zip: a file here",
				req->backend->name);
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return err_set(err, E_INPUT, "%s is no file", path);
	}
	req->zip_size = st.st_size;
	if (!zip_open(&sub->zip, fd, path, err))
		return false;
	req->zip = sub->zip;
	return true;
}

static bool read_config(struct buf *out, struct reader *from, const struct descriptor *d,
			struct err *err)
{
	AUTO(auto_source_close) struct source *bytes = NULL;
	struct sink_buf to = sink_buf(out);

	return from->blobs->open(from->blobs, &bytes, d, err) &&
	       source_copy(bytes, &to.sink, NULL, err);
}

/* The configuration of what is no image must not hinder the rule that says so. */
static bool read_image(struct subject *sub, const struct check_request *req, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(buf_free) struct buf config = BUF_INIT(LIMIT_CONFIG);
	struct registry_document *doc = &sub->document;
	struct manifest m;

	(void)req;
	return manifest_parse(&m, doc->raw, doc->len, doc->content_type, &arena, err) &&
	       read_config(&config, sub->reader, &m.config, err) &&
	       image_open(&sub->image, doc->raw, doc->len, doc->content_type, config.ptr,
			  config.len, sub->reader->blobs, err);
}

static bool open_image(struct subject *sub, struct check_request *req, struct session *s,
		       const struct check_args *args, struct err *err)
{
	if (!lookup_open(&sub->reader, &sub->place, s, args->artifact, true, err) ||
	    !sub->reader->root(sub->reader, &sub->document, err) ||
	    !manifest_sniff(&req->root, sub->document.raw, sub->document.len,
			    sub->document.content_type, err))
		return false;
	/* of one manifest the platform is a rule's, not a choice */
	if (req->root == MEDIA_INDEX &&
	    !lookup_platform(&sub->document, sub->reader, args->platform, s, err))
		return false;
	if (!read_image(sub, req, err) || !session_store(&req->store, s, err))
		return false;
	req->image = &sub->image;
	return true;
}

static bool open_subject(struct subject *sub, struct check_request *req, struct session *s,
			 const struct check_args *args, struct err *err)
{
	bool is_zip =
		str_eq(req->backend->artifact, "zip") || str_eq(req->backend->artifact, "layer");

	if (str_eq(req->backend->artifact, "host"))
		return err_set(err, E_USAGE, "%s runs on %s: there is no artifact",
			       req->backend->name, req->backend->title);
	if (is_zip && args->run) {
		err_set(err, E_USAGE, "--run: a zip has no Python of its own");
		return err_hint(err, "its platform brings one: leave --run out");
	}
	if (is_zip)
		return open_zip(sub, req, args->artifact, err);
	if (str_has_suffix(args->artifact, ".zip") && is_file(args->artifact)) {
		err_set(err, E_USAGE, "%s takes an image, and %s is a zip", req->backend->name,
			args->artifact);
		return err_hint(err, "aws_lambda:layer, gcp_functions, ... take zips");
	}
	return open_image(sub, req, s, args, err);
}

/* --run: what no file tells. A broken rule is told first. */
static bool start_python(struct check_report *report, const struct subject *sub,
			 const struct check_request *req, struct session *s, struct err *err)
{
	const struct check_start_request start = { .backend = req->backend,
						   .image = &sub->image,
						   .store = req->store,
						   .sandbox = s->sandbox };

	return report->errors ||
	       (fetch_layers(s, &sub->image, err) && check_start(report, &start, err));
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct check_args *args = arg;
	AUTO(backend_table_free) struct backend_table table = { 0 };
	AUTO(subject_free) struct subject sub = { 0 };
	AUTO(check_report_free) struct check_report report = { 0 };
	struct check_request req = { .python = args->python,
				     .lithops = args->lithops,
				     .only = &args->rules,
				     .except = &args->ignore,
				     .depth = args->documents ? CHECK_DOCUMENTS : CHECK_CONTENTS };

	if (!backends_load(&table, s, &args->templates, err) ||
	    (args->backend && !backend_find(&req.backend, &table, args->backend, err)))
		return false;
	if (args->list)
		return list_rules(s, &table, req.backend, err);
	if (!args->backend) {
		err_set(err, E_USAGE, "by the rules of which backend?");
		return err_hint(err, "-b NAME, one of `rtbuild template list`");
	}
	if (!args->artifact)
		return err_set(err, E_USAGE, "what is to be checked?");
	if (args->platform) {
		if (!session_platform(&sub.platform, args->platform, err))
			return false;
		req.platform = &sub.platform;
	}
	if ((args->python && !backend_python(&req.python, req.backend, args->python, err)) ||
	    !open_subject(&sub, &req, s, args, err) || !check_run(&report, &req, err))
		return false;
	if (args->run && !start_python(&report, &sub, &req, s, err))
		return err_wrap(err, "%s", args->artifact);
	return check_report_show(s, &report, req.backend, args->artifact, err);
}

const struct cmd cmd_check = {
	.name = "check",
	.summary = "check an image or zip by its backend's rules",
	.about = "Nothing is run without --run. Layers are read only as far as a rule needs their "
		 "files, and "
		 "file lists "
		 "that were read once are kept. Exit status 1 when a rule says no; warnings are "
		 "only shown.",
	.example = "  rtbuild check registry.example.com/me/rt:1 -b aws_lambda\n"
		   "  rtbuild check layer.zip -b aws_lambda:layer --python 3.11\n"
		   "  rtbuild check --list -b k8s",
	.opts = opts,
	.args_size = sizeof(struct check_args),
	.flags = CMD_SANDBOX,
	.run = run,
};
