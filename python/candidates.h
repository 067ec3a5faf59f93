// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_CANDIDATES_H
#define PYTHON_CANDIDATES_H

#include "python/index_client.h"
#include "python/requirement_line.h"
#include "python/wheel.h"

/*
 * The files there are to choose from: wheels by project, in directories and on package indexes.
 * Names are read once, the files themselves only when one is looked at. A project's page is fetched
 * when somebody first asks for the project; of the indexes the first one that has it counts, so
 * that nobody can put another package of a private name before it.
 */
struct candidate {
	const char *path; /* NULL: on an index, and not fetched */
	const char *filename;
	const struct simple_file *file;   /* as its page has it: URL, hashes, size, yanked; NULL: a
					     file of this machine */
	const struct simple_file *locked; /* what a lock says of a file of this machine: hashes,
					     size; NULL: none does */
	const char *index; /* URL of that index or page, without credentials; NULL likewise, and for
			      a file that a requirement names by its URL */
	const char *given_url;               /* that one, as it was written; NULL: none does */
	const struct requirement_line *line; /* that names it, by path or URL, for messages; NULL:
						none does */
	struct wheel_name name;
	const char *id; /* its path, or URL: that of no other */
	size_t rank;  /* of its tags; SIZE_MAX: the target takes none of them, or its page rules it
			 out, and `unfit` says so */
	size_t order; /* in which it was found */
	bool is_looked;
	bool is_open;
	struct wheel wheel; /* once open; a file of an index, once fetched */
	struct metadata metadata;
	bool has_metadata_hash; /* its index gave the METADATA, and this is its SHA-256 */
	unsigned char metadata_hash[SHA256_SIZE];
	struct requirement *requires_dist; /* parsed Requires-Dist */
	size_t requires_count;
	struct file_hashes hashes; /* those known so far */
	const char *unfit;         /* why it cannot be taken whatever is asked for; NULL: it can */
};

struct project {
	const char *key;
	struct candidate **items; /* best first, those the target cannot take last; of one version
				     those that were not yanked first */
	size_t len, cap;
	bool is_sorted;
	struct str_list others; /* source archives and files with bad names */
	struct {
		const struct simple_file **items;
		size_t len, cap;
	} sources; /* the source archives that are on an index */
};

struct candidates {
	const struct python_target *target;
	struct index_client *client; /* NULL: nothing is asked of indexes */
	struct events *events;
	struct tag_ranks ranks;
	struct map projects;     /* key -> struct project * */
	struct map asked;        /* keys whose pages were asked for */
	struct map pythons;      /* Requires-Python -> whether the target fits */
	struct str_list places;  /* directories, pages and indexes, for messages */
	struct str_list indexes; /* URLs, in the order they are asked */
	size_t count;
	bool only_sha256; /* nobody asks for the other hashes of a file */
	bool said_newer;  /* that an index has a newer format */
	struct arena arena;
};
void candidates_free(struct candidates *c);
/* `target` and `client` (may be NULL) must outlive it. */
void candidates_init(struct candidates *c, const struct python_target *target,
		     struct index_client *client, struct events *events);

/* Add the files of a directory. E_NOT_FOUND, E_IO. */
MUST_CHECK bool candidates_add_dir(struct candidates *c, const char *dir, struct err *err);
/* Add one wheel by the path a line gives for it, which outlives the candidates. E_INPUT for a bad
 * name. Its candidate is among the project's; found again by path. */
MUST_CHECK bool candidates_add_file(struct candidates *c, const struct requirement_line *line,
				    struct err *err);
/* Add one wheel by the URL a line gives for it, with the hashes of that line. E_INPUT for a bad
 * name; errors of index_client_take. Found again by given_url. */
MUST_CHECK bool candidates_add_url(struct candidates *c, const struct requirement_line *line,
				   struct err *err);
/* Add the wheels a lock lists of a project; what an index has of it does not count. As
 * candidates_add_url; E_UNSUPPORTED for URLs without a client. */
MUST_CHECK bool candidates_add_locked(struct candidates *c, const struct requirement_line *line,
				      struct err *err);
/* Ask no index about a project: what there is of it is enough. */
void candidates_close_project(struct candidates *c, const char *key);
/* Add the files a page links to (--find-links URL). E_NOT_FOUND when there is none; else as
 * index_client_page. */
MUST_CHECK bool candidates_add_page(struct candidates *c, const char *url, struct err *err);
/* Add an index, to be asked after those before it. Errors of index_client_take. */
MUST_CHECK bool candidates_add_index(struct candidates *c, const char *url, struct err *err);

/* Fetch what the indexes have of these projects, all at once, those asked before left out. */
MUST_CHECK bool candidates_load(struct candidates *c, const char *const *keys, size_t count,
				struct err *err);
/* NULL: no file of that project, of all that was loaded. Sorted. */
struct project *candidates_find(struct candidates *c, const char *key);
/* The project whose name is nearest to `key`, for "did you mean"; NULL when none is near. */
const char *candidates_nearest(const struct candidates *c, const char *key);

bool candidate_is_yanked(const struct candidate *ca);
/* Why the target's Python is not among those of a Requires-Python (NULL: any); NULL when it is. */
const char *candidates_python(struct candidates *c, const char *requires_python);

/* Read the metadata, once; sets `unfit` when Requires-Python or a Requires-Dist rules it out. A
 * candidate that is unfit already is not looked at. */
MUST_CHECK bool candidate_look(struct candidate *ca, struct candidates *c, struct err *err);
/* The same for several, at once. */
MUST_CHECK bool candidates_look(struct candidates *c, struct candidate *const *list, size_t count,
				struct err *err);
/* Whether the file has one of a line's hashes: by what its page says of it where that is enough,
 * else by reading the file. */
MUST_CHECK bool candidate_has_hash(bool *out, struct candidate *ca, struct candidates *c,
				   const struct requirement_line *line, struct err *err);
/* Nothing known yet speaks against that. */
bool candidate_may_have_hash(const struct candidate *ca, const struct requirement_line *line);
/*
 * Bring these here, at once: each is open then, its hash known and as its page says, its METADATA
 * the one it was chosen by (E_INTEGRITY).
 */
MUST_CHECK bool candidates_fetch(struct candidates *c, struct candidate *const *list, size_t count,
				 struct err *err);

#endif
