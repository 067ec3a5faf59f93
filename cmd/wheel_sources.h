// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_WHEEL_SOURCES_H
#define CMD_WHEEL_SOURCES_H

#include "cmd/cmd.h"
#include "python/wheels.h"

/* Where wheels come from: the options that all commands with packages share, as pip has them. */
struct wheel_args {
	const char *index_url;
	struct str_list extra_index_urls, find_links;
	bool no_index, offline;
	struct pylock_choice choice;
};

/* clang-format off */
/* Rows of an option table; `member` of `st` is a struct wheel_args. */
#define OPTS_WHEELS(st, member) \
	OPT_LIST(0,   "find-links", "DIR|URL",   st, member.find_links,       "wheels are here, or on this page (default: $RTBUILD_FIND_LINKS, else wheels/ in the store)"), \
	OPT_TEXT('i', "index-url", "URL",        st, member.index_url,        "the package index to ask (default: PyPI when nothing says where wheels are)"), \
	OPT_LIST(0,   "extra-index-url", "URL",  st, member.extra_index_urls, "an index to ask before it; the first that has a project counts"), \
	OPT_FLAG(0,   "no-index",                st, member.no_index,         "ask no index"), \
	OPT_FLAG(0,   "offline",                 st, member.offline,          "use what was fetched before, and ask nobody"), \
	OPT_LIST(0,   "extra", "NAME",           st, member.choice.extras,    "of a pylock.toml: take this extra, too"), \
	OPT_LIST(0,   "group", "NAME",           st, member.choice.groups,    "of a pylock.toml: take this dependency group, too"), \
	OPT_FLAG(0,   "no-default-groups",       st, member.choice.no_default_groups, "of a pylock.toml: take its default groups only by --group")
/* clang-format on */

/* Those options with the variables that stand for them ($PIP_INDEX_URL, $PIP_EXTRA_INDEX_URL,
 * $PIP_FIND_LINKS, $PIP_NO_INDEX) and the usual places. Owned, but for the session's client. */
struct wheel_sources {
	struct str_list find_links, extra;
	struct wheel_indexes indexes;
};
void wheel_sources_free(struct wheel_sources *w);
MUST_CHECK bool wheel_sources_make(struct wheel_sources *out, struct session *s,
				   const struct wheel_args *args, struct err *err);

#endif
