// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/lookup.h"
#include "image/media.h"

/* rtbuild digest: what a name holds. */

struct digest_args {
	const char *image, *platform;
	bool full_ref;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE",                     struct digest_args, image,    "HOST/NAME[:TAG], store:NAME, oci:DIR, oci-archive:FILE, docker-archive:FILE"),
	OPT_TEXT(0,   "platform", "OS/ARCH", struct digest_args, platform, "of this image of an index"),
	OPT_FLAG(0,   "full-ref",            struct digest_args, full_ref, "NAME@DIGEST instead of the digest alone"),
	OPT_END
};
/* clang-format on */

static bool find(struct digest *out, struct reader *from, const struct place *place,
		 const char *platform, struct session *s, struct err *err)
{
	AUTO(registry_document_free) struct registry_document doc = { 0 };
	struct registry *registry;

	/* a digest is known, but is it there? */
	if (!platform && place->kind == PLACE_REGISTRY && place->reference.has_digest)
		return session_registry(&registry, s, err) &&
		       registry_head_manifest(out, registry, &place->reference, err);
	if (!platform && from->root_digest)
		return from->root_digest(from, out, err);
	if (!from->root(from, &doc, err) ||
	    (platform && !lookup_platform(&doc, from, platform, s, err)))
		return false;
	*out = doc.digest;
	return true;
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct digest_args *args = arg;
	AUTO(place_free) struct place place = { 0 };
	AUTO(auto_reader_close) struct reader *from = NULL;
	AUTO(auto_free) char *name = NULL;
	AUTO(auto_free) char *line = NULL;
	struct digest digest;
	json_t *doc = NULL;

	if (!lookup_open(&from, &place, s, args->image, false, err) ||
	    !find(&digest, from, &place, args->platform, s, err))
		return false;
	if (place.kind <= PLACE_STORE) {
		place.reference.tag[0] = '\0';
		place.reference.has_digest = true;
		place.reference.digest = digest;
	}
	name = place_text(&place);
	line = mem_strdup(
		args->full_ref && place.kind <= PLACE_STORE ? name : digest_format(&digest).text);
	if (s->options.json) {
		doc = json_object();
		json_object_set_new(doc, "reference", json_string(name));
		json_object_set_new(doc, "digest", json_string(digest_format(&digest).text));
	}
	return session_result(s, doc, line, err);
}

const struct cmd cmd_digest = {
	.name = "digest",
	.summary = "print the digest a name holds",
	.about = "A name with a host is asked of its registry, by one HEAD request; a short name "
		 "of the store, or store:NAME, is the store's.",
	.example = "  rtbuild digest registry.example.com/me/rt:1\n"
		   "  rtbuild digest --platform linux/arm64 oci:layout",
	.opts = opts,
	.args_size = sizeof(struct digest_args),
	.run = run,
};
