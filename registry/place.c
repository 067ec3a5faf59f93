// SPDX-License-Identifier: Apache-2.0
#include "registry/place.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The grammar of places: one table of prefixes. */

/* clang-format off */
static const struct {
	const char *prefix;
	enum place_kind kind;
} transports[] = { /* the first prefix of a kind is the one that is written */
	{ "docker://",       PLACE_REGISTRY },
	{ "store:",          PLACE_STORE },
	{ "oci:",            PLACE_LAYOUT },
	{ "oci-layout://",   PLACE_LAYOUT },
	{ "ocidir://",       PLACE_LAYOUT },
	{ "oci-archive:",    PLACE_OCI_ARCHIVE },
	{ "docker-archive:", PLACE_DOCKER_ARCHIVE },
	{ "./",              PLACE_LAYOUT },
	{ "../",             PLACE_LAYOUT },
	{ "/",               PLACE_LAYOUT },
};

/* What other tools have and rtbuild does not. */
static const char *const foreign[] = { "docker-daemon:", "containers-storage:", "dir:", "ostree:",
				       "sif:", "tarball:", "registry://", "http://", "https://" };

static const char *const kind_names[] = {
	[PLACE_REGISTRY]       = "registry",
	[PLACE_STORE]          = "store",
	[PLACE_LAYOUT]         = "image layout",
	[PLACE_OCI_ARCHIVE]    = "OCI archive",
	[PLACE_DOCKER_ARCHIVE] = "docker archive",
};
/* clang-format on */

const char *place_kind_name(enum place_kind kind)
{
	return kind_names[kind];
}

void place_free(struct place *p)
{
	free(p->path);
	free(p->name);
	*p = (struct place){ 0 };
}

/* The first element is a host by the rule of reference.h; what it did not name is Docker Hub's. */
static bool names_host(const struct place *p, const char *text)
{
	return !str_eq(p->reference.host, "docker.io") || str_has_prefix(text, "docker.io/") ||
	       str_has_prefix(text, "index.docker.io/");
}

static bool parse_reference(struct place *p, const char *text, struct err *err)
{
	if (!reference_parse(&p->reference, text, err))
		return false;
	p->is_short = !names_host(p, text);
	return true;
}

static bool parse_digest(struct place *p, const char *text, struct err *err)
{
	p->has_digest = true;
	return digest_parse(&p->digest, text, err);
}

/* PATH[:NAME] or PATH[@DIGEST]; as in skopeo the path ends at the first colon. */
static bool parse_path(struct place *p, const char *text, struct err *err)
{
	const char *at = strstr(text, "@sha256:");
	size_t len = strcspn(text, ":");
	bool ok = true;

	if (at && at < text + len) {
		len = (size_t)(at - text);
		ok = parse_digest(p, at + 1, err);
	} else if (text[len] && text[len + 1] == '@') { /* NAME is empty */
		ok = parse_digest(p, text + len + 2, err);
	} else if (text[len] && text[len + 1]) {
		p->name = mem_strdup(text + len + 1);
	}
	if (!len)
		return err_set(err, E_USAGE, "'%s': the path is missing", text);
	p->path = mem_strndup(text, len);
	return ok;
}

static bool parse_kind(struct place *p, const char *text, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		const char *prefix = transports[i].prefix;
		bool is_path = strchr(prefix, ':') == NULL; /* the prefix is a part of it */

		if (!str_has_prefix(text, prefix))
			continue;
		p->kind = transports[i].kind;
		p->is_explicit = true;
		text += is_path ? 0 : strlen(prefix);
		return p->kind <= PLACE_STORE ? parse_reference(p, text, err)
					      : parse_path(p, text, err);
	}
	return parse_reference(p, text, err);
}

bool place_parse(struct place *out, const char *text, struct err *err)
{
	AUTO(place_free) struct place p = { .kind = PLACE_REGISTRY };

	for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
		if (!str_has_prefix(text, foreign[i]))
			continue;
		err_set(err, E_USAGE, "'%s': rtbuild does not know %s", text, foreign[i]);
		return err_hint(err, "docker://, store:, oci:, oci-archive: or docker-archive:, "
				     "or a name alone");
	}
	if (!parse_kind(&p, text, err))
		return false;
	*out = p;
	p = (struct place){ 0 };
	return true;
}

void place_settle(struct place *p, struct store *store)
{
	if (p->kind == PLACE_REGISTRY && !p->is_explicit && p->is_short &&
	    store_has_image(store, &p->reference))
		p->kind = PLACE_STORE;
}

char *place_text(const struct place *p)
{
	const char *prefix = "";

	for (size_t i = ARRAY_LEN(transports); i--;)
		if (transports[i].kind == p->kind)
			prefix = transports[i].prefix;
	if (p->kind == PLACE_REGISTRY)
		return mem_strdup(reference_familiar(&p->reference).text);
	if (p->kind == PLACE_STORE)
		return mem_printf("%s%s", prefix, reference_familiar(&p->reference).text);
	if (p->has_digest)
		return mem_printf("%s%s@%s", prefix, p->path, digest_format(&p->digest).text);
	return mem_printf("%s%s%s%s", prefix, p->path, p->name ? ":" : "", p->name ? p->name : "");
}
