// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/wheel_sources.h"
#include "layers/entry_dir.h"
#include "python/elf_check.h"
#include "python/targets.h"

/* rtbuild python install: packages in a directory, for any target. */

struct install_args {
	struct str_list requirements, files;
	struct wheel_args wheels;
	const char *output, *python, *platform, *libc, *target, *precompile;
	bool no_deps;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARGS("REQUIREMENT",                struct install_args, requirements, "a requirement, or the path of a wheel (./x.whl)"),
	OPT_LIST('r', "requirements", "FILE",  struct install_args, files,        "requirements in files, as pip takes them"),
	OPT_TEXT('o', "output", "DIR",         struct install_args, output,       "where they go: a directory that is not there yet, or an empty one"),
	OPT_TEXT(0,   "python", "X.Y",         struct install_args, python,       "Python version (default: 3.11)"),
	OPT_TEXT(0,   "platform", "OS/ARCH",   struct install_args, platform,     "the platform they are for (default: this machine's)"),
	OPT_TEXT(0,   "libc", "NAME-VERSION",  struct install_args, libc,         "its C library (default: glibc-2.36)"),
	OPT_TEXT(0,   "target", "NAME|FILE.json", struct install_args, target,    "instead of these three: `rtbuild python target list`, or a document of it"),
	OPT_TEXT(0,   "precompile", "PYTHON",  struct install_args, precompile,   "bytecode for all modules, by this interpreter of the same minor version"),
	OPT_FLAG(0,   "no-deps",               struct install_args, no_deps,      "these alone, without what they require"),
	OPTS_WHEELS(struct install_args, wheels),
	OPT_END
};
/* clang-format on */

static bool find_target(struct python_profile *out, const struct install_args *args,
			struct err *err)
{
	struct platform platform;

	if (args->target && (args->python || args->platform || args->libc))
		return err_set(err, E_USAGE, "--target %s says the %s already", args->target,
			       args->python     ? "Python"
			       : args->platform ? "platform"
						: "C library");
	if (args->target)
		return python_profile_find(out, args->target, err);
	return session_platform(&platform, args->platform, err) &&
	       python_target_make(&out->target, args->python ? args->python : "3.11", &platform,
				  args->libc, err);
}

/* As `pip install --target` has it: everything below one directory. */
static bool lay_out(struct entry_list *out, const struct wheel_list *wheels,
		    const struct python_profile *p, struct precompiler *precompiler,
		    struct err *err)
{
	AUTO(auto_free) char *env = mem_printf("/usr/bin/env python3.%d", p->target.minor);
	const struct wheel_layout layout = {
		.site = "",
		.scripts = "bin",
		.data = "",
		.headers = "include/python",
		.interpreter = p->interpreter ? p->interpreter : env,
		.minor = p->target.minor,
		.precompiler = precompiler,
	};

	return wheels_merge(out, wheels, &layout, err) && entry_list_add_parents(out, err);
}

static bool write_out(const struct entry_list *entries, const char *path,
		      struct precompiler *precompiler, struct events *events, struct err *err)
{
	precompiler_report(precompiler, events);
	return entry_dir_write(entries, path, err);
}

static json_t *document(const struct wheel_list *wheels, const char *path)
{
	json_t *doc = json_object(), *packages = json_array();

	for (size_t i = 0; i < wheels->len; i++) {
		json_t *package = json_object();

		json_object_set_new(package, "name", json_string(wheels->items[i].name));
		json_object_set_new(package, "version", json_string(wheels->items[i].version));
		json_object_set_new(package, "file", json_string(wheels->items[i].filename));
		json_array_append_new(packages, package);
	}
	json_object_set_new(doc, "path", json_string(path));
	json_object_set_new(doc, "packages", packages);
	return doc;
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct install_args *args = arg;
	AUTO(wheel_sources_free) struct wheel_sources sources = { 0 };
	AUTO(python_profile_free) struct python_profile profile = { 0 };
	AUTO(wheel_list_free) struct wheel_list wheels = { 0 };
	AUTO(auto_precompiler_close) struct precompiler *precompiler = NULL;
	AUTO(entry_list_free) struct entry_list entries = { 0 };
	struct wheel_request want = {
		.target = &profile.target,
		.files = (const char *const *)args->files.items,
		.file_count = args->files.len,
		.requirements = (const char *const *)args->requirements.items,
		.requirement_count = args->requirements.len,
		.indexes = &sources.indexes,
		.no_deps = args->no_deps,
	};

	if (!args->output || (!args->files.len && !args->requirements.len)) {
		err_set(err, E_USAGE, args->output ? "install what?" : "install where?");
		return err_hint(err, "rtbuild python install -o DIR REQUIREMENT...");
	}
	if (!find_target(&profile, args, err) ||
	    !wheel_sources_make(&sources, s, &args->wheels, err))
		return false;
	want.find_links = (const char *const *)sources.find_links.items;
	want.find_links_count = sources.find_links.len;
	return wheels_select(&wheels, &want, s->events, err) &&
	       elf_check_wheels(&wheels, &profile.target, NULL, s->events, err) &&
	       (!args->precompile ||
		precompiler_open(&precompiler, args->precompile, profile.target.minor, err)) &&
	       lay_out(&entries, &wheels, &profile, precompiler, err) &&
	       write_out(&entries, args->output, precompiler, s->events, err) &&
	       session_result(s, s->options.json ? document(&wheels, args->output) : NULL,
			      args->output, err);
}

const struct cmd cmd_python_install = {
	.name = "install",
	.summary = "packages in a directory, as pip install --target does, for any target",
	.about = "No Python is needed here, and the directory may be for another architecture. "
		 "Programs are in bin/, headers in include/.",
	.example = "  rtbuild python install -o packages --python 3.12 --platform linux/arm64 "
		   "requests",
	.opts = opts,
	.args_size = sizeof(struct install_args),
	.run = run,
};
