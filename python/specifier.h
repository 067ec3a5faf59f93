// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_SPECIFIER_H
#define PYTHON_SPECIFIER_H

#include "python/version.h"

/* Which versions are wanted (PEP 440, "Version specifiers"): ">=1.2, !=1.5.*". */
enum specifier_op {
	SPECIFIER_COMPATIBLE,    /* ~= */
	SPECIFIER_EQUAL,         /* ==, also with .* */
	SPECIFIER_NOT_EQUAL,     /* != */
	SPECIFIER_LESS_EQUAL,    /* <= */
	SPECIFIER_GREATER_EQUAL, /* >= */
	SPECIFIER_LESS,          /* < */
	SPECIFIER_GREATER,       /* > */
	SPECIFIER_ARBITRARY,     /* ===: the text of the version, letter case aside */
};

struct specifier {
	enum specifier_op op;
	bool wildcard;    /* == and != with .* */
	bool has_version; /* false: ARBITRARY with a text that is no version */
	struct version version;
	const char *operand; /* as written */
	const char *text;    /* operator and operand without blanks */
};

/* All of them must hold. Everything is in the arena; zero is the empty set, which every version
 * fits. */
struct specifier_set {
	struct specifier *items;
	size_t len;
};

/*
 * Pre-releases (a, b, rc, dev) are left out unless one of the set's ==, ===, >=, <= or ~= names
 * one; specifier_set_filter lets them in as well when the set is empty and nothing else is there.
 * This is what packaging 23 and with it pip do.
 */
enum prereleases {
	PRERELEASES_AUTO,
	PRERELEASES_ALLOWED,
	PRERELEASES_REFUSED,
};

/* One: operator and operand. E_INPUT. */
MUST_CHECK bool specifier_parse(struct specifier *out, struct arena *a, struct slice text,
				struct err *err);
/* Separated by commas; empty ones are skipped. *at_out (may be NULL): where in `text` the bad one
 * begins. */
MUST_CHECK bool specifier_set_parse(struct specifier_set *out, struct arena *a, struct slice text,
				    size_t *at_out, struct err *err);
/* Add the items of `more`. */
void specifier_set_add(struct specifier_set *set, struct arena *a,
		       const struct specifier_set *more);

/* The comparison alone; pre-releases are treated as any other version. */
bool specifier_matches(const struct specifier *s, const struct version *v);
bool specifier_set_matches(const struct specifier_set *set, const struct version *v);

bool specifier_set_names_prerelease(const struct specifier_set *set);
bool specifier_set_contains(const struct specifier_set *set, const struct version *v,
			    enum prereleases pre);
/* keep_out[i]: versions[i] stays. */
void specifier_set_filter(bool *keep_out, const struct specifier_set *set,
			  const struct version *const *versions, size_t count,
			  enum prereleases pre);

/* "==1.*" or "===": says one version exactly (==, no .*; ===), as hashes and yanked files ask for.
 */
bool specifier_set_is_pinned(const struct specifier_set *set);

/* Sorted, separated by commas: "!=1.5.*,>=1.2"; of two that ask for the same the first. Empty for
 * the empty set. */
void specifier_set_format(struct buf *out, const struct specifier_set *set);

#endif
