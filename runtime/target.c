// SPDX-License-Identifier: Apache-2.0
#include "runtime/target.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

/* From options and backends to the Python that packages are chosen for. */

bool runtime_request_target(struct runtime_request *req, struct python_profile *own,
			    const char *name, bool has_platform, struct err *err)
{
	if (req->python || req->libc) {
		err_set(err, E_USAGE, "target %s says the %s already", name,
			req->python ? "Python" : "C library");
		return err_hint(err, "leave --%s out", req->python ? "python" : "libc");
	}
	if (!python_profile_find(own, name, err))
		return false;
	if (has_platform && !platform_matches(&own->target.platform, &req->platform)) {
		err_set(err, E_USAGE, "target %s is for %s, not %s", name,
			platform_format(&own->target.platform).text,
			platform_format(&req->platform).text);
		return err_hint(err, "--platform %s", platform_format(&own->target.platform).text);
	}
	req->python = arena_printf(&own->arena, "3.%d", own->target.minor);
	req->platform = own->target.platform;
	req->target = own;
	return true;
}

/* The family of a backend's own Python in the table of targets. */
static const char *family_of(const struct backend *b)
{
	return str_eq(b->name, "aws_lambda:layer") ? "lambda" : b->name;
}

/* Zips run in the backend's own Python; of an image the base decides, and its tag moves, so that
 * only its family is known. */
static bool find_own(struct python_profile *out, bool *found_out, const struct runtime_request *req,
		     const char *python, struct err *err)
{
	bool arm64 = str_eq(req->platform.architecture, "arm64");
	AUTO(auto_free)
	char *name = mem_printf("%s-python%s-%s", family_of(req->backend), python,
				arm64 ? "arm64" : "x86_64");
	struct err unknown = { 0 };

	(void)err;
	*found_out = (arm64 || str_eq(req->platform.architecture, "amd64")) && !req->base &&
		     python_profile_find(out, name, &unknown);
	return true;
}

static bool make(struct python_profile *out, const struct runtime_request *req, const char *python,
		 struct err *err)
{
	const char *libc = req->libc ? req->libc : backend_libc(req->backend, python);
	AUTO(auto_free) char *full = NULL;
	bool found;

	if (req->target) {
		out->target = req->target->target;
		out->preinstalled = req->target->preinstalled;
		return true;
	}
	if (req->full_python)
		return python_target_make(&out->target, req->full_python, &req->platform, libc,
					  err);
	if (!find_own(out, &found, req, python, err))
		return false;
	if (found && !libc)
		return true;
	full = mem_printf("%s.%d", python, found ? out->target.patch : 0);
	return python_target_make(&out->target, full, &req->platform, libc, err);
}

bool runtime_target_make(struct python_profile *out, const struct runtime_request *req,
			 const char *python, struct events *events, struct err *err)
{
	AUTO(python_profile_free) struct python_profile p = { 0 };

	if (!make(&p, req, python, err))
		return false;
	p.end_of_life = python_end_of_life(p.target.minor);
	if (python_profile_has_ended(&p, clock_wall()))
		event_warn(events,
			   "Python 3.%d reached its end of life on %s: no more security fixes",
			   p.target.minor, p.end_of_life);
	*out = p;
	p = (struct python_profile){ 0 };
	return true;
}

static bool is_preinstalled(const struct python_profile *p, const struct wheel *w)
{
	for (const char *const *name = p->preinstalled; *name; name++)
		if (str_eq(*name, w->name))
			return true;
	return false;
}

bool runtime_drop_preinstalled(struct wheel_list *wheels, const struct python_profile *p,
			       struct events *events, struct err *err)
{
	size_t kept = 0;

	if (!p->preinstalled) {
		err_set(err, E_USAGE, "it is not known what this target has preinstalled");
		return err_hint(err, "AWS Lambda's targets know it, and documents can say it: "
				     "rtbuild python target show");
	}
	for (size_t i = 0; i < wheels->len; i++) {
		struct wheel *w = &wheels->items[i];

		if (is_preinstalled(p, w)) {
			event_note(events,
				   "%s %s is left out: the runtime has it, in a version of its own",
				   w->name, w->version);
			wheel_close(w);
			continue;
		}
		wheels->items[kept++] = *w;
	}
	wheels->len = kept;
	return true;
}

void runtime_warn_of_pth(const struct entry_list *packages, const char *site, struct events *events)
{
	size_t len = strlen(site);

	for (size_t i = 0; i < packages->len; i++) {
		const char *path = packages->items[i].path;
		const char *name =
			str_has_prefix(path, site) && path[len] == '/' ? path + len + 1 : path;

		if ((name == path && len) || strchr(name, '/') || !str_has_suffix(name, ".pth") ||
		    str_has_suffix(name, "-nspkg.pth"))
			continue;
		event_note(events,
			   "%s is not read where this runs: Python obeys .pth files in its own "
			   "site directories alone",
			   name);
	}
}
