// SPDX-License-Identifier: Apache-2.0
#include "runtime/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/env.h"
#include "base/limits.h"
#include "base/mem.h"
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

/* The same for a handler: two backends take other files from the same wheel. */
static char *handler_identity(const struct wheel_list *wheels, const struct wheel_layout *layout,
			      const struct backend_handler *h)
{
	AUTO(auto_free) char *wheel = identity(wheels, layout);
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);
	const char *const *files = h->files.items;

	buf_putf(&text, "%s %s as %s", wheel, h->entry, h->as);
	for (size_t i = 0; i < h->files.len; i++)
		buf_putf(&text, " and %s", files[i]);
	return buf_steal(&text);
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

static bool make_layout(struct layout *out, const struct backend *b,
			const struct render_options *opt, struct err *err)
{
	const struct backend_layout l = backend_layout(b);

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

static bool select_packages(struct runtime_inputs *in, const struct runtime_request *req,
			    const struct python_profile *profile, struct events *events,
			    struct err *err)
{
	struct wheel_request want = wheel_request(req, &profile->target);
	const struct json_list *own = &req->backend->packages;
	bool own_too = !req->requirements || !req->requirements->len || req->backend->base;

	if (own_too) {
		want.requirements = own->items;
		want.requirement_count = own->len;
	}
	if (req->requirements) {
		want.files = (const char *const *)req->requirements->items;
		want.file_count = req->requirements->len;
	}
	if (!wheels_select(&in->wheels, &want, events, err) ||
	    (req->exclude_preinstalled &&
	     !runtime_drop_preinstalled(&in->wheels, profile, events, err)))
		return false;
	note_stand_ins(events, &in->wheels);
	return true;
}

static bool lay_out_packages(struct runtime_inputs *in, const struct backend *b,
			     const struct python_target *target, const struct render_options *opt,
			     struct err *err)
{
	AUTO(layout_free) struct layout texts = { 0 };
	struct wheel_layout layout;

	if (!make_layout(&texts, b, opt, err))
		return false;
	layout = (struct wheel_layout){ .site = texts.site,
					.scripts = texts.scripts,
					.data = texts.data,
					.headers = texts.headers,
					.interpreter = texts.interpreter,
					.minor = target->minor };
	in->packages_identity = identity(&in->wheels, &layout);
	return wheels_merge(&in->packages, &in->wheels, &layout, err) &&
	       entry_list_add_parents(&in->packages, err) &&
	       (!b->base ||
		wheel_groups_make(&in->groups, &in->wheels, &in->packages, &layout, err));
}

/* A copy of `e` under another path. */
static void add_copy(struct entry_list *to, const struct entry *e, const char *path)
{
	struct entry *copy = entry_add(to, e->kind, path);
	const char *own_path = copy->path;

	*copy = *e;
	copy->path = own_path;
}

/*
 * The content of Lithops' handler zip: the package as it is below lithops/, and
 * the backend's entry point once more under the name the backend starts.
 */
static bool lay_out_handler(struct runtime_inputs *in, const struct backend *b, struct err *err)
{
	static const struct wheel_layout layout = { .site = "site",
						    .interpreter = "/usr/bin/python3" };
	AUTO(entry_list_free) struct entry_list all = { 0 };
	const char *const *files = b->handler.files.items;
	bool found = false;

	if (!wheel_entries(&all, &in->lithops.items[0], &layout, err))
		return false;
	for (size_t i = 0; i < all.len; i++) {
		const struct entry *e = &all.items[i];
		const char *path = e->path + strlen("site/");
		AUTO(auto_free) char *below = NULL;

		if (e->kind != ENTRY_FILE || !str_has_prefix(e->path, "site/lithops/"))
			continue;
		below = b->handler.site ? mem_printf("%s/%s", b->handler.site, path)
					: mem_strdup(path);
		add_copy(&in->handler, e, below);
		if (str_eq(path, b->handler.entry)) {
			add_copy(&in->handler, e, b->handler.as);
			found = true;
		}
	}
	if (!found) {
		err_set(err, E_NOT_FOUND, "lithops %s has no %s", in->lithops.items[0].version,
			b->handler.entry);
		return err_hint(err, "this wheel does not know the backend %s", b->name);
	}
	for (size_t i = 0; i < b->handler.files.len; i++)
		entry_add_bytes(&in->handler, files[i], "", 0);
	/* what the wheel list still owns (its zip) outlives the entries: both are in `in` */
	arena_adopt(&in->handler.arena, &all.arena);
	in->handler_identity = handler_identity(&in->lithops, &layout, &b->handler);
	return entry_list_add_parents(&in->handler, err);
}

static bool select_lithops(struct runtime_inputs *in, const struct runtime_request *req,
			   const struct python_target *target, struct events *events,
			   struct err *err)
{
	static const char *const only[] = { "lithops" };
	struct wheel_request want = wheel_request(req, target);

	want.requirements = only;
	want.requirement_count = 1;
	want.no_deps = true; /* what Lithops needs is in the backend's package list */
	if (!wheels_select(&in->lithops, &want, events, err))
		return false;
	note_stand_ins(events, &in->lithops);
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

/* A RUN sees no file of this machine. */
static bool check_installer(const struct runtime_request *req, struct err *err)
{
	if (!backend_is_image(req->backend) || req->installer != INSTALLER_PIP ||
	    !req->requirements || !req->requirements->len)
		return true;
	err_set(err, E_USAGE, "--installer pip takes no requirements file");
	return err_hint(err,
			"wheels installs it; or RUN pip in a Dockerfile: rtbuild template "
			"render -b %s --installer pip",
			req->backend->name);
}

bool runtime_inputs_make(struct runtime_inputs *in, const struct runtime_request *req,
			 struct events *events, struct err *err)
{
	const struct backend *b = req->backend;
	struct platform_text platform = platform_format(&req->platform);
	struct render_options opt = { .base = req->base, .installer = req->installer };
	AUTO(python_profile_free) struct python_profile profile = { 0 };
	const struct python_target *target = &profile.target;

	*in = (struct runtime_inputs){ .dockerfile = BUF_INIT(LIMIT_DOCKERFILE) };
	if (!check_installer(req, err) || !backend_python(&in->python, b, req->python, err) ||
	    !backend_check_platform(b, platform.text, err) ||
	    !runtime_target_make(&profile, req, in->python, events, err))
		return false;
	opt.python = in->python;
	if (b->handler.entry && !select_lithops(in, req, target, events, err))
		return false;
	opt.lithops_version = b->handler.entry ? in->lithops.items[0].version : NULL;
	if (!render_field(&in->default_name, b, b->naming.def, &opt, err))
		return false;
	if (req->installer == INSTALLER_WHEELS) {
		if (!select_packages(in, req, &profile, events, err) ||
		    !lay_out_packages(in, b, target, &opt, err))
			return false;
		add_context(in, "python-packages", &in->packages, in->packages_identity);
		divide_packages(in);
	}
	if (b->handler.entry) {
		if (!lay_out_handler(in, b, err))
			return false;
		add_context(in, "lithops-handler", &in->handler, in->handler_identity);
	}
	return !b->base || render_dockerfile(&in->dockerfile, req->table, b, &opt, err);
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
	wheel_list_free(&in->lithops);
	free(in->packages_identity);
	free(in->handler_identity);
	*in = (struct runtime_inputs){ 0 };
}
