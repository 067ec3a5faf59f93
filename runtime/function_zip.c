// SPDX-License-Identifier: Apache-2.0
#include "runtime/function_zip.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "python/logical_line.h"

/* From a backend's inputs and its zip section to one list of files, checked, then written. */

struct job {
	const struct function_zip_request *req;
	const struct backend *backend;
	struct runtime_inputs in;
	const char *name;  /* of the runtime */
	struct map values; /* what the texts may use */
	struct entry_list all;
};

static void job_free(struct job *job)
{
	entry_list_free(&job->all);
	map_free(&job->values);
	runtime_inputs_free(&job->in);
}

/* --- settings --- */

static bool has_choice(const struct backend_zip_setting *s, const char *value)
{
	const char *const *values = s->values.items;

	for (size_t i = 0; i < s->values.len; i++)
		if (str_eq(values[i], value))
			return true;
	return !s->values.len;
}

static bool refuse_value(const struct backend_zip_setting *s, const char *value, struct err *err)
{
	AUTO(buf_free) struct buf all = BUF_INIT(LIMIT_TEMPLATE);
	const char *const *values = s->values.items;

	for (size_t i = 0; i < s->values.len; i++)
		buf_putf(&all, "%s%s", i ? ", " : "", values[i]);
	err_set(err, E_USAGE, "%s cannot be '%s'", s->name, value);
	return err_hint(err, "it is one of %s", all.ptr);
}

/* "trigger", "pub/sub" -> "trigger_pubsub" */
static char *section_name(const char *setting, const char *value)
{
	char *name = mem_printf("%s_%s", setting, value);
	char *to = name + strlen(setting) + 1;

	for (const char *p = to; *p; p++)
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9'))
			*to++ = *p;
	*to = '\0';
	return name;
}

static bool add_setting(struct job *job, const struct backend_zip_setting *s, struct err *err)
{
	const char *const *values = s->values.items;
	const char *given = job->req->settings ? map_text(job->req->settings, s->name) : NULL;
	const char *value = given ? given : s->values.len ? values[0] : "";

	if (!has_choice(s, value))
		return refuse_value(s, value, err);
	map_put_text(&job->values, s->name, value);
	for (size_t i = 0; i < s->values.len; i++) {
		AUTO(auto_free) char *section = section_name(s->name, values[i]);

		map_put_text(&job->values, section, str_eq(values[i], value) ? "yes" : "");
	}
	return true;
}

static const struct backend_zip_setting *find_setting(const struct backend *b, const char *name)
{
	const struct backend_zip_setting *all = b->zip.settings.items;

	for (size_t i = 0; i < b->zip.settings.len; i++)
		if (str_eq(all[i].name, name))
			return &all[i];
	return NULL;
}

static bool check_settings(const struct function_zip_request *req, struct err *err)
{
	const struct backend *b = req->runtime.backend;
	const struct backend_zip_setting *all = b->zip.settings.items;
	AUTO(buf_free) struct buf names = BUF_INIT(LIMIT_TEMPLATE);

	for (size_t i = 0; i < b->zip.settings.len; i++)
		buf_putf(&names, "%s%s", i ? ", " : "", all[i].name);
	for (size_t i = 0; req->settings && i < req->settings->len; i++) {
		const char *name = req->settings->items[i].key;

		if (find_setting(b, name))
			continue;
		err_set(err, E_USAGE, "the zip of %s does not depend on '%s'", b->name, name);
		return b->zip.settings.len ? err_hint(err, "it depends on %s", names.ptr)
					   : err_hint(err, "it depends on no setting");
	}
	return true;
}

/*
 * Lithops names the queues of Azure's trigger by 12 hex digits over the storage account, the
 * runtime, its own version and the trigger (azure_functions.py, _get_function_identity).
 */
static bool make_queue_id(char **out, const struct job *job, struct err *err)
{
	const char *account = map_text(&job->values, "storage_account_name");
	AUTO(auto_free) char *text = NULL;
	unsigned char hash[SHA1_SIZE];
	char hex[2 * SHA1_SIZE + 1];

	if (!*account) {
		err_set(err, E_USAGE,
			"the queues of %s are named by the storage account: "
			"storage_account_name is not set",
			job->backend->name);
		return err_hint(err, "--setting storage_account_name=NAME, or "
				     "--setting trigger=https, which needs no queues");
	}
	text = mem_printf("%s-%s-%s-%s", account, job->name, job->in.lithops.version,
			  map_text(&job->values, "trigger"));
	sha1_of(hash, text, strlen(text));
	hex_format(hex, hash, sizeof(hash));
	*out = mem_strndup(hex, 12);
	return true;
}

/* Values that are computed, and the section that alone uses them. */
static const struct derived {
	const char *name, *section;
	bool (*make)(char **out, const struct job *job, struct err *err);
} derived[] = {
	{ "queue_id", "trigger_pubsub", make_queue_id },
};

static bool add_values(struct job *job, struct err *err)
{
	const struct backend *b = job->backend;
	const struct render_options opt = { .python = job->in.python,
					    .lithops_version = job->in.lithops.version,
					    .installer = job->req->runtime.installer };
	const struct backend_zip_setting *settings = b->zip.settings.items;

	if (!render_values(&job->values, b, &opt, err))
		return false;
	map_put_text(&job->values, "runtime", fs_basename(job->name));
	for (size_t i = 0; i < b->zip.settings.len; i++)
		if (!add_setting(job, &settings[i], err))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(derived); i++) {
		const char *section = map_text(&job->values, derived[i].section);
		AUTO(auto_free) char *value = NULL;

		if (!section)
			continue;
		if (*section && !derived[i].make(&value, job, err))
			return false;
		map_put_text(&job->values, derived[i].name, value ? value : "");
	}
	return true;
}

/* --- files --- */

static bool add_texts(struct job *job, struct err *err)
{
	const struct backend_zip_file *files = job->backend->zip.files.items;

	for (size_t i = 0; i < job->backend->zip.files.len; i++) {
		AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);

		if (!render_file(&text, job->req->runtime.table, job->backend, files[i].from,
				 &job->values, err))
			return false;
		entry_add_bytes(&job->all, files[i].path, text.ptr, text.len);
	}
	return true;
}

/* "-r more.txt" would name a file that is not in the zip. */
static bool check_line(const struct line_reader *reader, const struct logical_line *line,
		       struct err *err)
{
	static const char *const options[] = { "-r", "--requirement", "-c", "--constraint" };

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		size_t len = strlen(options[i]);

		/* pip takes "-rFILE", too, and every beginning of a long name that is no other's */
		if (!str_has_prefix(line->text, options[i]) ||
		    (len > 2 && !strchr(" \t=s", line->text[len])))
			continue;
		err_set(err, E_UNSUPPORTED, "the platform would not find the file this line names");
		err_hint(err, "put its lines here, or `rtbuild python lock` all into one file");
		return line_fail_at(reader, line, 0, err);
	}
	return true;
}

static bool add_requirement_file(struct buf *out, const char *path, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_REQUIREMENTS);
	struct line_reader reader;
	bool ok, more = true;

	if (!fs_read_path(&text, path, LIMIT_REQUIREMENTS, err))
		return err_wrap(err, "%s", path);
	line_reader_open(&reader, &arena, path, (struct slice){ text.ptr, text.len });
	do {
		struct logical_line line;

		ok = line_reader_next(&line, &more, &reader, err) &&
		     (!more || check_line(&reader, &line, err));
	} while (ok && more);
	line_reader_close(&reader);
	return ok && buf_append(out, text.ptr, text.len, err) &&
	       (!text.len || text.ptr[text.len - 1] == '\n' || buf_append(out, "\n", 1, err));
}

/* What the platform's own pip is given: the user's files as they are, else the backend's list. */
static bool add_requirements(struct job *job, struct err *err)
{
	const struct str_list *files = job->req->runtime.requirements;
	const char *const *own = job->backend->packages.items;
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_REQUIREMENTS);

	for (size_t i = 0; files && i < files->len; i++)
		if (!add_requirement_file(&text, files->items[i], err))
			return false;
	for (size_t i = 0; (!files || !files->len) && i < job->backend->packages.len; i++)
		buf_putf(&text, "%s\n", own[i]);
	entry_add_bytes(&job->all, job->backend->zip.requirements, text.ptr, text.len);
	return true;
}

static void add_files(struct entry_list *to, const struct entry_list *from)
{
	for (size_t i = 0; i < from->len; i++)
		if (from->items[i].kind == ENTRY_FILE)
			*ARRAY_PUSH(to) = from->items[i];
}

/* A package may not replace what the backend starts: the platform would run something else. */
static bool check_twice(const struct job *job, struct err *err)
{
	for (size_t i = 1; i < job->all.len; i++) {
		const char *path = job->all.items[i].path;

		if (!str_eq(path, job->all.items[i - 1].path))
			continue;
		err_set(err, E_INPUT, "a package and the handler of %s both bring %s",
			job->backend->name, path);
		return err_hint(err, "lithops itself is added by rtbuild: leave it out of the "
				     "requirements");
	}
	return true;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static bool collect(struct job *job, struct err *err)
{
	bool by_platform = job->req->runtime.installer == INSTALLER_PIP;

	if (!add_texts(job, err) || (by_platform && !add_requirements(job, err)))
		return false;
	add_files(&job->all, &job->in.handler);
	add_files(&job->all, &job->in.packages);
	qsort(job->all.items, job->all.len, sizeof(*job->all.items), by_path);
	return check_twice(job, err) && entry_list_sort(&job->all, err);
}

/* --- limits --- */

static bool check_unpacked(const struct job *job, struct err *err)
{
	const struct wheel_layout layout = { .site = "site",
					     .interpreter = "/usr/bin/python3",
					     .precompiler = job->in.precompiler };
	uint64_t max = (uint64_t)job->backend->unpacked_max;
	AUTO(zip_shares_free) struct zip_shares shares = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);
	struct zip_file size;

	zip_file_measure(&size, &job->all);
	if (!max || size.unpacked <= max)
		return true;
	if (!zip_shares_make(&shares, &job->in.wheels, &layout, err))
		return false;
	zip_shares_largest(&text, &shares);
	err_set(err, E_NEGATIVE, "the zip unpacks to %llu bytes; %s takes %llu. Largest: %s",
		(unsigned long long)size.unpacked, job->backend->name, (unsigned long long)max,
		text.len ? text.ptr : "the handler");
	return err_hint(err, "leave packages out, or use a backend that takes images");
}

static bool init(struct job *job, const struct function_zip_request *req, struct events *events,
		 struct err *err)
{
	job->req = req;
	job->backend = req->runtime.backend;
	assert(job->backend->zip.name);
	if (!check_settings(req, err) || !runtime_inputs_make(&job->in, &req->runtime, events, err))
		return false;
	job->name = req->name ? req->name : job->in.default_name;
	return add_values(job, err);
}

bool function_zip_name(char **out, const struct function_zip_request *req, struct err *err)
{
	const struct backend *b = req->runtime.backend;
	struct render_options opt = { 0 };
	AUTO(map_free) struct map values = { 0 };
	AUTO(auto_free) char *own = NULL;
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);

	if (!backend_python(&opt.python, b, req->runtime.python, err) ||
	    !render_field(&own, b, b->naming.def, &opt, err) ||
	    !render_values(&values, b, &opt, err))
		return false;
	map_put_text(&values, "runtime", fs_basename(req->name ? req->name : own));
	if (!render_text(&text, b->name, b->zip.name, strlen(b->zip.name), &values, err))
		return false;
	*out = buf_steal(&text);
	return true;
}

bool function_zip_write(struct zip_file *out, const struct function_zip_request *req,
			const char *path, struct events *events, struct err *err)
{
	AUTO(job_free) struct job job = { 0 };
	uint64_t task;

	if (!init(&job, req, events, err) || !collect(&job, err) || !check_unpacked(&job, err))
		return false;
	task = event_start(events, "zip %zu packages", job.in.wheels.len);
	if (!zip_file_write(out, &job.all, (uint64_t)job.backend->zip.packed_max, path, err)) {
		event_failed(events, task);
		return false;
	}
	event_done(events, task, "%zu files, %s", out->files, str_format_size(out->packed).text);
	return true;
}
