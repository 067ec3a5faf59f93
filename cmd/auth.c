// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "registry/explain.h"

/* rtbuild auth explain: registry_explain's document as lines for people. */

struct explain_args {
	const char *image;
};

/* clang-format off */
static const struct opt explain_opts[] = {
	OPT_ARG("IMAGE", struct explain_args, image, "a reference, host/repository or a registry's host"),
	OPT_END
};
/* clang-format on */

static bool line(const char *label, const char *text, struct err *err)
{
	AUTO(auto_free) char *shown = str_printable(text, strlen(text), 400);
	AUTO(auto_free) char *whole = mem_printf("  %-13s %s", label, shown);

	return session_print(whole, err);
}

static bool print_list(const char *label, json_t *list, struct err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!line(i ? "" : label, json_string_value(json_array_get(list, i)), err))
			return false;
	return true;
}

static bool print_registries(json_t *conf, struct err *err)
{
	const char *file = json_text_member(conf, "file");
	AUTO(auto_free) char *text = NULL;

	if (!file)
		return true;
	text = mem_printf("%s, prefix \"%s\"", file, json_text_member(conf, "prefix"));
	return line("registries", text, err);
}

/* "learnt now", or "not reached: there is no host called ..." */
static char *learnt_text(const char *learnt)
{
	return str_has_prefix(learnt, "not: ")
		       ? mem_printf("not reached: %s", learnt + strlen("not: "))
		       : mem_printf("learnt %s", learnt);
}

static bool print_registry(json_t *place, struct err *err)
{
	const char *realm = json_text_member(place, "realm");
	const char *service = json_text_member(place, "service");
	const char *proxy = json_text_member(place, "proxy");
	bool insecure = json_is_true(json_object_get(place, "insecure"));
	AUTO(auto_free) char *learnt = learnt_text(json_text_member(place, "learnt"));
	AUTO(auto_free)
	char *url = mem_printf("%s%s (%s)", json_text_member(place, "url"),
			       insecure ? ", certificates are not verified" : "", learnt);
	AUTO(auto_free)
	char *trust = realm ? mem_printf("%s%s%s (%s)", realm, service ? ", service " : "",
					 service ? service : "",
					 json_is_true(json_object_get(place, "realm_gets_password"))
						 ? "may be given the password"
						 : "may not be given the password: another party")
			    : NULL;

	return line("api", url, err) && line("login", json_text_member(place, "login"), err) &&
	       (!trust || line("realm", trust, err)) && (!proxy || line("proxy", proxy, err));
}

static bool print_certificates(json_t *certs, struct err *err)
{
	const char *client = json_text_member(certs, "client");

	return print_list("certificates", json_object_get(certs, "directories"), err) &&
	       (!client || line("client", client, err));
}

static bool print_credential(json_t *place, struct err *err)
{
	json_t *c = json_object_get(place, "credential");
	const char *problem = json_text_member(place, "problem");
	const char *user = json_text_member(c, "user"), *from = json_text_member(c, "from");
	const char *cloud = json_text_member(place, "cloud");
	const char *cure = json_text_member(place, "cure");
	AUTO(auto_free)
	char *text = c ? mem_printf("%s%s%s%s%s", json_text_member(c, "kind"), user ? " of " : "",
				    user ? user : "", from ? ", from " : "", from ? from : "")
		       : NULL;

	return (!cloud || line("cloud", cloud, err)) &&
	       line(problem ? "problem" : "credential", problem ? problem : text, err) &&
	       (!cure || line("cure", cure, err));
}

static bool print_candidates(json_t *list, struct err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *one = json_array_get(list, i);
		const char *key = json_text_member(one, "key");
		AUTO(auto_free)
		char *text = mem_printf("%s, \"%s\": %s", json_text_member(one, "source"),
					key ? key : "*", json_text_member(one, "verdict"));

		if (!line(i ? "" : "candidates", text, err))
			return false;
	}
	return true;
}

static bool print_place(json_t *place, struct err *err)
{
	bool mirror = json_is_true(json_object_get(place, "mirror"));
	AUTO(auto_free)
	char *title =
		mem_printf("%s%s", json_text_member(place, "name"), mirror ? " (mirror)" : "");

	return session_print(title, err) && print_registry(place, err) &&
	       print_certificates(json_object_get(place, "certificates"), err) &&
	       print_credential(place, err) &&
	       print_candidates(json_object_get(place, "candidates"), err) &&
	       print_list("files", json_object_get(place, "files"), err);
}

/* "ghcr.io", "localhost:5000", as for login: no image has a dot before its tag, or that name. */
static bool is_host(const char *text)
{
	struct slice port, name = slice_cut(slice_of(text), ':', &port);

	return !strchr(text, '/') && !strchr(text, '@') &&
	       (memchr(name.ptr, '.', name.len) || slice_eq(name, "localhost"));
}

static bool parse(struct reference *out, const char *text, struct err *err)
{
	AUTO(auto_free) char *probe = mem_printf("%s/x", text);
	const char *bare = str_has_prefix(text, "docker://") ? text + strlen("docker://") : text;
	bool host = is_host(text);

	if (!reference_parse(out, host ? probe : bare, err))
		return false;
	if (host)
		out->repository[0] = '\0';
	else
		reference_default_tag(out);
	return true;
}

static bool explain(struct session *s, void *arg, struct err *err)
{
	const struct explain_args *args = arg;
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct registry *registry;
	struct reference ref;
	json_t *places;

	if (!parse(&ref, args->image, err) || !session_registry(&registry, s, err))
		return false;
	if (!registry_explain(&doc, registry, &ref, err))
		return false;
	if (s->options.json)
		return session_print_json(doc, err);
	if (!print_registries(json_object_get(doc, "registries_conf"), err))
		return false;
	places = json_object_get(doc, "places");
	for (size_t i = 0; i < json_array_size(places); i++)
		if (!print_place(json_array_get(places, i), err))
			return false;
	return true;
}

static const struct cmd auth_explain = {
	.name = "explain",
	.summary = "say which credential would be used, from where and why",
	.about = "Mirrors, scheme, token server, proxy, certificates and every key that was looked "
		 "at, "
		 "and why it was taken or not. No secret is shown, and none is sent to the "
		 "registry; "
		 "credential helpers and clouds are asked as for a pull, which on Azure is a login "
		 "to the registry.",
	.example = "  rtbuild auth explain registry.example.com/me/rt:1\n"
		   "  rtbuild auth explain --json 123456789012.dkr.ecr.eu-west-1.amazonaws.com/rt",
	.opts = explain_opts,
	.args_size = sizeof(struct explain_args),
	.run = explain,
};
static const struct cmd *const subs[] = { &auth_explain, NULL };

const struct cmd cmd_auth = {
	.name = "auth",
	.summary = "how registries are logged in to",
	.subs = subs,
};
