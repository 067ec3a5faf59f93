// SPDX-License-Identifier: Apache-2.0
#include "cmd/extend_watch.h"

#include <string.h>

#include "base/watch.h"

/* The loop of `extend --watch`. */

/* An editor's save is several events; people wait for less than this. */
enum { QUIET_MS = 200 };

/* What Python and editors put beside sources. */
static bool is_noise(const char *name)
{
	static const char *const suffixes[] = { ".pyc", ".pyo", ".swp", ".swx", "~", ".tmp" };

	if (str_eq(name, "__pycache__") || name[0] == '.')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (str_has_suffix(name, suffixes[i]))
			return true;
	return false;
}

/* Directories are only ever added: one more costs nothing but a look too many. */
static bool watch_all(struct watch *w, const struct str_list *dirs, struct err *err)
{
	for (size_t i = 0; i < dirs->len; i++)
		if (!watch_add(w, dirs->items[i], err))
			return false;
	return true;
}

static void tell(struct events *events, const struct err *why)
{
	if (why->at.line)
		event_warn(events, "%s:%d:%d: %s", why->at.file, why->at.line, why->at.column,
			   why->msg);
	else
		event_warn(events, "%s", why->msg);
	if (why->hint[0])
		event_note(events, "%s", why->hint);
}

bool extend_watch(bool (*make)(void *arg, struct str_list *dirs_out, struct err *err), void *arg,
		  const struct str_list *dirs, struct events *events, struct err *err)
{
	AUTO(auto_watch_close) struct watch *w = NULL;
	AUTO(str_list_free) struct str_list found = { 0 };

	if (!watch_open(&w, err) || !watch_all(w, dirs, err) || !make(arg, &found, err) ||
	    !watch_all(w, &found, err))
		return false;
	for (;;) {
		AUTO(str_list_free) struct str_list more = { 0 };
		struct err why = { 0 };

		event_note(events, "watching; Ctrl-C ends it");
		if (!watch_wait(w, is_noise, QUIET_MS, err))
			return false;
		if (make(arg, &more, &why) && watch_all(w, &more, &why))
			continue;
		if (why.code == E_CANCELLED) {
			*err = why;
			return false;
		}
		tell(events, &why);
	}
}
