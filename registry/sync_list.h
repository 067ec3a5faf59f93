// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_SYNC_LIST_H
#define REGISTRY_SYNC_LIST_H

#include "image/platform.h"
#include "image/reference.h"
#include "registry/pattern.h"

/*
 * A list of repositories to be kept alike, as YAML:
 *
 *	sync:
 *	- from: registry.example.com/team/app     # repositories, without tags
 *	  to: mirror.example.com/team/app
 *	  tags: ["1.*", ">=2 <4", "/^v[0-9]+$/"]  # registry/pattern.h; default: all
 *	  exclude: ["*-rc*"]
 *	  platforms: [linux/amd64, linux/arm64]   # default: the whole index
 *	  referrers: false                        # default: true
 *
 * `tags`, `exclude` and `platforms` may be one text instead of a list.
 */
struct sync_entry {
	struct reference from, to;
	struct tag_patterns tags, exclude; /* tags.len 0: all */
	struct platform *platforms;
	size_t platform_count;
	bool no_referrers;
};

struct sync_list {
	struct sync_entry *items;
	size_t len, cap;
};
void sync_list_free(struct sync_list *l);

/* E_INPUT: what is wrong, with its place (file:line:col); unknown members, with the nearest known
 * one; two entries into one repository, which would fight when pruned. */
MUST_CHECK bool sync_list_parse(struct sync_list *out, const char *text, size_t len,
				const char *file, struct err *err);

bool sync_entry_wants(const struct sync_entry *e, const char *tag);

#endif
