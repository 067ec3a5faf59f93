// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/wheel_sources.h"
#include "python/lock.h"
#include "python/name.h"
#include "runtime/target.h"

/* rtbuild python lock: what would be installed, pinned and hashed. */

struct lock_args {
	const char *python, *platform, *libc, *target, *output;
	struct str_list packages, requirements, constraints, upgrade_packages;
	struct wheel_args wheels;
	bool upgrade, prereleases, no_deps;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARGS("REQUIREMENT...",             struct lock_args, packages,         "packages, as pip takes them: 'numpy>=1.26' requests"),
	OPT_LIST('r', "requirements", "FILE",  struct lock_args, requirements,     "a requirements file, or a lock; may be a URL"),
	OPT_LIST('c', "constraint", "FILE",    struct lock_args, constraints,      "versions of what something else asks for"),
	OPT_TEXT('o', "output", "FILE",        struct lock_args, output,           "where to write it: pylock.toml and pylock.NAME.toml as PEP 751 says, else requirements with hashes (default: stdout, as is -)"),
	OPT_FLAG('U', "upgrade",               struct lock_args, upgrade,          "take the newest versions; else those of FILE are kept while they satisfy"),
	OPT_LIST('P', "upgrade-package", "NAME", struct lock_args, upgrade_packages, "the same for this one"),
	OPT_FLAG(0,   "pre",                   struct lock_args, prereleases,      "take pre-releases too"),
	OPT_FLAG(0,   "no-deps",               struct lock_args, no_deps,          "only what is named, not what that requires"),
	OPT_GROUP("The Python it is for"),
	OPT_TEXT(0,   "python", "X.Y",         struct lock_args, python,           "Python version (default: 3.11)"),
	OPT_TEXT(0,   "platform", "OS/ARCH",   struct lock_args, platform,         "linux/amd64, linux/arm64 (default: this machine's)"),
	OPT_TEXT(0,   "libc", "NAME-VERSION",  struct lock_args, libc,             "glibc-2.34, musl-1.2 (default: glibc-2.36)"),
	OPT_TEXT(0,   "target", "NAME|FILE.json", struct lock_args, target,        "instead of these three: `rtbuild python target list`, or a document of it"),
	OPT_GROUP("Where wheels come from"),
	OPTS_WHEELS(struct lock_args, wheels),
	OPT_END
};
/* clang-format on */

static bool is_stdout(const struct lock_args *args)
{
	return !args->output || session_is_stdout(args->output);
}

static bool make_target(struct python_profile *out, const struct lock_args *args, struct err *err)
{
	struct runtime_request want = { .python = args->python, .libc = args->libc };

	if (!session_platform(&want.platform, args->platform, err))
		return false;
	if (args->target)
		return runtime_request_target(&want, out, args->target, args->platform, err);
	return python_target_make(&out->target, args->python ? args->python : "3.11",
				  &want.platform, args->libc, err);
}

/* What the file that is there has, but for what is to be upgraded. */
static bool read_preferences(struct map *out, const struct lock_args *args, struct err *err)
{
	AUTO(arena_free) struct arena a = { 0 };
	struct stat st;

	/* what is no file has nothing from before */
	if (args->upgrade || is_stdout(args) ||
	    (stat(args->output, &st) == 0 && !S_ISREG(st.st_mode)))
		return true;
	if (!lock_read_versions(out, args->output, err)) {
		err_wrap(err, "the lock that is there");
		return err_hint(err, "write it anew with --upgrade");
	}
	for (size_t i = 0; i < args->upgrade_packages.len; i++) {
		struct slice name = slice_of(args->upgrade_packages.items[i]);

		if (!name_is_valid(name)) {
			err_set(err, E_USAGE, "--upgrade-package takes a name, not '" SLICE_FMT "'",
				SLICE_ARG(name));
			return err_hint(err, "say which version by -c or as a requirement");
		}
		map_remove(out, name_normalize(&a, name));
	}
	return true;
}

static bool write_lock(struct session *s, const struct lock_args *args, const struct buf *text,
		       struct err *err)
{
	json_t *doc = NULL;

	if (is_stdout(args))
		return session_print_raw(text->ptr, text->len, err);
	if (!fs_write_path_atomic(args->output, text->ptr, text->len, 0644, err))
		return false;
	if (s->options.json) {
		doc = json_object();
		json_object_set_new(doc, "path", json_string(args->output));
	}
	return session_result(s, doc, args->output, err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct lock_args *args = arg;
	AUTO(wheel_sources_free) struct wheel_sources sources = { 0 };
	AUTO(python_profile_free) struct python_profile target = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TOML);
	AUTO(map_free) struct map preferences = { 0 };
	const struct lock_options options = { lock_format_of(args->output ? args->output : "-"),
					      is_stdout(args) ? NULL : args->output };

	if (!args->packages.len && !args->requirements.len) {
		err_set(err, E_USAGE, "what to lock is not said");
		return err_hint(err, "name packages, or a file by -r");
	}
	if (!make_target(&target, args, err) || !read_preferences(&preferences, args, err) ||
	    !wheel_sources_make(&sources, s, &args->wheels, err))
		return false;
	const struct wheel_request want = {
		.target = &target.target,
		.files = (const char *const *)args->requirements.items,
		.file_count = args->requirements.len,
		.requirements = (const char *const *)args->packages.items,
		.requirement_count = args->packages.len,
		.constraints = (const char *const *)args->constraints.items,
		.constraint_count = args->constraints.len,
		.find_links = (const char *const *)sources.find_links.items,
		.find_links_count = sources.find_links.len,
		.indexes = &sources.indexes,
		.preferences = &preferences,
		.prereleases = args->prereleases,
		.no_deps = args->no_deps,
		.only_choose = true,
	};
	return lock_make(&text, &want, &options, s->events, err) && write_lock(s, args, &text, err);
}

const struct cmd cmd_python_lock = {
	.name = "lock",
	.summary = "choose packages for a Python elsewhere, and write them down with hashes",
	.about =
		"No Python is needed here. The lock pins everything that would be installed for "
		"one "
		"Python, architecture and C library. It has the hashes of all wheels of each "
		"version, so that other architectures install from it as well, where their markers "
		"ask for the same packages (pylock.toml says which); source archives are left out, "
		"so that nothing is ever built from it. `-r` takes it wherever packages are taken, "
		"and so do pip and uv.",
	.example =
		"  rtbuild python lock -r requirements.txt --python 3.12 --platform linux/arm64 -o "
		"lock.txt\n"
		"  rtbuild python lock numpy requests --target lambda-python3.12-arm64 -o "
		"pylock.toml",
	.opts = opts,
	.args_size = sizeof(struct lock_args),
	.run = run,
};
