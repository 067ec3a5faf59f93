// SPDX-License-Identifier: Apache-2.0
#include "extend/spec.h"

#include <string.h>

#include "base/mem.h"

/* From the request to the files: locates the function, then collects its modules. */

static bool collect(struct spec *s, const struct locate_request *req, struct err *err)
{
	struct target *t = &s->target;
	struct slice source = { .ptr = t->source.ptr, .len = t->source.len };
	AUTO(auto_free) char *top = mem_strdup(t->module);
	bool is_package = strchr(t->path, '/') != NULL;

	if (strchr(top, '.'))
		*strchr(top, '.') = '\0';
	if (is_package ? !modules_add_name(&s->modules, t->root, top, err)
		       : !modules_add_source(&s->modules, t->root, top, t->shown, source,
					     &t->outline, err))
		return false;
	for (size_t i = 0; i < req->module_count; i++) {
		bool is_below = req->modules[i][0] != '/' && strcmp(req->cwd, ".") != 0;
		AUTO(auto_free)
		char *path = is_below ? mem_printf("%s/%s", req->cwd, req->modules[i])
				      : mem_strdup(req->modules[i]);

		if (!modules_add_path(&s->modules, path, err))
			return err_wrap(err, "--module");
	}
	return modules_close_over(&s->modules, err);
}

bool spec_resolve(struct spec *out, const struct locate_request *req, struct events *events,
		  struct err *err)
{
	modules_init(&out->modules, events);
	if (!locate_function(&out->target, req, events, err))
		return false;
	if (collect(out, req, err))
		return true;
	spec_free(out);
	return false;
}

void spec_free(struct spec *s)
{
	target_free(&s->target);
	modules_free(&s->modules);
}
