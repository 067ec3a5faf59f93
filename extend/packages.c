// SPDX-License-Identifier: Apache-2.0
#include "extend/packages.h"

#include <string.h>

#include "base/mem.h"
#include "extend/bake.h"
#include "extend/stdlib.h"
#include "python/elf_check.h"

/* From requirements to one layer. */

/* PYTHONPATH stands in front of the standard library, unlike the site-packages that wheels are made
 * for: "opt/lithops/packages/typing.py" would be the worker's typing. */
static bool check_shadow(const struct entry_list *entries, struct err *err)
{
	static const size_t skip = sizeof(BAKE_PACKAGES "/") - 1;

	for (size_t i = 0; i < entries->len; i++) {
		const struct entry *e = &entries->items[i];
		AUTO(auto_free) char *name = NULL;

		if (strlen(e->path) <= skip || strchr(e->path + skip, '/') ||
		    (e->kind == ENTRY_FILE && !str_has_suffix(e->path, ".py")))
			continue;
		name = mem_strndup(e->path + skip, strcspn(e->path + skip, "."));
		if (str_has_suffix(e->path, ".dist-info") ||
		    (!str_eq(name, "lithops") && !stdlib_has(name)))
			continue;
		err_set(err, E_INPUT,
			"the packages bring a module '%s', which would hide %s in "
			"the worker",
			name,
			str_eq(name, "lithops") ? "the image's own Lithops"
						: "Python's own module of that name");
		return err_hint(err, "leave it out of the requirements: the image has it");
	}
	return true;
}

static bool make_target(struct python_target *out, const struct packages_request *req,
			struct err *err)
{
	if (req->python)
		return python_target_make(out, req->python, &req->platform, req->libc, err);
	err_set(err, E_INPUT, "packages: the base (%s) does not say which Python it has",
		platform_format(&req->platform).text);
	return err_hint(err, "say it: --python X.Y");
}

static void say_packages(struct str_list *names_out, const struct wheel_list *wheels,
			 struct events *events)
{
	for (size_t i = 0; i < wheels->len; i++) {
		const struct wheel *w = &wheels->items[i];

		event_note(events, "bakes package %s %s%s", w->name, w->version,
			   w->requested ? "" : ", which another one requires");
		if (names_out)
			str_list_push_take(names_out, mem_printf("%s %s", w->name, w->version));
	}
}

bool packages_write(struct layer *out, struct str_list *names_out, struct store *store,
		    const struct packages_request *req, struct events *events, struct err *err)
{
	struct python_target target;
	const struct wheel_request want = {
		.target = &target,
		.files = req->files,
		.file_count = req->file_count,
		.find_links = req->find_links,
		.find_links_count = req->find_links_count,
		.indexes = req->indexes,
	};
	struct wheel_layout layout = { .site = BAKE_PACKAGES };
	AUTO(wheel_list_free) struct wheel_list wheels = { 0 };
	AUTO(entry_list_free) struct entry_list entries = { 0 };

	if (!make_target(&target, req, err) || !wheels_select(&wheels, &want, events, err) ||
	    !elf_check_wheels(&wheels, &target, store, events, err))
		return false;
	layout.minor = target.minor;
	if (!wheels_merge(&entries, &wheels, &layout, err) || !check_shadow(&entries, err))
		return false;
	say_packages(names_out, &wheels, events);
	return entry_list_add_parents(&entries, err) &&
	       layer_write(out, store, &entries, &req->layer, err);
}
