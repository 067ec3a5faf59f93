// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/docker.h"

/* docker's verbs about images, and its logins. */

static struct reference with_tag(struct reference ref)
{
	reference_default_tag(&ref);
	return ref;
}

/* --- build --- */

struct build_args {
	struct str_list context, tags, build_args, labels, secrets, ssh, contexts, cache_from,
		cache_to, outputs, no_cache_filters, annotations, add_hosts, ulimits, allow,
		ignored_lists;
	const char *file, *platform, *target, *network, *shm_size, *iidfile, *metadata_file,
		*ignored;
	bool no_cache, pull, push, load, ignored_flag;
};

/* What docker takes and an engine without a daemon has no use for. */
static const char *const build_ignored[] = {
	"rm",          "force-rm",      "compress",
	"memory",      "memory-swap",   "cpu-period",
	"cpu-quota",   "cpu-shares",    "cpuset-cpus",
	"cpuset-mems", "cgroup-parent", "security-opt",
	"provenance",  "sbom",          "attest",
	"builder",     "isolation",     "disable-content-trust",
	NULL,
};

/* clang-format off */
static const struct opt build_opts[] = {
	OPT_ARGS("PATH|URL|-",                    struct build_args, context,       "the context"),
	OPT_TEXT('f', "file", "FILE",             struct build_args, file,          "the Dockerfile (default: Dockerfile in the context)"),
	OPT_LIST('t', "tag", "NAME[:TAG]",        struct build_args, tags,          "name the image"),
	OPT_TEXT(0,   "platform", "OS/ARCH",      struct build_args, platform,      "the platform it is for; the last one counts"),
	OPT_LIST(0,   "build-arg", "NAME[=VALUE]", struct build_args, build_args,   "set an ARG"),
	OPT_LIST(0,   "build-context", "NAME=SOURCE", struct build_args, contexts,  "a named context"),
	OPT_TEXT(0,   "target", "STAGE",          struct build_args, target,        "stop at this stage"),
	OPT_LIST(0,   "label", "KEY=VALUE",       struct build_args, labels,        "label the image"),
	OPT_LIST(0,   "annotation", "KEY=VALUE",  struct build_args, annotations,   "annotate the manifest"),
	OPT_LIST(0,   "secret", "SPEC",           struct build_args, secrets,       "for RUN --mount=type=secret"),
	OPT_LIST(0,   "ssh", "SPEC",              struct build_args, ssh,           "for RUN --mount=type=ssh"),
	OPT_TEXT(0,   "network", "MODE",          struct build_args, network,       "for RUN: default, host or none"),
	OPT_LIST(0,   "add-host", "NAME:ADDRESS", struct build_args, add_hosts,     "a line of /etc/hosts for RUN"),
	OPT_LIST(0,   "allow", "WHAT",            struct build_args, allow,         "network.host, security.insecure: for RUN --network=host, --security=insecure"),
	OPT_LIST(0,   "ulimit", "NAME=SOFT[:HARD]", struct build_args, ulimits,     "a limit for RUN"),
	OPT_TEXT(0,   "shm-size", "SIZE",         struct build_args, shm_size,      "of /dev/shm in RUN"),
	OPT_FLAG(0,   "no-cache",                 struct build_args, no_cache,      "run every step again"),
	OPT_LIST(0,   "no-cache-filter", "STAGE", struct build_args, no_cache_filters, "run every step of these stages again"),
	OPT_LIST(0,   "cache-from", "CACHE",      struct build_args, cache_from,    "read a build cache"),
	OPT_LIST(0,   "cache-to", "CACHE",        struct build_args, cache_to,      "write a build cache"),
	OPT_FLAG(0,   "pull",                     struct build_args, pull,          "ask the registry for base images"),
	OPT_FLAG(0,   "push",                     struct build_args, push,          "push the image"),
	OPT_FLAG(0,   "load",                     struct build_args, load,          "into the store: what happens anyway"),
	OPT_LIST('o', "output", "SPEC",           struct build_args, outputs,       "what becomes of it"),
	OPT_TEXT(0,   "iidfile", "FILE",          struct build_args, iidfile,       "write the image ID here"),
	OPT_TEXT(0,   "metadata-file", "FILE",    struct build_args, metadata_file, "write the metadata here"),
	OPT_GROUP("Taken for docker's sake, of no effect"),
	OPT_FLAG(0,   "rm",                       struct build_args, ignored_flag,  "nothing is left anyway"),
	OPT_FLAG(0,   "force-rm",                 struct build_args, ignored_flag,  "nothing is left anyway"),
	OPT_FLAG(0,   "compress",                 struct build_args, ignored_flag,  "the context is not sent anywhere"),
	OPT_FLAG(0,   "disable-content-trust",    struct build_args, ignored_flag,  "digests are always verified"),
	OPT_TEXT('m', "memory", "BYTES",          struct build_args, ignored,       "no limit is set"),
	OPT_TEXT(0,   "memory-swap", "BYTES",     struct build_args, ignored,       "no limit is set"),
	OPT_TEXT(0,   "cpu-period", "N",          struct build_args, ignored,       "no limit is set"),
	OPT_TEXT(0,   "cpu-quota", "N",           struct build_args, ignored,       "no limit is set"),
	OPT_TEXT('c', "cpu-shares", "N",          struct build_args, ignored,       "no limit is set"),
	OPT_TEXT(0,   "cpuset-cpus", "LIST",      struct build_args, ignored,       "no limit is set"),
	OPT_TEXT(0,   "cpuset-mems", "LIST",      struct build_args, ignored,       "no limit is set"),
	OPT_TEXT(0,   "cgroup-parent", "NAME",    struct build_args, ignored,       "no limit is set"),
	OPT_LIST(0,   "security-opt", "SPEC",     struct build_args, ignored_lists, "docker's default profile holds"),
	OPT_TEXT(0,   "provenance", "SPEC",       struct build_args, ignored,       "no attestation is made: Lambda refuses them"),
	OPT_TEXT(0,   "sbom", "SPEC",             struct build_args, ignored,       "no attestation is made"),
	OPT_LIST(0,   "attest", "SPEC",           struct build_args, ignored_lists, "no attestation is made"),
	OPT_TEXT(0,   "builder", "NAME",          struct build_args, ignored,       "there is one"),
	OPT_TEXT(0,   "isolation", "HOW",         struct build_args, ignored,       "Windows' containers'"),
	OPT_END
};
/* clang-format on */

/* A word that is no directory would be taken for a name by our own build. */
static bool check_context(const char *context, struct err *err)
{
	struct stat st;

	if (str_eq(context, "-") || strstr(context, "://") || str_has_prefix(context, "git@") ||
	    str_has_prefix(context, "github.com/") ||
	    (stat(context, &st) == 0 && S_ISDIR(st.st_mode)))
		return true;
	return err_set(err, E_NOT_FOUND, "unable to prepare context: path \"%s\" not found",
		       context);
}

static bool build(struct session *s, void *arg, struct err *err)
{
	struct build_args *args = arg;
	AUTO(str_list_free) struct str_list words = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	const char *id;

	if (args->context.len != 1) {
		err_set(err, E_USAGE, "docker build takes one context, not %zu", args->context.len);
		return err_hint(err, "docker build [OPTIONS] PATH | URL | -");
	}
	if (args->network && str_eq(args->network, "default"))
		args->network = NULL;
	docker_words(&words, s, build_opts, args, build_ignored);
	str_list_push(&words, args->context.items[0]);
	if (!check_context(args->context.items[0], err) ||
	    !docker_call(&doc, s, &cmd_build, &words, err))
		return false;
	id = json_text_member(doc, "containerimage.config.digest");
	if (!id)
		id = json_text_member(doc, "containerimage.digest");
	return !s->options.quiet || !id || session_print(id, err);
}

const struct cmd docker_build = DOCKER_VERB("build", "build an image from a Dockerfile", build_opts,
					    struct build_args, build, .flags = CMD_SANDBOX);

/* --- tag --- */

struct tag_args {
	const char *from, *to;
};

/* clang-format off */
static const struct opt tag_opts[] = {
	OPT_ARG("SOURCE_IMAGE[:TAG]", struct tag_args, from, "a name of the store"),
	OPT_ARG("TARGET_IMAGE[:TAG]", struct tag_args, to,   "its further name"),
	OPT_END
};
/* clang-format on */

static bool tag(struct session *s, void *arg, struct err *err)
{
	const struct tag_args *args = arg;
	AUTO(str_list_free) struct str_list words = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *from = NULL;

	if (!docker_image_name(&from, s, args->from, err))
		return false;
	str_list_push_take(&words, mem_printf("store:%s", from));
	str_list_push(&words, args->to);
	return docker_call(&doc, s, &cmd_tag, &words, err);
}

const struct cmd docker_tag = DOCKER_VERB("tag", "give an image of the store a further name",
					  tag_opts, struct tag_args, tag);

/* --- push --- */

struct push_args {
	const char *image, *platform, *format;
	bool all_tags, disable_content_trust, remove_signatures;
};

/* clang-format off */
static const struct opt push_opts[] = {
	OPT_ARG("NAME[:TAG]",                  struct push_args, image,     "a name of the store"),
	OPT_FLAG('a', "all-tags",              struct push_args, all_tags,  "every tag of it in the store"),
	OPT_TEXT(0,   "platform", "OS/ARCH",   struct push_args, platform,  "this image of an index alone"),
	OPT_GROUP("Taken for docker's and podman's sake"),
	OPT_FLAG(0,   "disable-content-trust", struct push_args, disable_content_trust, "digests are always verified"),
	OPT_FLAG(0,   "remove-signatures",     struct push_args, remove_signatures, "none are in the store's manifests"),
	OPT_TEXT(0,   "format", "KIND",        struct push_args, format,    "the image is pushed as it was built: `build --format docker`"),
	OPT_END
};
/* clang-format on */

static bool push_one(struct session *s, const struct push_args *args, const struct reference *ref,
		     struct err *err)
{
	AUTO(str_list_free) struct str_list words = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(buf_free) struct buf raw = BUF_INIT(SIZE_MAX / 2);
	AUTO(auto_free) char *line = NULL;
	struct descriptor root = { 0 };
	struct store *store;
	const char *digest;

	str_list_push(&words, reference_format(ref).text);
	if (args->platform)
		str_list_push_take(&words, mem_printf("--platform=%s", args->platform));
	if (!docker_call(&doc, s, &cmd_push, &words, err) || !session_store(&store, s, err) ||
	    !store_find_root(&raw, &root, store, ref, err))
		return false;
	digest = json_text_member(doc, "digest");
	if (s->options.quiet)
		return session_print(reference_format(ref).text, err);
	line = mem_printf("%s: digest: %s size: %lld", ref->tag, digest ? digest : "",
			  (long long)root.size);
	return session_print(line, err);
}

/* Every tag the store has of its repository. */
static bool push_all(struct session *s, const struct push_args *args, const struct reference *ref,
		     struct err *err)
{
	AUTO(store_list_free) struct store_list list = { 0 };
	struct store *store;
	size_t pushed = 0;

	if (!session_store(&store, s, err) || !store_images(&list, store, err))
		return false;
	for (size_t i = 0; i < list.len; i++) {
		if (!reference_same_repository(&list.items[i].reference, ref))
			continue;
		if (!push_one(s, args, &list.items[i].reference, err))
			return false;
		pushed++;
	}
	return pushed || err_set(err, E_NOT_FOUND, "no image of %s is in the store",
				 reference_name(ref).text);
}

static bool push(struct session *s, void *arg, struct err *err)
{
	const struct push_args *args = arg;
	AUTO(auto_free) char *line = NULL;
	struct reference ref;

	if (!reference_parse(&ref, args->image, err))
		return false;
	if (args->all_tags && ref.tag[0])
		return err_set(err, E_USAGE, "tag can't be used with --all-tags/-a");
	if (args->format && !str_eq(args->format, "docker") && !str_eq(args->format, "oci"))
		return err_set(err, E_USAGE, "unknown --format '%s': docker or oci", args->format);
	line = mem_printf("The push refers to repository [%s]", reference_name(&ref).text);
	if (!s->options.quiet && !session_print(line, err))
		return false;
	if (args->all_tags)
		return push_all(s, args, &ref, err);
	ref = with_tag(ref);
	return push_one(s, args, &ref, err);
}

const struct cmd docker_push =
	DOCKER_VERB("push", "push an image of the store", push_opts, struct push_args, push);

/* --- pull --- */

struct pull_args {
	const char *image, *platform;
	bool disable_content_trust;
};

/* clang-format off */
static const struct opt pull_opts[] = {
	OPT_ARG("NAME[:TAG|@DIGEST]",          struct pull_args, image,    "the image"),
	OPT_TEXT(0,   "platform", "OS/ARCH",   struct pull_args, platform, "which image of an index"),
	OPT_FLAG(0,   "disable-content-trust", struct pull_args, disable_content_trust, "digests are always verified"),
	OPT_END
};
/* clang-format on */

static bool print_pulled(struct session *s, const struct reference *ref, bool is_new,
			 const char *digest, struct err *err)
{
	struct reference_text familiar = reference_familiar(ref), whole = reference_format(ref);
	AUTO(auto_free) char *text = NULL;

	if (s->options.quiet)
		return session_print(whole.text, err);
	text = mem_printf("%s: Pulling from %s\nDigest: %s\nStatus: %s for %s\n%s",
			  ref->tag[0] ? ref->tag : digest, ref->repository, digest,
			  is_new ? "Downloaded newer image" : "Image is up to date", familiar.text,
			  whole.text);
	return session_print(text, err);
}

static bool pull(struct session *s, void *arg, struct err *err)
{
	const struct pull_args *args = arg;
	AUTO(str_list_free) struct str_list words = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(buf_free) struct buf raw = BUF_INIT(SIZE_MAX / 2);
	struct descriptor before = { 0 };
	struct err none = { 0 };
	struct reference ref;
	struct store *store;
	const char *digest;
	bool had;

	if (!reference_parse(&ref, args->image, err) || !session_store(&store, s, err))
		return false;
	ref = with_tag(ref);
	had = store_is_complete(store, &ref) && store_find_root(&raw, &before, store, &ref, &none);
	str_list_push(&words, reference_format(&ref).text);
	if (args->platform)
		str_list_push_take(&words, mem_printf("--platform=%s", args->platform));
	if (!docker_call(&doc, s, &cmd_pull, &words, err))
		return false;
	digest = json_text_member(doc, "containerimage.digest");
	return print_pulled(s, &ref,
			    !had || !digest || !str_eq(digest, digest_format(&before.digest).text),
			    digest ? digest : "", err);
}

const struct cmd docker_pull =
	DOCKER_VERB("pull", "pull an image into the store", pull_opts, struct pull_args, pull);

/* --- images, rmi --- */

struct images_args {
	const char *name, *format;
	bool no_trunc, all;
};

/* clang-format off */
static const struct opt images_opts[] = {
	OPT_ARG_OPTIONAL("REPOSITORY[:TAG]", struct images_args, name,     "these alone"),
	OPT_TEXT(0,   "format", "TEMPLATE",  struct images_args, format,   "one line each: {{.Repository}}, {{.Tag}}, {{.ID}}, {{.Digest}}, {{.CreatedAt}}, {{.Size}}"),
	OPT_FLAG('a', "all",                 struct images_args, all,      "there are no others"),
	OPT_FLAG(0,   "no-trunc",            struct images_args, no_trunc, "whole image IDs"),
	OPT_END
};
/* clang-format on */

/* The columns, by the names that --format has for them. */
static json_t *describe(struct store *store, const struct store_entry *e, bool whole)
{
	AUTO(image_free) struct image img = { 0 };
	struct reference plain = e->reference;
	struct digest_text id = digest_format(&e->descriptor.digest);
	struct err other = { 0 };
	json_t *doc = json_object();

	plain.tag[0] = '\0';
	if (store_find_image(&img, store, &e->reference, NULL, &other))
		id = digest_format(&img.manifest.config.digest);
	json_object_set_new(doc, "Repository", json_string(reference_familiar(&plain).text));
	json_object_set_new(doc, "Tag", json_string(e->reference.tag));
	json_object_set_new(doc, "Digest", json_string(digest_format(&e->descriptor.digest).text));
	json_object_set_new(doc, "ID",
			    whole ? json_string(id.text)
				  : json_stringn(strchr(id.text, ':') + 1, 12));
	json_object_set_new(doc, "CreatedAt",
			    json_string(e->created ? clock_format(e->created).text : ""));
	json_object_set_new(doc, "Size", json_string(str_format_size((uint64_t)e->size).text));
	return doc;
}

static bool print_image(struct session *s, const json_t *doc, const struct images_args *args,
			struct err *err)
{
	const char *id = json_text_member(doc, "ID");
	AUTO(auto_free) char *line = NULL;
	bool done;

	if (!docker_print(&done, args->format, doc, err) || done)
		return err->code == E_NONE;
	line = s->options.quiet ? mem_strdup(id)
				: mem_printf("%-30s %-20s %s   %-20s %s",
					     json_text_member(doc, "Repository"),
					     json_text_member(doc, "Tag"), id,
					     json_text_member(doc, "CreatedAt"),
					     json_text_member(doc, "Size"));
	return session_print(line, err);
}

/* "repo" has all tags, "repo:tag" that one. */
static bool is_asked_for(const struct store_entry *e, const struct reference *asked)
{
	return !asked || (reference_same_repository(&e->reference, asked) &&
			  (!asked->tag[0] || str_eq(asked->tag, e->reference.tag)));
}

static bool images(struct session *s, void *arg, struct err *err)
{
	const struct images_args *args = arg;
	AUTO(store_list_free) struct store_list list = { 0 };
	AUTO(auto_free)
	char *head = mem_printf("%-30s %-20s %-*s   %-20s %s", "REPOSITORY", "TAG",
				args->no_trunc ? 71 : 12, "IMAGE ID", "CREATED", "SIZE");
	struct reference asked;
	struct store *store;

	if ((args->name && !reference_parse(&asked, args->name, err)) ||
	    !session_store(&store, s, err) || !store_images(&list, store, err) ||
	    (!s->options.quiet && !args->format && !session_print(head, err)))
		return false;
	for (size_t i = 0; i < list.len; i++) {
		AUTO(auto_json_decref) json_t *doc = NULL;

		if (!is_asked_for(&list.items[i], args->name ? &asked : NULL))
			continue;
		doc = describe(store, &list.items[i], args->no_trunc);
		if (!print_image(s, doc, args, err))
			return false;
	}
	return true;
}

const struct cmd docker_images = DOCKER_VERB("images", "list the images of the store", images_opts,
					     struct images_args, images);

struct rmi_args {
	struct str_list images;
	bool force, no_prune;
};

/* clang-format off */
static const struct opt rmi_opts[] = {
	OPT_ARGS("IMAGE",         struct rmi_args, images,   "names of the store"),
	OPT_FLAG('f', "force",    struct rmi_args, force,    "an image that is not there is fine"),
	OPT_FLAG(0,   "no-prune", struct rmi_args, no_prune, "layers stay until `rtbuild gc` anyway"),
	OPT_END
};
/* clang-format on */

static bool remove_name(struct session *s, const char *name, struct err *err)
{
	AUTO(str_list_free) struct str_list words = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *line = NULL;
	struct reference ref;

	if (!reference_parse(&ref, name, err))
		return false;
	ref = with_tag(ref);
	str_list_push(&words, reference_format(&ref).text);
	if (!docker_call(&doc, s, &cmd_remove, &words, err))
		return false;
	line = mem_printf("Untagged: %s", reference_familiar(&ref).text);
	return session_print(line, err);
}

/* All names of an ID, of which there may be several by force alone; *done_out false: it is none. */
static bool remove_id(bool *done_out, struct session *s, const char *text, bool force,
		      struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct store *store;

	if (!session_store(&store, s, err) || !docker_id_names(&names, store, text, err))
		return false;
	*done_out = names.len > 0;
	if (names.len > 1 && !force) {
		err_set(err, E_INPUT, "image %s has %zu names: %s, %s%s", text, names.len,
			names.items[0], names.items[1], names.len > 2 ? ", ..." : "");
		return err_hint(err, "name one, or docker rmi -f removes them all");
	}
	for (size_t i = 0; i < names.len; i++)
		if (!remove_name(s, names.items[i], err))
			return false;
	return true;
}

static bool rmi(struct session *s, void *arg, struct err *err)
{
	const struct rmi_args *args = arg;

	if (!args->images.len)
		return err_set(err, E_USAGE, "docker rmi takes at least one image");
	for (size_t i = 0; i < args->images.len; i++) {
		const char *text = args->images.items[i];
		struct err none = { 0 };
		bool done = false;

		if (remove_name(s, text, &none))
			continue;
		if ((none.code == E_NOT_FOUND || none.code == E_INPUT) &&
		    !remove_id(&done, s, text, args->force, err))
			return false;
		if (done || (args->force && none.code == E_NOT_FOUND))
			continue;
		*err = none;
		return false;
	}
	return true;
}

const struct cmd docker_rmi =
	DOCKER_VERB("rmi", "remove names from the store", rmi_opts, struct rmi_args, rmi);

/* --- login, logout --- */

struct login_args {
	const char *server, *username, *password;
	bool password_stdin;
};

/* clang-format off */
static const struct opt login_opts[] = {
	OPT_ARG_OPTIONAL("SERVER",               struct login_args, server,         "the registry (default: docker.io)"),
	OPT_TEXT('u', "username", "NAME",        struct login_args, username,       "user name"),
	OPT_TEXT('p', "password", "TEXT",        struct login_args, password,       "the password; others on this machine can see it"),
	OPT_FLAG(0,   "password-stdin",          struct login_args, password_stdin, "read the password from stdin"),
	OPT_END
};

static const struct opt logout_opts[] = {
	OPT_ARG_OPTIONAL("SERVER", struct login_args, server, "the registry (default: docker.io)"),
	OPT_END
};
/* clang-format on */

/* docker takes "https://index.docker.io/v1/" for a server: its host counts. */
static char *server_host(const char *server)
{
	struct slice rest = slice_of(server ? server : "docker.io");
	const char *scheme = server ? strstr(server, "://") : NULL;
	char *host;

	if (scheme)
		rest = slice_of(scheme + 3);
	host = mem_strndup(rest.ptr, strcspn(rest.ptr, "/"));
	if (!str_eq(host, "index.docker.io"))
		return host;
	free(host);
	return mem_strdup("docker.io");
}

static bool login(struct session *s, void *arg, struct err *err)
{
	const struct login_args *args = arg;
	AUTO(str_list_free) struct str_list words = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;

	docker_words(&words, s, login_opts, args, NULL);
	str_list_push_take(&words, server_host(args->server));
	return docker_call(&doc, s, &cmd_login, &words, err) &&
	       session_print("Login Succeeded", err);
}

static bool logout(struct session *s, void *arg, struct err *err)
{
	const struct login_args *args = arg;
	AUTO(str_list_free) struct str_list words = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *host = server_host(args->server);
	AUTO(auto_free) char *line = mem_printf("Removing login credentials for %s", host);

	str_list_push(&words, host);
	return session_print(line, err) && docker_call(&doc, s, &cmd_logout, &words, err);
}

const struct cmd docker_login = DOCKER_VERB("login", "verify a registry credential and keep it",
					    login_opts, struct login_args, login);

const struct cmd docker_logout = DOCKER_VERB("logout", "forget a registry credential", logout_opts,
					     struct login_args, logout);
