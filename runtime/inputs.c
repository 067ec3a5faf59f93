// SPDX-License-Identifier: Apache-2.0
#include "runtime/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/env.h"
#include "base/limits.h"
#include "base/mem.h"
#include "python/elf_check.h"
#include "runtime/target.h"

/* From a backend and packages to what the builder takes. Building is cmd/'s call. */

void runtime_default_find_links(struct str_list *out, const char *store_path)
{
	const char *from_env = env_get("RTBUILD_FIND_LINKS");
	struct slice rest = slice_of(from_env);
	AUTO(auto_free) char *own = mem_printf("%s/wheels", store_path);
	struct stat st;

	if (from_env)
		while (rest.ptr) {
			struct slice dir = slice_cut(rest, ':', &rest);

			if (dir.len)
				str_list_push_take(out, mem_strndup(dir.ptr, dir.len));
		}
	else if (stat(own, &st) == 0 && S_ISDIR(st.st_mode))
		str_list_push_take(out, STEAL(own));
}

/* What stands for the files in the builder's cache keys. The caller frees. */
static char *identity(const struct wheel_list *wheels, const struct wheel_layout *layout)
{
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	wheels_identity(hash, wheels, layout);
	hex_format(hex, hash, sizeof(hash));
	return mem_strdup(hex);
}

static void note_stand_ins(struct events *events, const struct wheel_list *wheels)
{
	for (size_t i = 0; i < wheels->len; i++) {
		const struct wheel *w = &wheels->items[i];

		if (strstr(w->version, "+standin"))
			event_note(events, "%s %s is a stand-in: %s", w->name, w->version,
				   w->summary ? w->summary : "not the real package");
	}
}

/* The backend's layout texts, filled. */
struct layout {
	char *site, *scripts, *data, *headers, *interpreter;
};

static void layout_free(struct layout *l)
{
	free(l->site);
	free(l->scripts);
	free(l->data);
	free(l->headers);
	free(l->interpreter);
}

static bool fill(char **out, const struct backend *b, const char *field,
		 const struct render_options *opt, struct err *err)
{
	return !field || render_field(out, b, field, opt, err);
}

/* A Python that was found in the base has its own places. */
static bool make_layout(struct layout *out, const struct backend *b, const struct base_python *base,
			const struct render_options *opt, struct err *err)
{
	const struct backend_layout found = { base->site, base->scripts, base->data, base->headers,
					      base->interpreter };
	const struct backend_layout l = base->site ? found : backend_layout(b);

	return fill(&out->site, b, l.site, opt, err) &&
	       fill(&out->scripts, b, l.scripts, opt, err) &&
	       fill(&out->data, b, l.data, opt, err) &&
	       fill(&out->headers, b, l.headers, opt, err) &&
	       fill(&out->interpreter, b, l.interpreter, opt, err);
}

static struct wheel_request wheel_request(const struct runtime_request *req,
					  const struct python_target *target)
{
	struct wheel_request out = { .target = target, .indexes = req->indexes };

	if (req->find_links) {
		out.find_links = (const char *const *)req->find_links->items;
		out.find_links_count = req->find_links->len;
	}
	return out;
}

static bool by_base(const struct runtime_request *req)
{
	return req->precompile && str_eq(req->precompile, "base");
}

static bool open_precompiler(struct runtime_inputs *in, const struct runtime_request *req,
			     int minor, struct events *events, struct err *err)
{
	struct build_env env = { .store = req->store,
				 .registry = req->registry,
				 .sandbox = req->sandbox,
				 .events = events,
				 .company = req->company };
	struct precompiler_host host;

	if (!by_base(req) || !in->base.interpreter)
		return precompiler_open(&in->precompiler, req->precompile, minor, err);
	return base_interpreter_open(&in->interpreter, &host, &env, in->base_name, &req->platform,
				     in->base.interpreter, err) &&
	       precompiler_open_in(&in->precompiler, &host, minor, err);
}

static size_t count_of(const struct str_list *list)
{
	return list ? list->len : 0;
}

/* The backend's own packages, where they are not replaced, and those of the request. */
static void put_words(struct str_list *out, const struct runtime_request *req)
{
	const char *const *own = req->backend->packages.items;
	bool replaced = count_of(req->requirements) || count_of(req->packages);

	for (size_t i = 0; (!replaced || req->backend->base) && i < req->backend->packages.len; i++)
		str_list_push(out, own[i]);
	for (size_t i = 0; i < count_of(req->packages); i++)
		str_list_push(out, req->packages->items[i]);
}

static bool select_packages(struct runtime_inputs *in, const struct runtime_request *req,
			    const struct python_profile *profile, struct events *events,
			    struct err *err)
{
	AUTO(str_list_free) struct str_list words = { 0 };
	struct wheel_request want = wheel_request(req, &profile->target);

	put_words(&words, req);
	want.requirements = (const char *const *)words.items;
	want.requirement_count = words.len;
	if (req->requirements) {
		want.files = (const char *const *)req->requirements->items;
		want.file_count = req->requirements->len;
	}
	if (req->constraints) {
		want.constraints = (const char *const *)req->constraints->items;
		want.constraint_count = req->constraints->len;
	}
	want.prereleases = req->prereleases;
	want.no_deps = req->no_deps;
	if (!wheels_select(&in->wheels, &want, events, err) ||
	    (req->exclude_preinstalled &&
	     !runtime_drop_preinstalled(&in->wheels, profile, events, err)) ||
	    !elf_check_wheels(&in->wheels, &profile->target, req->store, events, err))
		return false;
	note_stand_ins(events, &in->wheels);
	return !req->precompile || open_precompiler(in, req, profile->target.minor, events, err);
}

static bool lay_out_packages(struct runtime_inputs *in, const struct backend *b,
			     const struct python_target *target, const struct render_options *opt,
			     struct events *events, struct err *err)
{
	AUTO(layout_free) struct layout texts = { 0 };
	struct wheel_layout layout;

	if (!make_layout(&texts, b, &in->base, opt, err))
		return false;
	layout = (struct wheel_layout){ .site = texts.site,
					.scripts = texts.scripts,
					.data = texts.data,
					.headers = texts.headers,
					.interpreter = texts.interpreter,
					.minor = target->minor,
					.precompiler = in->precompiler };
	in->packages_identity = identity(&in->wheels, &layout);
	if (!wheels_merge(&in->packages, &in->wheels, &layout, err))
		return false;
	precompiler_report(in->precompiler, events);
	if (!b->base)
		runtime_warn_of_pth(&in->packages, layout.site, events);
	return entry_list_add_parents(&in->packages, err) &&
	       (!b->base ||
		wheel_groups_make(&in->groups, &in->wheels, &in->packages, &layout, err));
}

static void add_context(struct runtime_inputs *in, const char *name,
			const struct entry_list *entries, const char *content)
{
	in->contexts[in->context_count++] = (struct build_context){
		.name = name,
		.kind = BUILD_CONTEXT_ENTRIES,
		.entries = entries,
		.identity = content,
	};
}

/* Lithops and what the backend starts: laid out for its own Dockerfile, and for a user's as the zip
 * that Lithops would have made. */
static bool make_handler(struct runtime_inputs *in, const struct runtime_request *req,
			 struct err *err)
{
	const struct backend *b = req->backend;
	AUTO(buf_free) struct buf zip = BUF_INIT(LIMIT_HANDLER_ZIP);

	if (!handler_layout(&in->handler, &in->handler_identity, &in->lithops, b, err))
		return false;
	add_context(in, "lithops-handler", &in->handler, in->handler_identity);
	if (!req->dockerfile || !b->handler.zip)
		return true;
	if (!handler_zip(&zip, &in->lithops, b, err))
		return false;
	entry_add_bytes(&in->context_files, b->handler.zip, zip.ptr, zip.len);
	return true;
}

/* The packages' context comes in the parts that other runtimes have, too. */
static void divide_packages(struct runtime_inputs *in)
{
	struct build_context *c = &in->contexts[in->context_count - 1];

	in->parts = mem_alloc((in->groups.len + 1) * sizeof(*in->parts));
	for (size_t i = 0; i < in->groups.len; i++) {
		const struct wheel_group *g = &in->groups.items[i];

		in->parts[i] = (struct build_group){ g->title, &g->entries, g->identity };
	}
	c->groups = in->parts;
	c->group_count = in->groups.len;
}

static bool find_lithops(struct runtime_inputs *in, const struct runtime_request *req,
			 const struct python_target *target, struct events *events, struct err *err)
{
	const struct wheel_request wheels = wheel_request(req, target);

	if (!lithops_find(&in->lithops, req->lithops, &wheels, events, err))
		return false;
	note_stand_ins(events, &in->lithops.wheels);
	return true;
}

static bool has_requirements(const struct runtime_request *req)
{
	return count_of(req->requirements);
}

/* Whether packages are laid out from wheels here; a Dockerfile of the user's says it by copying
 * them. */
static bool lays_out(const struct runtime_request *req)
{
	return req->dockerfile ? strstr(req->dockerfile->ptr, "python-packages") != NULL
			       : req->installer == INSTALLER_WHEELS;
}

/* What is said of packages must reach those who install them. */
static bool check_installer(const struct runtime_request *req, struct err *err)
{
	if (!backend_is_image(req->backend) || lays_out(req))
		return true;
	if (req->dockerfile && has_requirements(req) &&
	    !strstr(req->dockerfile->ptr, "python-requirements")) {
		err_set(err, E_USAGE, "-r, and the Dockerfile takes nothing of it");
		return err_hint(err, "COPY --from=python-packages / / in it has the packages, "
				     "--from=python-requirements the files");
	}
	if (pylock_choice_is_made(req->indexes ? req->indexes->choice : NULL))
		return err_set(err, E_USAGE,
			       "--extra and --group choose from a pylock.toml, and packages are "
			       "installed by the Dockerfile's pip");
	if (!req->precompile)
		return true;
	err_set(err, E_USAGE, "--precompile, and packages are installed by the Dockerfile's pip");
	return err_hint(err, "pip makes bytecode itself; --installer wheels takes the option");
}

/* The user's files for pip, and where the Dockerfile finds them. */
static bool add_pip_files(struct runtime_inputs *in, const struct runtime_request *req,
			  struct render_options *opt, struct err *err)
{
	if (!pip_files_read(&in->pip_files, req->requirements, err))
		return false;
	add_context(in, "python-requirements", &in->pip_files.entries, in->pip_files.identity);
	opt->requirement_files = &in->pip_files.paths;
	opt->hashed = in->pip_files.hashed;
	return true;
}

/* Whether the base decides what packages are for: the user's, and a template's whose row does not
 * say its C library; not those of the named targets. */
static bool asks_base(const struct runtime_request *req)
{
	const struct backend *b = req->backend;

	if (!b->base || !req->registry || !req->store || req->dockerfile || req->target)
		return false;
	if (by_base(req) && !(req->base && str_eq(req->base, "scratch")))
		return true;
	return req->base ? !str_eq(req->base, "scratch")
			 : !b->libc.len && !str_has_prefix(b->base, "python:{{python}}-slim-") &&
				   !str_eq(b->base, "scratch");
}

/* What the base image tells goes into the request, `text` has the version. */
static bool ask_base(struct runtime_inputs *in, struct runtime_request *req, char **text,
		     struct events *events, struct err *err)
{
	const struct backend *b = req->backend;
	const struct build_env env = { .store = req->store,
				       .registry = req->registry,
				       .events = events,
				       .company = req->company };
	struct base_python_request look = { .env = &env,
					    .platform = req->platform,
					    .pull = req->pull,
					    .libc_only = b->layout.site != NULL,
					    .python = req->python,
					    .libc = req->libc };
	struct render_options opt = { .base = req->base, .installer = req->installer };
	AUTO(auto_free) char *own = NULL;

	if (!backend_python(&opt.python, b, req->python, err) ||
	    (!req->base && !render_field(&own, b, b->base, &opt, err)))
		return false;
	in->base_name = own ? STEAL(own) : mem_strdup(req->base);
	look.base = in->base_name;
	if (!base_python_find(&in->base, &look, err))
		return false;
	if (!req->libc)
		req->libc = in->base.libc;
	if (!platform_matches(&in->base.platform, &req->platform))
		req->platform = in->base.platform;
	if (in->base.minor < 0)
		return true;
	*text = mem_printf("3.%d.%d", in->base.minor, in->base.patch);
	req->full_python = *text;
	req->python = arena_printf(&in->base.arena, "3.%d", in->base.minor);
	return backend_python(&opt.python, b, req->python, err) ||
	       err_wrap(err, "base %s", look.base);
}

bool runtime_inputs_make(struct runtime_inputs *in, const struct runtime_request *asked,
			 struct events *events, struct err *err)
{
	struct runtime_request told = *asked, *req = &told;
	const struct backend *b = req->backend;
	struct platform_text platform;
	struct render_options opt = { .base = req->base,
				      .installer = req->installer,
				      .pip_options = req->pip_options };
	AUTO(auto_free) char *version = NULL;
	AUTO(python_profile_free) struct python_profile profile = { 0 };
	const struct python_target *target = &profile.target;

	*in = (struct runtime_inputs){ .dockerfile = BUF_INIT(LIMIT_DOCKERFILE),
				       .lithops = LITHOPS_INIT };
	if (!check_installer(req, err) ||
	    (asks_base(req) && !ask_base(in, req, &version, events, err)))
		return false;
	platform = platform_format(&req->platform);
	if (!backend_python(&in->python, b, req->python, err) ||
	    !backend_check_platform(b, platform.text, err) ||
	    !runtime_target_make(&profile, req, in->python, events, err))
		return false;
	opt.python = in->python;
	if (b->handler.entry && !find_lithops(in, req, target, events, err))
		return false;
	opt.lithops_version = in->lithops.version;
	if (!render_field(&in->default_name, b, b->naming.def, &opt, err))
		return false;
	if (lays_out(req)) {
		if (!select_packages(in, req, &profile, events, err) ||
		    !lay_out_packages(in, b, target, &opt, events, err))
			return false;
		add_context(in, "python-packages", &in->packages, in->packages_identity);
		divide_packages(in);
	} else if (has_requirements(req) && !add_pip_files(in, req, &opt, err)) {
		return false;
	}
	if (b->handler.entry && !make_handler(in, req, err))
		return false;
	return !b->base || req->dockerfile ||
	       render_dockerfile(&in->dockerfile, req->table, b, &opt, err);
}

void runtime_inputs_free(struct runtime_inputs *in)
{
	free(in->default_name);
	buf_free(&in->dockerfile);
	entry_list_free(&in->packages);
	entry_list_free(&in->handler);
	free(in->parts);
	wheel_groups_free(&in->groups);
	wheel_list_free(&in->wheels);
	entry_list_free(&in->context_files);
	pip_files_free(&in->pip_files);
	base_python_free(&in->base);
	lithops_free(&in->lithops);
	precompiler_close(in->precompiler);
	base_interpreter_close(in->interpreter);
	free(in->base_name);
	free(in->packages_identity);
	free(in->handler_identity);
	*in = (struct runtime_inputs){ 0 };
}
