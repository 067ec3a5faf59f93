// SPDX-License-Identifier: Apache-2.0
#include "extend/packages.h"

#include <string.h>

#include "base/mem.h"
#include "extend/bake.h"
#include "extend/stdlib.h"
#include "python/elf_check.h"

/* From requirements to one layer. */

/* The module that a path below the packages' directory makes importable; NULL: none. The caller
 * frees. "typing.py", "_json.abi3.so" and "enum/__init__.py" do; a directory without that file
 * stands behind every module of its name (PEP 420). */
static char *top_module(const char *path)
{
	size_t len = strcspn(path, "/");
	bool is_module = path[len] ? str_eq(path + len, "/__init__.py")
				   : str_has_suffix(path, ".py") || str_has_suffix(path, ".so");

	return is_module ? mem_strndup(path, strcspn(path, "./")) : NULL;
}

/* PYTHONPATH stands in front of the standard library, unlike the site-packages that wheels are made
 * for: "opt/lithops/packages/typing.py" would be the worker's typing. */
static bool check_shadow(const struct entry_list *entries, struct err *err)
{
	static const char top[] = BAKE_PACKAGES "/";

	for (size_t i = 0; i < entries->len; i++) {
		const char *path = entries->items[i].path;
		AUTO(auto_free)
		char *name = str_has_prefix(path, top) ? top_module(path + sizeof(top) - 1) : NULL;
		bool is_lithops = name && str_eq(name, "lithops");

		if (!name || (!is_lithops && !stdlib_has(name)))
			continue;
		err_set(err, E_INPUT,
			"the packages bring a module '%s', which would hide %s in "
			"the worker",
			name,
			is_lithops ? "the image's own Lithops"
				   : "Python's own module of that name");
		return err_hint(err, "leave it out of the requirements: the image has it");
	}
	return true;
}

/* Scripts and headers are left out: nothing looks for them there. */
static struct wheel_layout layout_of(const struct packages *p)
{
	return (struct wheel_layout){ .site = BAKE_PACKAGES, .minor = p->target.minor };
}

void packages_free(struct packages *p)
{
	wheel_list_free(&p->wheels);
	*p = (struct packages){ 0 };
}

bool packages_choose(struct packages *out, const struct packages_request *req,
		     struct events *events, struct err *err)
{
	const struct wheel_request want = {
		.target = &out->target,
		.files = req->files,
		.file_count = req->file_count,
		.find_links = req->find_links,
		.find_links_count = req->find_links_count,
		.indexes = req->indexes,
	};

	*out = (struct packages){ 0 };
	if (python_target_make(&out->target, req->python, &req->platform, req->libc, err) &&
	    wheels_select(&out->wheels, &want, events, err))
		return true;
	packages_free(out);
	return false;
}

struct packages_hash packages_identity(const struct packages *p)
{
	const struct wheel_layout layout = layout_of(p);
	unsigned char hash[SHA256_SIZE];
	struct packages_hash out;

	wheels_identity(hash, &p->wheels, &layout);
	hex_format(out.text, hash, sizeof(hash));
	return out;
}

void packages_names(struct str_list *out, const struct packages *p)
{
	for (size_t i = 0; i < p->wheels.len; i++)
		str_list_push_take(out, mem_printf("%s %s", p->wheels.items[i].name,
						   p->wheels.items[i].version));
}

static void say_packages(const struct packages *p, struct events *events)
{
	for (size_t i = 0; i < p->wheels.len; i++) {
		const struct wheel *w = &p->wheels.items[i];

		event_note(events, "bakes package %s %s%s", w->name, w->version,
			   w->requested ? "" : ", which another one requires");
	}
}

bool packages_write(struct layer *out, struct store *store, const struct packages *p,
		    const struct layer_options *options, struct events *events, struct err *err)
{
	const struct wheel_layout layout = layout_of(p);
	AUTO(entry_list_free) struct entry_list entries = { 0 };

	if (!elf_check_wheels(&p->wheels, &p->target, store, events, err) ||
	    !wheels_merge(&entries, &p->wheels, &layout, err) || !check_shadow(&entries, err))
		return false;
	say_packages(p, events);
	return entry_list_add_parents(&entries, err) &&
	       layer_write(out, store, &entries, options, err);
}
