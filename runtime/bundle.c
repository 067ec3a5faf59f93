// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/destination.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"
#include "builder/rootfs.h"
#include "registry/archive_write.h"
#include "templates/render.h"

struct bundle {
	const struct bundle_request *req;
	const char *dir;
	char *name;
	struct map values; /* of the template files */
	struct events *events;
};

static void bundle_free(struct bundle *b)
{
	free(b->name);
	map_free(&b->values);
}

bool bundle_is_made(const struct backend *b)
{
	return str_eq(b->artifact, "sif") || str_eq(b->artifact, "vm");
}

char *bundle_name(const char *runtime)
{
	const char *slash = strrchr(runtime, '/');
	char *name = mem_strdup(slash ? slash + 1 : runtime);

	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			*p = '-';
	if (*name == '.')
		*name = '_';
	return name;
}

/* --- values --- */

/* In a systemd unit: specifiers, quotes and escapes taken from a value. */
static void put_unit_word(struct buf *out, const char *text)
{
	for (const char *p = text; *p; p++)
		buf_putf(out, "%s%c", *p == '%' ? "%" : strchr("\"\\", *p) ? "\\" : "", *p);
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static void put_variables(struct bundle *b)
{
	const json_t *env = config_member(&b->req->image->config, "Env"), *item;
	AUTO(buf_free) struct buf text = BUF_INIT(4 * LIMIT_CONFIG);
	size_t i;

	json_array_foreach(env, i, item)
	{
		const char *variable = json_string_value(item);

		if (has_control(variable)) {
			event_warn(b->events,
				   "a variable of %zu bytes holds control characters, which a "
				   "unit cannot: it is left out",
				   strlen(variable));
			continue;
		}
		buf_put(&text, "Environment=\"");
		put_unit_word(&text, variable);
		buf_put(&text, "\"\n");
	}
	map_put_text(&b->values, "variables", text.ptr);
}

/* The command as words: of a unit, or of a shell. */
static void put_command(struct bundle *b)
{
	const json_t *command = b->req->backend->command, *item;
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);
	size_t i;

	if (json_is_string(command))
		buf_put(&text, json_string_value(command));
	json_array_foreach(command, i, item)
	{
		buf_put(&text, i ? " \"" : "\"");
		put_unit_word(&text, json_string_value(item));
		buf_put(&text, "\"");
	}
	map_put_text(&b->values, "start", text.ptr);
	map_put_text(&b->values, "runscript", text.ptr);
}

static bool init(struct bundle *b, struct err *err)
{
	const struct render_options opt = { .python = b->req->python };
	const struct platform platform = image_platform(b->req->image);
	bool arm64 = str_eq(platform.architecture, "arm64");

	b->name = bundle_name(b->req->runtime);
	if (!render_values(&b->values, b->req->backend, &opt, err))
		return false;
	map_put_text(&b->values, "runtime", b->req->runtime);
	map_put_text(&b->values, "file", b->name);
	map_put_text(&b->values, "machine", arm64 ? "aarch64" : "x86_64");
	put_variables(b);
	put_command(b);
	return true;
}

/* --- files --- */

static bool write_text(const struct bundle *b, const char *template, const char *name, mode_t mode,
		       struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(4 * LIMIT_TEMPLATE);
	AUTO(auto_free) char *path = mem_printf("%s/%s", b->dir, name);

	return render_file(&text, b->req->table, b->req->backend, template, &b->values, err) &&
	       fs_write_path_atomic(path, text.ptr, text.len, mode, err);
}

static bool write_archive(const struct bundle *b, const char *path, struct err *err)
{
	const struct manifest *m = &b->req->image->manifest;
	const struct archive_root root = { .media_type = m->media_type,
					   .raw = m->raw,
					   .raw_len = m->raw_len };
	const struct archive_request request = { .format = ARCHIVE_OCI,
						 .roots = &root,
						 .root_count = 1,
						 .blobs = b->req->image->blobs };

	return archive_write_file(path, &request, err);
}

static bool write_tree(const struct bundle *b, const char *path, struct err *err)
{
	const struct rootfs_part part = { b->req->image, "" };
	AUTO(destination_close) struct destination to = DESTINATION_INIT;

	return destination_open(&to, path, err) &&
	       rootfs_write_tar(&to.sink.sink, b->req->store, &part, 1, err) &&
	       destination_commit(&to, err);
}

/* --- kinds --- */

static char *find_builder(void)
{
	char *path = proc_find("apptainer");

	return path ? path : proc_find("singularity");
}

static bool build_sif(const struct bundle *b, const char *program, struct err *err)
{
	AUTO(auto_free) char *sif = mem_printf("%s.sif", b->name);
	AUTO(auto_free) char *def = mem_printf("%s.def", b->name);
	const char *const argv[] = { program, "build", "--force", sif, def, NULL };
	const struct proc_spec spec = {
		.argv = argv,
		.cwd = b->dir,
		.stdin_fd = -1,
		.stdout_fd = STDERR_FILENO,
		.stderr_fd = STDERR_FILENO,
	};
	uint64_t task = event_start(b->events, "%s build %s", program, sif);
	int status = 0;
	pid_t pid;

	if (!proc_start(&pid, &spec, err) || !proc_wait(&status, pid, err) || status) {
		event_failed(b->events, task);
		return status ? err_set(err, E_STEP, "%s build %s: exit status %d", program, sif,
					status)
			      : false;
	}
	event_done(b->events, task, NULL);
	return true;
}

static bool write_sif(const struct bundle *b, struct err *err)
{
	AUTO(auto_free) char *def = mem_printf("%s.def", b->name);
	AUTO(auto_free) char *archive = mem_printf("%s/%s.oci.tar", b->dir, b->name);
	AUTO(auto_free) char *program = find_builder();

	if (!write_text(b, "runtime.def", def, 0644, err) || !write_archive(b, archive, err))
		return false;
	if (!program) {
		event_note(b->events,
			   "neither apptainer nor singularity is here: `apptainer build %s.sif %s` "
			   "makes the SIF, `apptainer run oci-archive:%s.oci.tar` needs none",
			   b->name, def, b->name);
		return true;
	}
	return build_sif(b, program, err) &&
	       (unlink(archive) == 0 || err_set_errno(err, "%s", archive));
}

static bool write_vm(const struct bundle *b, struct err *err)
{
	AUTO(auto_free) char *tree = mem_printf("%s/rootfs.tar", b->dir);

	return write_tree(b, tree, err) &&
	       write_text(b, "lithops-worker.service", "lithops-worker.service", 0644, err) &&
	       write_text(b, "install.sh", "install.sh", 0755, err);
}

bool bundle_write(const char *dir, const struct bundle_request *req, struct events *events,
		  struct err *err)
{
	AUTO(bundle_free)
	struct bundle b = { .req = req, .dir = dir, .values = MAP_TEXT, .events = events };
	AUTO(auto_close) int fd = -1;

	if (!fs_open_dir_p(&fd, dir, 0755, err) || !init(&b, err))
		return err_wrap(err, "%s", dir);
	return str_eq(req->backend->artifact, "sif") ? write_sif(&b, err) : write_vm(&b, err);
}
