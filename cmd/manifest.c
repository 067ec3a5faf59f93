// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/lookup.h"

/* rtbuild manifest: the document itself. */

struct manifest_args {
	const char *image, *platform;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE",                     struct manifest_args, image,    "HOST/NAME[:TAG][@DIGEST], store:NAME, oci:DIR, oci-archive:FILE, docker-archive:FILE"),
	OPT_TEXT(0,   "platform", "OS/ARCH", struct manifest_args, platform, "the manifest of this image of an index (default: the index)"),
	OPT_END
};
/* clang-format on */

static json_t *document(const struct registry_document *d, const struct place *place,
			struct err *err)
{
	AUTO(auto_free) char *name = place_text(place);
	json_t *doc = json_object(), *body;

	if (!json_parse(&body, d->raw, d->len, "manifest", err)) {
		json_decref(doc);
		return NULL;
	}
	json_object_set_new(doc, "reference", json_string(name));
	json_object_set_new(doc, "digest", json_string(digest_format(&d->digest).text));
	json_object_set_new(doc, "size", json_integer((json_int_t)d->len));
	json_object_set_new(doc, "document", body);
	return doc;
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct manifest_args *args = arg;
	AUTO(place_free) struct place place = { 0 };
	AUTO(auto_reader_close) struct reader *from = NULL;
	AUTO(registry_document_free) struct registry_document doc = { 0 };
	json_t *result;

	if (!lookup_open(&from, &place, s, args->image, false, err) ||
	    !from->root(from, &doc, err) ||
	    (args->platform && !lookup_platform(&doc, from, args->platform, s, err)))
		return false;
	if (!s->options.json)
		return session_print_raw(doc.raw, doc.len, err);
	result = document(&doc, &place, err);
	return result && session_result(s, result, "", err);
}

const struct cmd cmd_manifest = {
	.name = "manifest",
	.summary = "print a manifest or index, byte for byte",
	.example = "  rtbuild manifest registry.example.com/me/rt:1 | sha256sum\n"
		   "  rtbuild manifest --platform linux/arm64 registry.example.com/me/rt:1",
	.opts = opts,
	.args_size = sizeof(struct manifest_args),
	.run = run,
};
